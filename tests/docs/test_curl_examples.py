"""Every request that a page shows is sent to a real service, and answered as the page says."""

import re
from pathlib import Path

import pytest

from docs.api import ORDERS, PAGE, shown
from docs.curls import BASE, Runner, examples
from tests.mission import S1, S3, S4, S5
from tests.serving import home_of, key_of, served

HOW_TO = PAGE.parent / "how-to"
PAGES = [PAGE, HOW_TO / "serve.md", HOW_TO / "move-from-another-api.md"]
#: What holds other fields with other data, or with another model.
OPEN = {"params", "result", "coverage", "churn", "total", "holdout", "origins", "spread", "orders"}
OPEN |= {"features", "profiles"}


@pytest.fixture(scope="module")
def runner(one_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    home = home_of(folder, one_run)
    (folder / "orders.csv").write_text(ORDERS)
    with served(home) as service:
        yield Runner(service.url, {"KEY": key_of(home)}, folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_requests_are_answered_as_shown(page: Path, runner):
    text = page.read_text()
    texts = {command: answer for command, answer in shown(text).items() if isinstance(answer, str)}
    commands = list(examples(text))
    assert commands
    for command, told in commands:
        answer = runner.run(command)
        if told is not None and "request_id" in told:
            assert answer.content["status"] == told["status"], command
        else:
            assert answer.status < 300, f"{command}\n{answer}"
        if command in texts:
            assert answer.content.startswith(texts[command].split(maxsplit=2)[0]), command
        elif told is not None:
            assert differences(told, answer.content) == [], command


def test_requests_of_the_readme_are_answered(runner):
    section = (PAGE.parents[1] / "README.md").read_text().split("## Serve it")[1].split("```")[1]
    commands = re.findall(r"^curl .*(?:\n  .*)*", section, re.MULTILINE)
    assert len(commands) == 2
    assert all(runner.run(command).status == 200 for command in commands)


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        ("/api/predict", S3, {"predicted_clv", "recommended_cac"}),
        ("/predict", S4, {"predicted_clv", "segment", "confidence", "recommended_cac"}),
        ("/predict", S5, {"customer_id", "predicted_clv"}),
        ("/api/predict/transactions", S1, {"predictions"}),
    ],
    ids=["S3", "S4", "S5", "S1"],
)
def test_requests_of_other_systems_are_answered_as_they_are_sent(runner, path, body, wanted):
    command = f"curl -X POST {BASE}{path} -H 'Content-Type: application/json' -d '{body}'"
    answer = runner.run(command)
    assert answer.status == 200, answer
    assert wanted <= answer.content.keys()
    of_guest = answer.content.get("predictions", [answer.content])[0]
    assert of_guest.get("predicted_clv", of_guest.get("CLV")) > 0


def differences(told, found, place=""):
    """Where an answer is of another shape than the page tells; null may be anything."""
    if told is None or found is None:
        return []
    if isinstance(told, dict) and isinstance(found, dict):
        if told.keys() != found.keys():
            return [f"{place}: {sorted(told.keys() ^ found.keys())}"]
        return [
            line
            for name in told
            if name not in OPEN
            for line in differences(told[name], found[name], f"{place}/{name}")
        ]
    if isinstance(told, list) and isinstance(found, list):
        return differences(told[0], found[0], f"{place}/0") if told and found else []
    kinds = [
        float if isinstance(one, int | float) and not isinstance(one, bool) else type(one)
        for one in (told, found)
    ]
    return [] if kinds[0] is kinds[1] else [f"{place}: {told!r} and {found!r}"]

"""docs/api.md tells every route, body, alias and code that there is."""

import re

import pytest

from docs import curls
from docs.api import BEGIN, PAGE, SECTIONS, operations, shown, written
from docs.apiexamples import EXAMPLES
from docs.apiproblems import OWN, codes_in_source
from docs.shortened import pretty, shortened


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text()


def test_every_route_has_an_example():
    known = operations()
    assert EXAMPLES.keys() == known.keys()
    assert {tag for operation in known.values() for tag in operation["tags"]} == SECTIONS.keys()


def test_the_page_is_what_the_service_says(page):
    answers = shown(page)
    assert answers.keys() >= set(EXAMPLES.values())
    assert written(page, answers) == page, "python -m docs.api demo writes it anew"


def test_examples_stand_in_the_order_they_are_sent(page):
    of_routes = page.partition(BEGIN)[2]
    assert re.findall(r"```bash\n(curl .*?)\n```", of_routes, re.DOTALL) == list(EXAMPLES.values())


def test_every_code_is_told(page):
    assert codes_in_source() <= OWN.keys()
    assert all(f"| `{code}` |" in page for code in OWN)


def test_links_within_the_page_lead_somewhere(page):
    titles = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    there = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= there


def test_what_is_shortened_keeps_its_shape():
    long = {"a": [{"b": 1.23456789}] * 5, "c": "word " * 100, "d": list(range(9)), "e": 1234.567}
    short = shortened(long)
    assert short["a"] == [{"b": 1.235}]
    assert short["c"].endswith(" ...")
    assert (short["d"], short["e"]) == ([0, 1, 2], 1234.57)
    assert max(map(len, pretty({"x": [long] * 3}).splitlines())) < 520
    assert pretty({"a": 1}) == '{"a": 1}'


def test_commands_are_sent_alike_without_curl(tmp_path):
    (tmp_path / "orders.csv").write_text("a,b\n")
    [command] = [each for each in EXAMPLES.values() if "@orders.csv" in each]
    made = curls.request_of(curls.words_of(command), tmp_path)
    assert made["content"] == b"a,b\n"
    assert made["method"] == "POST"
    assert made["headers"] == {"Content-Type": "application/octet-stream"}
    assert made["url"].startswith(curls.BASE)

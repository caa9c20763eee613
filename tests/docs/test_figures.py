"""Each page of methodology has its figure, the figure is what its code draws, its example runs."""

import doctest
import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from clv.apps.cli import app
from docs.figures import FIGURES, NEED_SHARED, drawn

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted((DOCS / "methodology").glob("*.md"))
LARGEST = 60_000
#: Those that take a while to draw.
LONG = {"ensemble", "intervals", "profiles", "uncertainty"}
#: Points a line may be off where another machine rounds otherwise; a figure is 576 wide.
OFF = 0.5
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def test_every_page_shows_its_figure_and_says_what_to_try():
    assert {page.stem for page in PAGES} == set(FIGURES)
    for page in PAGES:
        text = page.read_text()
        assert re.search(rf"!\[[^\]]{{40,}}\]\(\.\./images/{page.stem}\.svg\)", text), page.name
        assert f"`.venv/bin/python -m docs.figures {page.stem}`" in text, page.name
        assert text.count("Try it:") == 1, page.name


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_small_and_stands_alone(name):
    text = (DOCS / "images" / f"{name}.svg").read_text()
    assert len(text.encode()) < LARGEST
    assert re.findall(r"(?:href|src)=\"(?!#)", text) == []
    assert "<script" not in text
    root = ET.fromstring(text)
    backdrop = next(iter(root.iter("{http://www.w3.org/2000/svg}path")))
    assert "fill: #ffffff" in backdrop.get("style", "")


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=pytest.mark.slow) if each in LONG else each for each in FIGURES],
)
def test_a_figure_is_what_its_code_draws(name, request):
    if name in NEED_SHARED:
        request.getfixturevalue("data_dir")
    kept = (DOCS / "images" / f"{name}.svg").read_text()
    anew = drawn(name)
    assert words(anew) == words(kept)
    assert NUMBER.sub("", shapes(anew)) == NUMBER.sub("", shapes(kept))
    numbers = [np.array(NUMBER.findall(shapes(text)), dtype=float) for text in (anew, kept)]
    np.testing.assert_allclose(*numbers, atol=OFF)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_to_try_works(page, tmp_path):
    command = re.search(r"Try it: `\.venv/bin/clv (.+)`", page.read_text())
    if command is None:
        ran = doctest.testfile(str(page), module_relative=False, verbose=False)
        assert ran.attempted > 0
        assert ran.failed == 0
        return
    words_of = [
        str(tmp_path / word) if word == "demo" else word for word in shlex.split(command[1])
    ]
    ended = CliRunner().invoke(app, words_of)
    assert ended.exit_code == 0, ended.output
    assert ended.output


def words(svg: str) -> list[str]:
    """Every text of a figure: what it says, figures included."""
    return [
        element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("}text")
    ]


def shapes(svg: str) -> str:
    """The rest, without names made of a hash."""
    return re.sub(r"<text.*?</text>|(?<=[\"#])[mpC][0-9a-f_]{8,}", "", svg, flags=re.DOTALL)

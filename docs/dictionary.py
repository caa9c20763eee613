"""Write the features' section of the data dictionary from what `clv features --list` says."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path

from clv.features import catalogue
from clv.ops.featuring import dictionary

PAGE = Path(__file__).resolve().parent / "data-dictionary.md"
BEGIN, END = "<!-- features -->\n", "<!-- /features -->\n"
#: Behind the meaning of what learners are not shown.
UNSHOWN = "; not shown to learners"
HEAD = (
    "| feature | meaning | unit | empty for | source; what it reads | needs |\n"
    "|---|---|---|---|---|---|\n"
)


def section() -> str:
    """Markdown of every feature, a table a theme."""
    unshown = {
        feature.name
        for features in catalogue.described().values()
        for feature in features
        if feature.of_day
    }
    parts = []
    for theme, features in groupby(dictionary(), itemgetter("theme")):
        rows = [
            f"| {feature['name']} | {feature['meaning']}"
            f"{UNSHOWN if feature['name'] in unshown else ''}"
            f" | {feature['unit']} | {feature['absent']} | {feature['source']}"
            f" | {', '.join(feature['needs'])} |\n"
            for feature in features
        ]
        parts.append(f"### {theme}\n\n{HEAD}{''.join(rows)}\n")
    return "".join(parts)


def written(page: str) -> str:
    """The page with the section as the list of features has it."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}{section()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""Write the features' section of the data dictionary from the catalogue."""

from pathlib import Path

from clv.features import catalogue

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
    parts = []
    for theme, features in catalogue.described().items():
        rows = [
            f"| {feature.name} | {feature.meaning}{UNSHOWN if feature.of_day else ''}"
            f" | {feature.unit} | {feature.absent} | {feature.source}"
            f" | {', '.join(feature.needs)} |\n"
            for feature in features
        ]
        parts.append(f"### {theme}\n\n{HEAD}{''.join(rows)}\n")
    return "".join(parts)


def written(page: str) -> str:
    """The page with the section as the catalogue has it."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}{section()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

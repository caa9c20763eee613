"""docs/settings.md lists every setting, and nothing reads a variable that is none."""

import re
from pathlib import Path

from clv.apps.settings import Settings, variable
from docs.settings import PAGE, written

SOURCE = Path(__file__).resolve().parents[2] / "src" / "clv"


def test_every_setting_says_what_it_does():
    told = {name: field.description for name, field in Settings.model_fields.items()}
    assert [name for name, text in told.items() if not (text and text.endswith("."))] == []


def test_the_page_is_what_the_settings_say():
    page = PAGE.read_text()
    assert written(page) == page, "python -m docs.settings writes it anew"
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(variable(name) for name in Settings.model_fields)


def test_no_other_variable_is_named_anywhere():
    known = {variable(name) for name in Settings.model_fields}
    named = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r"\bCLV_[A-Z0-9_]*[A-Z0-9]\b", path.read_text())
    }
    assert named <= known, named - known

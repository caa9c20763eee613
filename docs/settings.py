"""Write docs/settings.md from the settings: every variable, what it does, its default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ByteSize
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from clv.apps.servicesettings import ServiceSettings
from clv.apps.settings import Settings, variable

PAGE = Path(__file__).resolve().parent / "settings.md"
BEGIN, END = "<!-- settings -->\n", "<!-- /settings -->\n"
HEAD = "| variable | in the file | meaning | default |\n|---|---|---|---|\n"


def section() -> str:
    """Markdown of every setting, a table for the machine and one for the service."""
    service = ServiceSettings.model_fields.keys()
    own = [name for name in Settings.model_fields if name not in service]
    return (
        f"### Where things live\n\n{HEAD}{_rows(own)}\n"
        f"### The service\n\n{HEAD}{_rows(list(service))}\n"
    )


def written(page: str) -> str:
    """The page with the section as the settings have it."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}{section()}{END}{after}"


def _rows(names: list[str]) -> str:
    return "".join(_row(name, Settings.model_fields[name]) for name in names)


def _row(name: str, field: FieldInfo) -> str:
    meaning, _, default = (field.description or "").partition(" Default: ")
    key = f"`{name}`" if name != "config" else ""
    told = default.removesuffix(".") or _default(field.default)
    return f"| `{variable(name)}` | {key} | {meaning} | {told} |\n"


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        raise ValueError("a setting without a default must tell what holds then")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, ByteSize):
        return f"`{value.human_readable().replace('.0', '')}`"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

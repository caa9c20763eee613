"""A file of settings: YAML with a name and a value a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clv.core.errors import SettingError

if TYPE_CHECKING:
    from clv.core.types import Json


def read_settings(path: Path, what: str) -> Json:
    """Settings by name, with `_` where the file has `-`.

    Nothing of the file is quoted where it cannot be read, for it may hold a secret.

    Parameters
    ----------
    what : word that errors begin with

    Raises
    ------
    SettingError : the file cannot be read, is not YAML, or holds something else than settings
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{what}: {path} cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, ValueError, AttributeError, RecursionError) as error:
        # Besides its own errors the library lets through those of values that are none, such as
        # a 30th of February, and of texts that are in no encoding.
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" from line {mark.line + 1} on"
        raise SettingError(
            f"{what}: {path} is not YAML{where}. Write each setting as name: value, in quotes where"
            " the value has a colon or a #."
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingError(f"{what}: {path} has no settings. Write each as name: value.")
    return {str(name).replace("-", "_"): value for name, value in content.items()}

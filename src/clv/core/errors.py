"""One tree of errors. Each has a stable code, an HTTP status and an exit code.

A message says the rule, how many, which, and what to do next.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ClvError(Exception):
    """Root of every error this package raises on purpose."""

    code: ClassVar[str] = "clv"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    @property
    def message(self) -> str:
        return str(self)


class SettingError(ClvError):
    """An option or a line of the configuration that cannot be used."""

    code = "setting"
    status = 422
    exit_code = 2


class SourceError(ClvError):
    """The log cannot be opened or read at all."""

    code = "source"
    status = 422
    exit_code = 3


class ColumnError(SourceError):
    """A column is missing or two could be meant."""

    code = "column"


class DateFormatError(SourceError):
    """The dates of a column can be read in more than one way."""

    code = "date-format"


class NumberFormatError(SourceError):
    """The numbers of a column can be read in more than one way."""

    code = "number-format"


class LogError(ClvError):
    """The log was read, but what is in it cannot be used."""

    code = "log"
    status = 422
    exit_code = 4


class TooManyBadRowsError(LogError):
    """More rows broke a rule than the user allows.

    Attributes
    ----------
    quarantine : the refused rows, `clv.core.schema.QUARANTINE`, the first million at most; it
        outlives the engine they were read with
    """

    code = "too-many-bad-rows"
    quarantine: Any = None


class HistoryError(LogError):
    """Too few customers, purchases or days for what was asked."""

    code = "history"


class FitError(ClvError):
    """A model could not be fitted; says which parameter runs away and what that means.

    Attributes
    ----------
    found : the message without the advice on what to do
    """

    code = "fit"
    status = 422
    exit_code = 5

    def __init__(self, found: str, advice: str = "") -> None:
        super().__init__(f"{found} {advice}".rstrip())
        self.found = found


class RunError(ClvError):
    """A run folder that is missing, incomplete, or of another version."""

    code = "run"
    status = 404
    exit_code = 6


class StorageError(ClvError):
    """The disk is full or may not be written."""

    code = "storage"
    status = 507
    exit_code = 7


class DependencyError(ClvError):
    """An optional package is not installed; names the extra that brings it."""

    code = "dependency"
    status = 501
    exit_code = 8


class StoppedError(ClvError):
    """The user stopped the work."""

    code = "stopped"
    status = 499
    exit_code = 130

"""One tree of errors. Each has a stable code, an HTTP status and an exit code.

A message says the rule, how many, which, and what to do next.
"""

from __future__ import annotations

import traceback
from typing import Any, ClassVar

#: Frames of a traceback that are told, the innermost.
_FRAMES = 12


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
    """The log was read, but what is in it cannot be used.

    Attributes
    ----------
    quarantine : the refused rows, `clv.core.schema.QUARANTINE`, the first million at most, where it
        was about single rows; it outlives the engine they were read with
    """

    code = "log"
    status = 422
    exit_code = 4
    quarantine: Any = None


class TooManyBadRowsError(LogError):
    """More rows broke a rule than the user allows."""

    code = "too-many-bad-rows"


class HistoryError(LogError):
    """Too few customers, purchases or days for what was asked."""

    code = "history"


class ProfileError(ClvError):
    """A customer told by counts, sums and days that cannot be so.

    Attributes
    ----------
    field : which of them
    found : what is wrong with it, and what to do
    """

    code = "profile"
    status = 422
    exit_code = 4

    def __init__(self, field: str, found: str) -> None:
        super().__init__(f"{field} {found}")
        self.field = field
        self.found = found


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


class LostRunError(ClvError):
    """The run that is served cannot be read: its folder is gone, or a file in it is broken."""

    code = "run-lost"
    status = 503
    exit_code = 6


class UnsuitedError(ClvError):
    """What is asked cannot be answered by the run in charge, and could be by another."""

    code = "unsuited"
    status = 409
    exit_code = 6


class ConflictError(ClvError):
    """It was done before otherwise, or others did it at the same time."""

    code = "conflict"
    status = 409
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


class JobError(ClvError):
    """A job that is not there, or of a kind that is not one."""

    code = "job"
    status = 404
    exit_code = 9


class UploadError(ClvError):
    """A file sent in that cannot be taken."""

    code = "upload"
    status = 422
    exit_code = 10


class UnknownUploadError(UploadError):
    """There is no file of this id: it was not sent in, or was removed since."""

    code = "upload-unknown"
    status = 404


class UploadTooLargeError(UploadError):
    """A file sent in that is larger than is allowed."""

    code = "upload-too-large"
    status = 413


class StoreError(ClvError):
    """The store cannot be reached, refused, or is of a newer version."""

    code = "store"
    status = 503
    exit_code = 11


class BusyError(ClvError):
    """So many wait already that this request would wait too long; nothing was done."""

    code = "busy"
    status = 503
    exit_code = 11


class StaleCursorError(SettingError):
    """A page goes on in a run that is no longer the one readers see."""

    code = "stale-cursor"
    status = 409


class StoppedError(ClvError):
    """The user stopped the work."""

    code = "stopped"
    status = 499
    exit_code = 130


def where(error: BaseException) -> list[str]:
    """Where an error came from, innermost last, without its message, which may name a customer."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def kind_of(error: BaseException) -> str:
    """The whole name of an error's class."""
    return f"{type(error).__module__}.{type(error).__qualname__}"

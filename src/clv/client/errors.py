"""What can go wrong between a client and the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv.client.state import Job


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field that cannot be used.

    Attributes
    ----------
    field : JSON pointer into the body, as /customers/0/amount; the name of another part
    part : body, query, path or header
    """

    field: str
    message: str
    part: str


class ClvClientError(Exception):
    """Root of all errors of the client."""


class ClvApiError(ClvClientError):
    """The service answered that it cannot or will not do what was asked.

    Attributes
    ----------
    status : of HTTP
    code : stable name of the kind of problem, as validation or customer
    detail : what is wrong, and what to do
    errors : fields that cannot be used
    request_id : finds the request in the service's log
    retry_after : seconds after which to ask again, where the service says so
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after = retry_after


class StaleCursorError(ClvApiError):
    """Another run was published between two pages of customers."""


class ClvUnreachableError(ClvClientError):
    """The service did not answer, or broke off. What was asked may have been done or not."""


class JobEndedError(ClvClientError):
    """A job that was waited for failed or was cancelled.

    Attributes
    ----------
    job : as it ended
    """

    def __init__(self, job: Job) -> None:
        problem = job["problem"]
        why = f": {problem['message']}" if problem else ""
        super().__init__(f"job {job['job_id']} {job['status']}{why}")
        self.job = job

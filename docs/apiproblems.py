"""Codes of problems, for docs/api.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources

from clv.core import errors

#: Statuses and meanings of problems that the API itself has.
OWN = {
    "body-too-large": (413, "The body is larger than CLV_BODY_LIMIT, a file than CLV_UPLOAD_LIMIT"),
    "customer": (404, "The run that is served has no customer of this id"),
    "encoding": (400, "The address has bytes that are not UTF-8"),
    "forbidden": (403, "The key does not have the scope; the answer names it"),
    "header": (400, "A header that may stand once stands twice"),
    "host": (400, "The service is not known by the name in the header Host: CLV_ALLOWED_HOSTS"),
    "internal": (500, "A fault of the service; its log has it under request_id"),
    "json": (400, "The body is not JSON"),
    "media-type": (415, "The body is of another kind than asked for"),
    "method-not-allowed": (405, "The path takes other methods; the header Allow has them"),
    "not-found": (404, "There is nothing at this path"),
    "origin": (403, "A page of another origin may not ask: CLV_CORS_ORIGINS"),
    "rate-limit": (429, "Too many requests; the header Retry-After has the seconds to wait"),
    "segment": (404, "There is no segment, tier, level or channel of this name"),
    "unauthorized": (401, "No key was sent, or one that is unknown, expired or revoked"),
    "validation": (422, "Fields that cannot be used; `errors` names each"),
}
#: Of the command line, or never seen from outside.
_HIDDEN = frozenset({"clv", "cloud", "stopped"})


def problem_rows() -> str:
    """Markdown of every code: what it means, and its status."""
    known = dict(OWN)
    for error in _tree(errors.ClvError):
        if error.code not in _HIDDEN:
            told = (error.__doc__ or "").split("\n\n")[0]
            known.setdefault(error.code, (error.status, " ".join(told.split()).rstrip(".")))
    rows = "".join(
        f"| `{code}` | {status} | {told} |\n" for code, (status, told) in sorted(known.items())
    )
    return f"\n| code | status | meaning |\n|---|---|---|\n{rows}\n"


def codes_in_source() -> set[str]:
    """Codes that the API's own source names where it turns a request away."""
    found: set[str] = set()
    folder = resources.files("clv.apps.api")
    for path in folder.rglob("*.py"):  # type: ignore[attr-defined]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ProblemError":
                code = node.args[1] if len(node.args) > 1 else None
                if isinstance(code, ast.Constant):
                    found.add(code.value)
    return found


def _tree(error: type[errors.ClvError]) -> Iterator[type[errors.ClvError]]:
    yield error
    for below in error.__subclasses__():
        yield from _tree(below)

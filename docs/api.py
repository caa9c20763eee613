"""Write docs/api.md from the OpenAPI document and from what a service answers on the demo's run.

`python -m docs.api demo`, where demo is the folder of a run on the bundled log.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clv.apps.api.document import openapi
from clv.apps.api.edge.declare import declared
from clv.apps.api.edge.dispatch import flattened
from clv.apps.api.routes import ROUTERS
from clv.apps.api.routes.aliases import ALIASES
from docs.apiexamples import EXAMPLES
from docs.apiproblems import problem_rows
from docs.curls import Runner, examples, refreshed
from docs.shortened import pretty, shortened

PAGE = Path(__file__).resolve().parent / "api.md"
#: Shows some answers, too.
MOVING = PAGE.parent / "how-to" / "move-from-another-api.md"
#: Tags of routes in the order of the page, and what each is about.
SECTIONS = {
    "health": "Health",
    "customers": "Customers",
    "predict": "Predictions",
    "segments": "Segments",
    "dashboard": "Dashboard",
    "models": "Models",
    "uploads": "Uploads",
    "jobs": "Jobs",
    "runs": "Runs",
    "cache": "Cache",
}
#: Whose paths aliases are, in words.
ASKED_BY = {
    "S1": "the hotel endpoint",
    "S2": "the marketing pipeline",
    "S3": "the data-science project",
    "S5": "the predictor",
}
#: Where the tables begin; what is before was written by hand.
BEGIN = "<!-- routes -->\n"
Shown = Mapping[str, Any]


def written(page: str, answers: Shown) -> str:
    """The page with its tables as the service has them.

    Parameters
    ----------
    answers : by command; a text is shown as it is
    """
    parts = {"routes": _routes(answers), "bodies": _bodies(), "aliases": _aliases()}
    parts["problems"] = problem_rows()
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        before, rest = page.split(begin)
        page = f"{before}{begin}{text}{end}{rest.split(end)[1]}"
    return page


def shown(page: str) -> dict[str, Any]:
    """Answers as a page has them, by command."""
    texts = re.findall(r"```bash\n(curl [^`]*)\n```\n```text\n(.*?)\n```\n", page, re.DOTALL)
    return {**dict(examples(page)), **dict(texts)}


@contextmanager
def service(run: Path) -> Iterator[Runner]:
    """A service on the run, to be asked."""
    from tests.serving import home_of, key_of, served

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        home = home_of(place, run)
        (place / "orders.csv").write_text(ORDERS)
        with served(home) as running:
            yield Runner(running.url, {"KEY": key_of(home)}, place)


ORDERS = "customer_id,date,amount\nC001,2024-01-15,59.90\nC001,2024-03-02,20.00\n"


def _document() -> dict[str, Any]:
    return openapi.document(flattened(ROUTERS), open_door=True)


def operations() -> dict[str, dict[str, Any]]:
    """Operations by method and path, aliases apart."""
    found = {
        f"{method.upper()} {path}": operation
        for path, methods in _document()["paths"].items()
        for method, operation in methods.items()
    }
    other = {f"{alias.method} {alias.path}" for alias in ALIASES}
    return {name: operation for name, operation in found.items() if name not in other}


def _routes(answers: Shown) -> str:
    known, scopes = operations(), _scopes()
    parts = []
    for tag, title in SECTIONS.items():
        here = [name for name in EXAMPLES if known[name]["tags"] == [tag]]
        rows = [
            f"| [`{name}`](#{_anchor(name)}) | {scopes[name] or 'none'} | {of['summary']} |\n"
            for name, of in ((name, known[name]) for name in here)
        ]
        parts.append(f"\n## {title}\n\n| route | scope | |\n|---|---|---|\n{''.join(rows)}")
        parts += [_route(name, known[name], scopes[name], answers) for name in here]
    return "".join(parts) + "\n"


def _route(name: str, operation: dict[str, Any], scope: str | None, answers: Shown) -> str:
    told = operation.get("description", "").split("\n\nScope:")[0]
    told = "" if told.startswith("Scope:") else " ".join(told.split())
    needed = f"Scope `{scope}`." if scope else "Anybody may ask."
    text = f"\n### {name}\n\n{_sentence(operation['summary'])} {told}".rstrip() + f" {needed}\n"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        model = body["schema"]["$ref"].rpartition("/")[2]
        title = _document()["components"]["schemas"][model].get("title", model)
        text += f"\nBody: [{title}](#{_anchor(title)}).\n"
    rows = "".join(
        f"| `{one['name']}` | {one['in']} | {_meaning(one, one.get('schema', {}))} |\n"
        for one in operation.get("parameters", ())
    )
    if rows:
        text += f"\n| parameter | in | meaning |\n|---|---|---|\n{rows}"
    command = EXAMPLES[name]
    text += f"\n```bash\n{command}\n```\n"
    answer = answers.get(command)
    if isinstance(answer, str):
        text += f"```text\n{answer}\n```\n"
    elif answer is not None:
        text += f"```json\n{pretty(answer)}\n```\n"
    return text


def _bodies() -> str:
    """Fields of every body, and of what is in it."""
    schemas = _document()["components"]["schemas"]
    waiting = [
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for operation in operations().values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    parts: list[str] = []
    done: set[str] = set()
    while waiting:
        name = waiting.pop(0).rpartition("/")[2]
        if name in done:
            continue
        done.add(name)
        schema = schemas[name]
        fields = _fields(schema)
        if name == "Features":
            # By the names of a profile, which stand there.
            fields = {}
        waiting += [ref for field in fields.values() for ref in _refs(field)]
        told = " ".join(schema.get("description", "").split())
        rows = "".join(
            f"| `{field}` | {_meaning({'name': field}, of)} |\n" for field, of in fields.items()
        )
        rows = f"\n| field | meaning |\n|---|---|\n{rows}" if rows else ""
        parts.append(f"\n### {schema.get('title', name)}\n\n{told}\n{rows}")
    return "".join(parts) + "\n"


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    found = dict(schema.get("properties", {}))
    for one in schema.get("anyOf", ()):
        found |= one.get("properties", {})
    return found


def _refs(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        for value in schema.values():
            yield from _refs(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _refs(value)


def _meaning(of: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    told = of.get("description") or schema.get("description") or ""
    told = " ".join(told.split()) or _usual(of.get("name", ""))
    default = schema.get("default")
    if default not in (None, [], {}) and "efault" not in told:
        told += f" Default: {json.dumps(default).strip(chr(34))}."
    if of.get("required") and of.get("in") != "path":
        told += " Needed."
    return told.strip().replace("|", "\\|")


def _usual(name: str) -> str:
    """What a field means that needs no words of its own."""
    if name.startswith("max_"):
        return f"The other end of `min_{name.removeprefix('max_')}`."
    return "Its id." if name.endswith(("_id", "ID")) else "As in the log."


def _aliases() -> str:
    rows = []
    for alias in ALIASES:
        whose = " and ".join(ASKED_BY[one] for one in alias.asked_by.split(", "))
        rows.append(f"| `{alias.method} {alias.path}` | `{alias.method} {alias.of}` | {whose} |\n")
    return f"\n| path | the same as | asked by clients of |\n|---|---|---|\n{''.join(rows)}\n"


def _scopes() -> dict[str, str | None]:
    return {
        f"{method} {route.path_format}": declared(route.endpoint).scope
        for route in flattened(ROUTERS)
        for method in route.methods or ()
    }


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _anchor(title: str) -> str:
    """As GitHub names a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def main() -> None:
    with service(Path(sys.argv[1])) as runner:

        def told(command: str) -> str:
            return pretty(shortened(runner.run(command).content))

        MOVING.write_text(refreshed(MOVING.read_text(encoding="utf-8"), told), encoding="utf-8")
        before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        answers = {each: shortened(runner.run(each).content) for each in EXAMPLES.values()}
        page = refreshed(before, told) + begin + rest
    PAGE.write_text(written(page, answers), encoding="utf-8")


if __name__ == "__main__":
    main()

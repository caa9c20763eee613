"""The four functions by which SageMaker's toolkits serve a model.

Bodies are application/json (customers with their orders), application/jsonlines (one customer a
line) or text/csv (a log of orders). Answers come in the kind of the question; a log's also as
application/json. What JSON says in its body, a log says beside its kind:
text/csv; snapshot_date=2025-06-04; xdays=365; level=0.95
"""

from __future__ import annotations

import atexit
import io
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.csv as pcsv
from pydantic_core import to_json

from clv.apps.api.answers import forecasting
from clv.apps.api.edge import bodies
from clv.apps.api.edge.problems import ProblemError
from clv.apps.api.schemas.transactions import TransactionsBody
from clv.apps.sagemaker.layout import Layout
from clv.apps.sagemaker.storage import ARCHIVE, unpack
from clv.core.errors import ClvError
from clv.core.types import Json
from clv.ops.champion import Champion
from clv.ops.predictconfig import PredictConfig
from clv.ops.rescoring import Scored
from clv.ops.runs import MANIFEST, Run

JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
KINDS = (JSON, LINES, CSV)
#: Other names of the same kinds.
_ALSO = {"application/x-ndjson": LINES, "application/jsonl": LINES, "application/csv": CSV}
#: Customers in one body.
MOST_CUSTOMERS = 1_000
#: What a line says besides its customer.
_BESIDE = ("snapshot_date", "as_of", "xdays", "horizon_days", "level")
#: The same beside the kind of a log -> what settings call it.
_SETTINGS = {
    "snapshot_date": "as_of",
    "as_of": "as_of",
    "xdays": "horizon",
    "horizon_days": "horizon",
    "level": "level",
}


@dataclass(frozen=True)
class Question:
    """A body that was read.

    Attributes
    ----------
    kind : of KINDS
    content : a `TransactionsBody`; of lines, one or a problem each; of CSV, its bytes
    settings : of CSV, what is said beside its kind, as settings of `clv predict`
    """

    kind: str
    content: Any
    settings: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """An answer that is not written yet.

    Attributes
    ----------
    kind : of the question
    content : a JSON object; of lines, one each; of CSV, a `Scored`
    """

    kind: str
    content: Any


def model_fn(model_dir: str) -> Champion:
    """What `train` left in the folder, or in an archive there that nobody has unpacked.

    Raises
    ------
    RunError : no run is in there, or one that cannot be read
    """
    folder = Path(model_dir)
    archive = folder / ARCHIVE
    if archive.is_file() and not (folder / MANIFEST).is_file():
        unpacked = tempfile.TemporaryDirectory(prefix="clv-model-")
        atexit.register(unpacked.cleanup)
        folder = Path(unpacked.name)
        unpack(archive, folder)
    return Champion.load(Run.open(folder), Layout.here().machine)


def input_fn(body: bytes | str, content_type: str = JSON) -> Question:
    """A body, read and checked.

    Raises
    ------
    ProblemError : of another kind than these three (415), no JSON (400), or with fields that
        cannot be used (422)
    """
    kind = kind_of(content_type)
    if kind is None:
        said = f"Content-Type is {content_type!r}; send {', '.join(KINDS)}."
        raise ProblemError(415, "media-type", said)
    raw = body.encode() if isinstance(body, str) else bytes(body)
    if kind == CSV:
        if not raw.strip():
            raise ProblemError(400, "body", "The body is empty. Send a header and a row an order.")
        return Question(kind, raw, _beside(content_type))
    if kind == JSON:
        return Question(kind, bodies.of_bytes(raw, TransactionsBody))
    lines = [line for line in raw.splitlines() if line.strip()]
    if not lines:
        raise ProblemError(400, "body", "The body is empty. Send a customer a line.")
    if len(lines) > MOST_CUSTOMERS:
        said = f"The body has {len(lines):,} lines; send at most {MOST_CUSTOMERS:,}."
        raise ProblemError(413, "body-too-large", said)
    return Question(kind, [_read_line(line) for line in lines])


def predict_fn(question: Question, model: Champion) -> Prediction:
    """Forecasts for the customers asked about.

    Raises
    ------
    ClvError : any of its tree; of lines none, as each has its own answer
    """
    if question.kind == CSV:
        return Prediction(CSV, _of_log(question, model))
    if question.kind == JSON:
        told = forecasting.forecast(model, question.content, most=MOST_CUSTOMERS)
        return Prediction(JSON, told)
    return Prediction(LINES, _of_lines(question.content, model))


def output_fn(prediction: Prediction, accept: str = "") -> tuple[bytes, str]:
    """An answer as bytes, and its kind.

    Raises
    ------
    ProblemError : it cannot be told in any kind that is accepted (406)
    """
    wanted = [each.partition(";")[0].strip().lower() for each in accept.split(",") if each.strip()]
    for kind in (CSV, JSON) if prediction.kind == CSV else (prediction.kind,):
        alike = ("*/*", f"{kind.partition('/')[0]}/*")
        if not wanted or any(each in alike or kind_of(each) == kind for each in wanted):
            return _written(prediction, kind), kind
    said = f"Accept is {accept!r}; a body of {prediction.kind} is answered in kind."
    raise ProblemError(406, "not-acceptable", said)


def kind_of(media_type: str) -> str | None:
    """One of KINDS, or None."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain if plain in KINDS else _ALSO.get(plain)


def _beside(content_type: str) -> Json:
    """What is said beside the kind of a log; what is no setting of ours is for others to read."""
    told = {}
    for piece in content_type.split(";")[1:]:
        name, _, value = piece.partition("=")
        if setting := _SETTINGS.get(name.strip().lower()):
            told[setting] = value.strip().strip('"')
    return told


def _read_line(line: bytes) -> TransactionsBody | ProblemError:
    """A customer, alone or as the only one of a whole body."""
    try:
        content = bodies.parsed(line)
        if isinstance(content, dict) and "customers" not in content:
            beside = {name: content.pop(name) for name in _BESIDE if name in content}
            line = to_json({**beside, "customers": [content]})
        return bodies.of_bytes(line, TransactionsBody)
    except ProblemError as problem:
        return problem


def _of_lines(lines: list[TransactionsBody | ProblemError], model: Champion) -> list[Json]:
    """An answer a line; lines that ask alike, of different customers, are scored at once.

    Raises
    ------
    UnsuitedError : the run learned from a table of customers
    """
    model.require_orders()
    answers: list[Json] = [{} for _ in lines]
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    seen: Counter[tuple[Any, ...]] = Counter()
    for place, line in enumerate(lines):
        if isinstance(line, ProblemError):
            answers[place] = _problem(line.code, str(line.detail))
        elif len(line.customers) != 1:
            answers[place] = _problem("validation", "A line holds one customer.")
        else:
            asked = (_day(line, model), line.xdays, line.level)
            who = getattr(line.customers[0], "customer_id", "").strip()
            alike[*asked, seen[*asked, who]].append(place)
            seen[*asked, who] += 1
    for (day, days, level, _), places in alike.items():
        customers = [lines[place].customers[0] for place in places]  # type: ignore[union-attr]
        asked_all = TransactionsBody(
            snapshot_date=day, xdays=days, level=level, customers=customers
        )
        try:
            told = forecasting.forecast(model, asked_all, most=MOST_CUSTOMERS)
        except ClvError as error:
            for place in places:
                answers[place] = _problem(error.code, error.message)
            continue
        failed = {each["index"]: each for each in told["problems"]}
        forecasts = {each["CustomerID"]: each for each in told["predictions"]}
        about = {name: told[name] for name in ("snapshot_date", "xdays", "level", "model_version")}
        for index, place in enumerate(places):
            customer = getattr(customers[index], "customer_id", None)
            if customer in forecasts:
                answers[place] = {**forecasts[customer], **about}
            elif wrong := failed.get(index):
                said = f"{wrong['field'] or ''} {wrong['message']}".strip()
                answers[place] = _problem(wrong["code"], said)
    return answers


def _day(line: TransactionsBody, model: Champion) -> date:
    """The last day that counts, of the line alone: no other line may move it."""
    if line.snapshot_date is not None:
        return line.snapshot_date
    orders = getattr(line.customers[0], "transactions", [])
    day: date = max([model.run.as_of.day, *(order.date for order in orders)])
    return day


def _problem(code: str, detail: str) -> Json:
    return {"problem": {"code": code, "detail": detail}}


def _of_log(question: Question, model: Champion) -> Scored:
    """Forecasts of a log's customers, its columns recognised as those of any log."""
    config = PredictConfig.anew(question.settings)
    with tempfile.TemporaryDirectory(prefix="clv-") as folder:
        path = Path(folder) / "orders.csv"
        path.write_bytes(question.content)
        try:
            return model.of_log(str(path), config)
        except ClvError as error:
            # Where the body lay for a moment tells its sender nothing.
            error.args = (error.message.replace(str(path), "the body"), *error.args[1:])
            raise


def _written(prediction: Prediction, kind: str) -> bytes:
    content = prediction.content
    if kind == CSV:
        out = io.BytesIO()
        pcsv.write_csv(content.table, out)
        return out.getvalue()
    if kind == LINES:
        return b"".join(to_json(each, inf_nan_mode="null") + b"\n" for each in content)
    if isinstance(content, Scored):
        rows = content.table.to_pylist()
        content = {"predictions": rows, "rows": content.counts, "notices": content.notices}
    return to_json(content, inf_nan_mode="null")

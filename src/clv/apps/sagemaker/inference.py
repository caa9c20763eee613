"""The four functions by which SageMaker's toolkits serve a model.

Bodies are application/json (customers with their orders), application/jsonlines (one customer a
line) or text/csv (a log of orders). Answers come in the kind of the question; a log's also as
application/json.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
from pydantic import ValidationError
from pydantic_core import to_json

from clv.apps.api import forecasting
from clv.apps.api.faults import faults_of
from clv.apps.api.problems import ProblemError, invalid
from clv.apps.api.schemas.transactions import TransactionsBody
from clv.apps.sagemaker.layout import Layout
from clv.core.errors import ClvError
from clv.core.types import Json
from clv.ops.champion import Champion
from clv.ops.predictconfig import PredictConfig
from clv.ops.progress import Silent
from clv.ops.rescoring import rescore
from clv.ops.runs import Run

JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
KINDS = (JSON, LINES, CSV)
#: Other names of the same kinds.
_ALSO = {"application/x-ndjson": LINES, "application/jsonl": LINES, "application/csv": CSV}
#: Customers in one body.
MOST_CUSTOMERS = 1_000


@dataclass(frozen=True)
class Question:
    """A body that was read.

    Attributes
    ----------
    kind : of KINDS
    content : a `TransactionsBody`; of lines, one or a problem each; of CSV, its bytes
    """

    kind: str
    content: Any


@dataclass(frozen=True)
class Prediction:
    """An answer that is not written yet.

    Attributes
    ----------
    kind : of the question
    content : a JSON object; of lines, one each; of CSV, a table of forecasts
    """

    kind: str
    content: Any


def model_fn(model_dir: str) -> Champion:
    """What `train` left in the folder.

    Raises
    ------
    RunError : no run is in there, or one that cannot be read
    """
    return Champion.load(Run.open(Path(model_dir)), Layout.here().machine)


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
        return Question(kind, raw)
    if kind == JSON:
        return Question(kind, _read(raw))
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
        return Prediction(CSV, _of_log(question.content, model))
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
    if not wanted or prediction.kind in map(kind_of, wanted) or "*/*" in wanted:
        return _written(prediction, prediction.kind), prediction.kind
    if prediction.kind == CSV and JSON in wanted:
        return _written(prediction, JSON), JSON
    said = f"Accept is {accept!r}; a body of {prediction.kind} is answered in kind."
    raise ProblemError(406, "not-acceptable", said)


def kind_of(media_type: str) -> str | None:
    """One of KINDS, or None."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain if plain in KINDS else _ALSO.get(plain)


def _read(raw: bytes) -> TransactionsBody:
    try:
        return TransactionsBody.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False)
        if found[0]["type"] == "json_invalid":
            said = str(found[0]["msg"]).removeprefix("Invalid JSON: ")
            raise ProblemError(400, "json", f"The body is not JSON: {said}.") from None
        placed = [{**one, "loc": ("body", *one["loc"])} for one in found]
        raise invalid(faults_of(placed, TransactionsBody)) from None


def _read_line(line: bytes) -> TransactionsBody | ProblemError:
    """A customer, alone or as the only one of a whole body."""
    try:
        content = json.loads(line)
    except ValueError as error:
        return ProblemError(400, "json", f"The line is not JSON: {error}.")
    if isinstance(content, dict) and "customers" not in content:
        day = {name: content.pop(name) for name in ("snapshot_date", "xdays") if name in content}
        content = {**day, "customers": [content]}
    try:
        return _read(json.dumps(content).encode())
    except ProblemError as problem:
        return problem


def _of_lines(lines: list[TransactionsBody | ProblemError], model: Champion) -> list[Json]:
    """An answer a line; lines that ask alike, of different customers, are scored at once."""
    answers: list[Json] = [{} for _ in lines]
    alike: dict[tuple[Any, Any, int], list[int]] = defaultdict(list)
    seen: Counter[tuple[Any, Any, Any]] = Counter()
    for place, line in enumerate(lines):
        if isinstance(line, ProblemError):
            answers[place] = _problem(line.code, str(line.detail))
        elif len(line.customers) != 1:
            answers[place] = _problem("validation", "A line holds one customer.")
        else:
            who = getattr(line.customers[0], "customer_id", None)
            again = seen[line.snapshot_date, line.xdays, who]
            seen[line.snapshot_date, line.xdays, who] += 1
            alike[line.snapshot_date, line.xdays, again].append(place)
    for (day, days, _), places in alike.items():
        customers = [lines[place].customers[0] for place in places]  # type: ignore[union-attr]
        asked = TransactionsBody(snapshot_date=day, xdays=days, customers=customers)
        try:
            told = forecasting.forecast(model, asked, most=MOST_CUSTOMERS)
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


def _problem(code: str, detail: str) -> Json:
    return {"problem": {"code": code, "detail": detail}}


def _of_log(raw: bytes, model: Champion) -> pa.Table:
    """Forecasts of a log's customers, its columns recognised as those of any log."""
    with tempfile.TemporaryDirectory(prefix="clv-") as folder:
        path = Path(folder) / "orders.csv"
        path.write_bytes(raw)
        config = PredictConfig.anew({})
        told = rescore(model.run, str(path), config, model.machine, Silent(), model.scorer)
    return told.table


def _written(prediction: Prediction, kind: str) -> bytes:
    content = prediction.content
    if kind == CSV:
        out = io.BytesIO()
        pcsv.write_csv(content, out)
        return out.getvalue()
    if kind == LINES:
        return b"".join(to_json(each, inf_nan_mode="null") + b"\n" for each in content)
    if isinstance(content, pa.Table):
        content = {"predictions": content.to_pylist()}
    return to_json(content, inf_nan_mode="null")

"""Bad rows planted into a clean log, and the list that says which row got what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from clv.core.types import Ints

#: Far enough ahead to be a slip whenever the log is read.
FUTURE, FUTURE_DAYS = np.datetime64("2150-01-01", "D"), 3_650
HUGE = 7_500_000_000
#: A date whose day is beyond 12 shows by itself that the day comes first.
FIRST_TELLING_DAY = 13
#: Columns that are text where defects are planted, as no other type holds what is put there.
AS_TEXT = ("customer_id", "date", "amount", "quantity", "channel")

DEFECTS = pa.schema(
    [
        ("line", pa.int64()),
        ("order_id", pa.string()),
        ("customer_id", pa.string()),
        ("defect", pa.string()),
        ("column", pa.string()),
        ("was", pa.string()),
        ("became", pa.string()),
        ("rule", pa.string()),
    ]
)

Spoil = Callable[[pa.Array, np.random.Generator], list[str | None]]


class Defect(NamedTuple):
    """A way to spoil a row.

    Attributes
    ----------
    name : in the list of defects
    column : of the log that is spoilt
    spoil : the texts of some rows -> what they become
    rule : of `clv.data.rules` that the row then breaks; empty where it is accepted all the same
    """

    name: str
    column: str
    spoil: Spoil
    rule: str


def _always(text: str | None) -> Spoil:
    return lambda texts, _: [text] * len(texts)


def _one_of(*choices: str) -> Spoil:
    return lambda texts, rng: [choices[k] for k in rng.integers(len(choices), size=len(texts))]


def _impossible_days(texts: pa.Array, rng: np.random.Generator) -> list[str | None]:
    other = rng.integers(3, size=len(texts))
    years = [text[:4] for text in texts.to_pylist()]
    return [(f"{y}-13-40", f"{y}-02-30", "not known")[k] for y, k in zip(years, other, strict=True)]


def _day_first(texts: pa.Array, _: np.random.Generator) -> list[str | None]:
    return [f"{text[8:]}/{text[5:7]}/{text[:4]}" for text in texts.to_pylist()]


def _future(texts: pa.Array, rng: np.random.Generator) -> list[str | None]:
    days = FUTURE + rng.integers(FUTURE_DAYS, size=len(texts)).astype("timedelta64[D]")
    return [str(day) for day in days]


def _other_spelling(texts: pa.Array, rng: np.random.Generator) -> list[str | None]:
    turn = rng.integers(3, size=len(texts))
    return [
        (text.lower(), f" {text} ", f"{text[0]}-{text[1:]}")[k]
        for text, k in zip(texts.to_pylist(), turn, strict=True)
    ]


def _misspelt(texts: pa.Array, rng: np.random.Generator) -> list[str | None]:
    turn = rng.integers(3, size=len(texts))
    return [
        (text.upper(), text.lower().replace(" ", "-"), text[:1] + text[2:])[k]
        for text, k in zip(texts.to_pylist(), turn, strict=True)
    ]


def _negative(texts: pa.Array, _: np.random.Generator) -> list[str | None]:
    return [f"-{text}" for text in texts.to_pylist()]


def _same(texts: pa.Array, _: np.random.Generator) -> list[str | None]:
    return list(texts.to_pylist())


DUPLICATE = "duplicated_line"
SECOND_FORMAT = "second_date_format"
KINDS = (
    Defect("missing_customer", "customer_id", _always(None), "missing_customer"),
    Defect("mangled_customer", "customer_id", _other_spelling, ""),
    Defect("missing_date", "date", _always(None), "missing_date"),
    Defect("unreadable_date", "date", _impossible_days, "unreadable_date"),
    Defect(SECOND_FORMAT, "date", _day_first, ""),
    Defect("future_date", "date", _future, "implausible_date"),
    Defect("missing_amount", "amount", _always(None), "missing_amount"),
    Defect(
        "text_in_amount", "amount", _one_of("see invoice", "free", "twelve"), "unreadable_amount"
    ),
    Defect("zero_amount", "amount", _always("0"), ""),
    Defect("huge_amount", "amount", _always(str(HUGE)), "implausible_amount"),
    Defect("negative_quantity", "quantity", _negative, ""),
    Defect("misspelt_channel", "channel", _misspelt, ""),
    Defect(DUPLICATE, "order_id", _same, ""),
)


def planted(
    log: pa.Table, share: float, first_line: int, rng: np.random.Generator
) -> tuple[pa.Table, pa.Table]:
    """The log with bad rows, and the list of them.

    Each kind of `KINDS` is planted about equally often, one in a row, never in a return. A
    duplicate is a further row right after its twin; all others spoil a row that is there.

    Parameters
    ----------
    log : `tables.TRANSACTIONS`
    share : of its rows that get a defect, 0 to 0.5
    first_line : line of the first row in the file to be written, as readers count
    rng : source of randomness

    Returns
    -------
    the log, columns of `AS_TEXT` as text; and `DEFECTS`, ordered by line
    """
    texts = {name: _as_text(log[name]) for name in (*AS_TEXT, "order_id")}
    row, kind = _chosen(log, round(share * log.num_rows), rng)
    told: dict[str, list[pa.Array]] = {name: [] for name in ("was", "became")}
    spoilt = dict(texts)
    for place, defect in enumerate(KINDS):
        rows = row[kind == place]
        was = texts[defect.column].take(pa.array(rows))
        became = pa.array(defect.spoil(was, rng), pa.string())
        spoilt[defect.column] = _replaced(spoilt[defect.column], rows, became)
        told["was"].append(was)
        told["became"].append(became)
    bad = log
    for name in AS_TEXT:
        bad = bad.set_column(bad.column_names.index(name), name, spoilt[name])
    twins = np.sort(row[kind == _place_of(DUPLICATE)])
    every = np.insert(np.arange(log.num_rows), twins + 1, twins)
    by_kind = np.argsort(kind, kind="stable")
    row, kind = row[by_kind], kind[by_kind]
    # Twins that stand before a row push it down; of two twins the second is the defect.
    pushed = np.searchsorted(twins, row, side="left") + (kind == _place_of(DUPLICATE))
    listed = pa.table(
        [
            row + pushed + first_line,
            texts["order_id"].take(pa.array(row)),
            texts["customer_id"].take(pa.array(row)),
            *(pa.array([getattr(KINDS[k], part) for k in kind]) for part in ("name", "column")),
            pa.chunked_array(told["was"], pa.string()),
            pa.chunked_array(told["became"], pa.string()),
            pa.array([KINDS[k].rule for k in kind], pa.string()),
        ],
        schema=DEFECTS,
    )
    return bad.take(pa.array(every)), listed.sort_by("line")


def _place_of(name: str) -> int:
    return [defect.name for defect in KINDS].index(name)


def _chosen(log: pa.Table, wanted: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Rows to be spoilt, each once, and the kind of each."""
    sales = np.flatnonzero(~log["is_return"].to_numpy())
    kind = np.arange(min(wanted, len(sales))) % len(KINDS)
    telling = pc.day(log["date"]).to_numpy()[sales] >= FIRST_TELLING_DAY
    second = kind == _place_of(SECOND_FORMAT)
    n_second = min(int(second.sum()), int(telling.sum()))
    kind = np.concatenate([kind[second][:n_second], kind[~second]])
    late = rng.choice(sales[telling], n_second, replace=False)
    others = np.setdiff1d(sales, late)
    rest = rng.choice(others, len(kind) - n_second, replace=False)
    return np.concatenate([late, rest]), kind


def _as_text(column: pa.ChunkedArray) -> pa.Array:
    plain = column.combine_chunks()
    if pa.types.is_floating(plain.type):
        plain = pc.round(plain, 2).cast(pa.decimal128(18, 2), safe=False)
    return plain.cast(pa.string())


def _replaced(column: pa.Array, rows: Ints, texts: pa.Array) -> pa.Array:
    """The column with other texts in some rows."""
    mask = np.zeros(len(column), dtype=bool)
    mask[rows] = True
    in_order = np.argsort(rows)
    return pc.replace_with_mask(column, pa.array(mask), texts.take(pa.array(in_order)))

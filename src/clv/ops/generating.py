"""A made-up shop written to a folder: its log, its customers, its market, and its truth."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from clv.core.errors import SettingError
from clv.core.types import Json
from clv.data.engine import storage_errors
from clv.data.synthetic import tables
from clv.data.synthetic.defects import planted
from clv.data.synthetic.truth import parameters, truth
from clv.data.synthetic.world import World, draw
from clv.ops.progress import Reporter, Stages
from clv.ops.runs import staging, write_json
from clv.ops.shopconfig import GenerateConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

TRUTH = "truth.json"
MADE_BY = "clv generate"
#: Defects in more rows than this would leave no log to speak of.
MOST_DEFECTS = 0.5
#: Line of the first row of a file: a text file has a header before it.
FIRST_LINES = {"parquet": 1, "csv": 2}


def generate(config: GenerateConfig, out: Path, reporter: Reporter) -> Json:
    """Draw a shop and write it; a former one in the folder is replaced, in one step.

    Parameters
    ----------
    config : size, seed and behaviour
    out : folder to write

    Returns
    -------
    {"folder", "format", "files": {name: rows}, "transactions", "orders", "returns", "customers",
    "first_day", "as_of", "horizon_days", "expected_value", "actual_value", "defects":
    {defect: rows}, "notes"}; values are of all customers within the horizon after as_of

    Raises
    ------
    SettingError : a setting out of its range, more transactions than customers can make, or a
        folder that holds something else
    StorageError : the folder cannot be written
    """
    shop = config.shop()
    if not 0 <= config.defects <= MOST_DEFECTS:
        raise SettingError(
            f"defects: {config.defects:g} is outside 0 to {MOST_DEFECTS:g}. Write 2 % as 0.02."
        )
    _refuse_others(out)
    stages = Stages(reporter)
    with stages.stage("draw the shop"):
        world = draw(shop)
    with stages.stage("write the files"), staging(out) as folder:
        rows, told = {}, {}
        for name, table in _files(world, config):
            told[name] = table
            rows[name] = table.num_rows
            _write(table, folder / f"{name}.{config.format}", config.format)
        write_json(folder / TRUTH, _truth(world, config, rows))
    return {**_summary(world, rows, told), "folder": str(out), "format": config.format}


def _files(world: World, config: GenerateConfig) -> Iterator[tuple[str, pa.Table]]:
    """Every table by the name of its file; the log comes first, and the truth before the rest."""
    log = tables.transactions(world)
    if config.defects > 0:
        first_line = FIRST_LINES[config.format]
        log, defects = planted(log, config.defects, first_line, world.shop.rng("defects"))
        yield "defects", defects
    yield "transactions", log
    true = truth(world)
    yield "truth", true
    yield "customers", tables.customers(world)
    profiles = tables.profiles(world)
    yield "profiles", profiles
    yield "customers_with_target", tables.with_target(profiles, true["actual_value"])
    yield "sustainability", tables.sustainability(world)
    yield "market", tables.market(world)


def _write(table: pa.Table, path: Path, form: str) -> None:
    with storage_errors(path.parent):
        if form == "parquet":
            from pyarrow import parquet

            parquet.write_table(table, path)
        else:
            from pyarrow import csv

            csv.write_csv(table, path)


def _refuse_others(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / TRUTH).is_file()):
        raise SettingError(
            f"out: {out} holds something that `{MADE_BY}` did not write; nothing was touched."
            " Choose another --out, or empty it yourself."
        )


def _truth(world: World, config: GenerateConfig, rows: dict[str, int]) -> Json:
    return {
        "made_by": MADE_BY,
        "version": version("clv"),
        **parameters(world),
        "transactions": {"asked": world.shop.transactions, "clean": world.rows},
        "defects": config.defects,
        "rows": rows,
    }


def _summary(world: World, rows: dict[str, int], told: dict[str, pa.Table]) -> Json:
    shop, true = world.shop, told["truth"]
    defects = told["defects"]["defect"].value_counts().to_pylist() if "defects" in told else []
    return {
        "files": rows,
        "transactions": rows["transactions"],
        "orders": len(world.orders.day),
        "returns": len(world.sent_back),
        "customers": shop.customers,
        "first_day": str(shop.start),
        "as_of": str(shop.as_of),
        "horizon_days": shop.horizon,
        "expected_value": pc.sum(true["expected_value"]).as_py(),
        "actual_value": pc.sum(true["actual_value"]).as_py(),
        "defects": {row["values"]: row["counts"] for row in defects},
        "notes": _notes(world),
    }


def _notes(world: World) -> list[str]:
    notes = []
    asked = world.shop.transactions
    if world.rows != asked:
        notes.append(
            f"{world.rows:,} transactions were made, not {asked:,}: that few leave no room for what"
            " chance adds. Ask for more a customer."
        )
    if world.shop.as_of.day > datetime.now(tz=UTC).date():
        notes.append(
            f"The log ends on {world.shop.as_of}, a day yet to come: read it with --as-of"
            f" {world.shop.as_of}, or choose an earlier --start."
        )
    return notes

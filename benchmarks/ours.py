"""What clv does in each comparison: the calls into the package, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.population import HORIZON, PURCHASES
from clv.features.book import Book, to_counted
from clv.features.ledger import Ledger
from clv.features.summary import counted
from clv.numerics import bgnbd, histories, outlook
from clv.numerics.draws import draw_params

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd

    from clv.core.types import Floats, Ints
    from clv.data.engine import DuckDBEngine
    from clv.data.ingest import Ingested


def fit(model: ModuleType, x: Ints, t_x: Ints, T: Ints) -> Any:
    """Parameters from every customer's history; grouping them is part of it."""
    return model.fit(*histories.tally(x, t_x, T)).params


def fit_and_draw(x: Ints, t_x: Ints, T: Ints, size: int, seed: int) -> Floats:
    """BG/NBD from every customer's history; (size, 4) draws of r, alpha, a and b."""
    found = bgnbd.fit(*histories.tally(x, t_x, T))
    rng = np.random.default_rng(seed)
    return np.array(draw_params(found.params, found.covariance, size, rng))


def score(x: Ints, t_x: Ints, T: Ints) -> tuple[Floats, Floats]:
    """Expected purchases within `HORIZON` and P(alive) of every customer."""
    expected = outlook.expected_purchases(PURCHASES, HORIZON, x, t_x, T)
    return expected, outlook.p_alive(PURCHASES, x, t_x, T)


def summary(read: Ingested, engine: DuckDBEngine) -> pd.DataFrame:
    """Every customer's history from accepted transactions."""
    for former in ("bought", "refunds"):
        engine.ibis.drop_table(former, force=True)
    ledger = Ledger.of(read.transactions, engine.ibis)
    return Book.open(ledger, read.as_of).history(read.as_of, HORIZON).frame


def grouped(read: Ingested) -> histories.Counted:
    """Distinct histories from accepted transactions without returns."""
    days = read.transactions.select("customer_id", "date").distinct()
    return to_counted(counted(days, read.as_of).to_pyarrow())

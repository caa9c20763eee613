"""Customers who may buy once at each of a number of opportunities: yearly gifts, tours, fairs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clv.core.errors import HistoryError
from clv.core.types import Floats
from clv.models.counted import CountedModel, columns_of
from clv.numerics import bgbb, histories


class BGBB(CountedModel):
    """BG/BB over a recency-frequency matrix.

    The matrix has `x`, opportunities taken; `t_x`, the last of them, 0 where none; `T`,
    opportunities observed since the first purchase; and `customers`. `matrix` makes one.
    """

    name = "bgbb"
    title = "BG/BB"
    unit = "opportunity"
    columns = ("x", "t_x", "T")
    numerics = bgbb
    params_kind = bgbb.BGBBParams

    def predict(
        self, table: pd.DataFrame, n_opportunities: int, discount_rate: float = 0.0
    ) -> pd.DataFrame:
        """What is ahead of customers with these histories.

        Parameters
        ----------
        table : `x`, `t_x` and `T`
        n_opportunities : ahead
        discount_rate : per opportunity; the next one is discounted once

        Returns
        -------
        DataFrame : one row per row of table
            p_alive : probability to be active at the next opportunity
            expected_purchases : at the n_opportunities
            p_purchase : of one or more of them
            discounted_purchases : present value of the purchases expected, each worth 1
            residual_purchases : of all purchases ever, the DERT; infinite where nothing is
                discounted and gamma <= 1
            next_opportunity : median number of the opportunity taken next, if one is

        Raises
        ------
        ColumnError : a column is missing
        HistoryError : a history that cannot be
        SettingError : n_opportunities is not a whole number from 0
        """
        self._require_fitted()
        seen = columns_of(table, self.columns)
        bgbb.check(*seen)
        first, inverse, _ = histories.distinct(*seen)
        x, t_x, T = (column[first] for column in seen)
        p, ahead, rate = self.params_, n_opportunities, discount_rate
        each = {
            "p_alive": bgbb.p_alive(p, x, t_x, T, 1),
            "expected_purchases": bgbb.expected_purchases(p, ahead, x, t_x, T),
            "p_purchase": bgbb.p_purchase(p, ahead, x, t_x, T),
            "discounted_purchases": bgbb.discounted_purchases(p, rate, x, t_x, T, ahead),
            "residual_purchases": bgbb.discounted_purchases(p, rate, x, t_x, T),
            "next_opportunity": bgbb.next_purchase_quantile(p, 0.5, x, t_x, T),
        }
        return pd.DataFrame({k: v[inverse] for k, v in each.items()}, index=table.index)

    def expected_new(self, opportunities: Floats) -> Floats:
        """Purchases expected of a new customer at the first so many opportunities, (n,)."""
        self._require_fitted()
        return bgbb.expected_purchases_new(self.params_, opportunities)


def matrix(incidence: pd.DataFrame) -> pd.DataFrame:
    """The recency-frequency matrix of customers seen at the same opportunities.

    Parameters
    ----------
    incidence : one row a customer, one column an opportunity after the first purchase, in order;
        1 where taken, 0 where not

    Returns
    -------
    DataFrame : `x`, `t_x`, `T`, `customers`, sorted

    Raises
    ------
    HistoryError : something else than 0 and 1
    """
    taken = incidence.to_numpy(dtype=np.float64)
    if broken := int((~np.isin(taken, (0.0, 1.0))).any(axis=1).sum()):
        raise HistoryError(
            f"incidence: something else than 0 and 1 in {broken} row(s)."
            " Tell for each opportunity whether it was taken, not how often."
        )
    number = np.arange(1.0, taken.shape[1] + 1.0)
    last = (taken * number).max(axis=1, initial=0.0)
    T = np.full(len(taken), float(taken.shape[1]))
    counted = histories.group(taken.sum(axis=1), last, T)
    table = dict(zip(("x", "t_x", "T", "customers"), counted[:4], strict=True))
    return pd.DataFrame(table)

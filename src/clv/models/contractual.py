"""Customers under contract, who leave at a renewal: sBG, and beta-discrete-Weibull."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clv.models.counted import CountedModel, columns_of
from clv.numerics import bdw, cohorts, contracts, sbg
from clv.numerics.opportunities import whole

PERIODS = ("periods", "lost")


class ContractModel(CountedModel):
    """A contract model of `numerics` over a cohort table.

    The table has `periods`, renewals survived; `lost`, 1 where the customer left at the next one
    and 0 where they are still there; and `customers`. `cohort_table` makes one from survivors.
    """

    unit = "renewal"
    columns = PERIODS

    def predict(
        self, table: pd.DataFrame, n_periods: int, discount_rate: float = 0.0
    ) -> pd.DataFrame:
        """What is ahead of customers still under contract.

        Parameters
        ----------
        table : `periods`, renewals each has survived
        n_periods : renewals ahead
        discount_rate : per period; the next renewal is due now and counts in full

        Returns
        -------
        DataFrame : one row per row of table
            retention : probability to survive the next renewal
            p_survive : and all n_periods of them
            expected_renewals : among the n_periods
            discounted_renewals : their present value, each worth 1
            residual_lifetime : present value of all renewals ever, the DERL; infinite where
                nothing is discounted and the tail is too thick

        Raises
        ------
        ColumnError : there is no column `periods`
        SettingError : periods that are not whole numbers from 0
        """
        self._require_fitted()
        survived = whole(columns_of(table, ("periods",))[0])
        t, inverse = np.unique(survived, return_inverse=True)
        p, rate = self.params_, discount_rate
        each = {
            "retention": contracts.retention(p, t),
            "p_survive": contracts.p_alive(p, whole(n_periods), t),
            "expected_renewals": contracts.expected_renewals(p, n_periods, t),
            "discounted_renewals": contracts.discounted_renewals(p, rate, t, n_periods),
            "residual_lifetime": contracts.discounted_renewals(p, rate, t),
        }
        return pd.DataFrame({k: v[inverse] for k, v in each.items()}, index=table.index)

    def curve(self, n_periods: int) -> pd.DataFrame:
        """Survival and retention of a new cohort, by renewals 0 to n_periods.

        Returns
        -------
        DataFrame : `periods`, `survival`, and `retention` at the renewal that follows
        """
        self._require_fitted()
        t = np.arange(n_periods + 1.0)
        survival = contracts.p_alive(self.params_, t)
        retention = contracts.retention(self.params_, t)
        return pd.DataFrame({"periods": t, "survival": survival, "retention": retention})


class SBG(ContractModel):
    """Each customer's chance to leave stays what it is; retention rises as the loose ones go."""

    name = "sbg"
    title = "sBG"
    numerics = sbg
    params_kind = sbg.SBGParams


class BDW(ContractModel):
    """Each customer's chance to leave may also rise or fall with tenure."""

    name = "bdw"
    title = "beta-discrete-Weibull"
    numerics = bdw
    params_kind = bdw.BDWParams


def cohort_table(survivors: Sequence[float]) -> pd.DataFrame:
    """The cohort table of customers counted after each renewal.

    Parameters
    ----------
    survivors : (m + 1,) customers acquired, then left after renewal 1, 2, ... m

    Returns
    -------
    DataFrame : `periods`, `lost`, `customers`; tables of several cohorts may be joined

    Raises
    ------
    HistoryError : numbers that grow, or are below 0 or not finite
    """
    cohort = cohorts.of_survivors(survivors)
    return pd.DataFrame({"periods": cohort.t, "lost": cohort.lost, "customers": cohort.n})

"""What a log can and cannot support, why, and what was done instead."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from clv.core.errors import HistoryError
from clv.core.types import Json
from clv.evaluation.backtest.trial import FEWEST_CUSTOMERS
from clv.models.season import FEWEST_DAYS, LONGEST, YEAR
from clv.models.spend import free_share
from clv.numerics.paidshare import population_share

if TYPE_CHECKING:
    from clv.core.types import Horizon
    from clv.features.book import History
    from clv.models.spend import SpendModel

Status = Literal["ok", "limited", "no"]

FEW_CUSTOMERS = 500
SHORT_HISTORY = 180
STALE_DAYS = 30
MOSTLY_ONE_TIME = 0.8
#: Rank correlation of frequency and spend from which they count as related, and its p-value.
RELATED, SURPRISING = 0.1, 0.05
FEWEST_REPEATERS = 10


@dataclass(frozen=True)
class Check:
    """One thing asked of the log.

    Attributes
    ----------
    found : what the log shows
    means : what that allows or forbids
    instead : what is done about it; None where nothing needs to be
    """

    name: str
    status: Status
    found: str
    means: str
    instead: str | None = None


def require(history: History) -> None:
    """Refuse a log on which no forecast could be honest.

    Raises
    ------
    HistoryError : fewer than 20 customers, or fewer than 10 who came back
    """
    customers = len(history)
    repeaters = int((history.frame["x"] > 0).sum())
    if customers < FEWEST_CUSTOMERS:
        raise HistoryError(
            f"history: {customers} customer(s) ordered by {history.as_of}, too few to learn from"
            f" (at least {FEWEST_CUSTOMERS}). Give a log of more customers."
        )
    if repeaters < FEWEST_REPEATERS:
        raise HistoryError(
            f"history: {repeaters} of {customers} customers ordered on more than one day, too few"
            f" to learn how customers return (at least {FEWEST_REPEATERS}). Give a longer log, or"
            " check that the customer column names people rather than orders."
        )


def assess(
    history: History, horizon: Horizon, checked: Horizon, spend: SpendModel, *, bought: bool
) -> Json:
    """Every check, in the order a reader asks them.

    Parameters
    ----------
    checked : the holdout's length
    spend : fitted to the same history
    bought : whether anyone bought in the holdout

    Returns
    -------
    {"verdict": one sentence, "checks": [{name, status, found, means, instead}]}
    """
    frame, span = history.frame, history.span
    customers, repeaters = len(frame), int((frame["x"] > 0).sum())
    one_time = 1 - repeaters / customers
    newest = span - int(frame["T"].min())
    last_day_quiet = int((frame["T"] - frame["t_x"]).min())
    # Days after the last order tell nothing of rhythms and seasons.
    traded = span - last_day_quiet
    checked_days = checked.n_days
    checks = [
        _at_least(
            "customers",
            customers,
            FEW_CUSTOMERS,
            "customers who ordered",
            "intervals are wide and segments small",
        ),
        _at_least(
            "span",
            traded,
            SHORT_HISTORY,
            "days with orders, from the first to the last",
            "slow rhythms and seasons cannot be seen",
        ),
        Check(
            "freshness",
            "ok" if last_day_quiet <= STALE_DAYS else "limited",
            "the last order came on the last day observed"
            if last_day_quiet == 0
            else f"the last order came {last_day_quiet:,} days before the last day observed",
            "the log reaches up to the day the forecast starts"
            if last_day_quiet <= STALE_DAYS
            else "either trade stopped or the log is not complete up to as-of",
            None if last_day_quiet <= STALE_DAYS else "nothing: check --as-of",
        ),
        Check(
            "one-time share",
            "ok" if one_time <= MOSTLY_ONE_TIME else "limited",
            f"{100 * one_time:.0f} % of the customers ordered on one day only",
            "enough customers return to learn the rhythm"
            if one_time <= MOSTLY_ONE_TIME
            else "most of the value lies in whether a first order is followed by a second",
            None
            if one_time <= MOSTLY_ONE_TIME
            else "one-timers also get a model of their own (Cox), compared with the others",
        ),
        _horizon_check(span, horizon, checked_days, bought=bought),
        Check(
            "season",
            "ok" if traded >= FEWEST_DAYS else "limited",
            f"{traded / 365:.1f} years with orders",
            "a yearly season shows twice"
            if traded >= FEWEST_DAYS
            else "a yearly season cannot be told from growth or decline",
            _of_season(traded, last_day_quiet, horizon),
        ),
    ]
    if newest < span / 3:
        checks.append(
            Check(
                "new customers",
                "limited",
                f"the last customer came {span - newest:,} days before the last day observed",
                "the log follows a closed group, whose orders thin out with time",
                "only these customers are forecast; customers still to come are not",
            )
        )
    checks += [*_free_checks(history, spend), *_spend_checks(spend)]
    return {"verdict": _verdict(checks), "checks": [asdict(check) for check in checks]}


def _of_season(traded: int, quiet: int, horizon: Horizon) -> str | None:
    if traded < FEWEST_DAYS:
        return (
            "no season is assumed; the interval of the total is widened by how past totals missed"
        )
    # After a year without orders there is no last year to move a total by.
    if horizon.n_days > LONGEST or quiet >= YEAR:
        return None
    return "the ensemble moves its total by what the same days brought a year ago"


def _at_least(name: str, found: int, wanted: int, what: str, lacking: str) -> Check:
    if found >= wanted:
        return Check(name, "ok", f"{found:,} {what}", f"{wanted} or more is enough")
    return Check(
        name,
        "limited",
        f"{found:,} {what}",
        f"below {wanted}: {lacking}",
        "nothing: read the intervals, not the single figures",
    )


def _horizon_check(span: int, horizon: Horizon, checked_days: int, *, bought: bool) -> Check:
    found = f"{span:,} days of history for a horizon of {horizon.n_days:,}"
    if not bought:
        return Check(
            "horizon",
            "no",
            f"nobody bought in the last {checked_days:,} days",
            "no forecast can be checked on days without a purchase, nor models be told apart",
            "the first model that can be fitted forecasts, unchecked: see whether --as-of is right",
        )
    if checked_days >= horizon.n_days:
        return Check(
            "horizon", "ok", found, f"the forecast was checked over {checked_days} known days"
        )
    return Check(
        "horizon",
        "limited" if span >= horizon.n_days else "no",
        found,
        "no part of the log is long enough to check the whole horizon"
        if span >= horizon.n_days
        else "the forecast reaches further ahead than the log reaches back",
        f"checked over the last {checked_days} days; beyond those the model extrapolates",
    )


def _verdict(checks: list[Check]) -> str:
    limited = [check.name for check in checks if check.status == "limited"]
    refused = [check.name for check in checks if check.status == "no"]
    if refused:
        return f"Usable with care: this log cannot support {_listed(refused)}" + (
            f", and limits {_listed(limited)}." if limited else "."
        )
    if limited:
        return f"Usable; limited in {_listed(limited)}."
    return "This log supports everything asked of it."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _free_checks(history: History, spend: SpendModel) -> list[Check]:
    if spend.paid_ is None:
        return []
    return [
        Check(
            "free orders",
            "limited",
            f"{100 * free_share(history):.3g} % of the purchase days are worth nothing",
            "a customer who orders often may yet spend nothing, and few orders tell what is spent",
            "whether an order is paid is forecast apart from what a paid one is worth: by the"
            " customer's share so far, drawn toward the"
            f" {100 * population_share(spend.paid_):.3g} % of all customers",
        )
    ]


def _spend_checks(spend: SpendModel) -> list[Check]:
    test = spend.independence_
    fallback = spend.method_ != "gamma-gamma"
    related = abs(test.spearman.coefficient) >= RELATED and test.spearman.p_value < SURPRISING
    return [
        Check(
            "order value",
            "limited" if fallback else "ok",
            f"{test.repeaters:,} {spend.tested_} to learn order values from",
            f"Gamma-Gamma cannot stand: {spend.reason_}" if fallback else "enough for Gamma-Gamma",
            "each customer's mean is drawn toward the population's by what it is worth"
            if fallback
            else None,
        ),
        Check(
            "frequency and spend",
            "limited" if related else "ok",
            test.verdict,
            "Gamma-Gamma takes order value to be independent of frequency"
            + (", which does not hold here" if related else ""),
            "all purchase days are used, and the holdout decides whether the forecast stands"
            if related
            else None,
        ),
    ]

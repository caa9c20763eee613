"""What a model would say of customers of whom no log is known, only counts, sums and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.special import expit

from clv.core.types import Bools, Floats, Json
from clv.models.chance import log_odds
from clv.models.learners.encoder import OTHER, Encoder, as_text

#: What is emulated, and on which scale it is near a straight line.
AMOUNTS = ("clv", "expected_purchases", "expected_order_value", "next_days")
CHANCES = ("p_alive", "p_purchase", "p_spend")
#: What is told of a row by itself, at most: it is divided by the rest.
MOST_HAT = 1.0 - 1e-9
#: Rounds in which sums are brought to the model's.
ROUNDS = 8
#: Shares of customers at which each line bends.
BENDS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
#: Amounts below this share of their mean count as that: a logarithm must be finite.
FLOOR = 1e-4
#: Pulls of coefficients towards 0 that are tried, of columns in standard deviations, per customer.
RIDGES = tuple(10.0**power for power in range(-5, 2))
#: Standard deviations beyond which what else is known counts as so many.
FURTHEST = 4.0
#: Logarithms of a profile, as `_logs` tells them, and the pairs of them.
LOGS = 7
_FIRST, _SECOND = np.triu_indices(LOGS, 1)
PAIRS = tuple(zip(_FIRST.tolist(), _SECOND.tolist(), strict=True))
#: Amounts up to so many floors are nothing.
SMALL = 1.0 + 1e-6


class Known(NamedTuple):
    """What profiles tell of (n,) customers.

    Attributes
    ----------
    x, t_x, T : (n,) repeat purchase days; days from first to last purchase, and to as_of
    total : (n,) net spend so far
    more : (n, k) what else is known, as `Surrogate.encode` tells it, NaN where it is not; or
        (n, 0), where nothing else is known of anybody
    """

    x: Floats
    t_x: Floats
    T: Floats
    total: Floats
    more: Floats


class Said(NamedTuple):
    """What a model would say of (n,) customers: AMOUNTS, then CHANCES; NaN where it does not say.

    Attributes
    ----------
    beyond : (n,) customers unlike any that was learned from, told as the nearest of them
    """

    clv: Floats
    expected_purchases: Floats
    expected_order_value: Floats
    next_days: Floats
    p_alive: Floats
    p_purchase: Floats
    p_spend: Floats
    beyond: Bools


@dataclass(frozen=True)
class Surrogate:
    """Lines that bend, and products, fitted to what a model says of a population.

    The model itself may need a whole log: features of products, days of the week, channels. Of
    a profile all that can be had is the mean of what it says of customers with such counts, sums
    and days. This is that mean: least squares on logarithms and log-odds over bent lines in the
    logarithms of what a profile tells, their products, and what else is known.

    Attributes
    ----------
    encoder : what else of customers is used, where a profile tells it
    centre, spread : (k,) of what else is known; who does not tell is at the centre
    low, high : (logs,) ends of the population; beyond them lines go on level
    bends : (logs, bends)
    weights : (columns, outputs) in the order of AMOUNTS, then CHANCES
    floors : (amounts,) as FLOOR tells, in units of the amounts
    most : (amounts,) the largest that the model says of anybody; nobody is told more
    fidelity : share of the variance of log(clv) between customers that it explains, each of them
        told without having been learned from
    typical_miss : mean distance from the model's clv, over the model's mean clv, told likewise

    References
    ----------
    Buciluă, Caruana & Niculescu-Mizil (2006), "Model compression"; Friedman (1991),
    "Multivariate adaptive regression splines", on bent lines and their products
    """

    encoder: Encoder
    centre: Floats
    spread: Floats
    low: Floats
    high: Floats
    bends: Floats
    weights: Floats
    floors: Floats
    most: Floats
    fidelity: float
    typical_miss: float

    @classmethod
    def learn(cls, known: Known, encoder: Encoder, said: Mapping[str, Floats]) -> Self:
        """From customers and what the model says of them; some ten thousand are plenty.

        Parameters
        ----------
        encoder : how `known.more` was made
        said : each of AMOUNTS and CHANCES, (n,); NaN where the model does not say
        """
        logs = _logs(known)
        bends = np.quantile(logs, BENDS, axis=0).T
        amounts, chances = ([said[name] for name in names] for names in (AMOUNTS, CHANCES))
        floors = np.array([_floor(each) for each in amounts])
        most = np.array(
            [
                np.fmax.reduce(each, initial=floor)
                for each, floor in zip(amounts, floors, strict=True)
            ]
        )
        made = cls(
            *(encoder, *_scale(known.more), logs.min(axis=0), logs.max(axis=0), bends),
            *(np.empty(0), floors, most, 0.0, 0.0),
        )
        A = made._columns(known, logs)
        targets = [
            np.log(np.maximum(each, floor)) for each, floor in zip(amounts, floors, strict=True)
        ]
        fits = [_least_squares(A, each) for each in (*targets, *map(log_odds, chances))]
        weights = np.column_stack([fit.weights for fit in fits])
        clv, alone = np.exp(targets[0]), fits[0].alone
        fitted = (A @ weights[:, : len(AMOUNTS)]).T
        shifts = [_level(*each) for each in zip(fitted, targets, most, strict=True)]
        weights[0, : len(AMOUNTS)] += shifts
        missed = np.abs(np.minimum(np.exp(alone + shifts[0]), most[0]) - clv).mean()
        return replace(
            made,
            weights=weights,
            fidelity=_explained(targets[0], alone),
            typical_miss=float(missed / clv.mean()),
        )

    def said(self, known: Known) -> Said:
        """What the model would say of customers."""
        logs = _logs(known)
        inside = np.minimum(np.maximum(logs, self.low), self.high)
        told = self._columns(known, inside) @ self.weights
        amounts = np.minimum(np.exp(told[:, : len(AMOUNTS)]), self.most)
        amounts *= amounts > self.floors * SMALL
        chances = expit(told[:, len(AMOUNTS) :])
        beyond = (inside != logs).any(axis=1)
        return Said._make((*amounts.T, *chances.T, beyond))

    def encode(self, profiles: Sequence[Mapping[str, Any]]) -> Floats:
        """(n, k) what else profiles tell, by names of features; NaN where they do not."""
        if not any(profiles):
            return np.empty((len(profiles), 0))
        names = self.encoder.numbers
        found = np.full((len(profiles), len(self.centre)), np.nan)
        for row, profile in enumerate(profiles):
            if not profile:
                continue
            for place, name in enumerate(names):
                if name in profile:
                    found[row, place] = profile[name]
            place = len(names)
            for name in self.encoder.levels:
                texts = self.encoder.texts(name)
                if name in profile:
                    text = as_text(profile[name], texts)
                    level = text if text in texts else OTHER
                    found[row, place : place + len(texts)] = [each == level for each in texts]
                place += len(texts)
        return found

    def _columns(self, known: Known, logs: Floats) -> Floats:
        """(n, columns): 1, lines, bends, products, whether they came again, and lines of those."""
        n = len(logs)
        again = (known.x > 0)[:, None]
        bent = np.maximum(logs[:, :, None] - self.bends, 0.0).reshape(n, -1)
        products = logs.take(_FIRST, axis=1) * logs.take(_SECOND, axis=1)
        told = known.more.shape[1] > 0
        more = self.besides(known.more) if told else np.zeros((n, len(self.centre)))
        parts = (np.ones((n, 1)), logs, bent, products, again, again * logs, more)
        return np.concatenate(parts, axis=1)

    def besides(self, more: Floats) -> Floats:
        """(n, k) columns of what else is known, last of all."""
        away = np.nan_to_num((more - self.centre) / self.spread)
        return np.clip(away, -FURTHEST, FURTHEST)

    def to_json(self) -> Json:
        arrays = ("centre", "spread", "low", "high", "bends", "weights", "floors", "most")
        return {
            "encoder": self.encoder.to_json(),
            **{name: getattr(self, name).tolist() for name in arrays},
            "fidelity": self.fidelity,
            "typical_miss": self.typical_miss,
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """What `to_json` told."""
        arrays = ("centre", "spread", "low", "high", "bends", "weights", "floors", "most")
        return cls(
            encoder=Encoder.from_json(content["encoder"]),
            **{name: np.array(content[name], dtype=np.float64) for name in arrays},
            fidelity=float(content["fidelity"]),
            typical_miss=float(content["typical_miss"]),
        )


def _logs(known: Known) -> Floats:
    """(n, LOGS) logarithms of purchases, silence, age, order value, gap, silence in gaps, span."""
    x, t_x, T, total, _ = known
    found = np.empty((len(x), LOGS))
    again = np.maximum(x, 1.0)
    gap = t_x / again
    found[:, 0] = x
    found[:, 1] = quiet = T - t_x
    found[:, 2] = T
    found[:, 3] = np.maximum(total, 0.0) / (x + 1.0)
    found[:, 4] = gap
    found[:, 5] = quiet / np.maximum(gap, 1.0)
    found[:, 6] = t_x
    return np.log1p(found, out=found)


def _floor(amounts: Floats) -> float:
    told = amounts[amounts > 0]
    return FLOOR * float(told.mean()) if len(told) else FLOOR


def _scale(more: Floats) -> tuple[Floats, Floats]:
    if not more.shape[1]:
        return np.zeros(0), np.ones(0)
    spread = np.nanstd(more, axis=0)
    return np.nanmean(more, axis=0), np.where(spread > 0, spread, 1.0)


class _Fit(NamedTuple):
    """
    Attributes
    ----------
    weights : (columns,)
    alone : (n,) what each row is told by the others: leave-one-out
    """

    weights: Floats
    alone: Floats


def _least_squares(A: Floats, target: Floats) -> _Fit:
    """Ridge regression, its pull the one by which rows are told best by the others.

    Parameters
    ----------
    A : (n, columns), the first of them constant and held to nothing
    target : (n,); all is NaN where nothing is told of at least two rows

    References
    ----------
    Golub, Heath & Wahba (1979), "Generalized cross-validation as a method for choosing a good
    ridge parameter", on leaving out rows by the diagonal of the hat matrix
    """
    told = np.isfinite(target)
    n = int(told.sum())
    if n < 2:
        return _Fit(np.full(A.shape[1], np.nan), np.full(len(target), np.nan))
    some, wanted = A[told, 1:], target[told]
    middle, mean = some.mean(axis=0), wanted.mean()
    spread = some.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (some - middle) / spread
    values, vectors = np.linalg.eigh(scaled.T @ scaled / n)
    # Rounding takes what is zero a little below.
    values = np.maximum(values, 0.0)
    axes = scaled @ vectors
    along = axes.T @ (wanted - mean) / n
    best = None
    for ridge in RIDGES:
        rest = wanted - mean - axes @ (along / (values + ridge))
        hat = 1.0 / n + axes**2 @ (1.0 / (values + ridge)) / n
        missed = rest / (1.0 - np.minimum(hat, MOST_HAT))
        error = float((missed**2).mean())
        if best is None or error < best[0]:
            best = error, ridge, missed
    assert best is not None
    _, ridge, missed = best
    slopes = vectors @ (along / (values + ridge)) / spread
    alone = np.full(len(target), np.nan)
    alone[told] = wanted - missed
    return _Fit(np.append(mean - middle @ slopes, slopes), alone)


def _level(fitted: Floats, target: Floats, most: float) -> float:
    """What to add to logarithms so that amounts, none above the most, sum up to the target's.

    Logarithms that are right on average make sums that are too low.
    """
    told, shift = np.isfinite(target), 0.0
    wanted = np.exp(target[told]).sum()
    for _ in range(ROUNDS):
        amounts = np.minimum(np.exp(fitted[told] + shift), most)
        # Only those below the most grow with the shift: Newton's step on the logarithm of the sum.
        growing = amounts[amounts < most].sum()
        if growing <= 0:
            break
        shift += np.log(wanted / amounts.sum()) * amounts.sum() / growing
    return float(shift)


def _explained(target: Floats, fitted: Floats) -> float:
    """Share of the variance that is explained; 1 where there is none."""
    whole = float(((target - target.mean()) ** 2).sum())
    return 1.0 - float(((target - fitted) ** 2).sum()) / whole if whole > 0 else 1.0

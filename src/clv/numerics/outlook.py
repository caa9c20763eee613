"""What is to come of each customer, whichever purchase model the parameters are of.

Parameters know their model. Whatever is asked of the future is the chance of being active at T,
times an answer for an active customer, whose rates are again independent and gamma- or
beta-distributed.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from clv.core.types import Floats, Ints
from clv.numerics.histories import distinct


class Draw(NamedTuple):
    """How often customers buy within a time ahead, and what their purchase times follow from.

    Attributes
    ----------
    span : (n,) time they buy in: all of it, or until dropout
    made : (n,) purchases
    first, each, rest : (n,), number, (n,) gamma shapes of the gap before the first purchase, of
        later gaps, and of what is left of span after the last; scaled to add up to span
    """

    span: Floats
    made: Floats
    first: Floats
    each: int
    rest: Floats


class Active(Protocol):
    """Customers active at T: (n,) of them, with what is known of their rates."""

    def expected(self, t: ArrayLike) -> Floats:
        """Purchases expected within t, (n,) or scalar and finite; (n,)."""
        ...

    def p_purchase(self, t: ArrayLike) -> Floats:
        """Probability of at least one purchase within t; (n,)."""
        ...

    def p_count(self, n: Floats, t: Floats) -> Floats:
        """Probability of exactly n purchases within t, (n,) each, t possibly infinite; (n,)."""
        ...

    def gap_quantile(self, q: float) -> Floats:
        """Quantile of the time to the next purchase, if there is one; (n,)."""
        ...

    def lifelong(self) -> Floats:
        """Purchases expected until dropout; (n,), infinite where their mean is."""
        ...

    def draw(self, t: ArrayLike, rng: np.random.Generator) -> Draw:
        """One future of each customer, t ahead."""
        ...


class Params(Protocol):
    """Parameters of a purchase model, a NamedTuple; times in one unit.

    Fields are numbers, or (n,) where covariates make customers differ.
    """

    @property
    def silence_tells(self) -> bool:
        """Whether an active customer's future depends on t_x."""
        ...

    def loglik(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log-likelihood of each history: of its x purchase times, and none since; (n,)."""
        ...

    def log_odds_dropped(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log of P(dropped out by T) / P(active at T), given the history; (n,)."""
        ...

    def active(self, x: Floats, t_x: Floats, T: Floats) -> Active:
        """The customers, should they be active at T."""
        ...


P = TypeVar("P", bound=Params)


class Once(NamedTuple):
    """Customers who agree in all that matters while active, once each.

    Attributes
    ----------
    active : (d,) of them
    others : (d,) each, further columns asked for
    inverse : (n,) the row each customer is
    """

    active: Active
    others: list[Floats]
    inverse: Ints


def p_alive(p: Params, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Probability that each customer is still active at T.

    Parameters
    ----------
    p : parameters, their times in the unit of t_x and T
    x : (n,) repeat purchases in (0, T]
    t_x : (n,) time of the last repeat purchase; 0 where x = 0
    T : (n,) time from first purchase to end of observation

    Returns
    -------
    (n,) probabilities; exactly 1 where x = 0 if the first purchase is no chance to drop out
    """
    seen = _floats(x, t_x, T)
    log_odds = p.log_odds_dropped(*(column.ravel() for column in seen))
    return np.asarray(expit(-log_odds)).reshape(seen[0].shape)


def expected_purchases(
    p: Params, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
) -> Floats:
    """Purchases expected in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `p_alive`
    t : (n,) or scalar, time ahead, finite

    Returns
    -------
    (n,) finite whatever the parameters, also at a = 1, a + b = 1 and s = 1
    """
    x, t_x, T = _floats(x, t_x, T)
    once = active_once(p, x, t_x, T, t)
    return p_alive(p, x, t_x, T) * once.active.expected(once.others[0])[once.inverse]


def expected_purchases_new(p: Params, t: ArrayLike) -> Floats:
    """Repeat purchases a new customer is expected to make by t.

    Parameters
    ----------
    p : parameters
    t : (m,) time since the first purchase, finite; (n,) where fields of p are

    Returns
    -------
    (m,)
    """
    none = _nothing_seen(p)
    return p_alive(p, none, none, none) * p.active(none, none, none).expected(t)


def p_purchase(p: Params, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Probability of at least one purchase in (T, T + t], given the history.

    Parameters
    ----------
    p, x, t_x, T : as in `p_alive`
    t : (n,) or scalar, time ahead

    Returns
    -------
    (n,) probabilities
    """
    x, t_x, T = _floats(x, t_x, T)
    once = active_once(p, x, t_x, T, t)
    return p_alive(p, x, t_x, T) * once.active.p_purchase(once.others[0])[once.inverse]


def p_count(
    p: Params, n: ArrayLike, t: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
) -> Floats:
    """Probability of exactly n purchases in (T, T + t], given the history.

    All arguments but p broadcast: ``n[None, :]`` with ``x[:, None]`` and so on gives a table.

    Parameters
    ----------
    p : parameters
    n : purchases, whole numbers not negative
    t : time ahead; may be infinite
    x, t_x, T : as in `p_alive`

    Returns
    -------
    probabilities, in the shape of the arguments together
    """
    x, t_x, T = _floats(x, t_x, T)
    alive = p_alive(p, x, t_x, T)
    columns = np.broadcast_arrays(n, t, x, t_x, T, alive)
    n, t, x, t_x, T, alive = (np.asarray(v, dtype=np.float64) for v in columns)
    flat = [column.ravel() for column in (x, t_x, T, t, n)]
    once = active_once(p, *flat)
    while_active = once.active.p_count(once.others[1], once.others[0])[once.inverse]
    return np.asarray(np.where(n == 0, 1.0 - alive, 0.0) + alive * while_active.reshape(n.shape))


def p_count_new(p: Params, n: ArrayLike, t: ArrayLike) -> Floats:
    """Probability that a new customer makes exactly n repeat purchases by t.

    Parameters
    ----------
    p : parameters
    n : repeat purchases, whole numbers not negative
    t : time since the first purchase; may be infinite

    Returns
    -------
    probabilities, in the shape of n and t together
    """
    none = _nothing_seen(p)
    return p_count(p, n, t, none, none, none)


def next_purchase_quantile(
    p: Params, q: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
) -> Floats:
    """Quantile of the time from T to the next purchase, if there is another.

    Parameters
    ----------
    p, x, t_x, T : as in `p_alive`
    q : in (0, 1)

    Returns
    -------
    (n,) finite also where the rate is so uncertain that the time exceeds e^690
    """
    once = active_once(p, *_floats(x, t_x, T))
    return once.active.gap_quantile(q)[once.inverse]


def active_once(p: P, x: Floats, t_x: Floats, T: Floats, *others: ArrayLike) -> Once:
    """Customers should they be active, each different one once: few of them differ.

    Parameters
    ----------
    p, x, t_x, T : as in `p_alive`, (n,)
    others : (n,) or scalar each, what customers have to agree in besides

    Returns
    -------
    Once
    """
    seen = [x, t_x, T] if p.silence_tells else [x, T]
    columns = [np.broadcast_to(np.asarray(v, dtype=np.float64), x.shape) for v in others]
    vary = [column for column, v in zip(columns, others, strict=True) if np.ndim(v) > 0]
    fields: Any = p
    own = [np.ravel(field) for field in fields if np.ndim(field) > 0]
    first, inverse, _ = distinct(*seen, *vary, *own)
    active = of_rows(p, first).active(x[first], t_x[first], T[first])
    return Once(active, [column[first] for column in columns], inverse)


def _nothing_seen(p: Params) -> Floats:
    """What is known of a new customer, or of as many as the fields of p are of."""
    named: Any = p
    return np.zeros(np.broadcast_shapes((1,), *(np.shape(field) for field in named)))


def of_rows(p: P, rows: Ints) -> P:
    """Parameters of these of the customers, where customers differ."""
    fields: Any = p
    some: P = type(fields)(*(np.ravel(v)[rows] if np.ndim(v) > 0 else v for v in fields))
    return some


def _floats(*columns: ArrayLike) -> tuple[Floats, ...]:
    together = np.broadcast_arrays(*np.atleast_1d(*columns))
    return tuple(np.asarray(column, dtype=np.float64) for column in together)

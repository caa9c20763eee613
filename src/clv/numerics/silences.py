"""Silences of unknown cause: a customer of the BG/BB either drops out or misses opportunities."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from clv.core.types import Floats, Ints
from clv.numerics.gammas import rising_table
from clv.numerics.histories import distinct
from clv.numerics.special import total

#: Links held at once.
CHUNK = 2_000_000


class Params(Protocol):
    """Parameters of the BG/BB."""

    @property
    def alpha(self) -> float: ...
    @property
    def beta(self) -> float: ...
    @property
    def gamma(self) -> float: ...
    @property
    def delta(self) -> float: ...


class Chains(NamedTuple):
    """Histories that differ in t_x alone, linked: silent since T - 1, since T - 2, and so on.

    Attributes
    ----------
    x, T : (c,) of each chain, by falling length
    k, taken : (l,) opportunity of each link, of all chains T first, then T - 1, ...; and x
    steps : from each link but those at T to the one an opportunity later, many at once
    rows, begin : (h,) histories, and the link where each begins
    """

    x: Ints
    T: Ints
    k: Ints
    taken: Ints
    steps: list[tuple[slice, slice]]
    rows: Ints
    begin: Ints

    @classmethod
    def of(cls, x: Ints, T: Ints, length: Ints, rows: Ints, chain: Ints, gap: Ints) -> Chains:
        """Chains of so many steps, and histories that begin `gap` of them before T."""
        back = np.arange(int(length.max(initial=0)) + 1)
        counts = np.searchsorted(-length, -back, side="right")
        ends = np.append(0, np.cumsum(counts))
        steps = [
            (slice(int(start), int(end)), slice(int(later), int(later + end - start)))
            for start, end, later in zip(ends[1:-1], ends[2:], ends[:-2], strict=True)
        ]
        of_link = np.arange(ends[-1]) - np.repeat(ends[:-1], counts)
        k = T[of_link] - np.repeat(back, counts)
        return cls(x, T, k, x[of_link], steps, rows, ends[gap] + chain)

    def follow(self, p: Params) -> tuple[Floats, Floats]:
        """The likelihood of each link over D(k), and what of it is not having dropped out there."""
        silent = (p.beta + self.k - self.taken) / (p.alpha + p.beta + self.k)
        later = silent * ((p.delta + self.k) / (p.gamma + p.delta + 1.0 + self.k))
        likely = np.empty_like(later)
        likely[: len(self.T)] = (p.gamma + p.delta + self.T) / p.gamma
        for here, after in self.steps:
            later[here] *= likely[after]
            np.add(later[here], 1.0, out=likely[here])
        return likely, later


class Silences:
    """Distinct histories, and all the moments at which each may have fallen silent for good.

    With D(k) the likelihood of having dropped out right after opportunity k, a history's is the
    sum of D(k) over k from t_x to T - 1 plus that of being active at T. D falls in k, so the
    sum in units of D(t_x) follows from the one that begins a step later, all terms positive.
    Histories which differ in t_x alone share the steps.

    Parameters
    ----------
    x, t_x, T : (d,) distinct histories
    """

    def __init__(self, x: Floats, t_x: Floats, T: Floats) -> None:
        self.x, self.t_x, self.T = (v.astype(np.int64) for v in (x, t_x, T))
        first, chain, _ = distinct(self.x, self.T)
        gap, length = self.T - self.t_x, np.zeros(len(first), dtype=np.int64)
        np.maximum.at(length, chain, gap)
        order = np.argsort(-length, kind="stable")
        chain, first, length = np.argsort(order)[chain], first[order], length[order]
        block = np.cumsum(length + 1) // CHUNK
        by_block = np.argsort(block[chain], kind="stable")
        self.chains = []
        for b in np.unique(block):
            start, end = np.searchsorted(block, [b, b + 1])
            rows = by_block[slice(*np.searchsorted(block[chain[by_block]], [b, b + 1]))]
            some = first[start:end]
            self.chains.append(
                Chains.of(
                    self.x[some],
                    self.T[some],
                    length[start:end],
                    rows,
                    chain[rows] - start,
                    gap[rows],
                )
            )

    def loglik(self, p: Params) -> Floats:
        """(d,) log-likelihoods."""
        likely = np.empty(len(self.x))
        for chains in self.chains:
            likely[chains.rows] = chains.follow(p)[0][chains.begin]
        return self._loglik(p, likely)

    def p_alive(self, p: Params) -> Floats:
        """(d,) probabilities of being active at T."""
        found = np.empty(len(self.x))
        for chains in self.chains:
            likely, later = chains.follow(p)
            alive = later / likely
            alive[: len(chains.T)] = 1.0
            for here, after in chains.steps:
                alive[here] *= alive[after]
            found[chains.rows] = alive[chains.begin]
        return found

    def climb(self, p: Params, n: Floats) -> tuple[float, Floats]:
        """Log-likelihood of n customers of each history.

        Parameters
        ----------
        p : parameters
        n : (d,)

        Returns
        -------
        value and (4,) slopes in alpha, beta, gamma and delta
        """
        longest = int(self.T.max(initial=0))
        likely = np.empty(len(self.x))
        active, silent, missed = (np.zeros(longest + 1) for _ in range(3))
        for chains in self.chains:
            of_link, later = chains.follow(p)
            likely[chains.rows] = of_link[chains.begin]
            # Customers who came to a link, then those who went no further.
            n_at = np.zeros(len(later))
            np.add.at(n_at, chains.begin, n[chains.rows])
            later /= of_link
            for here, after in reversed(chains.steps):
                n_at[after] += n_at[here] * later[here]
            at_end = len(chains.T)
            n_at[at_end:] /= of_link[at_end:]
            active += np.bincount(chains.T, n_at[:at_end], longest + 1)
            silent += np.bincount(chains.k[at_end:], n_at[at_end:], longest + 1)
            missed += np.bincount(chains.k - chains.taken, n_at, longest + 1)
        slope_a, slope_b, slope_ab, slope_d = (
            rising_table(v, longest)[1] for v in (p.alpha, p.beta, p.alpha + p.beta, p.delta)
        )
        slope_gd = rising_table(p.gamma + p.delta, longest + 1)[1]
        ended = active + silent
        in_ab = total(ended, slope_ab)
        in_gd = total(active, slope_gd[:-1]) + total(silent, slope_gd[1:])
        slopes = (
            total(n, slope_a[self.x]) - in_ab,
            total(missed, slope_b) - in_ab,
            float(silent.sum()) / p.gamma - in_gd,
            total(ended, slope_d) - in_gd,
        )
        return total(n, self._loglik(p, likely)), np.array(slopes)

    def _loglik(self, p: Params, likely: Floats) -> Floats:
        longest = int(self.t_x.max(initial=0))
        rising_a, rising_b, rising_ab, rising_d = (
            rising_table(v, longest)[0] for v in (p.alpha, p.beta, p.alpha + p.beta, p.delta)
        )
        rising_gd = rising_table(p.gamma + p.delta, longest + 1)[0]
        at_last = rising_d - rising_gd[1:] - rising_ab + np.log(p.gamma)
        logs = rising_a[self.x] + rising_b[self.t_x - self.x] + at_last[self.t_x] + np.log(likely)
        # With no opportunity yet, what cancels does so up to rounding only.
        return np.where(self.T == 0, 0.0, logs)

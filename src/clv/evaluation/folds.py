"""How rows of a table are parted into those that teach and those that are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clv.core.errors import SettingError
from clv.core.types import Floats, Ints

#: Parts that teach, that lie between, and that are asked.
PARTS = (0.70, 0.15, 0.15)
#: Name of the only fold where rows are parted in the order of time.
IN_TIME = "the last 15 % in time"
#: Rows between that are enough for one half to stop learners and the other to choose.
ENOUGH_TO_STOP = 40
NONE: Ints = np.empty(0, dtype=np.int64)


class Fold(NamedTuple):
    """One parting of the rows.

    Attributes
    ----------
    name : as it is told
    taught, asked : places of the rows learners learn from, and of those they are asked about
    check : places of rows by which they are weighed and chosen; none where that is done within
        the taught
    stop : places of other rows, by which learners that go step by step are stopped; none where
        they go as far as their settings say
    """

    name: str
    taught: Ints
    asked: Ints
    check: Ints
    stop: Ints = NONE


def shuffled(n: int, folds: int, seed: int, groups: Sequence[str] | None = None) -> list[Fold]:
    """Every row is asked once, by learners that saw the rows of all the other folds.

    Parameters
    ----------
    groups : (n,) rows of one group stay together: a customer with several rows

    Raises
    ------
    SettingError : fewer than two folds, or more than there are groups
    """
    members = _members(n, groups)
    if not 2 <= folds <= len(members):
        raise SettingError(
            f"folds: {folds} cannot be made of {len(members)} customer(s) with a target. Give 2 or"
            " more, and no more than there are."
        )
    order = np.random.default_rng(seed).permutation(len(members))
    found = []
    for number, part in enumerate(np.array_split(order, folds), start=1):
        asked = np.sort(np.concatenate([members[group] for group in part]))
        taught = np.setdiff1d(np.arange(n), asked)
        found.append(Fold(f"fold {number}", taught, asked, NONE))
    return found


def parted(
    n: int, seed: int, groups: Sequence[str] | None = None, time: Floats | None = None
) -> list[Fold]:
    """70 % teach, 15 % stop and choose, 15 % are asked: drawn by lot, or in the order of time.

    Rows between are parted by lot into those that stop learners and those that choose among
    them: a learner that was stopped by the rows it is judged on would look better than others.

    Parameters
    ----------
    groups : (n,) rows of one group stay together: a customer with several rows
    time : (n,) earliest first where given; rows of the same moment stay together, and those of
        one customer only between

    Raises
    ------
    SettingError : too few rows, or moments, for three parts
    """
    moments = None if time is None else [repr(float(moment)) for moment in time]
    members = _members(n, groups if moments is None else moments)
    if time is None:
        order = np.random.default_rng(seed).permutation(len(members))
    else:
        order = np.argsort([time[rows[0]] for rows in members], kind="stable")
    sizes = np.cumsum([len(members[group]) for group in order])
    ends = np.searchsorted(sizes, np.cumsum(PARTS)[:2] * n, side="left") + 1
    parts = [
        np.sort(np.concatenate([members[group] for group in part])) if len(part) else part
        for part in np.split(order, ends)
    ]
    if min(map(len, parts)) == 0:
        raise SettingError(
            f"split: {len(members)} customer(s) or moment(s) are too few for three parts. Use"
            " --folds, or give more rows."
        )
    taught, between, asked = parts
    stop, check = _halves(between, seed, groups)
    name = IN_TIME if time is not None else "15 % drawn by lot"
    return [Fold(name, taught, asked, check, stop)]


def _halves(rows: Ints, seed: int, groups: Sequence[str] | None) -> tuple[Ints, Ints]:
    """Some rows parted in two; all in the second where they are few."""
    members = _members(len(rows), None if groups is None else [groups[row] for row in rows])
    if len(rows) < ENOUGH_TO_STOP or len(members) < 2:
        return NONE, rows
    order = np.random.default_rng([seed, 1]).permutation(len(members))
    sizes = np.cumsum([len(members[group]) for group in order])
    end = int(np.clip(np.searchsorted(sizes, len(rows) / 2) + 1, 1, len(order) - 1))
    first, second = (
        np.sort(rows[np.concatenate([members[group] for group in part])])
        for part in (order[:end], order[end:])
    )
    return first, second


def _members(n: int, groups: Sequence[str] | None) -> list[Ints]:
    """Rows of each group."""
    if groups is None:
        return list(np.arange(n).reshape(-1, 1))
    _, place = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    order = np.argsort(place, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(place[order])) + 1)

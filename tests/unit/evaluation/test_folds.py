"""How rows are parted."""

import numpy as np
import pytest

from clv.core.errors import SettingError
from clv.evaluation.folds import parted, shuffled


def test_every_row_is_asked_once_and_never_of_those_it_taught():
    folds = shuffled(53, 5, seed=3)
    assert np.array_equal(np.sort(np.concatenate([fold.asked for fold in folds])), np.arange(53))
    for fold in folds:
        assert len(np.intersect1d(fold.taught, fold.asked)) == 0
        assert len(fold.taught) + len(fold.asked) == 53
        assert len(fold.check) == 0
    assert max(len(f.asked) for f in folds) - min(len(f.asked) for f in folds) <= 1


def test_the_seed_decides_the_folds():
    one, same, other = (shuffled(40, 4, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.asked, b.asked) for a, b in zip(one, same, strict=True))
    assert any(not np.array_equal(a.asked, b.asked) for a, b in zip(one, other, strict=True))


def test_rows_of_one_customer_stay_together():
    who = [str(i // 3) for i in range(60)]
    for fold in [*shuffled(60, 5, 0, who), *parted(60, 0, who)]:
        rows_of = (fold.taught, fold.asked, fold.check, fold.stop)
        parts = [{who[row] for row in rows} for rows in rows_of]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 20


def test_three_parts_have_their_sizes_and_the_middle_one_is_halved():
    (fold,) = parted(400, seed=0)
    parts = (fold.taught, fold.stop, fold.check, fold.asked)
    assert [len(rows) for rows in parts] == pytest.approx([280, 30, 30, 60], abs=2)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(400))


def test_customers_are_not_torn_between_stopping_and_choosing():
    who = [str(i // 10) for i in range(600)]
    (fold,) = parted(600, 0, who, np.arange(600) // 5 * 1.0)
    assert min(len(fold.stop), len(fold.check)) >= 20
    assert not {who[row] for row in fold.stop} & {who[row] for row in fold.check}


def test_few_rows_between_all_choose():
    (fold,) = parted(100, seed=0)
    assert len(fold.stop) == 0
    assert len(fold.check) == pytest.approx(15, abs=1)


def test_in_order_of_time_the_last_are_asked_and_moments_are_not_torn():
    time = np.random.default_rng(0).integers(0, 30, 300).astype(float)
    (fold,) = parted(300, seed=0, time=time)
    between = np.concatenate([fold.stop, fold.check])
    assert len(fold.stop) > 10
    assert time[fold.taught].max() < time[between].min()
    assert time[between].max() < time[fold.asked].min()


@pytest.mark.parametrize("folds", [1, 11])
def test_folds_that_cannot_be_are_refused(folds):
    with pytest.raises(SettingError, match=f"folds: {folds} cannot be made of 10 customer"):
        shuffled(10, folds, 0)


def test_too_few_moments_for_three_parts_are_refused():
    with pytest.raises(SettingError, match="too few for three parts"):
        parted(50, 0, time=np.repeat([1.0, 2.0], 25))

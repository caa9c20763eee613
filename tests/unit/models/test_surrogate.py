"""The surrogate: what a model would say of a customer told by counts, sums and days."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.models.learners.encoder import Encoder
from clv.models.surrogate import AMOUNTS, CHANCES, Known, Surrogate

NOTHING = Encoder((), {}, (), {})


def population(n, seed=0):
    draw = np.random.default_rng(seed)
    T = draw.integers(1, 700, n).astype(float)
    x = np.minimum(draw.geometric(0.35, n) - 1.0, T)
    t_x = np.where(x > 0, np.maximum(x, np.floor(T * draw.random(n))), 0.0)
    total = (x + 1) * draw.lognormal(3.0, 0.7, n)
    return Known(x, t_x, T, total, np.empty((n, 0)))


def truth(known):
    """A forecast that bends, and has a product of silence and gaps in it."""
    quiet = (known.T - known.t_x) / np.maximum(known.t_x / np.maximum(known.x, 1), 7.0)
    purchases = (0.3 + known.x) / (30 + known.T) * 90 / (1 + 0.2 * quiet)
    value = known.total / (known.x + 1)
    alive = 1 / (1 + 0.3 * quiet)
    chance = -np.expm1(-purchases)
    amounts = (purchases * value, purchases, value, 30 / np.maximum(purchases, 0.01))
    said = dict(zip(AMOUNTS, amounts, strict=True))
    return said | dict(zip(CHANCES, (alive, chance, chance), strict=True))


@pytest.fixture(scope="module")
def learned():
    known = population(4_000)
    return Surrogate.learn(known, NOTHING, truth(known))


def test_it_says_of_others_what_the_model_would(learned):
    others = population(2_000, seed=1)
    said, wanted = learned.said(others), truth(others)
    assert learned.fidelity > 0.98
    for name in AMOUNTS:
        missed = np.abs(getattr(said, name) - wanted[name]).mean() / wanted[name].mean()
        assert missed < 0.12, name
    for name in CHANCES:
        assert np.abs(getattr(said, name) - wanted[name]).mean() < 0.03, name


def test_totals_are_the_model_s(learned):
    known = population(4_000)
    said, wanted = learned.said(known), truth(known)
    for name in AMOUNTS:
        assert getattr(said, name).sum() == pytest.approx(wanted[name].sum(), rel=1e-9)


def test_one_is_told_as_among_many(learned):
    known = population(50, seed=2)
    together = learned.said(known)
    for row in (0, 17, 49):
        alone = learned.said(Known(*(each[row : row + 1] for each in known)))
        for mine, theirs in zip(alone, together, strict=True):
            assert mine[0] == pytest.approx(theirs[row], rel=1e-12)


def test_beyond_the_population_it_stays_level_and_says_so(learned):
    known = population(4_000)
    furthest = known.T.max()
    rows = [
        Known(*(np.array([v]) for v in (2.0, T / 2, T, 90.0)), np.empty((1, 0)))
        for T in (furthest, 50 * furthest)
    ]
    assert not learned.said(rows[0]).beyond[0]
    assert learned.said(rows[1]).beyond[0]
    assert learned.said(rows[1]).clv[0] <= known.total.max()


def test_what_a_model_does_not_say_is_not_made_up(learned):
    known = population(500)
    said = truth(known) | {"p_alive": np.full(500, np.nan)}
    told = Surrogate.learn(known, NOTHING, said).said(known)
    assert np.isnan(told.p_alive).all()
    assert np.isfinite(told.p_purchase).all()


@pytest.mark.parametrize("n", [20, 50, 100])
def test_of_few_customers_it_makes_no_more_than_they_say(n):
    for seed in range(5):
        known = population(n, seed)
        said = truth(known)
        said["clv"] = said["clv"] * np.random.default_rng(seed).lognormal(0.0, 0.4, n)
        told = Surrogate.learn(known, NOTHING, said)
        others = population(2_000, seed + 50)
        clv, wanted = told.said(others).clv, truth(others)["clv"] * np.exp(0.08)
        assert clv.max() <= said["clv"].max() * (1 + 1e-9)
        assert 0.4 < clv.sum() / wanted.sum() < 2.5


@pytest.mark.parametrize("n", [50, 300])
def test_what_it_tells_of_itself_holds_for_customers_it_did_not_see(n):
    told, true = [], []
    for seed in range(20):
        noise = np.random.default_rng(seed)
        known, others = population(n, seed), population(1_000, seed + 50)
        said, came = truth(known), truth(others)["clv"] * noise.lognormal(0.0, 0.4, 1_000)
        said["clv"] = said["clv"] * noise.lognormal(0.0, 0.4, n)
        learned = Surrogate.learn(known, NOTHING, said)
        away = np.log(learned.said(others).clv) - np.log(came)
        told.append(1.0 - learned.fidelity)
        true.append(np.square(away).mean() / np.log(came).var())
    assert np.mean(told) == pytest.approx(np.mean(true), rel=0.5)


def test_nobody_is_told_apart_where_the_model_does_not():
    known = population(300)
    same = dict.fromkeys(AMOUNTS, np.full(300, 12.5)) | dict.fromkeys(CHANCES, np.full(300, 0.25))
    told = Surrogate.learn(known, NOTHING, same).said(population(20, seed=5))
    np.testing.assert_allclose(told.clv, 12.5, rtol=1e-6)
    np.testing.assert_allclose(told.p_purchase, 0.25, rtol=1e-6)


def test_zeros_stay_zeros():
    known = population(300)
    said = dict.fromkeys(AMOUNTS, np.zeros(300)) | dict.fromkeys(CHANCES, np.zeros(300))
    told = Surrogate.learn(known, NOTHING, said).said(known)
    assert told.clv.max() == 0.0
    assert told.p_purchase.max() < 1e-5


def test_what_else_is_known_counts_where_it_is_told():
    known = population(3_000)
    wealthy = np.random.default_rng(3).random(3_000) < 0.4
    encoder = Encoder(("known_age",), {"first_channel": ("WEB", "Direct")}, (), {})
    age = np.where(wealthy, 60.0, 30.0)
    more = np.column_stack([age, ~wealthy, wealthy]).astype(float)
    said = truth(known)
    said["clv"] = said["clv"] * np.where(wealthy, 3.0, 1.0)
    learned = Surrogate.learn(known._replace(more=more), encoder, said)
    one = population(1, seed=9)

    def clv(**told):
        return learned.said(one._replace(more=learned.encode([told]))).clv[0]

    rich = clv(known_age=60.0, first_channel="Direct")
    poor = clv(known_age=30.0, first_channel="WEB")
    assert rich / poor == pytest.approx(3.0, rel=0.15)
    assert poor < clv() < rich
    assert clv() == learned.said(one).clv[0]


def test_a_number_told_of_texts_is_the_text_that_looks_like_it():
    known = population(300)
    encoder = Encoder((), {"known_tier": ("1", "2"), "known_member": ("true", "false")}, (), {})
    more = np.tile([1.0, 0.0, 0.0, 1.0], (300, 1))
    learned = Surrogate.learn(known._replace(more=more), encoder, truth(known))
    as_numbers = {"known_tier": 2.0, "known_member": True}
    as_texts = {"known_tier": "2", "known_member": "true"}
    np.testing.assert_array_equal(learned.encode([as_numbers]), learned.encode([as_texts]))
    np.testing.assert_array_equal(learned.encode([as_texts])[0], [0.0, 1.0, 1.0, 0.0])


def test_a_file_holds_all_of_it(learned):
    again = Surrogate.from_json(learned.to_json())
    known = population(10, seed=4)
    for mine, theirs in zip(again.said(known), learned.said(known), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@settings(deadline=None)
@given(
    x=st.integers(0, 10_000),
    gap=st.floats(0, 1e5),
    quiet=st.floats(0, 1e6),
    total=st.floats(0, 1e12),
)
def test_nothing_overflows(x, gap, quiet, total):
    learned = _kept()
    t_x = x * gap
    row = Known(*(np.array([float(v)]) for v in (x, t_x, t_x + quiet, total)), np.empty((1, 0)))
    said = learned.said(row)
    for values in said:
        assert np.isfinite(values).all()
    for name in CHANCES:
        assert 0 <= getattr(said, name)[0] <= 1


def _kept(made=[]):  # noqa: B006 learned once for all examples
    if not made:
        known = population(1_000)
        made.append(Surrogate.learn(known, NOTHING, truth(known)))
    return made[0]

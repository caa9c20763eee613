"""What the rhythm of BG/CNBD-k and MBG/CNBD-k does: it is found, and its futures are its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.core.types import Floats
from clv.numerics import bgcnbd, cnbd, futures, histories, mbgcnbd, outlook
from clv.numerics.outlook import p_count
from tests.purchase_models import RHYTHMIC, TRUE, positive, simulated

MODULES = {"bgcnbd": bgcnbd, "mbgcnbd": mbgcnbd}
each_model = pytest.mark.parametrize("name", MODULES)


@each_model
@pytest.mark.parametrize("seed", [5, 6])
def test_a_fit_finds_the_rhythm_that_made_its_customers(name, seed):
    x, t_x, T = simulated(name, seed, 4_000, whole_days=False)
    true, rng = TRUE[name], np.random.default_rng(seed)
    gaps = cnbd.simulate_log_gaps(true.k, x, t_x, rng).sum()
    seen = histories.group(x, t_x, T)[:4]
    found = {k: MODULES[name].fit(*seen, k=k, total_log_gaps=gaps) for k in range(1, true.k + 2)}
    assert max(found, key=lambda k: found[k].loglik) == true.k


@each_model
def test_the_gaps_move_no_parameter_but_the_likelihood_by_the_unit_of_time(name):
    x, t_x, T = simulated(name, 3, whole_days=False)
    k, c = TRUE[name].k, 1.0 / 7.0
    gaps = cnbd.simulate_log_gaps(k, x, t_x, np.random.default_rng(3)).sum()
    seen = histories.group(x, t_x, T)[:4]
    without, found = (MODULES[name].fit(*seen, k=k, total_log_gaps=known) for known in (None, gaps))
    assert without.params == found.params
    in_weeks = histories.group(x, t_x * c, T * c)[:4]
    other = MODULES[name].fit(*in_weeks, k=k, total_log_gaps=gaps + x.sum() * np.log(c))
    assert other.loglik == pytest.approx(found.loglik - x.sum() * np.log(c), abs=1e-4)


def lived(
    name: str, T: Floats, ahead: float, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Customers' x and t_x as of T and their purchases ahead, gap by gap."""
    p, n = TRUE[name], len(T)
    now, x, t_x, later = (np.zeros(n) for _ in range(4))
    rate, chance = rng.gamma(p.r, 1.0 / p.alpha, n), rng.beta(p.a, p.b, n)
    active = np.flatnonzero(rng.uniform(size=n) > RHYTHMIC[name] * chance)
    while active.size:
        now[active] += rng.gamma(p.k, size=len(active)) / rate[active]
        active = active[now[active] <= T[active] + ahead]
        seen, unseen = active[now[active] <= T[active]], active[now[active] > T[active]]
        x[seen] += 1
        t_x[seen] = now[seen]
        later[unseen] += 1
        active = active[rng.uniform(size=len(active)) > chance[active]]
    return x, t_x, later


@each_model
def test_purchases_to_come_are_as_many_as_expected_of_each_kind_of_customer(name):
    """Gap by gap into the future, then judged by what was seen up to T alone."""
    p, rng, n, ahead = TRUE[name], np.random.default_rng(2), 30_000, 180.0
    T = rng.uniform(100.0, 400.0, n)
    x, t_x, later = lived(name, T, ahead, rng)
    off = {
        "expected": later - outlook.expected_purchases(p, ahead, x, t_x, T),
        "any": (later > 0) - outlook.p_purchase(p, ahead, x, t_x, T),
        "two": (later == 2) - p_count(p, 2, ahead, x, t_x, T),
        "soon": (
            outlook.p_purchase(p, outlook.next_purchase_quantile(p, 0.4, x, t_x, T), x, t_x, T)
            - 0.4 * outlook.p_alive(p, x, t_x, T)
        ),
    }
    np.testing.assert_allclose(off.pop("soon"), 0.0, atol=1e-9)
    kinds = np.digitize(x, [1, 2, 5]) * 3 + np.digitize(T - t_x, [20, 80])
    large = [kind for kind in np.unique(kinds) if (kinds == kind).sum() >= 500]
    assert len(large) > 5
    for kind in large:
        for which, gap in off.items():
            mine = gap[kinds == kind]
            assert abs(mine.mean()) < 4 * mine.std() / np.sqrt(len(mine)), (kind, which)
    drawn, last = futures.simulate(p, T, rng)
    for ours, theirs in ((drawn, x), (last, t_x)):
        error = np.sqrt((ours.var() + theirs.var()) / n)
        assert abs(ours.mean() - theirs.mean()) < 4 * error


@settings(max_examples=25, deadline=None)
@given(st.integers(1, cnbd.LARGEST_K), st.integers(2, 40), positive(0.5, 300.0), st.integers(0, 99))
def test_gaps_drawn_between_first_and_last_purchase_fill_the_time(k, x, t_x, seed):
    rng = np.random.default_rng(seed)
    log_gaps = cnbd.simulate_log_gaps(k, np.array([float(x)]), np.array([t_x]), rng)[0]
    # Equal gaps have the largest product.
    assert log_gaps <= x * np.log(t_x / x) + 1e-9

"""Which days a backtest stands on, whom it chooses, and what it need not do twice."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.errors import HistoryError
from clv.core.types import AsOf, Horizon
from clv.evaluation import honesty
from clv.evaluation.backtest import Kept, Origin, Said, Trial, alike, choose, rolling
from clv.features.book import History

FIRST = AsOf(date(2024, 1, 1))
TRUTH = np.random.default_rng(1).gamma(1.0, 20.0, 400)


@given(span=st.integers(3, 4_000), horizon=st.integers(1, 1_000), most=st.integers(1, 8))
def test_windows_are_known_half_a_window_apart_and_have_a_past(span, horizon, most):
    as_of = FIRST.plus(span - 1)
    origins = rolling(FIRST, as_of, Horizon(horizon), most)
    window = min(horizon, span // 3)
    known = [(origin.cutoff.day - FIRST.day).days for origin in origins]
    assert origins[-1].end == as_of
    assert {origin.window.n_days for origin in origins} == {window}
    assert set(np.diff(known)) <= {(window + 1) // 2}
    assert 1 <= len(origins) <= most
    # Intervals are learned from windows that are over: of the last but one before it, whatever
    # the horizon, an odd one too.
    for earlier, origin in zip(origins, origins[2:], strict=False):
        assert earlier.end <= origin.cutoff
    assert min(known) >= known[-1] / 3


def test_too_short_a_log_has_no_past_day():
    with pytest.raises(HistoryError, match="2 day"):
        rolling(FIRST, FIRST.plus(1), Horizon(30), 3)


def trial(number: float, failed: tuple[str, ...] = (), **off: float) -> Trial:
    """A day on which models miss every customer by a factor of their own."""
    origin = Origin(FIRST.plus(int(100 * number)), Horizon(100))
    frame = pd.DataFrame({"customer_id": np.arange(400).astype(str), "x": np.arange(400) % 2})
    said = {
        name: Said(TRUTH * times, np.full(400, 0.9), float("nan"), 0.0, ())
        for name, times in off.items()
    }
    history = History(frame, origin.cutoff, FIRST.day, 100)
    return Trial(origin, history, 1.0, TRUTH, TRUTH > 0, said, dict.fromkeys(failed, "no past"), {})


def test_the_ensemble_stands_unless_another_is_clearly_better():
    near = [trial(i, ensemble=1.5, mbgnbd=1.499) for i in range(3)]
    assert choose(near, ["ensemble", "mbgnbd"])[:2] == ("ensemble", "mbgnbd")
    far = [trial(i, ensemble=1.5, mbgnbd=1.2) for i in range(3)]
    assert choose(far, ["ensemble", "mbgnbd"])[:2] == ("mbgnbd", "mbgnbd")
    by_one_day = [
        trial(0, ensemble=1.5, mbgnbd=1.0),
        *(trial(i, ensemble=1.2, mbgnbd=1.23) for i in (1, 2, 3)),
    ]
    assert choose(by_one_day, ["ensemble", "mbgnbd"])[:2] == ("ensemble", "mbgnbd")
    assert choose(near, ["mbgnbd"]).name == "mbgnbd"


def test_days_whose_windows_overlap_say_less_of_who_is_better():
    each = [1.25, 1.30, 1.50, 1.50]
    apart = [trial(i, ensemble=by, mbgnbd=1.3) for i, by in enumerate(each)]
    halves = [trial(i / 2, ensemble=by, mbgnbd=1.3) for i, by in enumerate(each)]
    assert choose(apart, ["ensemble", "mbgnbd"])[:2] == ("mbgnbd", "mbgnbd")
    assert choose(halves, ["ensemble", "mbgnbd"])[:2] == ("ensemble", "mbgnbd")


@given(step=st.integers(1, 200), k=st.integers(1, 6))
def test_windows_are_alike_by_the_days_they_share(step, k):
    found = alike([Origin(FIRST.plus(i * step), Horizon(100)) for i in range(k)])
    np.testing.assert_allclose(np.diag(found), 1.0)
    np.testing.assert_allclose(np.diag(found, 1), max(0.0, 1 - step / 100))
    np.testing.assert_allclose(np.diag(found, 2), max(0.0, 1 - step / 50))


def test_models_are_compared_on_days_that_all_of_them_have():
    trials = [trial(0, ("hurdle",), mbgnbd=3.0), trial(1, mbgnbd=1.1, hurdle=1.2)]
    assert choose(trials, ["mbgnbd", "hurdle"]).name == "mbgnbd"
    assert choose(trials[::-1], ["mbgnbd", "hurdle"]).deviance.keys() == {"mbgnbd"}
    with pytest.raises(HistoryError, match="hurdle: no past"):
        choose([trial(0, ("hurdle",))], ["hurdle"])


def test_a_reason_that_models_share_is_told_once():
    shared = replace(trial(0), failed={"glm": "no past", "hurdle": "no past", "btyd": "no gaps"})
    with pytest.raises(HistoryError) as told:
        choose([shared], ["glm", "hurdle", "btyd"])
    assert str(told.value) == (
        "history: no model could be fitted. glm, hurdle: no past; btyd: no gaps"
    )


def test_distributions_are_judged_by_windows_over_by_then():
    overlapping = [trial(0, ensemble=1.0), trial(0.5, ensemble=1.0), trial(1, ensemble=1.0)]
    found = honesty.judged(overlapping, "ensemble", seed=0)
    assert [judged.trial for judged in found] == [overlapping[-1]]
    assert found[0].how == honesty.HELD_OUT
    told = honesty.totals(overlapping, "ensemble", 0.9)
    assert [each["past_totals"] for each in told] == [0, 0, 1]
    assert honesty.judged(overlapping[:1], "ensemble", seed=0)[0].how == honesty.CROSS_FITTED


def rare(number: int) -> Trial:
    """A day before which chances were told truly, and small of many."""
    draw = np.random.default_rng(number)
    chance, basket = draw.beta(0.4, 3.0, 400), draw.gamma(3.0, 10.0, 400)
    actual = np.where(draw.random(400) < chance, basket * draw.gamma(2.0, 0.5, 400), 0.0)
    told = Said(chance * basket, chance, float("nan"), 0.0, ())
    day = trial(number)
    return replace(day, actual=actual, bought=actual > 0, said={"ensemble": told})


def test_what_is_told_of_intervals_is_of_those_delivered():
    found = honesty.judged([rare(0), rare(1), rare(2)], "ensemble", seed=0)
    assert len(found) == 2
    for judged in found:
        told = honesty.reached(judged, "ensemble", 0.9, seed=0)
        table = honesty.holdout_table(judged, "ensemble", 0.9)
        assert told["width"] == pytest.approx((table["upper"] - table["lower"]).mean(), rel=1e-12)
        assert told["above"] == (table["actual"] > table["upper"]).mean()
        assert told["below"] == (table["actual"] < table["lower"]).mean()
        assert told["reached"] == table["actual"].between(table["lower"], table["upper"]).mean()
        # Many have both quantiles at 0, and are delivered an end at their forecast all the same.
        lower, upper = judged.spread.interval(0.9)
        assert told["width"] > (upper - lower).mean()
        above = 1.0 - judged.spread.at_most(table["upper"].to_numpy())[1]
        assert told["expected_above"] == pytest.approx(above.mean(), abs=2e-3)


def test_what_was_said_is_kept_and_of_other_work_not_looked_at(tmp_path):
    done, said = trial(0, ensemble=1.0), Said(TRUTH, TRUTH / 1e3, -9.5, 1.5, ("a note",))
    kept = Kept(tmp_path, {"log": "abc"})
    assert kept.said(done.origin, "ensemble") is None
    kept.keep(done.origin, "ensemble", said)
    kept.keep(done.origin, "hurdle", "too short")
    again = Kept(tmp_path, {"log": "abc"}).said(done.origin, "ensemble")
    np.testing.assert_array_equal(again.value, said.value)
    np.testing.assert_array_equal(again.chance, said.chance)
    assert again[2:] == said[2:]
    assert kept.said(done.origin, "hurdle") == "too short"
    assert Kept(tmp_path, {"log": "abd"}).said(done.origin, "ensemble") is None

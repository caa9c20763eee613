"""The first return: known hazards are recovered, and lifelines' own predictions reproduced."""

import json
import warnings
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceWarning

from clv.core.errors import HistoryError, RunError
from clv.core.types import AsOf
from clv.models import firstreturn
from clv.models.base import History
from clv.models.firstreturn import FirstReturn, ReturnCurve, breslow

SPAN = 800
FIRST_DAY = date(2022, 1, 1)
AS_OF = AsOf(FIRST_DAY + timedelta(days=SPAN))
BY_LOG_VALUE, BY_OTA, BY_YEAR = 0.4, -0.7, 0.3
RARE = 12


def shop(n: int = 6_000, seed: int = 1) -> tuple[History, np.ndarray]:
    """Customers whose wait for the second purchase is Weibull, and the log hazard of each."""
    rng = np.random.default_rng(seed)
    value = np.exp(rng.normal(4.0, 0.8, n)).round(2)
    channel = rng.choice(["WEB", "OTA/GDS", "Direct"], n, p=[0.5, 0.3, 0.2]).astype(object)
    channel[:RARE] = "Fax"
    acquired = rng.integers(0, SPAN, n)
    log_hazard = (
        BY_LOG_VALUE * (np.log1p(value) - 4.0)
        + BY_OTA * (channel == "OTA/GDS")
        + BY_YEAR * acquired / 365
    )
    # S(t) = exp(-risk (t / 900)^0.7)
    wait = np.ceil(900 * (rng.exponential(size=n) / np.exp(log_hazard)) ** (1 / 0.7))
    T = SPAN - acquired
    seen = wait <= T
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{i:05d}" for i in range(n)],
            "x": seen.astype(np.int64),
            "t_x": np.where(seen, wait, 0).astype(np.int64),
            "T": T.astype(np.int64),
            "total_value": value * (1 + seen),
            "first_value": value,
            "paid_purchases": 1 + seen,
            "recent_value": value,
            "first_gap": pd.array(np.where(seen, wait, np.nan), dtype="Int64"),
            "channel_group": channel,
        }
    )
    return History(frame, AS_OF, FIRST_DAY, window=365), log_hazard


@pytest.fixture(scope="module")
def history() -> History:
    return shop()[0]


@pytest.fixture(scope="module")
def fitted(history: History) -> FirstReturn:
    return FirstReturn().fit(history)


def p_return(model: FirstReturn, history: History, days: float) -> np.ndarray:
    elapsed = history.frame["T"].to_numpy(float)
    hazard = model.curve_.at(elapsed + days) - model.curve_.at(elapsed)
    return 1 - np.exp(-model.risk(history) * hazard)


def test_known_hazard_ratios_are_recovered_within_three_standard_errors(
    fitted: FirstReturn,
) -> None:
    learned = {column.name: column for column in fitted.columns_}
    truth = {
        "log_first_value": BY_LOG_VALUE,
        "channel=OTA/GDS": BY_OTA,
        "channel=Direct": 0.0,
        "acquired_years": BY_YEAR,
    }
    assert set(learned) == set(truth)
    for name, value in truth.items():
        assert abs(learned[name].coefficient - value) < 3 * learned[name].standard_error, name
        assert learned[name].standard_error < 0.15, name


def test_the_most_common_channel_is_the_reference_and_a_rare_one_joins_it(
    fitted: FirstReturn, history: History
) -> None:
    assert fitted.reference_ == "WEB"
    assert fitted.groups_ == ["Direct", "OTA/GDS"]
    fax = replace(history, frame=history.frame.iloc[:RARE])
    web = replace(fax, frame=fax.frame.assign(channel_group="WEB"))
    never_seen = replace(fax, frame=fax.frame.assign(channel_group="Carrier pigeon"))
    np.testing.assert_array_equal(fitted.risk(fax), fitted.risk(web))
    np.testing.assert_array_equal(fitted.risk(never_seen), fitted.risk(web))


def test_rare_channels_together_make_a_group_of_their_own(history: History) -> None:
    names = np.array(["WEB", *(f"rare{i}" for i in range(150))], dtype=object)
    place = np.where(np.arange(len(history)) % 2 == 0, 0, np.arange(len(history)) % 150 + 1)
    rare = replace(history, frame=history.frame.assign(channel_group=names[place]))
    assert FirstReturn().fit(rare).groups_ == ["Other"]


def test_conditional_probability_is_lifelines_own_on_the_support(
    fitted: FirstReturn, history: History
) -> None:
    columns = fitted._covariates(history)
    duration, event, usable = firstreturn._waiting_times(history.frame)
    assert usable.all()
    theirs = CoxPHFitter(penalizer=firstreturn.PENALTY).fit(
        columns.assign(duration=duration, event=event), "duration", "event"
    )
    once = (history.frame["x"] == 0) & (history.frame["T"] + 90 <= fitted.curve_.support)
    waiting = replace(history, frame=history.frame[once])
    expected = theirs.predict_survival_function(
        columns[once], times=[90.0], conditional_after=waiting.frame["T"]
    )
    ours = 1 - p_return(fitted, waiting, 90.0)
    assert once.sum() > 1_000
    np.testing.assert_allclose(ours, expected.to_numpy()[0], atol=1e-6)


def test_conditional_probability_is_that_of_the_simulated_future(
    fitted: FirstReturn, history: History
) -> None:
    log_hazard = shop()[1]
    once = (history.frame["x"] == 0).to_numpy()
    waiting = replace(history, frame=history.frame[once])
    T = waiting.frame["T"].to_numpy(float)
    risk = np.exp(log_hazard[once])
    for days in (30.0, 180.0, 365.0):
        truth = 1 - np.exp(-risk * (((T + days) / 900) ** 0.7 - (T / 900) ** 0.7))
        ours = p_return(fitted, waiting, days)
        assert abs(ours.mean() / truth.mean() - 1) < 0.06, days
        assert np.abs(ours - truth).mean() < 0.1 * truth.mean(), days


def test_having_waited_lowers_the_chance_of_a_return(fitted: FirstReturn, history: History) -> None:
    once = replace(history, frame=history.frame[history.frame["x"] == 0])
    unconditional = 1 - np.exp(-fitted.risk(once) * fitted.curve_.at(np.array([365.0])))
    assert p_return(fitted, once, 365.0).mean() < 0.8 * unconditional.mean()


def test_the_weibull_tail_goes_on_as_the_truth_does(fitted: FirstReturn) -> None:
    assert fitted.curve_.support < SPAN
    # the true curve has slope 0.7 in log-log
    assert fitted.curve_.slope == pytest.approx(0.7, abs=0.15)
    far = fitted.curve_.at(np.array([2.0 * SPAN]))[0] / fitted.curve_.at(np.array([SPAN]))[0]
    assert far == pytest.approx(2**0.7, rel=0.1)


def test_what_a_customer_does_later_does_not_change_their_covariates(
    fitted: FirstReturn, history: History
) -> None:
    later = history.frame.assign(
        x=history.frame["x"] + 3,
        t_x=history.frame["T"] + 100,
        T=history.frame["T"] + 200,
        total_value=history.frame["total_value"] * 5,
    )
    a_later_day = History(later, AS_OF.plus(200), FIRST_DAY, window=30)
    np.testing.assert_array_equal(fitted.risk(a_later_day), fitted.risk(history))


def test_a_customer_alone_has_the_risk_they_have_among_all(
    fitted: FirstReturn, history: History
) -> None:
    one = history.frame.iloc[[17]]
    alone = History(one, AS_OF, AS_OF.minus(int(one["T"].iloc[0])).day, window=30)
    np.testing.assert_allclose(fitted.risk(alone), fitted.risk(history)[[17]], rtol=1e-12)


def test_a_saved_model_has_the_same_curve_and_risks(fitted: FirstReturn, history: History) -> None:
    again = FirstReturn.from_json(json.loads(json.dumps(fitted.to_json())))
    np.testing.assert_array_equal(again.risk(history), fitted.risk(history))
    days = np.linspace(0, 3000, 1001)
    np.testing.assert_array_equal(again.curve_.at(days), fitted.curve_.at(days))


def test_a_damaged_file_is_told(fitted: FirstReturn) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        FirstReturn.from_json({**fitted.to_json(), "acquired": [1]})


def test_nobody_returning_is_told(history: History) -> None:
    never = history.frame.assign(x=0, t_x=0, first_gap=pd.array([pd.NA] * len(history), "Int64"))
    with pytest.raises(HistoryError, match="none of 6,000 customers bought on a second day"):
        FirstReturn().fit(replace(history, frame=never))


def test_few_returns_leave_out_the_covariates_and_say_so(history: History) -> None:
    few = replace(history, frame=history.frame.head(30))
    model = FirstReturn().fit(few)
    assert model.columns_ == []
    assert "the same for all one-timers" in model.notes_[0]
    np.testing.assert_array_equal(model.risk(few), np.ones(30))


def test_a_fit_that_does_not_converge_goes_without_covariates_and_says_so(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn(*_: object, **__: object) -> None:
        warnings.warn("no step helps", ConvergenceWarning, stacklevel=2)

    monkeypatch.setattr(CoxPHFitter, "fit", warn)
    model = FirstReturn().fit(history)
    assert model.columns_ == []
    assert "separates those who returned" in model.notes_[0]
    assert "the same for all one-timers of an age instead" in model.notes_[0]
    assert model.curve_.hazard[-1] > 0


def test_constant_and_repeated_covariates_are_left_out(history: History) -> None:
    frame = history.frame.assign(first_value=9.99, T=SPAN - 5)
    frame["first_gap"] = frame["first_gap"].clip(upper=SPAN - 5)
    plain = FirstReturn().fit(replace(history, frame=frame))
    assert [column.name for column in plain.columns_] == ["channel=Direct", "channel=OTA/GDS"]
    assert plain.notes_ == []

    by_value = np.where(history.frame["channel_group"] == "Direct", 100.0, 50.0)
    twice = history.frame.assign(
        first_value=by_value,
        channel_group=np.where(history.frame["channel_group"] == "Direct", "Direct", "WEB"),
    )
    once = FirstReturn().fit(replace(history, frame=twice))
    assert [column.name for column in once.columns_] == ["log_first_value", "acquired_years"]


def test_a_month_of_acquisition_tells_nothing_of_cohorts(history: History) -> None:
    month = history.frame.assign(T=SPAN - np.arange(len(history)) % 30)
    month["first_gap"] = month["first_gap"].clip(upper=SPAN - 30)
    names = [column.name for column in FirstReturn().fit(replace(history, frame=month)).columns_]
    assert names == ["log_first_value", "channel=Direct", "channel=OTA/GDS"]


def test_a_curve_that_rises_on_its_last_day_alone_goes_on_evenly() -> None:
    together = breslow(np.full(40, 10.0), np.arange(40) < 20, np.ones(40))
    np.testing.assert_allclose(together.at(np.array([10.0, 30.0])), [0.5, 1.5])
    wait = np.arange(1.0, 101.0)
    last_of_all = breslow(wait, wait == 100, np.ones(100))
    assert (last_of_all.support, last_of_all.slope) == (100.0, 1.0)
    np.testing.assert_allclose(last_of_all.at(np.array([99.0, 100.0, 200.0])), [0.0, 1.0, 2.0])


def test_those_without_time_at_risk_or_a_known_gap_teach_nothing(history: History) -> None:
    blank = history.frame.head(3).assign(
        x=[0, 2, 0],
        t_x=[0, 40, 0],
        T=[0, 50, 0],
        first_gap=pd.array([pd.NA, pd.NA, pd.NA], "Int64"),
    )
    more = pd.concat([history.frame, blank], ignore_index=True)
    with_blank = FirstReturn().fit(replace(history, frame=more))
    without = FirstReturn().fit(history)
    assert with_blank.n_customers_ == len(history)
    np.testing.assert_allclose(with_blank.curve_.hazard, without.curve_.hazard, rtol=1e-9)


def test_a_single_repeat_dates_the_gap_where_the_log_does_not(history: History) -> None:
    frame = history.frame.assign(first_gap=pd.array([pd.NA] * len(history), "Int64"))
    undated = FirstReturn().fit(replace(history, frame=frame))
    np.testing.assert_array_equal(undated.curve_.hazard, FirstReturn().fit(history).curve_.hazard)


def test_a_large_log_is_sampled_for_the_coefficients_alone(
    history: History, fitted: FirstReturn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firstreturn, "MOST_FITTED", 2_000)
    sampled = FirstReturn(seed=3).fit(history)
    again = FirstReturn(seed=3).fit(history)
    assert sampled.sampled_ == 2_000
    assert fitted.sampled_ is None
    assert sampled.to_json() == again.to_json()
    assert sampled.n_customers_ == len(history)
    np.testing.assert_allclose(sampled.curve_.hazard[-1], fitted.curve_.hazard[-1], rtol=0.1)


def test_the_curve_by_hand() -> None:
    # five wait; one returns on day 1, two on day 3, one leaves view on day 2, one on day 4
    curve = breslow(
        np.array([1.0, 2.0, 3.0, 3.0, 4.0]),
        np.array([True, False, True, True, False]),
        np.ones(5),
    )
    np.testing.assert_allclose(curve.days, [0, 1, 2, 3, 4])
    np.testing.assert_allclose(curve.hazard, [0, 1 / 5, 1 / 5, 1 / 5 + 2 / 3, 1 / 5 + 2 / 3])


def test_a_long_curve_is_thinned_and_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    wait = rng.exponential(2_000, 20_000).round() + 1
    event = rng.random(20_000) < 0.7
    curve = breslow(wait, event, np.ones(20_000))
    monkeypatch.setattr(firstreturn, "MOST_POINTS", 10**6)
    whole = breslow(wait, event, np.ones(20_000))
    assert len(whole.days) > 3 * len(curve.days)
    assert (len(curve.days), curve.support) == (1_000, whole.support)
    at = np.arange(1.0, 4_000.0)
    np.testing.assert_allclose(curve.at(at), whole.at(at), atol=0.003)
    np.testing.assert_allclose(curve.at(at), at * 0.7 / 2_000, atol=0.03)


CURVES = st.builds(
    lambda steps, slope: ReturnCurve(
        np.arange(len(steps) + 1.0) * 7, np.concatenate(([0.0], np.cumsum(steps))), slope
    ),
    st.lists(st.sampled_from([0.0, 0.01, 0.2]), min_size=1, max_size=30).filter(any),
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)


@given(CURVES, st.floats(0, 2_000), st.floats(0, 2_000))
def test_the_hazard_never_falls(curve: ReturnCurve, one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert curve.at(np.array([early]))[0] <= curve.at(np.array([late]))[0] + 1e-12


@given(CURVES, st.floats(0.01, 1.6))
def test_the_day_of_a_hazard_is_the_first_that_reaches_it(curve: ReturnCurve, part: float) -> None:
    day = part * curve.support
    hazard = curve.at(np.array([day]))
    first = curve.day_of(hazard)[0]
    assert first <= day * (1 + 1e-6) + 1e-6
    np.testing.assert_allclose(curve.at(np.array([first])), hazard, atol=1e-9)


def test_a_hazard_reached_after_a_pause_is_dated_after_the_pause() -> None:
    curve = ReturnCurve(np.array([0.0, 1.0, 9.0, 10.0]), np.array([0.0, 0.2, 0.2, 0.4]), 0.5)
    reached = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.8])
    np.testing.assert_allclose(curve.day_of(reached), [0.0, 0.5, 1.0, 9.5, 10.0, 40.0])

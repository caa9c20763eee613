"""The purchase model that picks among the others by purchases they have not seen."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv.core.errors import ClvError, RunError
from clv.core.types import AsOf, Horizon
from clv.models import pick
from clv.models.base import History
from clv.models.pick import BTYD, CANDIDATES
from tests.ledgers import book, day

SPAN, WINDOW = 700, 200
YEAR = Horizon.days(365)


def history(purchase_days: list[np.ndarray], window: int = WINDOW) -> History:
    """Customers by the days they bought on, first day first, in a log of SPAN days."""
    rows = []
    for number, days in enumerate(purchase_days):
        since = SPAN - window
        before, gaps = days[days <= since], np.diff(days)
        told = len(before) > 0
        rows.append(
            {
                "customer_id": f"{number:05d}",
                "x": len(days) - 1,
                "t_x": int(days[-1] - days[0]),
                "T": int(SPAN - days[0]),
                "total_value": 20.0 * len(days) + number % 7,
                "first_value": 20.0,
                "paid_purchases": len(days),
                "recent_purchases": int((days > since).sum()),
                "t_x_before": int(before[-1] - before[0]) if told else np.nan,
                "log_gaps": float(np.log(gaps).sum()),
                "log_gaps_before": float(np.log(np.diff(before)).sum()) if told else 0.0,
            }
        )
    frame = pd.DataFrame(rows).astype({"t_x_before": "Int64"})
    return History(frame, AsOf(dt.date(2024, 6, 30)), dt.date(2022, 7, 1), window)


def shop(k: int, leaves: float, n: int = 1_500, seed: int = 1) -> list[np.ndarray]:
    """Gaps are Erlang-k with a rate of each customer's own; after each purchase some leave."""
    rng = np.random.default_rng(seed)
    bought = []
    for _ in range(n):
        rate, chance, day = rng.gamma(2.0, 1 / 60), rng.beta(leaves, 3.0), rng.uniform(0, 300)
        days = [day]
        while rng.uniform() > chance and (day := day + rng.gamma(k, 1 / (k * rate))) < SPAN:
            days.append(day)
        bought.append(np.unique(np.ceil(days)))
    return bought


def test_a_rhythm_is_picked_where_there_is_one():
    found = BTYD().fit(history(shop(k=4, leaves=0.8)))
    assert found.picked_.name == "mbgcnbd"
    assert found.picked_.params_.k in (3, 4, 5)
    assert found.reason_.startswith("MBG/CNBD-k: the purchases of the last 200 days are likeliest")
    assert found.held_["mbgcnbd"].ahead > 2.0
    assert found.held_["mbgnbd"].ahead == 0.0
    assert set(found.held_) == {kind.name for kind in CANDIDATES}


def test_where_nothing_decides_it_is_the_mbgnbd():
    found = BTYD().fit(history(shop(k=1, leaves=0.8)))
    assert found.picked_.name == "mbgnbd"
    assert "no other model makes the purchases of the last 200 days clearly likelier" in (
        found.reason_
    )


def test_where_the_window_is_empty_it_is_the_mbgnbd_and_says_why():
    days = [d[d <= SPAN - WINDOW] for d in shop(k=4, leaves=0.8, n=400)]
    found = BTYD().fit(history([d for d in days if len(d)]))
    assert found.picked_.name == "mbgnbd"
    assert found.held_ == {}
    assert found.reason_.startswith("MBG/NBD: the last 200 days hold 0 purchase day(s)")


def test_candidates_learn_from_what_the_book_told_before_the_window(monkeypatch):
    seen = []

    class Spy(pick.MBGNBD):
        def fit_purchases(self, given):
            seen.append(given)
            return super().fit_purchases(given)

    monkeypatch.setattr(pick, "CANDIDATES", (Spy, *CANDIDATES[1:]))
    bought = shop(k=1, leaves=0.8, n=400)
    opened = book([(f"{i:04d}", int(d), 9) for i, days in enumerate(bought) for d in days], SPAN)
    BTYD().fit(opened.history(day(SPAN), WINDOW))
    then = opened.history(day(SPAN - WINDOW), WINDOW).frame
    for name in ("x", "t_x", "T"):
        assert list(seen[0].frame[name]) == list(then[name]), name
    np.testing.assert_allclose(seen[0].frame["log_gaps"], then["log_gaps"], atol=1e-8)
    assert seen[0].as_of == day(SPAN - WINDOW)


def test_it_forecasts_as_the_picked_model_and_is_saved_with_its_reason(tmp_path):
    whole = history(shop(k=4, leaves=0.8, n=600))
    found = BTYD().fit(whole)
    alone = type(found.picked_)().fit(whole)
    pd.testing.assert_frame_equal(found.predict(whole, YEAR), alone.predict(whole, YEAR))
    found.save(tmp_path)
    again = BTYD.load(tmp_path)
    assert (again.reason_, again.held_, again.notes_) == (
        found.reason_,
        found.held_,
        found.notes_,
    )
    pd.testing.assert_frame_equal(again.predict(whole, YEAR), found.predict(whole, YEAR))


def test_customers_whose_gaps_were_not_added_up_have_no_say():
    whole = history(shop(k=4, leaves=0.8))
    some = whole.frame["T"] % 2 == 0
    half = whole.frame.assign(
        log_gaps=whole.frame["log_gaps"].where(some),
        log_gaps_before=whole.frame["log_gaps_before"].where(some),
    )
    held = BTYD().fit(replace(whole, frame=half)).held_
    everybody = BTYD().fit(whole).held_
    assert held["mbgcnbd"].ahead == pytest.approx(everybody["mbgcnbd"].ahead / 2**0.5, rel=0.3)


def test_an_unfitted_one_and_a_broken_file_say_so(tmp_path):
    with pytest.raises(ClvError, match="not fitted yet"):
        BTYD().save(tmp_path)
    BTYD().fit(history(shop(k=1, leaves=0.8, n=300))).save(tmp_path)
    file = tmp_path / "model.json"
    file.write_text(file.read_text().replace('"picked"', '"lost"'))
    with pytest.raises(RunError, match="incomplete"):
        BTYD.load(tmp_path)


def test_where_no_gaps_are_known_it_is_the_mbgnbd_and_is_saved(tmp_path):
    whole = history(shop(k=4, leaves=0.8, n=300))
    none = whole.frame.assign(log_gaps=np.nan, log_gaps_before=np.nan)
    found = BTYD().fit(replace(whole, frame=none))
    assert found.picked_.name == "mbgnbd"
    assert "hold 0 purchase day(s)" in found.reason_
    found.save(tmp_path)
    assert BTYD.load(tmp_path).reason_ == found.reason_


def test_it_says_what_it_picked_and_expects_of_new_customers_as_that_does():
    found = BTYD().fit(history(shop(k=4, leaves=0.8, n=600)))
    assert found.notes_[0] == found.reason_
    days = np.array([30.0, 365.0])
    np.testing.assert_array_equal(found.expected_new(days), found.picked_.expected_new(days))

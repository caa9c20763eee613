"""Where one purchase model turns into another, it gives the other's answers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv.numerics import outlook
from clv.numerics.bgcnbd import BGCNBDParams
from clv.numerics.bgnbd import BGNBDParams
from clv.numerics.mbgcnbd import MBGCNBDParams
from clv.numerics.mbgnbd import MBGNBDParams
from clv.numerics.nbd import NBDParams
from clv.numerics.outlook import p_count, p_count_new
from clv.numerics.paretonbd import ParetoNBDParams
from clv.numerics.residual import discounted_purchases
from tests.purchase_models import Seen, fields, positive, seen_histories

quick = settings(max_examples=25, deadline=None)


def agree(one: Any, other: Any, seen: Seen, t: float, q: float, rtol: float) -> None:
    """All answers but the likelihood."""
    answers = {
        "p_alive": lambda p: outlook.p_alive(p, *seen),
        "expected_purchases": lambda p: outlook.expected_purchases(p, t, *seen),
        "expected_purchases_new": lambda p: outlook.expected_purchases_new(p, t),
        "p_purchase": lambda p: outlook.p_purchase(p, t, *seen),
        "p_count": lambda p: p_count(p, 2, t, *seen),
        "p_count_new": lambda p: p_count_new(p, np.arange(5.0), t),
        # Who waits longer has had time to drop out.
        "next_purchase": lambda p: np.minimum(outlook.next_purchase_quantile(p, q, *seen), 1e6),
        "discounted_purchases": lambda p: discounted_purchases(p, 0.0004, *seen, t),
    }
    for which, answer in answers.items():
        np.testing.assert_allclose(answer(one), answer(other), rtol=rtol, atol=1e-11, err_msg=which)


@pytest.mark.parametrize(
    ("kind", "without"),
    [(BGCNBDParams, BGNBDParams), (MBGCNBDParams, MBGNBDParams)],
    ids=["bgcnbd", "mbgcnbd"],
)
@quick
@given(fields(), seen_histories(), positive(0.01, 3_000.0), st.floats(0.01, 0.99))
def test_a_rhythm_of_1_is_none(kind, without, drawn, seen, t, q):
    p, bare = kind(*drawn[:4], 1), without(*drawn[:4])
    np.testing.assert_allclose(p.loglik(*seen), bare.loglik(*seen), rtol=1e-12, atol=1e-12)
    agree(p, bare, seen, t, q, 1e-12)


#: Hardly ever a customer drops out: at a purchase, or in a time of billions of years.
NEVER = {
    BGNBDParams: lambda r, alpha: BGNBDParams(r, alpha, 1e-13, 1.0),
    MBGNBDParams: lambda r, alpha: MBGNBDParams(r, alpha, 1e-13, 1.0),
    ParetoNBDParams: lambda r, alpha: ParetoNBDParams(r, alpha, 1e-13, 1e3),
}


@pytest.mark.parametrize("kind", NEVER, ids=["bgnbd", "mbgnbd", "paretonbd"])
@quick
@given(fields(), seen_histories(), positive(0.01, 3_000.0), st.floats(0.02, 0.98))
def test_where_nobody_stops_it_is_the_nbd(kind, drawn, seen, t, q):
    # Of rates more uncertain, a share that shows waits beyond all times a double can hold.
    r, alpha = max(drawn[0], 0.05), drawn[1]
    never, forever = NEVER[kind](r, alpha), NBDParams(r, alpha)
    # After a silence that nobody active would keep, even the least likely dropout is likely.
    x, t_x, T = seen
    T = np.where(x > 0, T, np.minimum(T, alpha / r))
    seen = x, np.where(x > 0, np.maximum(t_x, T - (alpha + T) / (r + x + 1.0)), 0.0), T
    np.testing.assert_allclose(never.loglik(*seen), forever.loglik(*seen), rtol=1e-9, atol=1e-9)
    agree(never, forever, seen, t, q, 1e-8)

"""Published figures of what customers will do: counts and discounted purchases, in weeks."""

import mpmath
import numpy as np
import pytest

from clv.core.types import Floats
from clv.numerics import bgnbd, gammagamma, histories, mbgnbd, outlook, paretonbd
from clv.numerics.draws import draw_params, interval, total_draws
from clv.numerics.futures import simulate_purchases
from clv.numerics.outlook import p_count_new
from clv.numerics.paretonbd import ParetoNBDParams
from clv.numerics.residual import discounted_purchases
from tests.calibration import APPAREL, CDNOW, CDNOW_SAMPLE, DAYS_PER_WEEK, calibrate
from tests.purchase_models import CDNOW as ROUNDED

#: 15 % a year is ln(1.15) / 52 = .00269 a week, rounded as in the paper.
DISCOUNT = 0.0027
#: The 78 weeks of the paper end at this T for who first bought in the first week.
WEEKS = 77.86


def one(*values: float) -> list[Floats]:
    return [np.array([float(v)]) for v in values]


def equation_2(p: paretonbd.ParetoNBDParams, x: int, t_x: float, T: float) -> float:
    """DET as printed: likelihood by Gauss's function, value by Tricomi's, in 40 digits."""
    with mpmath.workdps(40):
        r, alpha, s, beta = (mpmath.mpf(v) for v in p)
        power = r + s + x

        def gauss(t: float) -> mpmath.mpf:
            z = (alpha - beta) / (alpha + t)
            return mpmath.hyp2f1(power, s + 1, power + 1, z) / (alpha + t) ** power

        active = (alpha + T) ** -(r + x) * (beta + T) ** -s
        ways = mpmath.gamma(r + x) * alpha**r * beta**s / mpmath.gamma(r)
        likelihood = ways * (active + s / power * (gauss(t_x) - gauss(T)))
        worth = mpmath.hyperu(s, s, DISCOUNT * (beta + T))
        scale = alpha**r * beta**s * DISCOUNT ** (s - 1) * mpmath.gamma(r + x + 1)
        return float(scale * worth / (mpmath.gamma(r) * (alpha + T) ** (r + x + 1) * likelihood))


@pytest.fixture(scope="module")
def rfm_paper(data_dir) -> ParetoNBDParams:
    return calibrate(data_dir / CDNOW_SAMPLE, "1998-06-30", 0).fit(paretonbd).params


# The 78 weeks of Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42, whose
# estimates the paper does not print: to 7 digits as the documentation of BTYD prints its own fit,
# which stops just short.
def test_pareto_over_all_78_weeks(rfm_paper, data_dir):
    printed = ParetoNBDParams(0.5629966, 12.5590370, 0.4081095, 10.5148048)
    np.testing.assert_allclose(rfm_paper, printed, rtol=3e-5)
    seen = calibrate(data_dir / CDNOW_SAMPLE, "1998-06-30", 0).seen
    ours, theirs = (p.loglik(*seen).sum() for p in (rfm_paper, printed))
    assert theirs <= ours < theirs + 1e-5


# Equation 2 of that paper, computed as printed; of the first two it says that both are worth
# about 2 purchases
@pytest.mark.parametrize(
    ("x", "t_x", "det"), [(7, 35.0, 1.86419), (1, 30.0, 2.19917), (14, 35.0, 0.08258), (0, 0, None)]
)
def test_discounted_purchases_follow_equation_2(rfm_paper, x, t_x, det):
    found = discounted_purchases(rfm_paper, DISCOUNT, *one(x, t_x, WEEKS))[0]
    assert found == pytest.approx(equation_2(rfm_paper, x, t_x, WEEKS), rel=1e-9)
    if det is not None:
        assert found == pytest.approx(det, abs=5e-6)


# The same paper's "increasing frequency paradox": of customers silent since week 30, those who
# had bought most are worth least.
def test_silent_customers_are_worth_less_the_more_they_bought(rfm_paper):
    x = np.arange(1.0, 11.0)
    worth = discounted_purchases(rfm_paper, DISCOUNT, x, np.full(10, 30.0), np.full(10, WEEKS))
    assert int(worth.argmax()) == 2
    assert (np.diff(worth[2:]) < 0).all()
    bought_lately = np.full(10, 77.0)
    worth = discounted_purchases(rfm_paper, DISCOUNT, x, bought_lately, np.full(10, WEEKS))
    assert (np.diff(worth) > 0).all()


# Fader, Hardie & Lee (2005), Marketing Science 24, section 7, as reported by others from the paper:
# chi-square over 0 to 6 and 7 or more repeat purchases in 39 weeks. MBG/NBD: recomputed
@pytest.mark.parametrize(
    ("model", "chi_square"),
    [(bgnbd, 4.82), (paretonbd, 11.99), (mbgnbd, 2.95)],
    ids=["bgnbd", "paretonbd", "mbgnbd"],
)
def test_customers_by_repeat_purchases(data_dir, model, chi_square):
    sample = calibrate(data_dir / CDNOW_SAMPLE, "1997-09-30", 39)
    params = sample.fit(model).params
    ages, customers = np.unique(sample.T, return_counts=True)
    expected = customers @ p_count_new(params, np.arange(7.0)[None, :], ages[:, None])
    expected = np.append(expected, len(sample.x) - expected.sum())
    observed = np.bincount(np.minimum(sample.x, 7).astype(int))
    np.testing.assert_array_equal(observed, [1411, 439, 214, 100, 62, 38, 29, 64])
    found = ((observed - expected) ** 2 / expected).sum()
    assert found == pytest.approx(chi_square, abs=5e-3)


# Hardie's spreadsheet of the BG/NBD (brucehardie.com/notes/004), by its fit to the CDNOW sample:
# purchases expected of a new customer by week
def test_bgnbd_purchases_of_a_new_customer(data_dir):
    p = calibrate(data_dir / CDNOW_SAMPLE, "1997-09-30", 39).fit(bgnbd).params
    weeks = np.array([1 / 7, 1.0, 3.0, 31.8571, 32.0])
    found = outlook.expected_purchases_new(p, weeks)
    np.testing.assert_allclose(found, (0.0078, 0.0532, 0.1506, 1.0405, 1.0437), atol=5e-5)
    assert outlook.expected_purchases_new(p, 78.0)[0] == pytest.approx(1.858, abs=5e-4)


# The documentation of BTYD, also in the tests of lifetimes
def test_bgnbd_chances_of_counts():
    p = ROUNDED["bgnbd"]
    assert p_count_new(p, 10, 2.0)[0] == pytest.approx(1.07869e-07, abs=5e-13)
    assert p_count_new(p, 0, 39.0)[0] == pytest.approx(0.5737864, abs=5e-8)
    printed = (
        *(0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638),
        *(0.0005517902, 0.0004361913, 0.0003467171, 0.0002769613, 0.0002222260),
    )
    np.testing.assert_allclose(p_count_new(p, np.arange(11.0, 21.0), 30.0), printed, atol=5e-11)


# The manual of BTYD: weeks 0 to 9
def test_pareto_purchases_of_a_new_customer():
    printed = (
        *(0.0, 0.05077821, 0.09916088, 0.14542507, 0.18979930),
        *(0.23247466, 0.27361274, 0.31335159, 0.35181024, 0.38909211),
    )
    found = outlook.expected_purchases_new(
        ParetoNBDParams(0.55, 10.56, 0.61, 11.64), np.arange(10.0)
    )
    np.testing.assert_allclose(found, printed, atol=5e-9)


# The walkthrough of BTYD, with unrounded parameters: customer 1516 of the CDNOW sample, 52 weeks
# ahead
def test_pareto_outlook_of_a_frequent_customer():
    p, seen = ParetoNBDParams(0.5534, 10.5802, 0.6061, 11.6562), one(26, 30.86, 31)
    assert outlook.expected_purchases(p, 52.0, *seen)[0] == pytest.approx(25.46, abs=6e-3)
    assert outlook.p_alive(p, *seen)[0] == pytest.approx(0.9979, abs=5e-5)


# Fader & Hardie (2013), brucehardie.com/notes/025, spreadsheet: spend expected of single customers,
# printed with unrounded parameters; here with ours of the same sample
def test_spend_expected_of_single_customers(data_dir):
    sample = calibrate(data_dir / CDNOW_SAMPLE, "1997-09-30", 39)
    spent = sample.mean_repeat_spend > 0
    g = gammagamma.fit(sample.x[spent], sample.mean_repeat_spend[spent]).params
    value = gammagamma.expected_value(g, sample.x, sample.mean_repeat_spend)
    by_customer = dict(zip(sample.customer_id, value, strict=True))
    for customer, printed in (("00004", 24.65), ("00021", 18.91), ("00111", 71.46)):
        assert by_customer[customer] == pytest.approx(printed, abs=6e-3)
    assert by_customer["00018"] == pytest.approx(35.17, abs=5e-3)


# Meierer, Bachmann, Näf, Schilter & Algesheimer, The CLVTools Package, arXiv 2602.09845, section
# 6.3.2, in the digits CLVTools 0.12.1 gives: the whole apparel log, 95 weeks ahead, 7.5 % a year
@pytest.mark.parametrize(
    ("customer", "alive", "ahead", "worth"),
    [
        ("1", 0.007191623, 0.01300226, 0.06200625),
        ("10", 0.836860928, 0.89770449, 4.28104733),
        ("100", 0.922281780, 2.34558536, 11.18582123),
    ],
)
def test_pareto_outlooks_of_the_apparel_log(data_dir, customer, alive, ahead, worth):
    apparel = calibrate(data_dir / APPAREL, "2010-12-20", 0)
    p = ParetoNBDParams(
        1.3767867106556111, 47.293726061187556, 0.67457904272459013, 62.832505978320718
    )
    found = apparel.fit(paretonbd)
    np.testing.assert_allclose(found.params, p, rtol=2e-4)
    assert found.loglik == pytest.approx(-11926.507391, abs=5e-6)
    row = np.flatnonzero(apparel.customer_id.astype(str) == customer)
    seen = [column[row] for column in apparel.seen]
    assert outlook.p_alive(p, *seen)[0] == pytest.approx(alive, abs=5e-9)
    assert outlook.expected_purchases(p, 95.0, *seen)[0] == pytest.approx(ahead, abs=5e-8)
    force = np.log(1.075) / 52
    assert discounted_purchases(p, force, *seen)[0] == pytest.approx(worth, abs=5e-8)
    # A new customer's first year, the first purchase included.
    assert 1.0 + outlook.expected_purchases_new(p, 52.0)[0] == pytest.approx(2.218635, abs=5e-7)


# The same paper, section 6.2.3: the 387 repeat buyers of the apparel log's first 104 weeks
def test_gammagamma_of_the_apparel_log(data_dir):
    apparel = calibrate(data_dir / APPAREL, "2006-12-31", 0)
    spent = apparel.mean_repeat_spend > 0
    assert spent.sum() == 387
    found = gammagamma.fit(apparel.x[spent], apparel.mean_repeat_spend[spent])
    np.testing.assert_allclose(found.params, (3.099, 5.654, 56.504), atol=5e-4)
    assert found.loglik == pytest.approx(-1670.66304, abs=5e-6)


# The same log and split, 1,450 days ahead: as CLVTools 0.12.1 prints the errors of its fit
def test_pareto_errors_of_the_apparel_log(data_dir):
    weeks = 1_450 / DAYS_PER_WEEK
    apparel = calibrate(data_dir / APPAREL, "2006-12-31", weeks)
    p = apparel.fit(paretonbd).params
    off = outlook.expected_purchases(p, weeks, *apparel.seen) - apparel.bought_later
    assert np.abs(off).mean() == pytest.approx(2.03962, abs=5e-6)
    assert np.sqrt((off**2).mean()) == pytest.approx(3.329425, abs=5e-6)


# Crossed with simulation: the two are written apart
@pytest.mark.parametrize("name", ["bgnbd", "mbgnbd", "paretonbd", "bgcnbd", "mbgcnbd"])
def test_discounted_purchases_are_the_mean_of_simulated_ones(name):
    p = ROUNDED[name]
    n, weeks = 40_000, 520.0
    row = [np.full(n, v) for v in (2.0, 30.43, 38.86)]
    drawn = simulate_purchases(p, weeks, *row, np.random.default_rng(11))
    worth = np.bincount(drawn.customer, np.exp(-DISCOUNT * drawn.time), minlength=n)
    found = discounted_purchases(p, DISCOUNT, *(column[:1] for column in row), weeks)[0]
    assert worth.mean() == pytest.approx(found, abs=4 * worth.std() / np.sqrt(n))


# Recomputed with another implementation: plug-in interval of the 39 weeks ahead of all of CDNOW,
# 15,510 to 16,368 by MBG/NBD, where 19,684 purchases were made
def test_uncertain_parameters_widen_the_interval_of_a_total(data_dir):
    seen = histories.group(*calibrate(data_dir / CDNOW, "1997-09-30", 39).seen)
    found = mbgnbd.fit(*seen[:4])
    plug_in = total_draws(
        [found.params] * 400, found.params, 39.0, *seen[:4], np.random.default_rng(1)
    )
    chance = interval(plug_in, 0.95)
    np.testing.assert_allclose(chance, (15_510, 16_368), rtol=5e-3)
    drawn = draw_params(found.params, found.covariance, 400, np.random.default_rng(2))
    whole = interval(
        total_draws(drawn, found.params, 39.0, *seen[:4], np.random.default_rng(3)), 0.95
    )
    assert whole.lower < chance.lower
    assert whole.upper > chance.upper
    # What an interval of the model cannot hold: that the model is wrong.
    assert whole.upper < 19_684

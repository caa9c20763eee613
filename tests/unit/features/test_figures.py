"""Features of dates and amounts, worked out by hand for the customers of conftest."""

import math

import pytest

from tests.shops import told

MONTH = 365.25 / 12


def test_recency_frequency_value(bare):
    told(
        bare["ann"],
        quiet_days=60,
        purchase_days=4,
        repeat_days=3,
        is_onetimer=0,
        spend_total=120.0,
        quiet_days_log=math.log(61),
        purchase_days_log=math.log(5),
        spend_total_log=math.log(121),
    )
    told(bare["bob"], quiet_days=136, purchase_days=1, repeat_days=0, is_onetimer=1)


def test_scores_are_fifths_of_the_population(bare):
    # Of three, the cuts at 20, 40, 60 and 80 % are the 1st, 2nd, 2nd and 3rd from below.
    # Quiet: Cat 0, Ann 60, Bob 136. Purchase days: Bob 1, Cat 3, Ann 4. Spend: 50, 105, 120.
    told(bare["ann"], rfm_r=2, rfm_f=4, rfm_m=4, rfm_sum=10, rfm_weighted=3.6, rfm_cell="244")
    told(bare["bob"], rfm_r=1, rfm_f=1, rfm_m=1, rfm_sum=3, rfm_weighted=1.0, rfm_cell="111")
    told(bare["cat"], rfm_r=4, rfm_f=2, rfm_m=2, rfm_sum=8, rfm_weighted=2.4, rfm_cell="422")


def test_normalised_figures_have_mean_0_and_deviation_1(bare):
    for name in ("quiet_days", "purchase_days", "spend_total"):
        logs = [bare[who][f"{name}_log"] for who in bare]
        mean = sum(logs) / 3
        deviation = math.sqrt(sum((log - mean) ** 2 for log in logs) / 3)
        for who in bare:
            expected = (bare[who][f"{name}_log"] - mean) / deviation
            assert bare[who][f"{name}_normalised"] == pytest.approx(expected, rel=1e-12)


def test_rhythm(bare):
    told(
        bare["ann"],
        age_days=120,
        active_days=60,
        maturity=0.5,
        gap_mean=20.0,
        gap_median=20.0,
        gap_std=10.0,
        gap_variation=0.5,
        regularity=2 / 3,
        gap_min=10,
        gap_max=30,
        gap_first=10,
        gap_last=30,
        gap_trend=10.0,
        quiet_to_gap_mean=3.0,
        quiet_to_gap_median=3.0,
        quiet_to_gap_max=2.0,
        quiet_in_deviations=4.0,
        is_overdue=1,
        silence_change=0.0,
        purchases_per_month=4 / 121 * MONTH,
        purchase_velocity=3 / 60 * MONTH,
        active_weeks=4,
        active_weeks_share=4 / 18,
        active_months=2,
        active_months_share=2 / 4,
        longest_week_streak=2,
        longest_month_streak=1,
    )


def test_a_clockwork_has_no_deviation(bare):
    told(
        bare["cat"],
        maturity=1.0,
        gap_mean=1.0,
        gap_std=0.0,
        gap_variation=0.0,
        regularity=1.0,
        gap_trend=0.0,
        quiet_to_gap_mean=0.0,
        quiet_in_deviations=None,
        is_overdue=0,
        silence_change=-1.0,
        active_weeks=2,  # Sunday belongs to the week before
        active_weeks_share=1.0,
        longest_week_streak=2,
        active_months_share=1.0,
    )


def test_the_typical_gap_is_the_median_of_the_customers_means(bare):
    # Ann's mean gap is 20 days, Cat's is 1; Bob has none.
    told(bare["bob"], quiet_to_typical_gap=136 / 10.5, spend_faded=50 * math.exp(-136 / 10.5))


def test_what_needs_a_gap_is_absent_for_onetimers(bare):
    absent = ("gap_mean", "gap_median", "gap_std", "gap_variation", "regularity", "gap_min")
    absent += ("gap_max", "gap_first", "gap_last", "gap_trend", "quiet_to_gap_mean", "is_overdue")
    absent += ("quiet_to_gap_median", "quiet_to_gap_max", "quiet_in_deviations")
    absent += ("purchase_velocity", "spend_std", "spend_variation", "spend_trend")
    absent += ("spend_trend_relative", "spend_repeat_mean", "value_x_regularity")
    told(bare["bob"], **dict.fromkeys(absent))
    told(bare["bob"], maturity=0.0, silence_change=1.0, active_weeks=1, longest_week_streak=1)


def test_windows_end_on_as_of_and_hold_as_many_days_as_they_say(bare):
    # Ann's purchases lie 120, 110, 90 and 60 days back, so that the last 60 days have none.
    told(
        bare["ann"],
        purchase_days_60d=0,
        spend_60d=0.0,
        purchase_days_change_60d=-1.0,
        spend_change_60d=-1.0,
        purchase_days_share_60d=0.0,
        spend_share_60d=0.0,
        purchase_days_90d=1,
        spend_90d=60.0,
        purchase_days_change_90d=-0.5,  # 1 against 3
        spend_change_90d=0.0,  # 60 against 60
        purchase_days_share_90d=0.25,
        spend_share_90d=0.5,
        purchase_days_180d=4,
        purchase_days_change_180d=1.0,
        purchase_days_change_30d=None,  # nor had the 30 days before any
        spend_change_7d=None,
    )
    told(bare["cat"], purchase_days_7d=3, spend_7d=105.0, spend_share_7d=1.0, spend_change_7d=1.0)


def test_spending(bare):
    told(
        bare["ann"],
        spend_mean=30.0,
        spend_median=25.0,
        spend_max=60.0,
        spend_min=10.0,
        spend_first=10.0,
        spend_last=60.0,
        spend_std=math.sqrt(1400 / 3),
        spend_variation=math.sqrt(1400 / 3) / 30,
        spend_trend=16.0,
        spend_trend_relative=16 / 30,
        spend_last_to_mean=2.0,
        spend_first_share=10 / 120,
        spend_largest_share=0.5,
        spend_repeat=110.0,
        spend_repeat_mean=110 / 3,
        spend_per_month=120 / 121 * MONTH,
        spend_mean_log=math.log(31),
        free_days_share=0.0,
    )
    told(bare["cat"], spend_std=0.0, spend_variation=0.0, spend_trend=0.0)
    told(bare["bob"], spend_repeat=0.0, spend_first_share=1.0, spend_median=50.0)


def test_calendar(bare):
    told(
        bare["ann"],
        first_season="winter",
        last_season="spring",
        peak_season="winter",
        peak_season_share=0.75,
        first_weekday=0,
        last_weekday=4,
        favourite_weekday=0,
        favourite_weekday_share=0.25,
        weekend_share=0.0,
        first_month=1,
        last_month=3,
        last_month_sine=1.0,
        last_month_cosine=0.0,
        as_of_month_sine=math.sin(2 * math.pi / 3),
        as_of_month_cosine=-0.5,
        as_of_quarter_sine=0.0,
        as_of_quarter_cosine=-1.0,
        days_to_major_holiday=212,  # Thanksgiving, 2024-11-28
        days_since_major_holiday=30,  # Easter, 2024-03-31
        days_to_public_holiday=27,  # Memorial Day, 2024-05-27
        days_to_anniversary=245,
        run_up_share=0.0,
        first_in_run_up=0,
    )
    # Nine days before Christmas, on a Saturday.
    told(
        bare["bob"],
        first_weekday=5,
        weekend_share=1.0,
        run_up_share=1.0,
        run_up_spend_share=1.0,
        first_in_run_up=1,
    )


def test_pairs(bare):
    told(
        bare["ann"],
        recency_x_frequency=8,
        recency_x_value=8,
        frequency_x_value=16,
        value_x_regularity=20.0,
        value_x_rate=30 * 4 / 121 * MONTH,
        value_x_lateness=90.0,
        maturity_x_frequency=2.0,
        spend_faded=120 * math.exp(-60 / 10.5),
    )

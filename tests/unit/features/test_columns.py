"""Features of optional columns, worked out by hand for the customers of conftest."""

import math
from datetime import datetime

import pyarrow as pa
import pytest

from clv.core.errors import ColumnError, SettingError
from clv.data.rules import LARGEST_AMOUNT
from tests.shops import features, sources, told
from tests.unit.features.conftest import BARE, BARE_AS_OF, FULL, FULL_AS_OF, KNOWN, SERIES

MIXED = -(0.6 * math.log(0.6) + 2 * 0.2 * math.log(0.2))


def test_products_and_orders(full):
    told(
        full["dora"],
        category_favourite="tea",
        category_count=3,
        category_entropy=MIXED,
        category_concentration=0.44,
        category_favourite_share=0.6,
        product_count=3,
        product_entropy=MIXED,
        product_concentration=0.44,
        product_favourite_share=0.6,
        product_repeat_share=1 / 3,
        orders_count=4,
        order_value_mean=87 / 4,
        basket_lines_mean=5 / 4,
        orders_per_purchase_day=4 / 3,
        quantity_total=11.0,
        quantity_mean=11 / 3,
        unit_price_mean=87 / 11,
        discount_total=5.0,
        discount_share=5 / 72,
        discounted_share=0.5,
        discount_mean=2.5,
        margin_total=35.0,
        margin_share=35 / 67,
        night_share=0.0,
        morning_share=0.4,
        afternoon_share=0.2,
        evening_share=0.4,
    )


def test_returns(full):
    told(
        full["dora"],
        spend_total=77.0,
        return_value=10.0,
        return_rate=10 / 87,
        return_days=1,
        return_days_rate=1 / 3,
        days_since_return=19,
        return_x_value=10 / 87 * 77 / 3,
    )
    told(
        full["emil"],
        return_value=0.0,
        return_rate=0.0,
        return_days=0,
        return_days_rate=0.0,
        days_since_return=None,
    )


def test_acquisition(full):
    told(
        full["dora"],
        first_channel="WEB",
        channel_favourite="WEB",
        channel_count=2,
        channel_entropy=-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)),
        channel_concentration=5 / 9,
        channel_favourite_share=2 / 3,
        first_country="France",
        first_campaign="winter",
        campaign_share=0.6,
        acquisition_cost=40.0,
        cac_efficiency=77 / 40,
        cac_return=37 / 40,
        cac_to_first_spend=40 / 30,
        cac_paid_back=1,
        cac_payback_days=31,  # 30 on the first day and 10 on the second
        cost_x_frequency=40 / 3,
    )


def test_qualities_are_relative_and_drawn_toward_average(full):
    # Spend counts up to its 99 % point, 5 + 0.99 x 72 = 76.28; both customers are 31 to 90 days
    # old, and spent 40.64 on average. Twenty average customers are added to each level.
    prior = 20 * 40.64
    web, unknown = (76.28 + prior) / (40.64 + prior), (5 + prior) / (40.64 + prior)
    told(
        full["dora"],
        source_quality=web,
        first_category_quality=web,  # "cups": of two on the first day, the alphabet's first
        first_campaign_quality=web,
        source_x_category="WEB / tea",
        source_x_frequency=web * 3,
        campaign_x_value=web * 77 / 3,
        category_x_value=web * 77 / 3,
    )
    told(full["emil"], source_quality=unknown, first_category_quality=unknown)


def test_sustainability(full):
    # By day: 0.25, 1 and 1 (of one of its two lines); 3, 6 and 7.
    told(
        full["dora"],
        eco_share_mean=0.75,
        eco_share_last=1.0,
        eco_share_trend=0.375,
        eco_days_share=1.0,
        eco_spend=46.0,
        eco_spend_share=46 / 67,
        impact_mean=16 / 3,
        impact_last=7.0,
        impact_trend=2.0,
        eco_x_value=0.75 * 77 / 3,
    )


def test_what_the_log_does_not_say_of_a_customer_is_absent(full):
    absent = ("product_count", "product_entropy", "product_repeat_share", "orders_count")
    absent += ("order_value_mean", "basket_lines_mean", "quantity_total", "unit_price_mean")
    absent += ("discount_total", "discount_share", "discounted_share", "discount_mean")
    absent += ("margin_total", "margin_share", "evening_share", "first_campaign")
    absent += ("first_country",)
    absent += ("first_campaign_quality", "campaign_x_value", "eco_share_mean", "eco_share_trend")
    absent += ("eco_days_share", "eco_spend", "impact_mean", "impact_last", "eco_x_value")
    absent += ("acquisition_cost", "cac_efficiency", "cac_return", "cac_paid_back")
    absent += ("cac_payback_days", "cost_x_frequency", "discount_x_frequency")
    told(full["emil"], **dict.fromkeys(absent))
    told(full["emil"], category_count=1, category_entropy=0.0, category_favourite="tea")


def test_what_is_known_of_customers(full):
    told(
        full["dora"],
        known_age=31.0,
        known_gender="f",
        known_email_rate=0.25,
        known_member=1.0,
        known_joined=90,
        known_acquisition_cost=40.0,
    )
    # Joining in June is not known in March.
    told(
        full["emil"], known_gender=None, known_email_rate=None, known_member=0.0, known_joined=None
    )
    assert set(full) == {"dora", "emil"}


def test_series_by_date(full):
    # On 31 March the last 30 days, from 2 March, hold days 70 and 80 with 7 and 8; the 30 before,
    # from 1 February, 40, 50 and 60; the last 90, from 2 January, 1 to 8.
    told(
        full["dora"],
        series_spend_mean_30d=7.5,
        series_spend_mean_90d=4.5,
        series_spend_change=2.5 / 12.5,
        series_spend_at_first=0.0,  # 10 January; the next value is of the 11th
    )
    told(full["emil"], series_spend_at_first=5.0)  # 20 February is day 50 itself


def test_a_log_without_a_column_has_no_such_feature(bare):
    words = ("category", "product", "order", "quantity", "discount", "margin", "eco", "impact")
    words += ("channel", "campaign", "cac", "acquisition", "known", "series", "source", "evening")
    words += ("first_country",)
    assert [name for name in bare["ann"] if name.startswith(words)] == []
    assert len(bare["ann"]) > 130


def test_returns_left_out_of_the_log_are_no_zeros():
    lines = [{"customer_id": who, "date": day, "amount": paid} for who, day, paid in BARE]
    told_of = features(sources(lines, returns="drop"), BARE_AS_OF)["ann"]
    assert [name for name in told_of if name.startswith("return")] == []


def test_the_table_of_customers_may_tell_source_and_campaign():
    known = KNOWN.append_column("acquisition_source", pa.array(["Meta", "Meta", "Google"]))
    known = known.append_column("campaign_type", pa.array(["new", None, "new"]))
    of = features(sources(FULL, known), FULL_AS_OF)
    assert of["dora"]["source_x_category"] == "Meta / tea"
    assert of["dora"]["first_channel"] == "WEB"
    assert of["dora"]["first_campaign"] == "new"
    assert of["emil"]["first_campaign"] is None
    assert of["dora"]["source_quality"] == of["emil"]["source_quality"] == pytest.approx(1.0)


def test_of_equally_frequent_categories_the_one_with_more_spend_is_the_favourite():
    lines = [
        {"customer_id": "a", "date": "2024-01-01", "amount": paid, "category": category}
        for paid, category in ((5, "cups"), (7, "tea"), (7, "food"))
    ]
    told(features(sources(lines), "2024-01-01")["a"], category_favourite="food")


def test_a_day_written_as_a_time_tells_no_hour():
    lines = [
        {"customer_id": who, "date": "2024-01-01", "amount": 5, "timestamp": at}
        for who, at in (
            ("day", datetime(2024, 1, 1)),
            ("night", datetime(2024, 1, 1, 0, 0, 1)),
        )
    ]
    of = features(sources(lines), "2024-01-01")
    told(of["day"], night_share=None, evening_share=None)
    told(of["night"], night_share=1.0, evening_share=0.0)


def test_a_free_order_is_a_purchase_day_and_shares_of_nothing_are_absent():
    lines = [{"customer_id": "a", "date": "2024-01-01", "amount": 0}]
    told(
        features(sources(lines), "2024-01-01")["a"],
        purchase_days=1,
        free_days_share=1.0,
        spend_mean=0.0,
        spend_share_7d=None,
        spend_largest_share=None,
        run_up_spend_share=None,
        maturity=None,
        silence_change=None,
    )


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (KNOWN.rename_columns(["id", *KNOWN.column_names[1:]]), "customers: no column is called"),
        (pa.concat_tables([KNOWN, KNOWN.slice(0, 2)]), "customer_id .* in 2 row"),
    ],
)
def test_a_table_of_customers_has_each_of_them_once(known, message):
    with pytest.raises(ColumnError, match=message):
        sources(FULL, known)


def test_a_series_has_each_day_once():
    with pytest.raises(ColumnError, match=r"series: date .* in 10 row"):
        sources(FULL, series=pa.concat_tables([SERIES, SERIES]))


def test_a_country_without_a_calendar_is_told_so():
    with pytest.raises(SettingError, match="'Atlantis' is none"):
        sources(FULL, country="Atlantis")


def test_amounts_as_large_as_a_log_may_have_them():
    lines = [
        {"customer_id": "a", "date": f"2024-01-{day:02}", "amount": LARGEST_AMOUNT - day,
         "quantity": 1e9, "cost": 1e9, "discount": 1e9, "eco_share": 0.5, "impact_score": 1e9,
         "category": "ships", "order_id": str(day), "product": "p"}
        for day in range(1, 21)
    ]  # fmt: skip
    of = features(sources(lines), "2024-01-31")["a"]
    assert of["spend_mean"] == pytest.approx(LARGEST_AMOUNT)
    assert of["spend_std"] < 100
    assert of["eco_spend"] == pytest.approx(10 * LARGEST_AMOUNT)

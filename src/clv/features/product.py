"""What is in a customer's orders: categories, products, quantities, discounts, margin, returns."""

from __future__ import annotations

import ibis
from ibis import _

from clv.features.feature import Feature, Grain, Part
from clv.features.formulas import entropy, number, ratio

NOTHING = ibis.literal(0, "decimal(38, 4)")
CATEGORY, PRODUCT, ORDER = ("category",), ("product",), ("order_id",)
QUANTITY, DISCOUNT, COST = ("quantity",), ("discount",), ("cost",)
RETURNS, TIME = ("returns",), ("timestamp",)
NO_CATEGORY, NO_PRODUCT = "no purchase with a category", "no purchase with a product"
NO_RETURN_KNOWN = "nothing bought that was paid for"
#: Hours of the day, from and up to.
DAYPARTS = {"night": (0, 6), "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24)}


def spread_parts(prefix: str, grain: Grain, needs: tuple[str, ...]) -> tuple[Part, ...]:
    """Of a grain with a row a value, such as a category: how rows are spread over the values."""
    return (
        Part(f"{prefix}_values", grain, _.count(), needs),
        Part(f"{prefix}_rows", grain, _.rows.sum(), needs),
        Part(f"{prefix}_most", grain, _.rows.max(), needs),
        Part(f"{prefix}_logs", grain, _.rows_log.sum(), needs),
        Part(f"{prefix}_squares", grain, (_.rows * _.rows).sum(), needs),
    )


def spread_features(
    prefix: str, many: str, what: str, absent: str, source: str, needs: tuple[str, ...]
) -> tuple[Feature, ...]:
    """How many values, and how evenly rows are spread over them."""
    n = _[f"{prefix}_rows"]
    return (
        Feature(
            f"{prefix}_count",
            f"number of different {many}",
            many,
            absent,
            source,
            _[f"{prefix}_values"],
            needs,
        ),
        Feature(
            f"{prefix}_entropy",
            f"how evenly {what} are spread over {many}: 0 for one alone",
            "nats",
            absent,
            source,
            entropy(n, _[f"{prefix}_logs"]),
            needs,
        ),
        Feature(
            f"{prefix}_concentration",
            f"sum of squared shares of {many} in {what}: 1 for one alone",
            "0 to 1",
            absent,
            source,
            ratio(_[f"{prefix}_squares"], number(n) * number(n)),
            needs,
        ),
        Feature(
            f"{prefix}_favourite_share",
            f"share of {what} that the most frequent of the {many} has",
            "share",
            absent,
            source,
            ratio(_[f"{prefix}_most"], n),
            needs,
        ),
    )


PARTS = (
    *spread_parts("category", "categories", CATEGORY),
    *spread_parts("product", "products", PRODUCT),
    Part("orders", "orders", _.count(), ORDER),
    Part("order_lines", "orders", _.lines.sum(), ORDER),
    Part("order_amount", "orders", _.amount.sum(), ORDER),
    Part("pieces", "lines", _.quantity.sum(), QUANTITY),
    Part("pieces_amount", "lines", _.amount.sum(where=_.quantity > 0), QUANTITY),
    Part("pieces_priced", "lines", _.quantity.sum(where=_.quantity > 0), QUANTITY),
    Part("discounts", "lines", _.discount.abs().sum(), DISCOUNT),
    Part("discounts_amount", "lines", _.amount.sum(where=_.discount.notnull()), DISCOUNT),
    Part("discounted_lines", "lines", _.count(where=_.discount != 0), DISCOUNT),
    Part("discount_lines", "lines", _.discount.count(), DISCOUNT),
    Part("costs", "lines", _.cost.sum(), COST),
    Part("costs_amount", "lines", _.amount.sum(where=_.cost.notnull()), COST),
    Part("refunded", "returns", _.refunded.sum(), RETURNS),
    Part("purchased", "returns", _.purchased.sum(), RETURNS),
    Part("refund_days", "returns", _.count(where=_.refunded > 0), RETURNS),
    Part("bought_days", "returns", _.count(where=_.purchased > 0), RETURNS),
    Part("last_refund", "returns", _.date.max(where=_.refunded > 0), RETURNS),
    Part("timed", "lines", _.hour.count(), TIME),
)

_REFUNDED = number(_.refunded.fill_null(NOTHING))

FEATURES = (
    Feature(
        "category_favourite",
        "category of most lines; of equals the one with more spend",
        "",
        NO_CATEGORY,
        "S3; category",
        _.level.max(where=_.place == 0),
        CATEGORY,
        "text",
        "categories",
    ),
    *spread_features("category", "categories", "lines", NO_CATEGORY, "S3 S4; category", CATEGORY),
    *spread_features("product", "products", "lines", NO_PRODUCT, "S3; product", PRODUCT),
    Feature(
        "product_repeat_share",
        "share of the products that were bought on more than one day",
        "share",
        NO_PRODUCT,
        "own; product, date",
        (_.ended > _.begun).cast("float64").mean(),
        PRODUCT,
        grain="products",
    ),
    Feature(
        "orders_count",
        "number of orders, returned ones included",
        "orders",
        "no purchase with an order number",
        "S3 S4 S5; order_id",
        _.orders,
        ORDER,
    ),
    Feature(
        "order_value_mean",
        "mean amount of an order, before returns",
        "currency",
        "no purchase with an order number",
        "S3 S4 S5; order_id, amount",
        ratio(_.order_amount, _.orders),
        ORDER,
    ),
    Feature(
        "basket_lines_mean",
        "mean lines of an order",
        "lines",
        "no purchase with an order number",
        "S3; order_id",
        ratio(_.order_lines, _.orders),
        ORDER,
    ),
    Feature(
        "orders_per_purchase_day",
        "orders over purchase_days",
        "ratio",
        "no purchase with an order number",
        "own; order_id, date",
        ratio(_.orders, _.n),
        ORDER,
    ),
    Feature(
        "quantity_total",
        "pieces bought so far, returned ones included",
        "pieces",
        "no purchase with a quantity",
        "S3; quantity",
        number(_.pieces),
        QUANTITY,
    ),
    Feature(
        "quantity_mean",
        "pieces per purchase day",
        "pieces",
        "no purchase with a quantity",
        "S3; quantity, date",
        ratio(_.pieces, _.n),
        QUANTITY,
    ),
    Feature(
        "unit_price_mean",
        "amount paid per piece",
        "currency",
        "no purchase with a quantity",
        "own; quantity, amount",
        ratio(_.pieces_amount, _.pieces_priced),
        QUANTITY,
    ),
    Feature(
        "discount_total",
        "discounts taken so far",
        "currency",
        "no purchase that says its discount",
        "S3 S4; discount",
        number(_.discounts),
        DISCOUNT,
    ),
    Feature(
        "discount_share",
        "discounts over amounts before discount",
        "share",
        "no purchase that says its discount",
        "S3 S4; discount, amount",
        ratio(_.discounts, number(_.discounts) + number(_.discounts_amount)),
        DISCOUNT,
    ),
    Feature(
        "discounted_share",
        "share of lines with a discount, of those that say whether there was one",
        "share",
        "no purchase that says its discount",
        "S3; discount",
        ratio(_.discounted_lines, _.discount_lines),
        DISCOUNT,
    ),
    Feature(
        "discount_mean",
        "mean discount of a discounted line",
        "currency",
        "no discount so far",
        "S3; discount",
        ratio(_.discounts, _.discounted_lines),
        DISCOUNT,
    ),
    Feature(
        "margin_total",
        "amounts less costs of the lines that say their cost",
        "currency",
        "no purchase that says its cost",
        "own; cost, amount",
        number(_.costs_amount) - number(_.costs),
        COST,
    ),
    Feature(
        "margin_share",
        "margin_total over the amounts of those lines",
        "share",
        "no purchase that says its cost",
        "own; cost, amount",
        ratio(number(_.costs_amount) - number(_.costs), _.costs_amount),
        COST,
    ),
    Feature(
        "return_value",
        "value of the returns so far",
        "currency",
        "",
        "S4; amount",
        _REFUNDED,
        RETURNS,
    ),
    Feature(
        "return_rate",
        "value of the returns over what was bought, by those who returned anything; else 0",
        "share",
        NO_RETURN_KNOWN,
        "S4; amount",
        ibis.ifelse(_.refunded.isnull(), 0.0, ratio(_.refunded, _.purchased)),
        RETURNS,
    ),
    Feature(
        "return_days",
        "days with a return so far",
        "days",
        "",
        "S4; date, amount",
        _.refund_days.fill_null(0),
        RETURNS,
    ),
    Feature(
        "return_days_rate",
        "days with a return over days on which something was bought",
        "ratio",
        NO_RETURN_KNOWN,
        "S4; date, amount",
        ibis.ifelse(_.refunded.isnull(), 0.0, ratio(_.refund_days, _.bought_days)),
        RETURNS,
    ),
    Feature(
        "days_since_return",
        "days from the last return to as_of",
        "days",
        "no return so far",
        "own; date, amount",
        _.today.delta(_.last_refund, unit="day").cast("int64"),
        RETURNS,
    ),
    *(
        Feature(
            f"{name}_share",
            f"share of lines bought from {begins} to {ends} o'clock",
            "share",
            "no purchase with a time of day",
            "S2; timestamp",
            ((_.hour >= begins) & (_.hour < ends)).cast("float64").mean(),
            TIME,
            grain="lines",
        )
        for name, (begins, ends) in DAYPARTS.items()
    ),
)

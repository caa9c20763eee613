"""What is forecast, as the service tells it: JSON, with its days and moments as text.

The OpenAPI document of the service says what each field means.
"""

from __future__ import annotations

from typing import Literal, Required, TypedDict

#: YYYY-MM-DD.
Day = str
#: ISO 8601, in UTC.
Moment = str

Group = Literal["onetimer", "repeater"]
Tier = Literal["High-CLV", "Growth-Potential", "Low-CLV"]
Level = Literal["Low", "Mid", "High", "Top"]
Confidence = Literal["High", "Medium", "Low"]
By = Literal["segment", "value_tier", "clv_level", "mismatch", "group", "channel"]


class OfRun(TypedDict):
    """Which run an answer comes from."""

    model: str
    model_version: str
    as_of: Day | None
    horizon_days: int | None
    currency: str | None


class Forecast(TypedDict):
    """A customer's forecast; money in the run's currency, of the horizon after as_of."""

    customer_id: str
    group: Group | None
    clv: float
    clv_lower: float
    clv_upper: float
    level: float
    p_alive: float | None
    p_purchase: float | None
    expected_purchases: float | None
    expected_order_value: float | None
    next_purchase_date: Day | None
    next_purchase_earliest: Day | None
    next_purchase_latest: Day | None
    expected_gap_days: float | None
    historic_value: float | None
    rfm_r: int | None
    rfm_f: int | None
    rfm_m: int | None
    rfm_score: int | None
    segment: str | None
    value_tier: Tier
    clv_level: Level
    mismatch: str | None
    recommended_cac: float | None
    reasons: str
    model: str
    as_of: Day | None
    horizon_days: int | None


class Customer(Forecast):
    channel: str | None
    purchases: int | None
    first_purchase: Day | None
    last_purchase: Day | None
    rescored_at: Moment | None


class CustomerLinks(TypedDict):
    history: str
    segment: str | None


class CustomerDetail(Customer):
    """A customer, and where there is more."""

    model_version: str
    currency: str | None
    links: CustomerLinks


class CustomerPage(OfRun):
    customers: list[Customer]
    count: int
    total: int | None
    next_cursor: str | None
    level: float


class Order(TypedDict, total=False):
    """An order, or a line of one; what is not known is left out."""

    customer_id: Required[str]
    date: Required[Day]
    amount: Required[str]
    order_id: str
    timestamp: str
    channel: str
    category: str
    product: str
    quantity: str
    discount: str
    cost: str
    currency: str
    is_return: str
    campaign: str
    customer_country: str
    eco_share: str
    impact_score: str


class History(OfRun):
    customer_id: str
    orders: list[Order]
    count: int


class Segment(TypedDict):
    """Customers alike in one respect, together."""

    name: str
    by: By
    customers: int
    share: float
    total_clv: float
    clv_share: float | None
    mean_clv: float | None
    total_clv_lower: float | None
    total_clv_upper: float | None
    mean_p_alive: float | None
    mean_p_purchase: float | None
    expected_purchases: float | None
    historic_value: float | None
    mean_recommended_cac: float | None
    advice: str | None
    aliases: list[str]
    customers_link: str


class Segments(OfRun):
    by: By
    segments: list[Segment]
    count: int
    customers: int
    total_clv: float
    level: float


class SegmentDetail(OfRun):
    """A segment and its most valuable customers."""

    segment: Segment
    top_customers: list[Customer]
    level: float


class Prediction(OfRun):
    """What a customer told by a profile is expected to spend within the horizon."""

    customer_id: str | None
    predicted_clv: float
    clv_lower: float
    clv_upper: float
    level: float
    segment: Tier
    confidence: Confidence | None
    recommended_cac: float | None
    p_alive: float | None
    p_purchase: float | None
    expected_purchases: float | None
    expected_order_value: float | None
    next_purchase_date: Day | None
    rfm_score: int | None
    rfm_segment: str | None
    clv_level: Level
    group: Group | None
    reasons: str
    notices: list[str]
    not_used: list[str]


class IndexedPrediction(Prediction):
    index: int


class ItemProblem(TypedDict):
    """Why an item of a batch was not answered; index is its place among all that were given."""

    index: int
    field: str | None
    message: str
    code: str


class GuestForecast(TypedDict):
    """What a customer told by orders is expected to spend."""

    CustomerID: str
    CLV: float
    CLV_lower: float
    CLV_upper: float
    group: Group
    P_return: float | None
    P_alive: float | None
    P_purchase: float | None
    expected_purchases: float
    expected_value: float
    RFM_Score: int
    Segment: str
    CLV_Level: Level
    Mismatch: str
    value_tier: Tier
    next_purchase_date: Day | None
    recommended_cac: float
    reasons: str


class GuestProblem(ItemProblem):
    CustomerID: str | None


class GuestForecasts(OfRun):
    predictions: list[GuestForecast]
    problems: list[GuestProblem]
    count: int
    failed: int
    level: float
    snapshot_date: Day
    xdays: int
    notices: list[str]


class Appended(TypedDict):
    """What became of orders that came in, and what is forecast of their customers now."""

    accepted: int
    duplicates: int
    failed: int
    problems: list[ItemProblem]
    forecasts: list[Forecast]
    without_purchase: list[str]
    as_of: str | None
    model_version: str
    currency: str | None

"""Forecasts for profiles and for orders: one, or many of which some may fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from pydantic import ValidationError

from clv.apps.api.answers.batches import checked, item_problems, require_few
from clv.apps.api.answers.forecasting import forecast
from clv.apps.api.answers.profiles import Reading, reading
from clv.apps.api.answers.serving import notices_of, of_run, serve
from clv.apps.api.schemas.profile import ProfileBody
from clv.core.errors import ProfileError

if TYPE_CHECKING:
    from clv.apps.api.schemas.batch import BatchBody
    from clv.apps.api.schemas.transactions import TransactionsBody
    from clv.apps.api.services.wiring import Services
    from clv.core.types import Json
    from clv.ops.champions import Serving

#: Field of a prediction -> what the champion calls it, where it is another name.
_CALLED = {"predicted_clv": "clv", "segment": "value_tier", "rfm_segment": "segment"}
_FIELDS = (
    *("customer_id", "predicted_clv", "clv_lower", "clv_upper", "segment", "confidence"),
    *("recommended_cac", "p_alive", "p_purchase", "expected_purchases", "expected_order_value"),
    *("next_purchase_date", "rfm_score", "rfm_segment", "clv_level", "group", "reasons"),
    *("notices",),
)
_PAIRS = tuple((field, _CALLED.get(field, field)) for field in _FIELDS)


def one(services: Services, body: ProfileBody, model_type: str, level: float | None) -> Json:
    """The forecast of a profile: `schemas.predictions.Prediction`.

    Raises
    ------
    ProfileError : the profile cannot be so; `field` says where
    SettingError, UnsuitedError, RunError : as `serving.serve`
    """
    serving = serve(services.champions, model_type)
    read = reading(body, serving.champion)
    (told,) = serving.champion.of_profiles([read.profile], level=level, today=read.day)
    about = _about(serving, level)
    _count(services, about, [told])
    return _prediction(told, read, about, notices_of(serving.champion.run))


def many(services: Services, body: BatchBody, model_type: str, level: float | None) -> Json:
    """Forecasts of those profiles that can be used, and what is wrong with the others.

    Raises
    ------
    ProblemError : more profiles than may come at once
    SettingError, UnsuitedError, RunError : as `serving.serve`
    """
    require_few(body.items, body.place, services.settings.batch_limit)
    serving = serve(services.champions, model_type)
    readings: dict[int, Reading] = {}
    problems: list[Json] = []
    for index, item in enumerate(body.items):
        try:
            readings[index] = reading(checked(item, ProfileBody), serving.champion)
        except (ValidationError, ProfileError) as error:
            problems += item_problems(index, error, ProfileBody)
    answers = dict(_scored(serving, readings, level))
    about = _about(serving, level)
    _count(services, about, list(answers.values()))
    notices = notices_of(serving.champion.run)
    predictions = [
        {"index": index, **_prediction(answers[index], readings[index], about, notices)}
        for index in readings
    ]
    return {
        **of_run(serving),
        "predictions": predictions,
        "problems": problems,
        "count": len(predictions),
        "failed": len(body.items) - len(predictions),
        "level": about["level"],
        "total_clv": sum(each["predicted_clv"] for each in predictions),
    }


def of_orders(
    services: Services, body: TransactionsBody, model_type: str, level: float | None
) -> Json:
    """Forecasts for customers told by their orders: `schemas.transactions.GuestForecasts`.

    Raises
    ------
    ProblemError : more customers or orders than may come at once
    SettingError, UnsuitedError, RunError : as `serving.serve`
    """
    champion = serve(services.champions, model_type).champion
    told = forecast(champion, body, level=level, most=services.settings.batch_limit)
    services.metrics.predicted(
        told["model"],
        [each["value_tier"] for each in told["predictions"]],
        [each["CLV"] for each in told["predictions"]],
    )
    return told


def _scored(
    serving: Serving, readings: Mapping[int, Reading], level: float | None
) -> Iterator[tuple[int, Json]]:
    """Answers by index; profiles of the same day are scored at once."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for index, read in readings.items():
        by_day[read.day].append(index)
    for day, places in by_day.items():
        profiles = [readings[index].profile for index in places]
        yield from zip(
            places, serving.champion.of_profiles(profiles, level=level, today=day), strict=True
        )


def _about(serving: Serving, level: float | None) -> Json:
    return {**of_run(serving), "level": serving.champion.level if level is None else level}


def _prediction(told: Json, read: Reading, about: Json, notices: list[str]) -> Json:
    names = read.names
    made: Json = {field: told.get(called) for field, called in _PAIRS}
    if notices:
        made["notices"] = [*notices, *made["notices"]]
    made["not_used"] = [names.get(name, name) for name in told["not_used"]]
    return {**made, **about, "as_of": read.day}


def _count(services: Services, about: Json, answers: Sequence[Json]) -> None:
    services.metrics.predicted(
        about["model"],
        [each["value_tier"] for each in answers],
        [each["clv"] for each in answers],
    )

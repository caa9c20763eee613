"""Every option of a command, said once: the flag, the YAML key, the default, the help text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from clv.core.errors import SettingError
from clv.ops.settingsfile import read_settings

# Help texts are made from this module: what is heavy is imported where it is used.
if TYPE_CHECKING:
    from clv.core.types import Json
    from clv.data.settings import IngestSettings
    from clv.ops.beside import Beside
    from clv.ops.job import RunSettings
    from clv.ops.machine import Machine


def _column(text: str) -> Any:
    return Field(None, description=text, json_schema_extra={"panel": "Columns of the log"})


def _reading(default: Any, text: str) -> Any:
    return Field(default, description=text, json_schema_extra={"panel": "How the log is read"})


def _forecast(default: Any, text: str) -> Any:
    return Field(default, description=text, json_schema_extra={"panel": "The forecast"})


def _beside(default: Any, text: str) -> Any:
    return Field(default, description=text, json_schema_extra={"panel": "What else is known"})


def _file_only(default: Any, text: str) -> Any:
    return Field(default, description=text, json_schema_extra={"flag": False})


class Options(BaseModel):
    """Options that may come from flags, a YAML file, a call, or an earlier run."""

    # Built when first used: help needs the fields only, and answers in two thirds of the time.
    model_config = ConfigDict(extra="forbid", defer_build=True)

    #: Settings that are known and cannot be asked for; whose values hold in place of defaults.
    settled: ClassVar[frozenset[str]] = frozenset()
    else_taken: ClassVar[str] = ""

    @classmethod
    def given(cls, file: Path | None, flags: Json) -> Self:
        """Flags over the file over the defaults; a file may serve several commands.

        Raises
        ------
        SettingError : the file cannot be read, or a key or value is not one
        """
        from clv.ops.jobconfig import JobConfig

        content = read_settings(file, "config") if file else {}
        commands = (BacktestConfig, FitConfig, FeaturesConfig, JobConfig)
        others = {name for one in commands for name in one.model_fields} - cls.model_fields.keys()
        own = {name: content[name] for name in content if name not in others | cls.settled}
        return cls.checked({**own, **flags})

    def over(self, base: Json) -> Self:
        """What was given here, over the settings of an earlier run."""
        return self.checked({**base, **self.asked})

    @property
    def asked(self) -> Json:
        """What was given, without what was left to the defaults."""
        return self.model_dump(exclude_unset=True, mode="json")

    @classmethod
    def checked(cls, content: Json) -> Self:
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                known = ", ".join(sorted(cls.model_fields))
                raise SettingError(
                    f"config: {name} is not a setting. Known settings: {known}."
                ) from None
            raise SettingError(f"config: {name} is {first['input']!r}. {first['msg']}.") from None


class LogConfig(Options):
    """How a log is read."""

    customer: str | None = _column("Who bought.")
    date: str | None = _column("When: a day or a time.")
    amount: str | None = _column("What was paid; negative for a return.")
    unit_price: str | None = _column("With --quantity, instead of an amount.")
    quantity: str | None = _column("How many.")
    order_id: str | None = _column("Which order the row belongs to.")
    channel: str | None = _column("Where it was bought.")
    category: str | None = _column("Kind of product.")
    product: str | None = _column("Product.")
    discount: str | None = _column("Discount given.")
    cost: str | None = _column("What it cost.")
    currency: str | None = _column("Currency of the amount.")
    return_flag: str | None = _column("Marks rows that are returns.")
    timestamp: str | None = _column("Time of day, where the date has none.")
    campaign: str | None = _column("Campaign that brought the order.")
    customer_country: str | None = _column("Country of the customer.")
    eco_share: str | None = _column("Share of eco products in the order.")
    impact_score: str | None = _column("Sustainability score of the order.")

    as_of: str | None = _reading(
        None, "Last day that counts, YYYY-MM-DD. Default: the last date in the log."
    )
    date_format: list[str] = _reading(
        [], "day-first, month-first, or a pattern such as %d.%m.%Y; may be repeated."
    )
    decimal: Literal["point", "comma"] | None = _reading(
        None, "Decimal sign of amounts. Default: read off the whole column."
    )
    returns: Literal["net", "drop", "keep"] = _reading(
        "net",
        "net: take returns off the customer's purchases; drop: leave them out;"
        " keep: take them off their own day only.",
    )
    max_bad: float = _reading(0.5, "Share of rows that may break a rule before the run stops.")
    columns: str | None = _reading(
        None, "Names for a file without a header line, as customer,amount,date."
    )
    delimiter: str | None = _reading(
        None, "Sign between columns; 'space' for blanks. Default: read off the file."
    )
    sheet: str | None = _reading(None, "Excel sheet. Default: the first.")
    rates: dict[str, float] | None = _file_only(
        None, "Value of one unit of each currency in the base currency, as {EUR: 1, USD: 0.92}."
    )
    channel_groups: dict[str, list[str]] | None = _file_only(
        None, "Channels by group, as {Direct: [phone, walk-in]}; others keep their defaults."
    )

    @field_validator("as_of", mode="before")
    @classmethod
    def _day(cls, value: Any) -> Any:
        # YAML reads 2024-03-01 as a date, and so may a caller write it.
        return value.isoformat() if isinstance(value, date) else value

    @field_validator(
        "date_format", "models", "covariates", "known", mode="before", check_fields=False
    )
    @classmethod
    def _several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("columns", mode="before")
    @classmethod
    def _in_one(cls, value: Any) -> Any:
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else value

    def ingest_settings(self, s3_endpoint: str | None = None) -> IngestSettings:
        from clv.core.types import AsOf
        from clv.data.settings import Columns, IngestSettings

        return IngestSettings(
            columns=Columns(**{name: getattr(self, name) for name in Columns.fields()}),
            as_of=AsOf.parse(self.as_of) if self.as_of else None,
            date_formats=tuple(self.date_format),
            decimal=self.decimal,
            returns=self.returns,
            max_bad=self.max_bad,
            header=tuple(c.strip() for c in self.columns.split(",")) if self.columns else None,
            delimiter=self.delimiter,
            sheet=self.sheet,
            rates=self.rates,
            s3_endpoint=s3_endpoint,
        )


class FitConfig(LogConfig):
    """How a log is read, and how one purchase model is fitted to it."""

    unit: Literal["day", "week"] = _forecast("day", "Unit of time of the parameters.")
    spend: Literal["repeat", "all"] = _forecast(
        "repeat",
        "Purchases that Gamma-Gamma averages: repeat ones, as in the papers, or all of them.",
    )

    prior_sd: float | None = _forecast(
        None,
        "Standard deviation of a Normal prior on the logarithm of each parameter: 2 is weak, 0.5 is"
        " firm. Default: none, unless the data need one.",
    )
    horizon: int | None = _forecast(
        None,
        "Days ahead: also tell what all customers together will buy, with a 90 % interval that"
        " knows chance and how uncertain the parameters are.",
    )
    customers: str | None = _forecast(
        None,
        "CSV or Parquet file with a row a customer: how bgnbd, mbgnbd and paretonbd let customers"
        " differ by what is known of them.",
    )
    covariates: list[str] = _forecast(
        [], "Column of --customers to use; may be repeated. Default: all of them."
    )


class BesideConfig(LogConfig):
    """How a log is read, and what is known besides."""

    customers: str | None = _beside(
        None,
        "CSV or Parquet file with a row a customer: age, country, acquisition cost, anything that"
        " was known of them by their first purchase. What was filled in later, such as a total or a"
        " loyalty level, brings the future in: where it shows, it is left out and told.",
    )
    known: list[str] = _beside(
        [],
        "Column of --customers to use, whatever speaks against it; may be repeated. Default: all"
        " but those which seem to know what came later.",
    )
    series: str | None = _beside(
        None,
        "CSV or Parquet file with a row a day: marketing spend, market data, any numbers. Forecasts"
        " learn from what it was when each customer came first; clv features writes its recent"
        " means and change too, which are the same for all customers.",
    )
    country: str = _beside(
        "US", "Country whose holidays count where a customer's is not known: two letters."
    )

    def beside(self) -> Beside:
        """
        Raises
        ------
        SettingError : columns are named of a file that is not
        """
        from clv.ops.beside import Beside

        if self.known and not self.customers:
            raise SettingError("known: say with --customers which file has these columns.")
        return Beside(self.customers, self.customer, tuple(self.known), self.series, self.country)


class FeaturesConfig(BesideConfig):
    """What features are made of."""

    reference: str | None = _beside(
        None,
        "File that --save-reference wrote: compare customers with the population of that call,"
        " not with each other.",
    )
    horizon: int = _forecast(
        365, "Days after as-of that the purchase model among the features looks ahead."
    )


class ValidateConfig(LogConfig):
    """How a log is read, and how far ahead it shall be asked to reach."""

    horizon: int = _forecast(365, "Days to forecast, after as-of.")


class RunConfig(ValidateConfig, BesideConfig):
    """How a log is read, and what is asked of it."""

    level: float = _forecast(0.9, "Share of customers that intervals shall hold.")
    margin: float = _forecast(1.0, "Part of spend that is margin: 0.3 for 30 %.")
    annual_discount_rate: float = _forecast(0.0, "Yearly discount of later spend: 0.1 for 10 %.")
    seed: int = _forecast(0, "Seed of every random choice.")
    models: list[str] = _forecast(
        [],
        "Model to compare on the past, beside the three naive yardsticks; may be repeated. Default:"
        " those of the budget.",
    )
    budget: Literal["fast", "standard", "best"] = _forecast(
        "standard",
        "How much to try: fast (purchase models and two learners), standard, or best (all models,"
        " on more past days; the neural network where the extra neural is installed).",
    )

    tune: str | None = _forecast(
        None,
        "Time to search settings of learners in before models are compared, as 90s, 10m or 1h;"
        " gone on with when run again. Default: none.",
    )

    def run_settings(
        self,
        source: str,
        machine: Machine,
        out: Path | None = None,
    ) -> RunSettings:
        from clv.core.types import Horizon, Money
        from clv.models import registry
        from clv.ops.budget import BUDGETS
        from clv.ops.job import RunSettings

        models = tuple(dict.fromkeys(self.models))
        beside = self.beside()
        if models and not any(registry.entry(name).learns for name in models):
            beside = replace(beside, unread=True)
        return RunSettings(
            source=source,
            ingest=self.ingest_settings(machine.s3_endpoint),
            horizon=Horizon(self.horizon),
            level=self.level,
            money=Money(self.margin, self.annual_discount_rate),
            seed=self.seed,
            models=models or None,
            budget=BUDGETS[self.budget].installed(),
            tune=seconds_of(self.tune) if self.tune else None,
            channel_groups=self.channel_groups,
            beside=beside,
            out=out,
            machine=machine,
            asked=self.asked,
        )


def seconds_of(text: str) -> float:
    """A time such as 90s, 10m or 1h, in seconds.

    Raises
    ------
    SettingError : it is none, has no unit, or is 0
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h)?\s*", text)
    if found is None:
        raise SettingError(f"tune: {text!r} is no time. Write it as 90s, 10m or 1h.")
    if float(found[1]) == 0:
        raise SettingError(
            f"tune: {text!r} leaves no time to search in. Write it as 90s, 10m or 1h, or leave out"
            " --tune."
        )
    if found[2] is None:
        raise SettingError(
            f"tune: {text!r} lacks a unit. Write {found[1]}m for minutes, {found[1]}s for seconds"
            f" or {found[1]}h for hours."
        )
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


#: Schemes of a backtest besides rolling past days.
PARTS, FOLDS = "70/15/15", "5-fold"


class BacktestConfig(RunConfig):
    """How a log is read, and on how many past days models are asked."""

    origins: int = _forecast(5, "Past days to stand on, half a horizon apart.")
    scheme: Literal["rolling", "70/15/15", "5-fold"] = _forecast(
        "rolling",
        "rolling: on --origins past days. 70/15/15: on one day, the last 15 % of the log's days"
        " after it, the 15 % before it being what models are tried on. 5-fold: learners on folds"
        " of customers, who are held out, but not in time.",
    )

    @field_validator("origins")
    @classmethod
    def _some(cls, value: int) -> int:
        if value < 1:
            raise SettingError(
                f"origins: {value} past days leave nothing to stand on. Give 1 or more; 5 is usual."
            )
        return value

    @model_validator(mode="after")
    def _one_scheme(self) -> Self:
        needless = {PARTS: ("origins", "horizon"), FOLDS: ("origins",)}.get(self.scheme, ())
        if given := sorted(self.model_fields_set & set(needless)):
            raise SettingError(
                f"{given[0]}: scheme {self.scheme} sets it by itself. Leave out --{given[0]}, or"
                " the scheme."
            )
        return self

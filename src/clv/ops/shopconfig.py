"""Every option of `clv generate`: how big a made-up shop is, and how its customers behave."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from clv.core.errors import SettingError
from clv.ops.config import Options

if TYPE_CHECKING:
    from clv.data.synthetic.shop import Shop


def _customers(default: Any, text: str) -> Any:
    return Field(default, description=text, json_schema_extra={"panel": "How customers behave"})


def _shop(default: Any, text: str) -> Any:
    return Field(default, description=text, json_schema_extra={"panel": "The shop"})


class GenerateConfig(Options):
    """How big a made-up shop is, and how its customers behave."""

    customers: int = _shop(2_000, "Customers, each of whom buys at least once.")
    transactions: int = _shop(10_000, "Rows of the log: order lines and returns.")
    start: str = _shop("2022-01-01", "First day of the log, YYYY-MM-DD.")
    days: int = _shop(1_095, "Days of the log.")
    horizon: int = _shop(365, "Days after the log whose purchases are told as truth.")
    seed: int = _shop(0, "Seed; the same one makes the same shop.")
    format: Literal["parquet", "csv"] = _shop("parquet", "Format of the tables.")
    defects: float = _shop(0.0, "Share of rows that get a defect: 0.02 for 2 %.")
    returns: float = _customers(0.05, "Mean share of order lines that are sent back.")
    dropout: Literal["purchase", "anytime"] = _customers(
        "purchase", "Customers leave after a purchase (MBG/NBD), or at any time (Pareto/NBD)."
    )
    season: float = _customers(
        1.0,
        "How strongly demand follows season, weekday, holidays, marketing and prices: 0 not at"
        " all, 2 twice as strongly as usual.",
    )
    effects: float = _customers(
        1.0, "How much channel, age and eco-mindedness say of a customer's buying: 0 nothing."
    )
    growth: float = _customers(0.2, "Yearly growth of new customers: 0.2 for 20 %.")

    @field_validator("start", mode="before")
    @classmethod
    def _start(cls, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    def shop(self) -> Shop:
        """
        Raises
        ------
        SettingError : a number out of its range, or a start that is no day
        """
        from clv.data.synthetic.shop import Shop

        try:
            start = date.fromisoformat(self.start)
        except ValueError:
            raise SettingError(
                f"start: {self.start!r} is not a day. Write it as YYYY-MM-DD."
            ) from None
        own = self.model_dump(exclude={"start", "format", "defects"})
        return Shop(start=start, **own)

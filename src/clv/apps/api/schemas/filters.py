"""Which customers, in which order, and where the page before ended."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from clv.apps.api.schemas.base import Asked
from clv.apps.api.schemas.fields import LARGEST, LONGEST_ID
from clv.apps.api.schemas.segmentnames import named
from clv.ops.paging import ORDERS, CustomerQuery

_NAME = Annotated[str, Field(min_length=1, max_length=64)]
Names = Annotated[list[_NAME], Field(max_length=20)]
_Value = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
_Chance = Annotated[float, Field(ge=0, le=1)]


class Given(int):
    """A number that somebody gave; a default stays a plain one."""


class CustomerFilters(Asked):
    """Customers who meet all conditions; of several names, one is enough."""

    model_config = ConfigDict(title="Filters")

    limit: Annotated[int, AfterValidator(Given)] = Field(
        default=100, ge=1, description="Customers on a page; at most CLV_PAGE_LIMIT (1,000)."
    )
    cursor: str | None = Field(
        default=None,
        max_length=2048,
        description="next_cursor of the page before; keep the conditions and the sort.",
    )
    sort: str | None = Field(
        default=None,
        pattern=rf"^-?({'|'.join(ORDERS)})$",
        description="Field to sort by; a minus before it puts the highest first. Default: -clv, or"
        " customer_id where something is searched for.",
        examples=["-clv", "p_alive", "-historic_value"],
    )
    segment: Names = Field(
        default=[], description="RFM segment; also at_risk, loyal.", examples=[["Champions"]]
    )
    tier: Names = Field(
        default=[], description="Value tier; also high_value, low_value.", examples=[["High-CLV"]]
    )
    level: Names = Field(default=[], description="CLV level.", examples=[["Top"]])
    group: Names = Field(default=[], description="onetimer or repeater.", examples=[["repeater"]])
    channel: Names = Field(default=[], description="Channel of the first order.")
    mismatch: Names = Field(
        default=[],
        description="Aligned, CLV above segment, or CLV below segment.",
        examples=[["CLV above segment"]],
    )
    min_clv: _Value | None = Field(default=None, description="In the run's currency.")
    max_clv: _Value | None = None
    min_alive: _Chance | None = Field(
        default=None, description="Probability of still being a customer."
    )
    max_alive: _Chance | None = None
    min_risk: _Chance | None = Field(
        default=None, description="Probability of no order within the horizon."
    )
    max_risk: _Chance | None = None
    min_spent: _Value | None = Field(
        default=None, description="historic_value: net spend so far, in the run's currency."
    )
    max_spent: _Value | None = None
    search: str | None = Field(
        default=None, min_length=1, max_length=LONGEST_ID, description="Beginning of the id."
    )
    total: bool = Field(default=False, description="Also tell how many there are on all pages.")

    def query(self, limit: int) -> CustomerQuery:
        """
        Parameters
        ----------
        limit : customers on a page of this service

        Raises
        ------
        SettingError : a name that is none, or ends that cross
        """
        sort = self.sort.removeprefix("-") if self.sort else None
        return CustomerQuery(
            segment=[named("segment", name) for name in self.segment],
            value_tier=[named("value_tier", name) for name in self.tier],
            clv_level=[named("clv_level", name) for name in self.level],
            mismatch=[named("mismatch", name) for name in self.mismatch],
            group=[named("group", name) for name in self.group],
            channel=self.channel,
            min_clv=self.min_clv,
            max_clv=self.max_clv,
            min_p_alive=self.min_alive,
            max_p_alive=self.max_alive,
            min_churn_risk=self.min_risk,
            max_churn_risk=self.max_risk,
            min_historic_value=self.min_spent,
            max_historic_value=self.max_spent,
            search=self.search,
            sort=sort,
            descending=self.sort.startswith("-") if self.sort else None,
            limit=limit,
            cursor=self.cursor,
        )

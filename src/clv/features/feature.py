"""What a feature is: one expression over the rows of a customer, with all a reader must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ibis.common.deferred import Deferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv.features.reference import Reference

#: An Ibis expression, or what makes one of all that was learned from the population.
Expression: TypeAlias = "Deferred | Callable[[Reference], Any]"
Kind = Literal["number", "text"]
#: What a row is where the expression is evaluated: one of several of a customer, of which the
#: expression is an aggregate; the customer with all parts; the customer with other features.
Grain = Literal[
    "days",
    "returns",
    "lines",
    "orders",
    "categories",
    "products",
    "channels",
    "eco",
    "customer",
    "features",
]


@dataclass(frozen=True)
class Part:
    """A figure that several features are made of, and none itself.

    Attributes
    ----------
    expression : an aggregate of the customer's rows of that grain
    needs : as in `Feature`
    """

    name: str
    grain: Grain
    expression: Expression
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feature:
    """A column of the feature matrix.

    Attributes
    ----------
    meaning, unit : in plain words; no unit for texts
    absent : for which customers it is empty; nothing where it never is
    source : where the idea comes from, and the columns of the log that it reads
    expression : the only definition; every engine runs this one
    needs : optional columns, or other things known, without which there is no such feature
    grain : "features" is over features of any other grain
    of_day : tells the day, be it by country, and nothing of a customer. Learners are not shown it:
        their few days are too few to learn from what tells days apart
    """

    name: str
    meaning: str
    unit: str
    absent: str
    source: str
    expression: Expression
    needs: tuple[str, ...] = ()
    kind: Kind = "number"
    grain: Grain = "customer"
    of_day: bool = False


def resolved(expression: Expression, reference: Reference) -> Any:
    """The Ibis expression itself."""
    if isinstance(expression, Deferred):
        return expression
    return expression(reference)

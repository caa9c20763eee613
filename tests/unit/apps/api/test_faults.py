"""What is wrong with a request is told by field, with what to do."""

from typing import Annotated

import pytest
from pydantic import AliasChoices, Field, TypeAdapter, ValidationError

from clv.apps.api.edge.faults import Fault, faults_of, pointer
from clv.apps.api.schemas.base import Asked


class Order(Asked):
    amount: float = Field(ge=0)
    day: str = "today"


class Body(Asked):
    customer_id: str = Field(min_length=1, max_length=5)
    total_spent: float = Field(validation_alias=AliasChoices("total_spent", "monetary_value"))
    orders: list[Order] = Field(default_factory=list)
    level: float = Field(0.9, gt=0, lt=1)


def faults(content):
    with pytest.raises(ValidationError) as found:
        Body.model_validate(content)
    placed = [{**one, "loc": ("body", *one["loc"])} for one in found.value.errors()]
    return faults_of(placed, Body)


GOOD = {"customer_id": "a", "total_spent": 1}


@pytest.mark.parametrize(
    ("content", "field", "message"),
    [
        ({"customer_id": "a"}, "/total_spent", "is missing; give it."),
        ({**GOOD, "total_spent": "much"}, "/total_spent", "is 'much'; give a number."),
        ({**GOOD, "total_spent": float("inf")}, "/total_spent", "is inf; give a finite number."),
        ({**GOOD, "total_spent": None}, "/total_spent", "is null; give a number."),
        ({**GOOD, "level": 1}, "/level", "is 1; give less than 1."),
        ({**GOOD, "customer_id": ""}, "/customer_id", "is ''; give at least 1 characters."),
        ({**GOOD, "customer_id": "abcdef"}, "/customer_id", "is too long; give at most 5"),
        ({**GOOD, "customer_id": 7}, "/customer_id", "is 7; give text."),
        ({**GOOD, "orders": 3}, "/orders", "is 3; give a list."),
        ({**GOOD, "orders": [{"amount": -1}]}, "/orders/0/amount", "is -1; give at least 0."),
        ({**GOOD, "orders": [{}, 4]}, "/orders/0/amount", "is missing"),
        ({**GOOD, "total_spend": 1}, "/total_spend", "Did you mean total_spent?"),
        ({**GOOD, "x/y~z": 1}, "/x~1y~0z", "Fields: customer_id, level, monetary_value, orders,"),
        ({**GOOD, "orders": [{"amount": 1, "amout": 2}]}, "/orders/0/amout", "mean amount?"),
        ({**GOOD, "orders": [{"amount": 1, "qqq": 2}]}, "/orders/0/qqq", "Fields: amount, day."),
    ],
)
def test_each_fault_has_a_place_and_an_advice(content, field, message):
    first = faults(content)[0]
    assert (first.part, first.field) == ("body", field)
    assert message in first.message


def test_every_fault_is_told():
    assert [one.field for one in faults({"level": 2, "foo": 1})] == [
        "/customer_id",
        "/total_spent",
        "/level",
        "/foo",
    ]


def test_long_values_are_not_repeated():
    message = faults({**GOOD, "total_spent": "9x" * 5000})[0].message
    assert len(message) < 100


@pytest.mark.parametrize("part", ["query", "path", "header"])
def test_other_parts_are_named(part):
    error = {"type": "missing", "loc": (part, "limit"), "msg": "Field required", "input": None}
    assert faults_of([error]) == [Fault(part, "limit", "is missing; give it.")]


def test_an_unknown_kind_of_error_is_told_in_pydantics_words():
    with pytest.raises(ValidationError) as found:
        TypeAdapter(Annotated[str, Field(pattern="^a$")]).validate_python("b")
    assert "must match ^a$" in faults_of(found.value.errors())[0].message
    odd = {"type": "odd", "loc": ("body", "a"), "msg": "Value error, of no use.", "input": 1}
    assert faults_of([odd])[0].message == "cannot be used: of no use."


def test_pointers_are_those_of_rfc_6901():
    assert pointer(("a/b", 0, "m~n")) == "/a~1b/0/m~0n"
    assert pointer(()) == ""

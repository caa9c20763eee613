"""Columns that know the target are found, and others are left alone."""

import numpy as np
import pandas as pd
import pytest

from clv.evaluation.leakage import formula, suspicions
from tests.customer_tables import customers


@pytest.fixture(scope="module")
def known():
    table = customers(400)
    return table.drop(columns=["customer_id", "clv"]), table["clv"].to_numpy()


def found(frame, target):
    return {each.column: each for each in suspicions(frame, target)}


def test_honest_columns_are_not_suspected(known):
    assert suspicions(*known) == []


@pytest.mark.parametrize(
    "twin", [lambda y: y * 1.1 + 3, lambda y: -np.log(y + 1), lambda y: np.round(y)]
)
def test_the_target_under_another_name_is_left_out(known, twin):
    frame, target = known
    told = found(frame.assign(forecast_of_old=twin(target)), target)
    assert set(told) == {"forecast_of_old"}
    assert told["forecast_of_old"].left_out
    assert "under another name" in told["forecast_of_old"].why


def test_what_nearly_equals_the_target_is_told_and_kept(known):
    frame, target = known
    noise = np.exp(0.08 * np.random.default_rng(0).normal(size=len(target)))
    told = found(frame.assign(spent=target * noise), target)
    assert "nearly equals" in told["spent"].why
    assert not told["spent"].left_out


@pytest.mark.parametrize("texts", [("low", "mid", "top"), (1, 2, 3)])
def test_a_label_cut_from_the_target_is_left_out(known, texts):
    frame, target = known
    label = pd.cut(target, [-1, *np.quantile(target, [0.5, 0.9]), np.inf], labels=texts)
    told = found(frame.assign(segment=np.asarray(label)), target)
    assert set(told) == {"segment"}
    assert told["segment"].left_out
    assert "3 groups that hardly overlap" in told["segment"].why


def test_whether_anything_was_bought_is_a_label_of_a_target_with_zeros(known):
    frame, target = known
    target = np.where(np.arange(len(target)) % 3 == 0, target, 0.0)
    told = found(frame.assign(came_back=target > 0), target)
    assert told["came_back"].left_out


def test_an_id_is_left_out_and_a_number_that_is_none_is_not(known):
    frame, target = known
    n = len(target)
    told = found(frame.assign(account_id=np.arange(n) * 7.0, paid=np.linspace(0, 1, n)), target)
    assert set(told) == {"account_id"}


def test_a_formula_behind_the_target_is_told_and_its_columns_named(known):
    frame, _ = known
    rng = np.random.default_rng(1)
    frame = frame.assign(price=rng.lognormal(size=len(frame)), age=rng.uniform(20, 70, len(frame)))
    target = (frame["orders"] * frame["price"]).to_numpy() * 0.3
    told = formula(frame, target, reached=0.95)
    assert "orders" in told
    assert "price" in told
    assert "age" not in told
    assert "R2 1.00" in told


def test_a_formula_as_good_as_the_champion_is_told_without_accusing(known):
    frame, _ = known
    rng = np.random.default_rng(3)
    target = frame["orders"].to_numpy() * np.exp(0.35 * rng.normal(size=len(frame)))
    told = formula(frame, target, reached=0.6)
    assert "orders alone explains" in told
    assert "add little" in told
    assert "computed" not in told


def test_no_formula_is_told_where_the_columns_say_little(known):
    frame, _ = known
    target = np.random.default_rng(2).lognormal(size=len(frame))
    assert formula(frame, target, reached=0.0) is None

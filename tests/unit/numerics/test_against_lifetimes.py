"""The same figures as lifetimes; where they differ, ours are right."""

import re

import numpy as np
import pytest

from clv.numerics import outlook
from docs import against_lifetimes
from docs.against_lifetimes import ANSWERS, DRAWS, MODELS, Found
from tests.purchase_models import CDNOW

PARAMS = {"BG/NBD": "bgnbd", "MBG/NBD": "mbgnbd", "Pareto/NBD": "paretonbd"}
each_model = pytest.mark.parametrize("model", MODELS, ids=list(PARAMS.values()))


@pytest.fixture(scope="module")
def found() -> dict[str, list[Found]]:
    return {model.title: against_lifetimes.compare(model) for model in MODELS}


@each_model
def test_ours_are_right_wherever_the_two_differ(found, model):
    for answer in found[model.title]:
        assert len(answer.ours) == DRAWS == 1_000
        assert answer.ours.all()


@each_model
def test_they_agree_outside_of_the_cases_named(found, model):
    for answer in found[model.title]:
        ordinary = answer.case == -1
        assert ordinary.sum() > 300
        assert (answer.finite & answer.right)[ordinary].all()
    # Of all draws, extreme as they are, most agree.
    assert min(answer.right.mean() for answer in found[model.title]) > 0.75


# Case, answer and how often lifetimes fails in it, at least
@pytest.mark.parametrize(
    ("title", "answer", "case", "share"),
    [
        ("BG/NBD", "purchases expected", "a = 1", 1.0),
        ("BG/NBD", "purchases expected", "x = 0 and a + b = 1", 1.0),
        ("BG/NBD", "purchases expected", "x = 0 and a + b < 1", 0.2),
        ("MBG/NBD", "purchases expected", "a = 1", 1.0),
        ("MBG/NBD", "purchases expected", "x of 50 or more", 0.2),
        ("Pareto/NBD", "purchases expected", "s = 1", 1.0),
        ("Pareto/NBD", "log-likelihood", "t_x = T", 0.4),
        ("Pareto/NBD", "P(alive)", "x of 50 or more", 0.1),
    ],
)
def test_lifetimes_has_no_finite_answer_where_we_have(found, title, answer, case, share):
    (model,) = [one for one in MODELS if one.title == title]
    outcome = found[title][ANSWERS.index(answer)]
    here = outcome.case == list(model.cases).index(case)
    assert here.sum() >= 10
    assert (~outcome.finite)[here].mean() >= share


def test_spend_agrees_always():
    for answer, there, here in against_lifetimes.compare_spend():
        assert len(here) == 1_000
        size = 1.0 + np.abs(here) if answer == "log-likelihood" else np.abs(here)
        assert (np.abs(there - here) <= 1e-8 * size).all()


def test_the_page_tells_what_is_counted(found, monkeypatch):
    monkeypatch.setattr(against_lifetimes, "compare", lambda model: found[model.title])
    page = against_lifetimes.PAGE.read_text(encoding="utf-8")
    for told, counted in zip(cells(page), cells(against_lifetimes.filled(page)), strict=True):
        # Rounding, and with it what falls just short of 1e-8, differs between processors.
        if told.isdigit() and counted.isdigit():
            assert abs(int(told) - int(counted)) <= 3, (told, counted)
        else:
            assert told == counted


def cells(page: str) -> list[str]:
    rows = re.findall(r"^\| (.*) \|$", page, re.MULTILINE)
    return [cell for row in rows for cell in row.split(" | ")]


# At what the models are on CDNOW, in weeks: also of new customers, which the draws leave out
@pytest.mark.filterwarnings("ignore")
@each_model
def test_new_customers_agree(model):
    p, ages, fitter = CDNOW[PARAMS[model.title]], np.array([4.0, 52.0, 500.0]), model.fitter()
    fitter.params_ = p._asdict()
    new = fitter.expected_number_of_purchases_up_to_time(ages)
    np.testing.assert_allclose(outlook.expected_purchases_new(p, ages), new, rtol=1e-8)

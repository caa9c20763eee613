"""Options: a time needs its unit, and a saved run is not asked what it has settled."""

import pytest

from clv.core.errors import SettingError
from clv.ops.config import RunConfig, seconds_of
from clv.ops.machine import Machine
from clv.ops.predictconfig import PredictConfig


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5 h", 5_400)])
def test_times_are_read_with_their_unit(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10", "tune: '10' lacks a unit. Write 10m for minutes, 10s for seconds or 10h for hours."),
        ("0", "leaves no time"),
        ("soon", "is no time"),
    ],
)
def test_a_time_without_a_unit_is_refused_with_what_to_write(text, said):
    with pytest.raises(SettingError, match=said):
        seconds_of(text)


@pytest.mark.parametrize("name", sorted(PredictConfig.settled))
def test_what_a_run_has_settled_cannot_be_asked_anew(name):
    assert name in PredictConfig.model_fields
    with pytest.raises(SettingError, match=f"{name}: the run has learned already"):
        PredictConfig.anew({name: "10m"})


def test_what_else_is_asked_goes_over_the_settings_of_the_run():
    kept = {"horizon": 90, "models": ["mbgnbd"], "budget": "fast", "margin": 0.4}
    settings = PredictConfig.anew({"margin": 0.5}).over(kept)
    assert (settings.horizon, settings.margin, settings.budget) == (90, 0.5, "fast")


@pytest.mark.parametrize(
    ("models", "unread"),
    [([], False), (["mbgnbd", "naive_rate"], True), (["mbgnbd", "glm"], False),
     (["ensemble"], False)],
)  # fmt: skip
def test_files_that_no_model_named_learns_from_are_known_to_be_unread(models, unread):
    asked = RunConfig(models=models, customers="customers.csv")
    assert asked.run_settings("orders.csv", Machine()).beside.unread is unread

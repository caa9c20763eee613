"""Which columns of a log a model cannot do without."""

from types import SimpleNamespace

import pytest

from clv.core.errors import ColumnError
from clv.features import catalogue
from clv.ops.rescoring import require_columns

NEEDS = {f.name: f.needs for features in catalogue.THEMES.values() for f in features}
TIMED = next(name for name, needs in NEEDS.items() if needs == ("timestamp",))
BARE = {"customer": "customer_id", "date": "date", "amount": "amount"}


def asked(features, then, has):
    """`require_columns` of a model that saw the features, by a run on the fields."""
    ground = SimpleNamespace(encoder=SimpleNamespace(features=features))
    told = {field: {"column": column} for field, column in (BARE | then).items()}
    return require_columns("new.csv", told, frozenset(has), ground)


@pytest.mark.parametrize(
    ("feature", "field"),
    [
        ("category_favourite", "category"),
        ("first_channel", "channel"),
        ("source_quality", "channel"),
        ("first_campaign", "campaign"),
        ("first_country", "customer_country"),
        ("run_up_share", "customer_country"),
        (TIMED, "timestamp"),
    ],
)
def test_a_field_of_the_run_that_a_feature_reads_must_be_there(feature, field):
    assert feature in NEEDS
    with pytest.raises(ColumnError, match=rf"lacks 1 of 4 .* learned from: {field} \('C' then\)"):
        asked([feature], {field: "C"}, ())


def test_what_no_learner_saw_need_not_be_there():
    assert asked(["order_value_mean", "known_age"], {"category": "C", "cost": "D"}, ()) == ()


def test_what_the_run_did_not_have_as_a_column_is_not_asked_for():
    # Where customers came from was told by a file beside the log, which is looked at elsewhere.
    assert asked(["source_quality", "run_up_share"], {}, ()) == ()


def test_days_instead_of_times_are_told():
    [told] = asked([TIMED], {}, ())
    assert told.startswith("timestamp: the run learned from times of day too")
    assert asked([TIMED], {}, {"timestamp"}) == ()

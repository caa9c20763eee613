"""Channel groups: usual words together, few enough to compare."""

import ibis
import pandas as pd
import pytest

from clv.data.channels import learn_channel_groups, with_channel_group


def table(*channels):
    return ibis.memtable(pd.DataFrame({"channel": pd.Series(channels, dtype="string")}))


def groups(learned, *channels):
    return list(with_channel_group(table(*channels), learned).channel_group.execute())


def test_usual_words_take_their_group():
    channels = ("Web", "web-shop", "Booking.com", "GDS", "Walk-In", "B2B", "Wholesale", "unknown")
    learned = learn_channel_groups(table(*channels))
    assert groups(learned, *channels, None) == [
        *("WEB", "WEB", "OTA/GDS", "OTA/GDS", "Direct", "Corporate", "Specialty"),
        *("Unknown", "Unknown"),
    ]


def test_other_names_stay_in_their_most_frequent_spelling():
    learned = learn_channel_groups(table("MBR", "mbr", "mbr", "Café"))
    assert groups(learned, "MBR", "CAFÉ", "never seen") == ["mbr", "Café", "Other"]


@pytest.mark.parametrize(("n", "groups_left", "other"), [(20, 20, 0), (21, 20, 2), (60, 20, 41)])
def test_the_rarest_of_many_become_other(n, groups_left, other):
    channels = [f"shop {i}" for i in range(n) for _ in range(n - i)]
    learned = learn_channel_groups(table(*channels))
    assert len(set(learned.values())) == groups_left
    assert sum(group == "Other" for group in learned.values()) == other


def test_groups_of_the_user_are_laid_over_the_usual_ones():
    learned = learn_channel_groups(table("phone", "web", "walk-in"), {"Desk": ["phone"]})
    assert groups(learned, "Phone", "web", "walk-in") == ["Desk", "WEB", "Direct"]


def test_a_usual_group_gains_the_words_of_the_user_under_the_name_they_wrote():
    learned = learn_channel_groups(table("app", "online"), {"Web": ["app"]})
    assert groups(learned, "app", "online") == ["Web", "Web"]


def test_a_log_without_channels_is_left_as_it_is():
    rows = ibis.memtable(pd.DataFrame({"amount": [1.0]}))
    assert learn_channel_groups(rows) == {}
    assert with_channel_group(rows, {}).columns == rows.columns

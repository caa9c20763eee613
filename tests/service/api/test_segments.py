"""Customers by segment, tier, level, group and channel, and all of them at a glance."""

from collections import Counter

import pytest

from clv.apps.api.answers import segmenting

COLUMNS = ("segment", "value_tier", "clv_level", "mismatch", "group")


@pytest.fixture(scope="module")
def rows(made):
    return made.log.forecasts().to_pylist()


@pytest.mark.parametrize("by", COLUMNS)
def test_segments_add_up_to_all_customers(anywhere, rows, by):
    told = anywhere.ok("/api/segments/active", params={"by": by})
    counts = {one["name"]: one["customers"] for one in told["segments"]}
    assert counts == Counter(row[by] for row in rows)
    assert told["customers"] == len(rows)
    assert told["total_clv"] == pytest.approx(sum(row["clv"] for row in rows))
    assert sum(one["share"] for one in told["segments"]) == pytest.approx(1)
    assert sum(one["clv_share"] for one in told["segments"]) == pytest.approx(1)
    values = [one["total_clv"] for one in told["segments"]]
    assert values == sorted(values, reverse=True)
    assert all(one["advice"] for one in told["segments"])


def test_figures_of_a_segment_are_those_of_its_customers(anywhere, rows):
    one = anywhere.ok("/api/segments/Champions")["segment"]
    own = [row for row in rows if row["segment"] == "Champions"]

    def mean(name):
        return pytest.approx(sum(row[name] for row in own) / len(own))

    assert one["customers"] == len(own)
    assert one["mean_clv"] == mean("clv")
    assert one["mean_p_alive"] == mean("p_alive")
    assert one["mean_p_purchase"] == mean("p_purchase")
    assert one["historic_value"] == pytest.approx(sum(row["historic_value"] for row in own))
    assert one["total_clv_lower"] < one["total_clv"] < one["total_clv_upper"]


def test_names_that_no_customer_has_are_told_and_not_active(api):
    assert segmenting._empty("clv_level", {"Low", "Mid"})[0]["customers"] == 0
    names = {one["name"] for one in api.ok("/api/segments?by=clv_level")["segments"]}
    assert names == {"Top", "High", "Mid", "Low"}
    active = {one["name"] for one in api.ok("/api/segments/active?by=clv_level")["segments"]}
    assert active <= names


@pytest.mark.parametrize(
    ("asked", "by", "name"),
    [
        ("Champions", "segment", "Champions"),
        ("champions", "segment", "Champions"),
        ("at-risk", "segment", "At Risk"),
        ("high_value", "value_tier", "High-CLV"),
        ("High-CLV", "value_tier", "High-CLV"),
        ("low_value", "value_tier", "Low-CLV"),
        ("Top", "clv_level", "Top"),
        ("Aligned", "mismatch", "Aligned"),
        ("onetimer", "group", "onetimer"),
        ("one-time", "group", "onetimer"),
    ],
)
def test_a_segment_goes_by_several_names(api, asked, by, name):
    told = api.ok(f"/api/segments/{asked}?top=3")
    assert (told["segment"]["by"], told["segment"]["name"]) == (by, name)
    assert len(told["top_customers"]) <= 3
    assert all(one[by] == name for one in told["top_customers"])
    values = [one["clv"] for one in told["top_customers"]]
    assert values == sorted(values, reverse=True)


def test_a_channel_is_a_segment_too(api):
    listed = api.ok("/api/segments?by=channel")["segments"]
    told = api.ok(f"/api/segments/{listed[0]['name']}", params={"by": "channel"})
    assert told["segment"] == listed[0]


@pytest.mark.parametrize("name", ["nobody", "' OR 1=1", "%", "a/b", "../customers", "é"])
def test_a_segment_there_is_not_is_not_found(api, name):
    from urllib.parse import quote

    api.refused(api.get(f"/api/segments/{quote(name, safe='')}"), 404, "segment")


def test_a_name_that_is_none_in_its_respect_is_refused(api):
    told = api.refused(api.get("/api/segments/Champions?by=value_tier"), 422, "setting")
    assert "High-CLV" in told.detail
    api.refused(api.get("/api/segments?by=colour"), 422, "validation")


def test_a_run_on_a_table_has_tiers_and_no_segments(table_api):
    told = table_api.ok("/api/segments?by=value_tier")
    assert {one["name"] for one in told["segments"]} == {"High-CLV", "Growth-Potential", "Low-CLV"}
    assert [one["name"] for one in table_api.ok("/api/segments")["segments"]] == ["Unknown"]
    assert table_api.ok("/api/segments/high_value")["segment"]["mean_p_alive"] is None


def test_the_dashboard_agrees_with_the_rest(anywhere, rows):
    told = anywhere.ok("/api/dashboard/summary")
    totals = told["totals"]
    assert totals["customers"] == len(rows)
    assert totals["total_clv"] == pytest.approx(sum(row["clv"] for row in rows))
    assert totals["total_clv_lower"] < totals["total_clv"] < totals["total_clv_upper"]
    assert totals["onetimers"] + totals["repeaters"] == len(rows)
    assert told["segments"] == anywhere.ok("/api/segments/active")["segments"]
    tiers = anywhere.ok("/api/segments/active?by=value_tier")["segments"]
    assert told["value_tiers"] == tiers
    assert told["top_customers"] == anywhere.ok("/api/customers?limit=10")["customers"]
    assert told["metrics"] == anywhere.ok("/api/model/performance")["metrics"]


def test_the_dashboard_of_a_table_leaves_out_what_it_does_not_know(table_api):
    totals = table_api.ok("/api/dashboard/summary")["totals"]
    assert totals["customers"] > 0
    assert totals["mean_p_alive"] is None
    assert totals["onetimers"] is None

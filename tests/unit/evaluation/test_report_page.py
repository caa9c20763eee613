import base64
import dataclasses
import hashlib
import json
import re

import pandas as pd
import pytest

from clv.core.schema import FORECASTS, QUARANTINE, conform
from clv.evaluation.report import render
from clv.evaluation.report.document import embedded
from clv.evaluation.report.wording import decimals, number
from tests import report_builder, report_past
from tests.report_builder import changed
from tests.report_page import Page

HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def usual():
    return report_builder.findings(400)


@pytest.fixture(scope="module")
def page(usual):
    return Page(render(usual))


def test_the_builder_keeps_the_contracts(usual):
    assert conform(usual.forecasts, FORECASTS).num_rows == 400
    assert conform(usual.quarantine, QUARANTINE).num_rows == 3


def test_the_answer_comes_first_in_one_sentence(usual, page):
    total = usual.manifest["total"]
    assert (
        f"400 customers will spend about USD {total['clv']:,.0f} in the 182 days after"
        f" 30 June 1998 (90 % interval USD {total['lower']:,.0f} to USD {total['upper']:,.0f})."
    ) in page.text


def test_the_sections_stand_in_their_order(page):
    assert page.headings == [
        "A made music shop",
        "What this log can and cannot support",
        "The value ahead",
        "Segments",
        "Where habit and forecast disagree",
        "How far to trust it",
        "What intervals promised and reached",
        "Who will not buy again",
        "What drives the forecasts",
        "Leaderboard",
        "Customers worth a look",
        "Rows set aside",
        "How it was made",
    ]


def test_nothing_is_fetched_from_anywhere(page):
    for _, attrs in page.elements:
        for name in ("src", "href", "action", "srcset"):
            assert (attrs.get(name) or "#").startswith(("#", "data:,"))


def test_only_the_two_own_scripts_may_run(page):
    policy = next(
        a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    own = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in page.scripts[1:]]
    assert allowed == own
    assert len(own) == 2
    assert "default-src 'none'" in policy


def test_every_chart_has_words_and_a_table(page):
    charts = [a for t, a in page.elements if "data-chart" in a]
    assert {a["data-chart"] for a in charts} == {
        *("value", "lorenz", "segments", "tracking", "deciles", "totals", "pit", "churn"),
        *(f"dependence.{i}" for i in range(4)),
        "origins",
    }
    assert all(a["role"] == "img" and a["aria-label"] for a in charts)
    assert page.text.count("How to read this.") == 16
    # Beside each chart but the segments', of intervals by day, and of further figures.
    assert page.count("details", open=None) == len(charts) + 1


def test_a_naive_rule_that_wins_is_told_and_a_failed_model_too(usual):
    rows = [dict(row) for row in usual.leaderboard["rows"]]
    next(row for row in rows if row["model"] == "naive_rate")["spearman"] = 0.9
    board = {**usual.leaderboard, "rows": rows}
    page = Page(render(dataclasses.replace(usual, leaderboard=board)))
    assert "“Naive: spend so far, same rate” beats every model on rank correlation" in page.text
    assert "Not fitted: too few returns to fit" in page.text


def test_what_is_to_be_told_of_a_model_stands_below_the_table(usual):
    rows = [dict(row) for row in usual.leaderboard["rows"]]
    rows[0]["notes"] = ["The gaps show no rhythm & so on."]
    board = {**usual.leaderboard, "rows": rows}
    shown = Page(render(dataclasses.replace(usual, leaderboard=board)))
    said = f"Standing on 30 December 1997, {rows[0]['label']}: The gaps show no rhythm & so on."
    assert said in shown.text


def test_the_tracking_chart_says_whose_line_it_draws_and_cuts_where_the_text_does(usual):
    told = "The dashed line is told by the MBG/CNBD-k, a member of the ensemble: the champion"
    by = usual.tracking.assign(by="mbgcnbd")
    shown = Page(render(dataclasses.replace(usual, tracking=by)))
    assert told in shown.text
    own = Page(render(dataclasses.replace(usual, tracking=by.assign(by="ensemble"))))
    assert "The dashed line is told by" not in own.text
    assert f'"cut_off":"{usual.leaderboard["origins"][-1]}"' in "".join(shown.scripts)


def test_means_over_past_days_stand_with_their_spread(usual, page):
    champion = next(row for row in usual.leaderboard["rows"] if row["champion"])
    assert f"{champion['gini']:.3f} ± {champion['spread']['gini']:.3f}" in page.text
    assert "Figures are means over 5 past days; ± is their standard deviation" in page.text
    assert "Models stood on 5 past days, 31 December 1996 to 30 December 1997" in page.text


def test_every_figure_of_the_leaderboard_says_what_it_means(page):
    terms = [a for _, a in page.elements if a.get("class") == "term"]
    tips = {a["id"] for _, a in page.elements if a.get("class") == "tip"}
    assert {a["popovertarget"] for a in terms} == tips
    assert len(terms) == len(tips) == 13
    assert all(page.text.count(a["title"]) == 2 for a in terms)


def test_promised_and_reached_stand_side_by_side(usual, page):
    told = usual.manifest["coverage"]
    assert "An interval of 90 % may be exceeded by at most 5.0 % of customers; on 3 past days" in (
        page.text
    )
    assert f"{100 * told['above']:.1f} % spent more than its upper end" in page.text
    assert f"{100 * told['reached']:.1f} % lay inside. The share inside flatters" in page.text
    assert "The intervals were learned on earlier past days." in page.text
    for label in ("One-time buyers", "Repeat buyers", "Lowest third of forecasts", "Highest third"):
        assert label in page.text


def test_past_totals_are_counted_that_lay_inside(usual, page):
    past = usual.manifest["total"]["past"]
    n = sum(day["lower"] <= day["actual"] <= day["upper"] for day in past)
    assert f"Of 5 past totals, {n} lay inside the 90 % interval" in page.text
    assert "On the first 2 days no total was known" in page.text


def test_chances_of_no_purchase_are_held_against_what_came(usual, page):
    told = usual.manifest["churn"]
    assert "Every customer is told a chance of buying nothing within 182 days." in page.text
    assert f"Brier score {told['brier']:.3f}" in page.text
    assert f"telling everyone the same chance scores {told['brier_of_base_rate']:.3f}" in page.text


def test_a_segments_total_stands_between_its_ends(usual, page):
    by_segment = usual.manifest["total"]["by_segment"]
    places = decimals([told["clv"] for told in by_segment.values()])
    for told in by_segment.values():
        clv, lower, upper = (number(told[end], places) for end in ("clv", "lower", "upper"))
        assert f"{clv} {lower} to {upper}" in page.text
    assert "their ends do not add up to the total’s" in page.text
    assert "what came was inside 7 of 8: Champions 3 of 4, Lost 4 of 4." in page.text
    total = usual.manifest["total"] | {"by_segment": {}}
    assert "their ends do not" not in Page(render(changed(usual, total=total))).text


def test_what_chances_were_calibrated_by_is_told(usual, page):
    assert f"How this was checked: {usual.manifest['churn']['how']}." in page.text


def test_what_weighs_most_is_told_in_plain_words(page):
    assert "Spend that the purchase model expects in the window ahead model_value 31.0 %" in (
        page.text
    )
    assert "Hurdle 34.0 % MBG/CNBD-k 22.0 %" in page.text
    assert "49 further features share the other 3.3 %" in page.text


def test_a_log_without_signal_says_so_at_the_top(usual):
    alike = usual.forecasts.assign(clv=12.0)
    page = Page(render(dataclasses.replace(changed(usual, signal=False), forecasts=alike)))
    said = page.text.index("What customers did before could not be shown to tell what they do next")
    assert said < page.text.index("Last day observed")
    assert page.text.count("could not be shown to tell what they do next") == 1
    assert "Nothing does: on past days no ranking of customers was better than chance" in page.text
    assert "none is worth more than another" in page.text
    assert page.count("table", **{"class": "people"}) == 0


def test_a_log_with_signal_does_not_say_there_is_none(page):
    assert "could not be shown to tell what they do next" not in page.text


def test_one_past_day_claims_no_more_than_it_can(usual):
    single = dataclasses.replace(
        changed(
            usual,
            coverage=report_past.coverage(1),
            churn=report_past.churn(1),
            total=usual.manifest["total"] | {"past": report_past.totals(1)},
        ),
        leaderboard=report_past.leaderboard(1),
    )
    page = Page(render(single))
    assert "±" not in page.text
    assert "Figures come from one past day" in page.text
    assert "On 30 December 1997 the total was forecast at" in page.text
    assert "The last 182 days of the log, 31 December 1997 to 30 June 1998" in page.text
    charts = {a["data-chart"] for _, a in page.elements if "data-chart" in a}
    assert not {"origins", "totals"} & charts
    assert {"pit", "churn"} <= charts


def test_fragments_become_sentences(usual):
    check = {"name": "season", "status": "limited", "found": "1.5 years of history"}
    check |= {"means": "a season cannot be told from growth", "instead": "no season is assumed"}
    readiness = {"verdict": "usable; limited in season", "checks": [check]}
    page = Page(render(dataclasses.replace(usual, readiness=readiness)))
    assert "Usable; limited in season." in page.text
    assert "A season cannot be told from growth. Done instead: No season is assumed." in page.text


def test_rules_are_told_in_words_and_rows_reconcile(page):
    assert "6,015 rows in = 6,012 accepted + 3 in quarantine." in page.text
    assert "the customer is empty" in page.text


def test_text_of_the_log_stays_text(usual):
    table = usual.forecasts.copy()
    best = table["clv"].idxmax()
    table.loc[best, ["customer_id", "reasons", "segment"]] = HOSTILE
    hostile = dataclasses.replace(
        changed(usual, title=HOSTILE, warnings=[HOSTILE], currency="<b>"),
        forecasts=table,
        quarantine=usual.quarantine.assign(row=HOSTILE, detail=HOSTILE),
    )
    page = Page(render(hostile))
    assert page.count("script") == 3
    assert page.count("img") == 0
    assert HOSTILE in page.text
    assert HOSTILE in json.loads(page.scripts[0])["segments"]["labels"]


def test_embedded_data_cannot_end_its_element():
    text = embedded({"a": "</script><!--&\u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--&\u2028"}


def test_margin_and_discount_are_part_of_the_answer(usual):
    page = Page(render(changed(usual, margin=0.3, annual_discount_rate=0.1)))
    assert "will bring a margin of about" in page.text
    assert "counted in today's money at 10 % a year" in page.text


@pytest.mark.parametrize("types_mapper", [None, pd.ArrowDtype])
def test_a_table_read_back_from_the_run_folder_gives_the_same_page(usual, types_mapper):
    table = usual.forecasts.copy()
    table.loc[table.index[:300], ["next_purchase_date", "p_alive"]] = None
    wanted = render(dataclasses.replace(usual, forecasts=table))
    read = conform(table, FORECASTS).to_pandas(types_mapper=types_mapper)
    assert render(dataclasses.replace(usual, forecasts=read)) == wanted


def test_the_same_findings_give_the_same_file(usual):
    assert render(usual) == render(usual)

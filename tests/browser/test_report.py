"""The report in a real browser, from a file, with no network."""

import dataclasses
import shutil

import pytest
from playwright.sync_api import sync_playwright

from clv.evaluation.report import render
from tests import report_builder

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--headless",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = (
    "</script><script>document.title='broken'</script><img src=x onerror=\"document.title=1\">"
)
CHARTS = {
    *("value", "lorenz", "segments", "tracking", "deciles", "totals", "pit", "churn", "origins"),
    *(f"dependence.{i}" for i in range(4)),
}
DARK_PAPER = "rgb(20, 24, 28)"


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "chromium is not installed; `make` installs it, or apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    table = report_builder.forecasts(500)
    best = table["clv"].idxmax()
    table.loc[best, ["customer_id", "reasons"]] = HOSTILE
    table.loc[table["segment"] == "Lost", "segment"] = HOSTILE
    # One unbroken word of 400 letters is what pushes a page wider than a phone.
    long = report_builder.manifest(table, title="W" * 400, warnings=[HOSTILE])
    long["insight"]["importance"][0] |= {"meaning": HOSTILE, "feature": "w" * 400}
    steps = long["insight"]["partial_dependence"][3]
    steps |= {"meaning": HOSTILE, "values": [HOSTILE, "b", "c", "d"]}
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(
        render(report_builder.findings(forecasts=table, manifest=long)), encoding="utf-8"
    )
    return path.as_uri()


class Visit:
    """One opening of a page, and all that went wrong or out of the file meanwhile."""

    def __init__(self, browser, address, **settings):
        self.context = browser.new_context(offline=True, **settings)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def wide(page):
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def marks(page):
    """Chart -> number of drawn shapes with an extent."""
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.chart')].map(e => [
            e.dataset.chart,
            [...e.querySelectorAll('svg path, svg text')].filter(s => {
                const box = s.getBBox(); return box.width > 0 || box.height > 0;
            }).length]))"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 820, 1400, 2200])
def test_it_opens_offline_and_paints_every_chart(browser, report, width, scheme):
    settings = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with Visit(browser, report, **settings) as visit:
        painted = marks(visit.page)
        assert set(painted) == CHARTS
        assert min(painted.values()) > 10
        assert visit.complaints == []
        assert visit.requests in ([report], [report, "data:,"])
        assert wide(visit.page) == 0


def test_text_of_the_log_is_shown_and_not_run(browser, report):
    with Visit(browser, report) as visit:
        assert visit.page.title().startswith("Customer lifetime value")
        assert visit.page.locator("img").count() == 0
        assert visit.page.locator(".id").first.inner_text() == HOSTILE[:51] + " … " + HOSTILE[-18:]
        assert visit.page.locator("#customers td.why").first.inner_text() == HOSTILE + "."
        assert HOSTILE in visit.page.locator("#segments tbody").inner_text()


def test_the_policy_stops_a_script_that_is_not_its_own(browser, report):
    with Visit(browser, report) as visit:
        visit.page.evaluate(
            """() => { const s = document.createElement('script');
                s.textContent = "document.title = 'broken'"; document.body.append(s); }"""
        )
        assert visit.page.title() != "broken"
        assert any("Content Security Policy" in text for text in visit.complaints)


def test_pointing_at_a_chart_tells_its_figures(browser, report):
    with Visit(browser, report, viewport={"width": 1400, "height": 900}) as visit:
        chart = visit.page.locator('[data-chart="lorenz"]')
        chart.scroll_into_view_if_needed()
        chart.hover()
        tip = chart.locator("div", has_text="of customers").last
        tip.wait_for()
        assert "of expected value" in tip.inner_text()
        assert visit.complaints == []


def test_a_text_of_the_log_in_a_tip_is_not_run(browser, report):
    with Visit(browser, report, viewport={"width": 1400, "height": 900}) as visit:
        chart = visit.page.locator('[data-chart="dependence.3"]')
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        chart.hover(position={"x": box["width"] * 0.2, "y": box["height"] * 0.6})
        tip = chart.locator("div", has_text="of customers").last
        tip.wait_for()
        assert HOSTILE in tip.inner_text()
        assert visit.page.title().startswith("Customer lifetime value")
        assert visit.complaints == []


def test_another_figure_can_be_drawn_day_by_day(browser, report):
    with Visit(browser, report, viewport={"width": 1400, "height": 900}) as visit:
        ticks = """() => [...document.querySelectorAll('[data-chart=origins] svg text')]
            .map(t => t.textContent)"""
        before = visit.page.evaluate(ticks)
        visit.page.get_by_label("Bias", exact=True).check()
        after = visit.page.evaluate(ticks)
        assert not any("%" in text for text in before)
        assert any("%" in text for text in after)
        assert visit.complaints == []


@pytest.mark.parametrize("width", [360, 1400])
def test_what_a_figure_means_opens_beside_its_name(browser, report, width):
    settings = {"viewport": {"width": width, "height": 900}, "reduced_motion": "reduce"}
    with Visit(browser, report, **settings) as visit:
        term = visit.page.locator(".term", has_text="Mean error").first
        assert not visit.page.locator("#tip-mae").is_visible()
        term.focus()
        visit.page.keyboard.press("Enter")
        tip = visit.page.locator("#tip-mae")
        tip.wait_for()
        assert "How far a customer’s forecast is off" in tip.inner_text()
        box, head = tip.bounding_box(), term.bounding_box()
        assert 0 <= box["x"] <= width - box["width"]
        assert 0 < box["y"] - head["y"] < 60
        visit.page.keyboard.press("Escape")
        tip.wait_for(state="hidden")


def test_without_scripts_every_table_shows(browser, report):
    with Visit(browser, report, java_script_enabled=False) as visit:
        tables = visit.page.locator("table")
        assert tables.count() >= 24
        assert all(tables.nth(i).is_visible() for i in range(tables.count()))
        assert not visit.page.locator(".chart").first.is_visible()


def test_charts_follow_the_colour_scheme_and_the_width(browser, report):
    with Visit(browser, report, color_scheme="light", viewport={"width": 1400, "height": 900}) as v:
        drawn = "document.querySelector('[data-chart=value] svg').outerHTML"
        before = v.page.evaluate(drawn)
        v.page.emulate_media(color_scheme="dark")
        v.page.wait_for_function(f"before => {drawn} !== before", arg=before, timeout=10_000)
        assert v.page.evaluate("getComputedStyle(document.body).backgroundColor") == DARK_PAPER
        v.page.set_viewport_size({"width": 400, "height": 900})
        v.page.wait_for_function(
            "document.querySelector('[data-chart=value] svg').getBoundingClientRect().width < 400"
        )
        assert wide(v.page) == 0
        assert v.complaints == []


def test_print_is_light_and_keeps_the_charts(browser, report):
    with Visit(browser, report, color_scheme="dark") as visit:
        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        visit.page.emulate_media(media="print")
        ink = visit.page.evaluate("getComputedStyle(document.body).color")
        assert ink == "rgb(29, 36, 44)"
        assert min(marks(visit.page).values()) > 10
        assert not visit.page.locator("nav").is_visible()


def test_a_run_with_almost_nothing_opens_too(browser, tmp_path):
    usual = report_builder.findings(1)
    table = usual.forecasts.assign(clv=0.0, p_alive=None, p_purchase=None)
    bare = dataclasses.replace(
        usual,
        forecasts=table,
        leaderboard={"rule": "none", "holdout": None, "rows": []},
        manifest=usual.manifest
        | {"coverage": None, "churn": {}, "insight": None, "currency": None, "signal": False}
        | {"total": usual.manifest["total"] | {"past": []}},
        holdout=usual.holdout.head(0),
        tracking=usual.tracking.head(0),
        quarantine=usual.quarantine.head(0),
    )
    path = tmp_path / "report.html"
    path.write_text(render(bare), encoding="utf-8")
    with Visit(browser, path.as_uri(), viewport={"width": 360, "height": 800}) as visit:
        assert visit.complaints == []
        assert set(marks(visit.page)) == {"segments"}
        assert wide(visit.page) == 0


def test_text_has_enough_contrast_in_both_schemes(browser, report):
    for scheme in ("light", "dark"):
        with Visit(browser, report, color_scheme=scheme) as visit:
            ratios = visit.page.evaluate(
                """() => {
                const style = getComputedStyle(document.documentElement);
                const light = (hex) => { const c = [1, 3, 5]
                    .map(i => parseInt(hex.slice(i, i + 2), 16) / 255)
                    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                    return .2126 * c[0] + .7152 * c[1] + .0722 * c[2]; };
                const of = (name) => light(style.getPropertyValue('--' + name).trim());
                const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                return ['ink', 'soft', 'main', 'good', 'fair', 'poor'].flatMap(
                    ink => ['paper', 'raised'].map(paper => ratio(of(ink), of(paper)))); }"""
            )
        assert min(ratios) > 4.5

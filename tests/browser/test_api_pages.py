"""The pages of documentation in a real browser: they load nothing from elsewhere, and work."""

import shutil
import socket
import threading
import time

import pytest
from playwright.sync_api import sync_playwright
from uvicorn import Server

from clv.apps.api.app import create_app
from clv.apps.commands.serving import configured
from clv.apps.settings import Settings

FLAGS = ["--no-sandbox", "--disable-gpu", "--headless", "--disable-background-networking",
         "--no-first-run", "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A service in a thread of this process."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), log_level="error")
    server = Server(configured(create_app(settings), settings))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        end = time.monotonic() + 60
        while not server.started:
            assert time.monotonic() < end
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "chromium is not installed; `make` installs it, or apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser, address):
    """A page that is told of everything that goes wrong or elsewhere."""
    page = browser.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.wrong.append(said.text))
    page.on(
        "request", lambda asked: _elsewhere(asked.url, address) and page.wrong.append(asked.url)
    )
    yield page
    page.close()


def _elsewhere(url, address):
    return not url.startswith((address, "data:", f"blob:{address}"))


def test_swagger_lists_the_routes_and_tries_one(page, address):
    page.goto(f"{address}/api/docs")
    page.wait_for_selector("#swagger-ui .opblock")
    assert page.locator(".opblock").count() > 5
    page.locator(".opblock", has_text="/api/health/live").first.click()
    page.get_by_role("button", name="Execute").first.click()
    page.wait_for_selector(".live-responses-table")
    assert '"status": "ok"' in page.locator(".live-responses-table").first.inner_text()
    assert page.wrong == []


def test_redoc_shows_the_routes_and_searches(page, address):
    page.goto(f"{address}/api/redoc")
    page.wait_for_selector("h2 >> text=How each part of the service does")
    page.fill("input[placeholder='Search...']", "figures")
    page.wait_for_selector("[data-role='search:results'] >> text=Figures for Prometheus")
    assert page.wrong == []

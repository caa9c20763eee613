"""Draw the picture of the README: a run's report from its top to its first charts.

python docs/picture.py RUN_FOLDER [docs/images/report.png]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH, MOST_HEIGHT = 1280, 1800
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def draw(run: Path, picture: Path) -> None:
    """Write the top of run/report.html to a PNG, WIDTH pixels wide."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    report = (run / "report.html").resolve(strict=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": MOST_HEIGHT}, color_scheme="light"
        )
        page.goto(report.as_uri())
        page.wait_for_selector(".chart svg")
        last = page.locator("#value .chart").last.bounding_box()
        bottom = last["y"] + last["height"] + 6 if last else MOST_HEIGHT
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(
            path=picture,
            clip={"x": 0, "y": 0, "width": WIDTH, "height": min(bottom, MOST_HEIGHT)},
        )
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = Path(__file__).resolve().parent
    target = Path(sys.argv[2]) if len(sys.argv) == 3 else here / "images" / "report.png"
    draw(Path(sys.argv[1]), target)

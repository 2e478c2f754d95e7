"""The report in a real browser: it runs nothing, loads nothing, fits a phone, works in the dark and in print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fairtrial.report.html.page import write_report
from tests.support.browsing import BROWSER
from tests.support.report_ledger import TRIAL_ID, report_ledger

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    with report_ledger(folder / "report.db") as ledger:
        return write_report(ledger, TRIAL_ID, folder / "report.html")


class Visit:
    """One visit of the page, with what went on during it."""

    def __init__(self, browser: sync_api.Browser, report: Path, width: int = 1280, scheme: str = "light") -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(report.as_uri())
        for element in self.page.query_selector_all("details"):
            element.evaluate("e => e.open = true")


@pytest.mark.parametrize("width", [1280, 360])
def test_it_runs_nothing_loads_nothing_and_fits(browser: sync_api.Browser, report: Path, width: int) -> None:
    visit = Visit(browser, report, width)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.page.evaluate("typeof window.hacked") == "undefined"
    assert visit.page.query_selector("#planted") is None
    assert visit.page.query_selector_all("script, img, iframe, a") == []
    assert visit.said == []
    assert visit.asked == [report.as_uri()]
    visit.page.close()


def test_nothing_has_to_be_moved_aside_on_a_phone(browser: sync_api.Browser, report: Path) -> None:
    visit = Visit(browser, report, 360)
    moved = (
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"
    )
    assert visit.page.evaluate(moved) == []
    outside = """[...document.querySelectorAll('svg text, .who')].filter(e => e.getClientRects().length)
      .map(e => [e.textContent.trim().slice(0, 20), e.getBoundingClientRect()])
      .filter(([, box]) => box.left < -1 || box.right > 361 || box.width > 1 && box.width < 20 && box.height > 60)
      .map(([text]) => text)"""
    assert visit.page.evaluate(outside) == []
    visit.page.close()


def test_every_picture_has_words(browser: sync_api.Browser, report: Path) -> None:
    visit = Visit(browser, report)
    pictures = visit.page.query_selector_all("svg[role=img]")
    assert len(pictures) >= 15
    assert all(picture.get_attribute("aria-label") for picture in pictures)
    assert visit.page.evaluate("document.querySelectorAll('h1').length") == 1
    visit.page.close()


def luminance(colour: str) -> float:
    parts = [int(x) / 255 for x in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_by_day_and_by_night(browser: sync_api.Browser, report: Path, scheme: str) -> None:
    visit = Visit(browser, report, scheme=scheme)
    style = "(s) => { const e = document.querySelector(s); return e && getComputedStyle(e).%s }"
    paper = visit.page.evaluate(style % "backgroundColor", "body")
    assert (luminance(paper) > 0.5) == (scheme == "light")
    selectors = ("body", ".soft", ".word.better", ".word.worse", ".word.tied", ".word.undecided", "caption")
    colours = {selector: visit.page.evaluate(style % "color", selector) for selector in selectors}
    seen = {selector: contrast(colour, paper) for selector, colour in colours.items() if colour is not None}
    assert len(seen) >= 5
    assert min(seen.values()) >= 4.5, (seen, colours, paper)  # WCAG 2.2, level AA
    visit.page.close()


def test_it_prints(browser: sync_api.Browser, report: Path) -> None:
    visit = Visit(browser, report)
    printed = visit.page.pdf()
    assert printed.startswith(b"%PDF")
    assert len(printed) > 20_000
    visit.page.close()

"""The documentation as a site: built strictly, whole without a network, searched from files, usable by everybody."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.pages.__main__ import build_site
from scripts.pages.staging import GENERATED, ROOT

pytest.importorskip("zensical")
sync_api = pytest.importorskip("playwright.sync_api")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium is installed (Debian: apt-get install chromium)"
)
AXE = Path(pytest.importorskip("axe_playwright_python").__file__ or "")


ENDED = """() => Promise.all(document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().endTime < Infinity).map((one) => one.finished))"""
"""Comes when nothing fades in any more."""


@pytest.fixture(scope="module")
def site() -> Path:
    """The site, where CI keeps it, too; a link or an anchor that leads nowhere fails here."""
    build_site(ROOT / "site")
    return ROOT / "site"


def find_pages(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    for inner in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from find_pages(inner)


def test_every_page_has_its_place_in_the_navigation() -> None:
    named = list(find_pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    written = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert len(named) - len(set(named)) <= 1, "only the page on exports stands in two places"
    assert set(named) == written | {f"reference/{name}.md" for name in GENERATED}, (
        "mkdocs.yml has a place for each page"
    )


def test_pages_load_nothing_from_a_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 70
    loaded = (
        r"<(?:script|img|iframe|source|video|audio|link|object|embed)\b[^>]*?\b(?:src|href|data)=[\"']?(?:https?:)?//"
    )
    assert [page.name for page in pages if re.search(loaded, page.read_text("utf-8"))] == []
    styles = "".join(style.read_text("utf-8") for style in site.rglob("*.css"))
    assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", styles) == []


@pytest.mark.browser
@needs_browser
def test_words_are_found_without_a_server(site: Path, browser: sync_api.Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("/")
    field = page.locator("input[placeholder=Search]:visible").first
    for word, place in (("jailbreaks", "harms/safety"), ("martingales", "serve"), ("junit", "reference/commands")):
        field.fill(word)
        page.locator(f"a[href*='{place}.html']:visible").first.wait_for()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.close()


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("index", 1280, "light"), ("tutorial", 390, "light"), ("how-to-read-a-verdict", 1280, "dark"),
     ("reference/levers", 390, "dark")],
)  # fmt: skip
def test_a_page_can_be_read_by_everybody(
    site: Path, browser: sync_api.Browser, name: str, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto((site / f"{name}.html").as_uri())
    page.wait_for_timeout(100)  # for what is begun after loading
    page.evaluate(ENDED)
    page.evaluate((AXE.parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")
    page.close()
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found["violations"]] == []


@pytest.mark.browser
@needs_browser
def test_pages_fit_a_phone_and_the_dark(site: Path, browser: sync_api.Browser) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
        for name in ("index", "tutorial", "trial-file", "report", "reference/commands"):
            page.goto((site / f"{name}.html").as_uri(), wait_until="domcontentloaded")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            papers.add((scheme, page.evaluate("getComputedStyle(document.body).backgroundColor")))
        page.close()
    assert len(papers) == len({paper for _, paper in papers}) == 2, "one paper by day, and one by night"


@pytest.mark.browser
@needs_browser
def test_paper_is_white_whatever_the_screen_was(site: Path, browser: sync_api.Browser) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto((site / "trial-file.html").as_uri(), wait_until="domcontentloaded")
    page.emulate_media(media="print", color_scheme="dark")
    light = "rgb => Math.min(...rgb.match(/\\d+/g).slice(0, 3).map(Number))"
    papers = page.evaluate(
        f"['body', 'article pre code', 'article code', 'article table'].map(one => getComputedStyle("
        f"document.querySelector(one)).backgroundColor).filter(rgb => !rgb.endsWith(' 0)')).map({light})"
    )
    inks = page.evaluate(
        f"['article p', 'article h1', 'article td', 'article pre code', 'article p a'].map(one => getComputedStyle("
        f"document.querySelector(one)).color).map({light})"
    )
    page.close()
    assert len(papers) >= 3 and min(papers) > 230
    assert max(inks) < 100

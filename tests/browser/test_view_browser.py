"""The page of all answers in a real browser: hostile texts do nothing, filters, search, links, keys, print, access."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fairtrial.report.summary import summarise
from fairtrial.report.view.page import write_view
from tests.support import report_ledger, view_ledger
from tests.support.browsing import BROWSER, wait_until

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("view")
    with view_ledger.view_ledger(folder / "view.db") as ledger:
        return write_view(ledger, summarise(ledger, view_ledger.TRIAL_ID), folder / "items.html").path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    with report_ledger.report_ledger(folder / "report.db") as ledger:
        return write_view(ledger, summarise(ledger, report_ledger.TRIAL_ID), folder / "items.html").path


DRAWN = """() => [...document.querySelectorAll('.entry')].filter((one) => one.querySelector('.number'))
  .sort((one, other) => one.getAttribute('aria-posinset') - other.getAttribute('aria-posinset'))
  .map((one) => one.querySelector('.number').innerText)"""


class Visit:
    """One visit of the page, with what went on during it."""

    def __init__(
        self,
        browser: sync_api.Browser,
        path: Path,
        fragment: str = "",
        width: int = 1280,
        scheme: str = "light",
        before: str = "",
    ) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.asked.append(request.url.partition("#")[0]))
        if before:
            self.page.add_init_script(before)
        self.page.goto(path.as_uri() + fragment)
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("body[data-ready]", state="attached")
        if "item=" in self.page.url:
            self.page.wait_for_selector(".item .head")

    def names(self) -> list[str]:
        """The items in the list, as far as it is drawn."""
        found: list[str] = self.page.evaluate(DRAWN)
        return found

    def lists(self, *names: str) -> None:
        """Wait until the list has these items and no others."""
        wait_until(self.page, lambda: self.names() == [*names])
        assert self.names() == [*names]

    def begins(self, name: str) -> None:
        """Wait until the list begins with an item."""
        wait_until(self.page, lambda: self.names()[:1] == [name])
        assert self.names()[0] == name

    def close(self) -> None:
        self.page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_texts_are_shown_and_do_nothing(browser: sync_api.Browser, hostile: Path, width: int) -> None:
    visit = Visit(browser, hostile, "#item=choosing/0", width)
    for key in ("p", "j", "j"):
        visit.page.keyboard.press(key)
    visit.page.fill("#search", "planted") if width > 1000 else None
    sync_api.expect(visit.page.locator(".item")).to_contain_text("⟨U+202E⟩")
    visit.page.wait_for_timeout(300)  # for what should not happen
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.page.evaluate("typeof window.hacked") == "undefined"
    assert visit.page.query_selector("#planted") is None
    assert visit.page.query_selector_all("img, iframe, a:not([href^='#'])") == []
    assert "⟨U+202E⟩" in visit.page.inner_text(".item")
    assert "<script>window.hacked=1" in visit.page.inner_text(".item")
    assert visit.said == []
    assert set(visit.asked) == {hostile.as_uri()}
    visit.close()


def test_the_policy_stops_what_is_not_of_the_page(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small)
    visit.page.evaluate(
        "() => { const s = document.createElement('script'); try { s.textContent = 'window.hacked = 1'; } "
        "catch (error) { window.refused = error.name; } document.body.append(s); "
        "const i = new Image(); i.src = 'https://example.org/x.png'; document.body.append(i); }"
    )
    wait_until(visit.page, lambda: any("Content Security Policy" in line for line in visit.said))
    assert visit.page.evaluate("typeof window.hacked") == "undefined"
    assert visit.page.evaluate("window.refused") == "TypeError"  # by trusted types, before the hash is asked for
    assert set(visit.asked) <= {small.as_uri(), "https://example.org/x.png"}
    assert any("Content Security Policy" in line for line in visit.said)
    visit.close()


def test_texts_that_break_pages_are_inert(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small, "#item=writing/4")
    told = visit.page.inner_text(".answer >> nth=0")
    assert "</script><script>window.hacked=1</script><!-- ⟨U+D800⟩ ⟨U+0000⟩ ]]> ⟨U+2028⟩" in told
    visit.page.keyboard.press("j")
    visit.page.wait_for_selector("text=Show 200,000 more of 994,000 characters")
    while visit.page.query_selector(".answer button.link:visible"):
        visit.page.click(".answer button.link:visible")
    assert visit.page.evaluate("document.querySelector('.said').textContent.match(/^x+/)[0].length") == 1_000_000
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert visit.said == []
    visit.close()


def test_filters_show_what_they_say(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small)
    counts = dict(re.findall(r"([A-Z][a-z ]+?) ([\d,]+)", visit.page.inner_text(".kinds").replace("\n", " ")))
    assert counts == {"All": "9", "Wrong": "7", "Broke": "2", "Fixed": "2", "Disagree": "4", "Nobody right": "3",
                      "Unread": "5", "Refused": "1"}  # fmt: skip
    for key, expected in (
        ("3", ["writing/0", "writing/1"]),
        ("4", ["writing/2", "writing/5"]),
        ("8", ["writing/4"]),
    ):
        visit.page.keyboard.press(key)
        visit.lists(*expected)
    visit.page.keyboard.press("x")
    visit.page.select_option("label:has-text('subject') select", "fruit")
    visit.lists("writing/0", "writing/1", "writing/2")
    visit.page.select_option("label:has-text('level') select", "2")
    visit.lists("writing/1")
    assert "is:subject=fruit" in visit.page.url
    visit.page.keyboard.press("x")
    visit.page.select_option(".sort select", "disagreement")
    visit.begins("writing/1")
    visit.page.select_option(".sort select", "longest")
    visit.begins("writing/5")
    visit.page.select_option(".sort select", "slowest")
    visit.begins("writing/5")
    visit.close()


def test_search_reads_every_text_and_survives_a_reload(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small)
    visit.page.keyboard.press("/")
    visit.page.keyboard.type('as "the pears" SHOW')
    visit.page.wait_for_selector(".count:has-text('1 of 9')")
    visit.lists("writing/3")
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("j")
    visit.page.wait_for_selector(".item .head")
    visit.page.reload()
    visit.ready()
    visit.page.wait_for_selector(".count:has-text('1 of 9')")
    assert visit.page.input_value("#search") == 'as "the pears" SHOW'
    assert visit.page.inner_text(".item h2") == "writing/3"
    visit.page.fill("#search", "nowhere to be found")
    visit.page.wait_for_selector(".count:has-text('0 of 9')")
    visit.page.click("text=clear filters")
    wait_until(visit.page, lambda: len(visit.names()) == 9)
    assert len(visit.names()) == 9
    visit.close()


def test_keys_go_through_the_items(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small)
    for key, name in (("j", "writing/0"), ("j", "writing/1"), ("ArrowDown", "writing/2"), ("k", "writing/1")):
        visit.page.keyboard.press(key)
        visit.page.wait_for_selector(f".item h2:has-text('{name}')")
        assert visit.page.url.endswith(f"#item={name}")
        chosen = visit.page.get_attribute(".scroller", "aria-activedescendant")
        assert visit.page.get_attribute(f"#{chosen}", "aria-selected") == "true"
    visit.page.keyboard.press("d")
    assert visit.page.inner_text("#difference del") == "four"
    assert visit.page.inner_text("#difference ins") == "five"
    visit.page.keyboard.press("?")
    assert visit.page.is_visible("#help")
    visit.page.keyboard.press("Escape")
    assert not visit.page.is_visible("#help")
    visit.page.keyboard.press("o")
    visit.page.wait_for_selector(".item h2:has-text('Every answer')")
    visit.page.click(".verdicts button:has-text('Broke 2')")
    visit.lists("writing/0", "writing/1")
    visit.close()


def test_an_item_tells_everything_of_its_answers(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small, "#item=writing/0")
    assert "right 1 of 2 times" in visit.page.inner_text(".answer >> nth=1")
    visit.page.click(".answer >> nth=1 >> button:has-text('2 ✗')")
    assert "nine" in visit.page.inner_text(".answer >> nth=1")
    assert "Thoughts, 25 characters" in visit.page.inner_text(".answer >> nth=1")
    assert "Prompts as sent: 2 different ones" in visit.page.inner_text("#prompts")
    assert "Be polite." in visit.page.text_content("#prompts section:nth-of-type(2)")
    assert "Be polite." not in visit.page.text_content("#prompts section:nth-of-type(1)")
    visit.page.keyboard.press("p")
    marked = [one.inner_text() for one in visit.page.query_selector_all("#prompts section:nth-of-type(2) ins")]
    assert set(re.findall(r"\w+", " ".join(marked))) == {"Please", "answer", "dear", "model"}
    assert visit.page.query_selector("#prompts section:nth-of-type(1) ins") is None
    visit.page.goto(small.as_uri() + "#item=writing/3")
    visit.page.wait_for_selector(".item h2:has-text('writing/3')")
    assert visit.page.evaluate("document.querySelector('img.shown').naturalWidth") == 1
    assert "Image 2 is not in this page" in visit.page.inner_text(".asked")
    assert "What happened on the way, 2 steps" in visit.page.inner_text(".answer >> nth=0")
    visit.page.goto(small.as_uri() + "#item=choosing/0")
    visit.page.wait_for_selector(".item h2:has-text('choosing/0')")
    labels = [one.get_attribute("aria-label") for one in visit.page.query_selector_all(".share")]
    assert labels[0] == "plain: 36.7%, −1 nats"
    assert len(labels) == 6
    visit.page.goto(small.as_uri() + "#item=choosing/77")
    visit.page.wait_for_selector("text=There is no item choosing/77 in this page.")
    assert visit.said == []
    visit.close()


def test_on_a_phone_list_and_item_take_turns(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small, width=390)
    assert not visit.page.is_visible(".item")
    visit.page.click(".entry >> nth=1")
    visit.page.wait_for_selector(".item h2:has-text('writing/1')")
    assert not visit.page.is_visible(".list")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.page.go_back()
    visit.page.wait_for_selector(".list", state="visible")
    visit.page.click(".entry >> nth=2")
    visit.page.click("text=← Items")
    sync_api.expect(visit.page.locator(".list")).to_be_visible()
    visit.close()


def test_browsers_without_a_decompressor_inflate_themselves(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small, "#item=writing/3", before="delete window.DecompressionStream")
    assert visit.page.evaluate("typeof DecompressionStream") == "undefined"
    assert "as the pears show" in visit.page.inner_text(".answer >> nth=1")
    visit.page.goto(small.as_uri() + "#item=writing/5")
    visit.page.wait_for_selector("text=Show 200,000 more of 994,000 characters")
    assert visit.said == []
    visit.close()


def luminance(colour: str) -> float:
    parts = [int(x) / 255 for x in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


COLOURS = """() => {
  const paper = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
  };
  const speaks = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && speaks(e))
    .map((e) => [e.className || e.tagName, getComputedStyle(e).color, paper(e)]);
}"""
"""All that has a text in sight, its colour, and the one behind it."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_by_day_and_by_night(browser: sync_api.Browser, small: Path, scheme: str) -> None:
    visit = Visit(browser, small, "#item=writing/0", scheme=scheme)
    seen: list[Any] = visit.page.evaluate(COLOURS)
    assert len(seen) > 60
    faint = []
    for name, ink, paper in seen:
        one, other = sorted((luminance(ink), luminance(paper)), reverse=True)
        if "rgba" not in paper and (one + 0.05) / (other + 0.05) < 4.5:  # WCAG 2.2, level AA
            faint.append((name, ink, paper))
    assert faint == []
    assert (luminance(visit.page.evaluate("getComputedStyle(document.body).backgroundColor")) > 0.5) == (
        scheme == "light"
    )
    visit.page.keyboard.press("t")
    visit.page.keyboard.press("t")
    assert luminance(visit.page.evaluate("getComputedStyle(document.body).backgroundColor")) < 0.5  # dark, as chosen
    visit.close()


NAMELESS = """() => {
  const kinds = 'button, a, input, select, summary, [role=img], [role=listbox], nav, section, article';
  const named = (e) => e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length);
  return [...document.querySelectorAll(kinds)].filter((e) => e.checkVisibility() && !named(e))
    .map((e) => e.outerHTML.slice(0, 80));
}"""
TWICE = """() => {
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i);
}"""
HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4')].filter((e) => e.checkVisibility())
  .map((e) => +e.tagName[1])"""


def test_everything_has_a_name_and_a_place(browser: sync_api.Browser, small: Path) -> None:
    for fragment in ("", "#item=writing/0", "#item=choosing/0"):
        visit = Visit(browser, small, fragment)
        visit.page.keyboard.press("p")
        assert visit.page.evaluate(NAMELESS) == []
        assert visit.page.evaluate(TWICE) == []
        levels: list[int] = visit.page.evaluate(HEADINGS)
        assert levels.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
        assert visit.page.get_attribute("html", "lang") == "en"
        assert visit.page.query_selector("main") is not None
        assert visit.page.get_attribute(".count", "aria-live") == "polite"
        entries = visit.page.query_selector_all("[role=listbox] [role=option]")
        assert len(entries) == 9
        assert all(one.get_attribute("aria-setsize") == "9" for one in entries)
        visit.close()


def test_printing_shows_the_item_with_all_its_details(browser: sync_api.Browser, small: Path) -> None:
    visit = Visit(browser, small, "#item=writing/0", scheme="dark")
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert visit.page.query_selector_all(".item details:not([open])") == []
    visit.page.emulate_media(media="print")
    assert not visit.page.is_visible(".list")
    assert visit.page.is_visible("text=Let me count the baskets.")
    assert luminance(visit.page.evaluate("getComputedStyle(document.body).backgroundColor")) == 1
    assert visit.page.pdf().startswith(b"%PDF")
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(visit.page.query_selector_all(".item details:not([open])")) > 2
    visit.close()

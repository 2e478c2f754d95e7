"""The workbench in a real browser, over its real server: flows, keys, a running trial, hostile texts, phones."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fairtrial.ledger import Chunk, Ending, Ledger
from fairtrial.records import Observation
from tests.support import report_ledger, standing_ledger, view_ledger
from tests.support.browsing import BROWSER

sync_api = pytest.importorskip("playwright.sync_api")
AXE = Path(pytest.importorskip("axe_playwright_python").__file__ or "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]
VIEW = f"/l/view/t/{view_ledger.TRIAL_ID[:16]}"
REPORT = f"/l/report/t/{report_ledger.TRIAL_ID[:16]}"
LIVE = f"/l/live/t/{standing_ledger.TRIAL[:16]}"
ITEMS = [item.id[:16] for item in view_ledger.written_items()]


@dataclass(frozen=True)
class Served:
    """A workbench that runs: its address, and the folder of its ledgers and trials."""

    address: str
    folder: Path


def three_candidates(path: Path, done: int, seed: int = 2) -> Ledger:
    """Three candidates on two tasks, of which the first ``done`` items are answered."""
    rng = np.random.default_rng(seed)
    coins = {name: standing_ledger.coins(rng, share, 60) for name, share in (("a", 0.3), ("b", 0.6), ("c", 0.8))}
    some = {name: [value if i < done else None for i, value in enumerate(column)] for name, column in coins.items()}
    return standing_ledger.trial_ledger(path, list(coins), {task: {"acc": some} for task in ("one", "two")})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("bench")
    view_ledger.view_ledger(folder / "view.db").close()
    report_ledger.report_ledger(folder / "report.db").close()
    three_candidates(folder / "live.db", 10).close()
    command = [sys.executable, "-m", "fairtrial", "ui", str(folder), "--port", "0", "--no-open", "-w", str(folder)]
    home = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=home) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        yield Served(found[0], folder)
        process.send_signal(signal.SIGINT)


class Visit:
    """A page, with what it said and asked for."""

    def __init__(
        self, browser: sync_api.Browser, served: Served, path: str, width: int = 1100, scheme: str = "light"
    ) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.served = served
        self.page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.go(path)

    def go(self, path: str) -> None:
        """Open a page and wait until all of it is computed."""
        self.page.goto(self.served.address + path)
        sync_api.expect(self.page.locator("#pending")).to_have_count(0)
        sync_api.expect(self.page.get_by_text("being computed …")).to_have_count(0)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.page.close()

    @property
    def path(self) -> str:
        return str(self.page.url).removeprefix(self.served.address)


def test_from_the_list_to_an_item_and_back_by_keys(browser: sync_api.Browser, served: Served) -> None:
    with Visit(browser, served, "/") as visit:
        page = visit.page
        page.get_by_role("link", name="looked-at").click()
        sync_api.expect(page.locator(".headline")).to_contain_text("polite compared with plain")
        assert page.get_by_text("Before you rely on this").is_visible()
        page.get_by_role("link", name="Items").click()
        sync_api.expect(page.locator("table.items")).to_be_visible(timeout=30_000)
        page.locator("select[name=task]").select_option("writing")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**task=writing**")
        page.get_by_role("link", name=re.compile("^Disagree")).click()
        page.wait_for_url("**show=disagree**")
        shown = page.locator("a.go")
        assert "show=disagree" in visit.path and 0 < shown.count() < 6
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.wait_for_url("**/item/**")
        assert page.get_by_text(f"1 of {shown.count() or ''}".strip()).is_visible()
        first = visit.path
        page.keyboard.press("j")
        page.wait_for_url(lambda url: not url.endswith(first))
        page.keyboard.press("k")
        page.wait_for_url(f"**{first}")
        page.keyboard.press("u")
        page.wait_for_url("**/items?**")
        assert "show=disagree" in visit.path
        page.keyboard.press("/")
        page.keyboard.type("pears basket")
        assert page.evaluate("document.activeElement.id") == "search" and "/items" in visit.path
        assert visit.said == []
        assert {url for url in visit.asked if not url.startswith(served.address)} == set()


def test_an_item_that_is_marked_and_unmarked(browser: sync_api.Browser, served: Served) -> None:
    with Visit(browser, served, f"{VIEW}/item/{ITEMS[2]}?task=writing") as visit:
        page = visit.page
        card = page.locator("#answer-0")
        card.get_by_text("Do you agree").first.click()
        card.get_by_label("Why").first.fill("It says <b>five</b>.")
        card.get_by_label("Who says so").first.fill("Ada")
        card.get_by_role("button", name="The grade is right").first.click()
        sync_api.expect(card).to_contain_text("Ada takes this grade for right: It says <b>five</b>.")
        assert page.locator("#answer-0 b b").count() == 0
        with Ledger.open(served.folder / "view.db") as ledger, ledger.writing():
            card.get_by_text("Do you agree").first.click()
            card.get_by_label("Why").first.fill("written while a run writes")
            card.get_by_role("button", name="The grade is wrong").first.click()
            sync_api.expect(page.get_by_role("alert")).to_contain_text("a run is writing to view.db")
        assert card.get_by_label("Why").first.input_value() == "written while a run writes"
        visit.go(f"{VIEW}/item/{ITEMS[2]}?task=writing")
        card.get_by_role("button", name="Take back").click()
        sync_api.expect(card).not_to_contain_text("takes this grade")
        assert [line for line in visit.said if "409" not in line] == []


def test_a_running_trial_is_followed_without_a_flicker(browser: sync_api.Browser, served: Served) -> None:
    path = served.folder / "live.db"
    whole = three_candidates(served.folder / "whole.sqlite", 60)
    values = list(whole.read("SELECT candidate_id, task_id, item_id, value FROM observations ORDER BY item_id"))
    whole.close()
    with Ledger.open(path) as ledger, ledger.writing():
        session = ledger.open_session(standing_ledger.TRIAL, {})
        with Visit(browser, served, LIVE) as visit:
            page = visit.page
            note = page.locator(".note.live")
            sync_api.expect(note).to_contain_text("60 of 360 answers are there, 300 are left")
            page.evaluate("document.querySelector('#live .headline').kept = true; scrollTo(0, 200)")
            for candidate, task, item, value in values[: len(values) // 2]:
                ledger.commit(candidate, Chunk(observations=[(task, item, 0, Observation("acc", value))]))
            sync_api.expect(note).not_to_contain_text("60 of 360")
            assert page.evaluate("document.querySelector('#live .headline').kept") is True
            assert page.evaluate("scrollY") == 200
            for candidate, task, item, value in values[len(values) // 2 :]:
                ledger.commit(candidate, Chunk(observations=[(task, item, 0, Observation("acc", value))]))
            ledger.close_session(session, Ending("budget", "stopped by the budget of 2 minutes"))
            stopped = page.get_by_text("stopped by the budget of 2 minutes").first
            sync_api.expect(stopped).to_be_visible(timeout=30_000)
            sync_api.expect(page.locator("#live[data-live]")).to_have_count(0)
            assert "better" in page.locator(".verdict-lines").first.inner_text()
            assert visit.said == []


@pytest.mark.slow
def test_a_trial_is_chosen_checked_run_and_opened(browser: sync_api.Browser, served: Served) -> None:
    with Visit(browser, served, "/start") as visit:
        page = visit.page
        page.get_by_label("name of the trial").fill("from-a-page")
        page.get_by_label("items of each task at most").fill("20")
        page.locator("select[name=ledger]").last.select_option("view")
        page.get_by_label("Others, one a line").first.fill("fake:a\nfake:b")
        page.get_by_label("Narrow down").fill("small table")
        page.get_by_role("checkbox", name="table", exact=True).check()
        assert not page.get_by_role("checkbox", name="logic", exact=True).is_visible()
        page.get_by_role("button", name="Make the trial file").click()
        text = page.get_by_label("Content")
        sync_api.expect(text).to_have_value(re.compile("name: from-a-page"))
        good = text.input_value()
        assert "name: from-a-page" in good and "{task: table, limit: 20}" in good
        text.fill(good.replace("task: table", "task: tabel"))
        page.get_by_role("button", name="Check it").click()
        sync_api.expect(page.get_by_role("alert").first).to_contain_text("Did you mean 'table'")
        text.fill(good)
        page.get_by_role("button", name="Check it").click()
        sync_api.expect(page.get_by_text("It can run.")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Run it").click()
        page.wait_for_url("**/runs/1")
        sync_api.expect(page.locator(".state")).to_have_text("done")
        page.get_by_role("link", name="Open the trial").click()
        sync_api.expect(page.locator(".headline")).to_contain_text("compared with a")
        assert [line for line in visit.said if "422" not in line] == []
        assert (served.folder / "from-a-page.yaml").is_file()


def test_a_file_that_is_chosen_becomes_a_task_and_paths_stay_inside(
    browser: sync_api.Browser, served: Served, tmp_path: Path
) -> None:
    rows, bad, other = tmp_path / "my rows.csv", tmp_path / "bad.yaml", tmp_path / "x.exe"
    rows.write_text("question,answer\nWhat is 1+1?,2\n")
    bad.write_text("name: bad\ncandidates: [{id: a, model: 'fake:a'}]\ntasks: [{file: /etc/passwd}]\n")
    other.write_text("MZ")
    with Visit(browser, served, "/start") as visit:
        page = visit.page
        page.locator("#chosen").set_input_files(other)
        sync_api.expect(page.locator("#refused")).to_contain_text("x.exe is none of")
        page.locator("#chosen").set_input_files(rows)
        sync_api.expect(page.get_by_role("checkbox", name="my-rows.csv")).to_be_checked(timeout=30_000)
        assert (served.folder / "my-rows.csv").read_text() == rows.read_text()
        page.locator("#chosen").set_input_files(bad)
        sync_api.expect(page.get_by_role("alert").first).to_contain_text("leads out of the folder")
        assert not (served.folder / "bad.yaml").exists()


PAGES = {
    "list": "/",
    "verdict": REPORT,
    "items": f"{REPORT}/items?task=choosing",
    "item": f"{VIEW}/item/{ITEMS[3]}?task=writing&drawn=0",
    "hostile": f"{VIEW}/item/{ITEMS[0]}?task=writing",
    "wall": f"{LIVE}/wall",
    "agreement": f"{LIVE}/agreement",
    "frontier": f"{REPORT}/frontier",
    "export": f"{VIEW}/export",
    "start": "/start",
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_can_be_used_by_everybody(browser: sync_api.Browser, served: Served, name: str) -> None:
    for scheme in ("light", "dark"):
        with Visit(browser, served, PAGES[name], 1100 if scheme == "light" else 390, scheme) as visit:
            page = visit.page
            assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
            assert page.evaluate("window.hacked") is None
            assert visit.said == []
            page.evaluate((AXE.parent / "axe.min.js").read_text("utf-8"))
            found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")
            wrong = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found["violations"]]
            assert wrong == [], scheme


def test_a_narrow_phone_and_paper(browser: sync_api.Browser, served: Served) -> None:
    with Visit(browser, served, f"{VIEW}/item/{ITEMS[5]}?task=writing", 360) as visit:
        for path in (None, f"{VIEW}/items?task=writing", f"{LIVE}/wall", "/start"):
            if path:
                visit.go(path)
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360, path
        visit.go(f"{LIVE}/wall")
        wall = visit.page.locator(".scroll:has(table.wall)")
        assert wall.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
        heads = wall.evaluate("(box) => [...box.querySelectorAll('td')].map((one) => one.dataset.head)")
        assert heads == ["a", "b", "c"] * 2
        visit.go(REPORT)
        visit.page.emulate_media(media="print")
        assert not visit.page.get_by_role("navigation").first.is_visible()
        assert visit.page.locator(".headline").is_visible()
        assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"

"""The chat page in a real browser: streaming, stopping, sources, hostile text, images, keys, what is exported."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.analysis.preferences import find_preferences
from fairtrial.ledger import Ledger
from fairtrial.report.preferences import describe_preferences
from fairtrial.serve.served import About
from fairtrial.serve.storing import Ballot
from tests.support.archives import BRIDGE, FERRY, SECRET, make_archive
from tests.support.browsing import BROWSER
from tests.support.servers.chat_server import (
    HOSTILE,
    ChatServer,
    SlowEngine,
    chat_server,
    make_reader,
    say_by_question,
    serve_engine,
)

sync_api = pytest.importorskip("playwright.sync_api")
pytest.importorskip("uvicorn")
AXE = Path(pytest.importorskip("axe_playwright_python").__file__ or "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LONG = " ".join(f"word{number}" for number in range(30_000))
"""Minutes of an answer."""
KEY = "a-key-of-many-letters"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    archive = make_archive(tmp_path_factory.mktemp("chat") / "town.db", (FERRY, BRIDGE, SECRET))
    said = say_by_question({"hostile": HOSTILE, "long": LONG, "tomato": "  Red."}, "Nothing to say.")
    words = ({"words": "writer is better than other at arithmetic."}, {"words": "tied"}, {"words": "undecided"})
    about = About("writer", "w" * 32, "t" * 32, words, {"trial_name": "town", "doubts": ["Few items: 12."]})
    writer = serve_engine("writer", lambda: SlowEngine(said), about=about, sameness={"id": "same", "asked": 8})
    reader = serve_engine("reader", make_reader(archive), spec={"decoding": {"temperature": 0.5}, "system": "Be kind."})
    with chat_server([writer, reader]) as found:
        yield found


@pytest.fixture(params=[1100])
def page(browser: sync_api.Browser, server: ChatServer, request: pytest.FixtureRequest) -> Iterator[sync_api.Page]:
    found = open_page(browser, server.url, request.param)
    yield found
    assert [one for one in found.said if "Password forms" not in one] == []
    found.close()


def open_page(browser: sync_api.Browser, url: str, width: int = 1100) -> sync_api.Page:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(f"{url}/chat")
    page.wait_for_selector("body[data-ready]", state="attached")
    return page


def ask(page: sync_api.Page, text: str) -> None:
    before = len(page.query_selector_all(".turn"))
    page.fill("#question", text)
    page.press("#question", "Enter")
    page.wait_for_selector(f".turn:nth-of-type({before + 2})")


def ended(page: sync_api.Page) -> sync_api.ElementHandle:
    page.wait_for_selector(".answer:last-child:not([aria-busy])")
    return page.query_selector_all(".answer")[-1]


def test_who_answers_stands_at_the_top_with_verdicts_and_doubts(page: sync_api.Page) -> None:
    told = page.inner_text("#who")
    assert "writer is better than other at arithmetic." in told
    assert "Few items: 12." in told
    assert "Judged in the trial town" in told
    assert "1 more verdict" in told


@pytest.mark.parametrize("page", [1100, 360], indirect=True)
def test_hostile_answers_are_text(page: sync_api.Page) -> None:
    ask(page, "something hostile")
    answer = ended(page)
    assert page.evaluate("typeof window.hacked") == "undefined"
    assert "<script>window.hacked = 1</script>" in answer.inner_text()
    assert "Hidden⟨U+202E⟩text [7]" in answer.inner_text()
    assert [one.get_attribute("href") for one in answer.query_selector_all("a")] == ["https://example.org/x"]
    assert answer.query_selector("img, script, b, i, button.cite") is None
    assert [one.inner_text() for one in answer.query_selector_all("table :is(th, td)")] == ["a", "b", "<i>one</i>", "2"]
    assert answer.query_selector("pre code").inner_text() == "<b>not bold</b>"
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_an_answer_grows_and_can_be_stopped(page: sync_api.Page) -> None:
    ask(page, "a long one")
    # so many words that "long" is not among the last 200 characters of the next prompt, which decide the answer
    page.wait_for_selector(".answer .said:has-text('word100')")
    page.click("#stop")
    answer = ended(page)
    assert "Stopped." in answer.inner_text()
    assert "word29999" not in answer.inner_text()
    assert page.is_hidden("#stop")
    ask(page, "thanks")
    assert re.search(r"3 tokens · .* read · .* to the first word · .* in all", ended(page).inner_text())


def test_of_an_answer_without_tokens_no_counts_are_told(page: sync_api.Page) -> None:
    said = page.evaluate(
        """async () => {
            const loaded = performance.getEntriesByType("resource").map((one) => one.name);
            const { tellFacts } = await import(loaded.find((name) => /answer[^/]*[.]js/.test(name)));
            return tellFacts({ usage: { prompt_tokens: 0, completion_tokens: 0 }, seconds: 1, cost: {}, whole: true });
        }"""
    )
    assert said == "no tokens read or written · 1.00 s in all · no price known"


def test_white_space_before_an_answer_is_not_shown(page: sync_api.Page) -> None:
    ask(page, "What is the colour of a tomato?")
    assert ended(page).query_selector(".said p").text_content() == "Red."


def test_a_conversation_is_sent_whole_and_exported(page: sync_api.Page, server: ChatServer) -> None:
    ask(page, "one")
    ended(page)
    ask(page, "two")
    page.wait_for_selector(".answer:nth-of-type(4):not([aria-busy])")
    sent = server.hall.first.desk.engine.sent[-1]
    assert sent.index("one") < sent.index("Nothing to say.") < sent.index("two")
    page.wait_for_selector("#send:enabled")
    with page.expect_download() as download:
        page.click("#export")
    found = json.loads(Path(download.value.path()).read_text())
    assert [one["role"] for one in found["messages"]] == ["user", "assistant"] * 2
    assert found["messages"][1]["fairtrial"]["candidate"] == "w" * 32
    assert found["messages"][1]["usage"]["completion_tokens"] == 3
    page.click("#clear")
    assert page.inner_text("#log") == ""


def test_sources_open_as_far_as_their_rights_allow(page: sync_api.Page) -> None:
    page.select_option("#mode", "reader")
    ask(page, "When does the ferry to Saltmere sail again?")
    answer = ended(page)
    [*_, first] = answer.query_selector_all(".said button.cite")
    assert "[9]" in answer.query_selector(".said").inner_text()
    assert "The Tide, 2026-03-02, news" in answer.inner_text()
    assert "Quotation 1" in answer.inner_text()
    first.click()
    page.wait_for_selector("#passage blockquote")
    told = page.inner_text("#passage")
    assert FERRY.text in told
    assert "LicenseRef-Tide" in told
    page.keyboard.press("Escape")
    assert not page.evaluate("document.getElementById('passage').open")


def list_hurdles(page: sync_api.Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds that keeps somebody from using a page."""
    page.evaluate((AXE.parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']})")
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found["violations"]]


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_everybody_can_use_it(browser: sync_api.Browser, server: ChatServer, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(f"{server.url}/chat")
    page.wait_for_selector("body[data-ready]", state="attached")
    ask(page, "something hostile")
    ended(page)
    page.select_option("#mode", "reader")
    ask(page, "When does the ferry to Saltmere sail again?")
    answer = ended(page)
    page.click("#settings summary")
    assert list_hurdles(page) == []
    answer.query_selector("button.cite").click()
    page.wait_for_selector("#passage blockquote")
    assert list_hurdles(page) == []
    page.close()


def test_what_differs_from_the_trial_is_told(page: sync_api.Page) -> None:
    page.select_option("#mode", "reader")
    page.click("#settings summary")
    assert "Be kind." in page.inner_text("#tested")
    page.fill("#set-temperature", "1")
    page.fill("#system", "Speak of boats.")
    told = page.inner_text("#differs")
    assert "temperature" in told
    assert "system message" in told
    ask(page, "When does the ferry sail?")
    assert "Asked otherwise than in its trial: temperature." in ended(page).inner_text()


def test_images_are_chosen_shown_and_refused(page: sync_api.Page, tmp_path: Path) -> None:
    assert page.is_hidden("#attach")
    page.select_option("#mode", "reader")
    (tmp_path / "a.png").write_bytes(PIXEL)
    (tmp_path / "b.svg").write_text("<svg/>")
    (tmp_path / "c.png").write_text("no image")
    page.set_input_files("#images", [tmp_path / "a.png", tmp_path / "b.svg"])
    assert "b.svg: it is image/svg+xml" in page.inner_text("#image-why")
    assert len(page.query_selector_all(".chosen img")) == 1
    ask(page, "What is this?")
    ended(page)
    assert page.evaluate("document.querySelector('.question img').naturalWidth") == 1
    page.set_input_files("#images", tmp_path / "c.png")
    ask(page, "And this?")
    assert "image" in ended(page).inner_text()
    page.said = [one for one in page.said if "400 (Bad Request)" not in one]


GIVE = """([name, kind, data]) => {
  const held = new DataTransfer();
  held.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name, { type: kind }));
  return held;
}"""


def test_images_are_dropped_and_pasted(page: sync_api.Page) -> None:
    page.select_option("#mode", "reader")
    picture = base64.b64encode(PIXEL).decode()
    dropped = page.evaluate_handle(GIVE, ["a.png", "image/png", picture])
    page.dispatch_event("#log", "dragover", {"dataTransfer": dropped})
    assert "over" in page.get_attribute("#composer", "class").split()
    page.dispatch_event("#log", "drop", {"dataTransfer": dropped})
    assert "over" not in page.get_attribute("#composer", "class").split()
    page.dispatch_event("#log", "drop", {"dataTransfer": page.evaluate_handle(GIVE, ["b.txt", "text/plain", "aGk="])})
    assert "b.txt: it is text/plain" in page.inner_text("#image-why")
    page.evaluate(
        """(held) => document.getElementById("question").dispatchEvent(
          new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true }))""",
        page.evaluate_handle(GIVE, ["image.png", "image/png", picture]),
    )
    assert len(page.query_selector_all(".chosen img")) == 2
    ask(page, "What are these?")
    ended(page)
    assert len(page.query_selector_all(".question img")) == 2


def test_a_key_is_asked_for_and_kept_nowhere(browser: sync_api.Browser) -> None:
    served = serve_engine("one", lambda: SlowEngine(lambda _: "Yes."), keys=(KEY,))
    with chat_server([served]) as keyed:
        page = open_page(browser, keyed.url)
        page.wait_for_selector("#key-form:not([hidden])")
        page.fill("#key", "another-key-altogether")
        page.press("#key", "Enter")
        page.wait_for_selector("#key-why:not(:empty)")
        page.fill("#key", KEY)
        page.press("#key", "Enter")
        page.wait_for_selector("#desk:not([hidden])")
        ask(page, "Well?")
        assert "Yes." in ended(page).inner_text()
        kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])")
        assert KEY not in kept + page.content()
        page.close()


def test_the_page_keeps_to_itself(page: sync_api.Page, server: ChatServer) -> None:
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; } catch (error) { return error.name; } }"
    )
    assert refused == "TypeError"
    asked = page.request.get(f"{server.url}/chat", headers={"Host": "evil.example"})
    assert asked.status == 403
    page.said = [one for one in page.said if "TrustedHTML" not in one]


def test_two_are_compared_blind_and_their_votes_are_shown(browser: sync_api.Browser, tmp_path: Path) -> None:
    says = {"ann": "Ann's own words.", "bob": "What Bob says."}
    served = [serve_engine(name, lambda said=said: SlowEngine(lambda _: said)) for name, said in says.items()]
    people = {one.about.candidate: (one.about.candidate, one.about.name, {}) for one in served}

    def count(ledger: Ledger) -> dict:
        return describe_preferences(find_preferences(ledger, datetime.now(UTC)))

    with chat_server(served, ballot=Ballot(tmp_path / "votes.db", people, count)) as server:
        page = open_page(browser, server.url)
        page.select_option("#mode", "")
        assert "drawn by chance" in page.inner_text("#who")
        page.fill("#question", "Who are you?")
        page.press("#question", "Enter")
        page.wait_for_selector(".votes button")
        assert list_hurdles(page) == []
        pair = page.query_selector(".pair")
        assert [one.inner_text() for one in pair.query_selector_all(".answer h2")] == ["Left", "Right"]
        assert "tokens" not in pair.inner_text()
        left = pair.query_selector(".answer .said").inner_text()
        page.click(".votes button:has-text('Left is better')")
        page.wait_for_selector(".votes:has-text('Your vote is kept')")
        [name] = [name for name, said in says.items() if said == left]
        assert f"Left: {name}" in pair.inner_text()
        assert "3 tokens" in pair.inner_text()
        page.goto(f"{server.url}/votes")
        page.wait_for_selector("body[data-ready]", state="attached")
        assert "ann or bob: undecided" in page.inner_text("#votes")
        assert "All votes come from one session" in page.inner_text("#votes")
        assert list_hurdles(page) == []
        assert page.said == [one for one in page.said if "Password forms" in one]
        page.close()

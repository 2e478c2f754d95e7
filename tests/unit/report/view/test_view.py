"""The page of all answers: its data, its policy, its script as one piece, and the verb that writes it."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.errors import FairtrialError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.report.summary import Summary, summarise
from fairtrial.report.view.facets import FacetColumns
from fairtrial.report.view.page import MODULES, bundle_script, make_style, write_view
from fairtrial.report.view.readings import SIGNS, cut_line
from tests.support import ledgers, view_ledger
from tests.support.view_ledger import MEGABYTE, SPLIT, TRIAL_ID


class Page:
    """What stands in a page's elements."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text("utf-8")
        self.index: dict[str, Any] = self.data("index")

    def data(self, name: str) -> dict[str, Any]:
        found = re.search(rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', self.text)
        assert found is not None
        return dict(json.loads(zlib.decompress(b64decode(found[1]))))

    def item(self, place: int) -> dict[str, Any]:
        block = self.index["items"]["block"][place]
        return dict(self.data(f"block-{block}")["items"][place - self.index["items"]["block"].index(block)])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with view_ledger.view_ledger(tmp_path_factory.mktemp("view") / "view.db") as ledger:
        yield ledger


@pytest.fixture(scope="module")
def summary(store: Ledger) -> Summary:
    return summarise(store, TRIAL_ID)


@pytest.fixture(scope="module")
def page(store: Ledger, summary: Summary, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_view(store, summary, tmp_path_factory.mktemp("page") / "items.html").path)


def test_the_index_knows_every_item_and_how_it_was_graded(page: Page) -> None:
    items, (plain, polite) = page.index["items"], page.index["answers"]
    assert [(task, doc) for task, doc in zip(items["task"], items["doc"], strict=True)] == [
        *((0, i) for i in range(6)),
        *((1, i) for i in range(3)),
    ]
    right, wrong, nothing = 1, 2, 0
    assert plain["state"] == [right, right, wrong, right, wrong, wrong, right, wrong, wrong]
    assert polite["state"] == [wrong, wrong, right, right, wrong, right, right, wrong, nothing]
    assert polite["grade"][0] == 0.5  # right in one of two repeats
    assert plain["seconds"][:3] == [0.5, 1.5, 2.5]
    assert plain["length"][5] == 1_000_000
    assert items["text"][1] == "How many pears has basket 1?"
    assert page.index["baseline"] == 0


def test_the_index_knows_what_stands_around_the_prompts_of_a_candidate(page: Page) -> None:
    plain, polite = page.index["candidates"]
    assert (plain["system"], plain["form"]) == ("", "")
    assert polite["system"] == "Be polite."
    assert "chat template" in polite["form"]


def test_the_index_knows_signs_facets_and_clusters(page: Page) -> None:
    bit = {name: 1 << i for i, name in enumerate(SIGNS)}
    assert [sign["name"] for sign in page.index["signs"]] == list(SIGNS)
    assert page.index["answers"][0]["signs"][4] == bit["unread"] | bit["refused"]
    assert page.index["answers"][0]["short"][4].startswith("</script>")
    facets = {facet["name"]: facet["values"] for facet in page.index["facets"]}
    assert facets == {"level": ["1", "2"], "subject": ["fruit", "numbers"]}
    assert page.index["items"]["facets"][0] == [0, 1, 0, 1, 0, 1, -1, -1, -1]
    assert page.index["clusters"][:2] == ["basket 0", "basket 1"]
    assert page.index["items"]["cluster"] == [0, 0, 0, 1, 1, 1, 2, 3, 4]


def test_items_that_a_candidate_was_trained_on_are_marked(tmp_path: Path) -> None:
    with view_ledger.view_ledger(tmp_path / "trained.db", trained_on=(1, 4)) as store:
        page = Page(write_view(store, summarise(store, TRIAL_ID), tmp_path / "items.html").path)
    bit = 1 << list(SIGNS).index("trained")
    plain, polite = page.index["answers"]
    assert [i for i, signs in enumerate(polite["signs"]) if signs & bit] == [1, 4]
    assert not any(signs & bit for signs in plain["signs"])
    assert "trained" in page.item(1)["answers"][1][0]["signs"]


def test_disagreement_is_about_grades_first_and_answers_next(page: Page) -> None:
    apart = page.index["items"]["apart"]
    assert apart[2] == 3.0  # one right, one wrong, with other texts
    assert apart[3] == 1.0  # both right, with other texts
    assert 0 < apart[6] < 1  # the same choice, with other shares


def test_a_block_holds_whole_answers(page: Page) -> None:
    plain, polite = page.item(5)["answers"]
    assert [one["calls"][0]["text"] for one in plain] == [MEGABYTE, MEGABYTE]
    assert polite[0]["calls"][0]["thought"] == "Let me count the baskets."
    assert page.item(4)["answers"][0][0]["calls"][0]["text"] == SPLIT  # a lone surrogate and NUL included
    assert page.item(4)["answers"][0][1]["calls"][0]["said"] == "I will not count pears."
    assert [step["by"] for step in page.item(3)["answers"][0][0]["calls"][0]["trace"]] == ["small", "cascade"]
    choosing = page.item(7)["answers"]
    assert [one[0]["read"] for one in choosing] == ["red", "red"]
    assert sum(choosing[1][0]["shares"]) == pytest.approx(1, abs=1e-3)
    assert page.item(8)["answers"][1] == []


def test_a_block_holds_prompts_as_sent_and_shared_messages_once(page: Page) -> None:
    block = page.data("block-0")
    assert block["messages"][0][:2] == ["system", ["You count pears."]]
    assert Counter(json.dumps(one) for one in block["messages"]).most_common(1)[0][1] == 1
    one = page.item(1)["answers"][1][0]["calls"][0]["request"]
    request = block["requests"][one]
    assert request["settings"]["temperature"] == 0.7
    assert block["messages"][request["prompts"][0][1]][1][0].startswith("Please answer the question")


def test_images_are_in_the_page_if_they_are_only_pixels(page: Page) -> None:
    shown, hidden = page.item(3)["images"]
    [(kind, data)] = re.findall(rf'<script type="([^"]*)" id="image-{shown}">([^<]*)</script>', page.text)
    assert (kind, b64decode(data)) == ("image/png", view_ledger.PNG)
    assert f"image-{hidden}" not in page.text
    assert page.index["lost_images"] == 1


def test_the_policy_lets_run_what_is_in_the_page_and_nothing_else(page: Page) -> None:
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page.text)
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.S)
    [script] = re.findall(r"<script>(.*?)</script>", page.text, re.S)
    for kind, text in (("script-src", script), ("style-src", style)):
        assert f"{kind} 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http://" not in script + style
    assert "https://" not in script + style


def test_the_modules_fit_into_one_script() -> None:
    script = bundle_script()
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script, re.M)
    assert len(names) > 40
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert not re.search(r"^(import|export) ", script, re.M)
    assert not re.search("</script|<!--|innerHTML|outerHTML|document\\.write|eval\\(", script, re.I)
    folder = Path(write_view.__code__.co_filename).parent / "page"
    assert {path.stem for path in folder.glob("*.js")} == set(MODULES)


def test_the_style_has_the_colours_of_the_report() -> None:
    style = make_style()
    assert style.count("--paper: #fbfaf7") == 1
    assert style.count("--paper: #161513") == 2
    assert set(re.findall(r"var\((--\w+)\)", style)) <= set(re.findall(r"(--\w+):", style))


def test_one_task_alone(store: Ledger, summary: Summary, tmp_path: Path) -> None:
    written = write_view(store, summary, tmp_path / "one.html", ("choosing",))
    assert (written.items, written.answers) == (3, 5)
    assert [task["name"] for task in Page(written.path).index["tasks"]] == ["choosing"]
    with pytest.raises(UnknownNameError, match="Did you mean 'choosing'"):
        write_view(store, summary, tmp_path / "none.html", ("chosing",))


def test_nothing_answered_is_an_error(tmp_path: Path) -> None:
    answered = pytest.raises(FairtrialError, match="no item of the trial tried was answered yet")
    with ledgers.filled(tmp_path / "empty.db") as ledger, answered:
        write_view(ledger, summarise(ledger, ledgers.TRIAL), tmp_path / "items.html")
    assert not (tmp_path / "items.html").exists()


def test_the_verb_writes_and_says_so(store: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = str(store.path)
    told = CliRunner().invoke(app, ["view", "--ledger", ledger], catch_exceptions=False)
    assert told.output.startswith("9 items, 29 answers, ")
    first, second = told.output.splitlines()
    assert first.endswith("looked-at-items.html")
    assert second == "1 image is left out: too large, or of a kind that is not shown."
    told = CliRunner().invoke(app, ["view", "--ledger", ledger, "--json", "-o", "x.html"], catch_exceptions=False)
    document = json.loads(told.output)
    assert document["bytes"] == (tmp_path / "x.html").stat().st_size
    assert (document["items"], document["answers"], document["trial"]) == (9, 29, TRIAL_ID)


def test_facets_are_columns_with_a_few_values() -> None:
    columns = FacetColumns()
    for i in range(40):
        columns.add({"level": str(10 - i % 10), "id": f"row {i}", "text": "long " * 20, "answer": i % 2, "same": 1})
    [facet] = columns.facets()
    assert facet.name == "level"
    assert facet.values == tuple(str(i) for i in range(1, 11))
    whole = FacetColumns()
    for level in (1, 1, 2, 2):
        whole.add({}, level)
    assert [found.of_items for found in whole.facets()] == [(0, 0, 1, 1)]


def test_a_short_text_is_one_line() -> None:
    assert cut_line(" a\n\tb  c ", 10) == "a b c"
    assert cut_line("x" * 11, 10) == "x" * 9 + "…"

"""The workbench without a browser: every page, its addresses, marks, files of trials, and what it refuses."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from starlette.testclient import TestClient

from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger
from fairtrial.ledger.votes import Vote, add_vote
from fairtrial.workbench.app import make_bench, make_bench_app
from fairtrial.workbench.bench import Workbench
from fairtrial.workbench.choosing import KINDS, Wish, choose, read_wish
from fairtrial.workbench.columns import find_item_columns
from fairtrial.workbench.diffs import compare_words
from fairtrial.workbench.findings import find_progress
from fairtrial.workbench.runs import RunTable
from fairtrial.workbench.sample import read_sample
from fairtrial.workbench.shelf import Shelf
from fairtrial.workbench.starting import write_trial
from fairtrial.workbench.workroom import Workroom
from tests.support import report_ledger, standing_ledger, view_ledger

VIEW = f"/l/view/t/{view_ledger.TRIAL_ID[:16]}"
ITEMS = [item.id[:16] for item in view_ledger.written_items()]
OWN = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}


def _room() -> Workroom:
    return Workroom(lambda: ThreadPoolExecutor(1), soon=600.0, rest=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bench")
    view_ledger.view_ledger(made / "view.db").close()
    report_ledger.report_ledger(made / "report.db").close()
    rng = np.random.default_rng(2)
    coins = {name: standing_ledger.coins(rng, share, 60) for name, share in (("a", 0.3), ("b", 0.6), ("c", 0.8))}
    seconds = {name: [float(at + i) for i in range(60)] for at, name in enumerate(coins)}
    tasks = {task: {"acc": coins, "seconds": seconds} for task in ("one", "two")}
    standing_ledger.trial_ledger(made / "three.db", list(coins), tasks).close()
    return made


@pytest.fixture(scope="module")
def bench(folder: Path) -> Workbench:
    return make_bench(Shelf([folder, folder / "missing.db"]), RunTable(folder), _room())


@pytest.fixture(scope="module")
def client(bench: Workbench) -> Iterator[TestClient]:
    with TestClient(make_bench_app(bench), base_url="http://localhost") as opened:
        yield opened


def text_of(client: TestClient, path: str, status: int = 200) -> str:
    found = client.get(path)
    assert found.status_code == status, re.sub("<[^>]+>", " ", found.text)[-800:]
    return found.text


def test_items_that_a_candidate_was_trained_on_are_found_and_marked(tmp_path: Path) -> None:
    view_ledger.view_ledger(tmp_path / "trained.db", trained_on=(1, 4)).close()
    columns = find_item_columns(tmp_path / "trained.db", view_ledger.TRIAL_ID, "writing")
    assert [int(columns.docs[at]) for at in choose(columns, Wish(show="trained")).places] == [1, 4]
    assert choose(columns, Wish(show="trained", by="plain")).places.size == 0
    made = make_bench(Shelf([tmp_path]), RunTable(tmp_path), _room())
    with TestClient(make_bench_app(made), base_url="http://localhost") as opened:
        listed = text_of(opened, f"/l/trained/t/{view_ledger.TRIAL_ID[:16]}/items?show=trained")
        item = text_of(opened, f"/l/trained/t/{view_ledger.TRIAL_ID[:16]}/item/{ITEMS[1]}")
    assert "Trained on" in listed and listed.count("the candidate was trained on this item") == 2
    assert item.count("the candidate was trained on this item") == view_ledger.REPEATS


def test_the_first_page_has_every_ledger_with_verdict_and_doubts(client: TestClient) -> None:
    for ledger, trial in (("view", view_ledger), ("report", report_ledger)):
        text_of(client, f"/l/{ledger}/t/{trial.TRIAL_ID[:16]}")
    text_of(client, f"/l/three/t/{standing_ledger.TRIAL[:16]}")
    text = text_of(client, "/")
    assert "looked-at" in text and "made-up" in text and "standing" in text
    assert "polite compared with plain on 2 tasks" in text and "Doubtful:" in text
    assert "missing.db" in text and "This ledger is not there yet." in text


@pytest.mark.parametrize("end", ["", "/live", "/wall", "/frontier", "/agreement", "/export", "/items"])
def test_every_page_of_a_trial_is_there_and_has_no_inline_style_or_script(client: TestClient, end: str) -> None:
    for trial in (VIEW, f"/l/report/t/{report_ledger.TRIAL_ID[:16]}", f"/l/three/t/{standing_ledger.TRIAL[:16]}"):
        text = text_of(client, trial + end)
        tags = re.findall(r"<[a-z][^>]*>", text)
        assert not [tag for tag in tags if re.search(r"\s(style|on\w+)=|javascript:|\"data:|^<style|^<script>", tag)]


def test_the_verdict_comes_first_with_its_doubts(client: TestClient) -> None:
    text = text_of(client, VIEW)
    order = [text.index(part) for part in ('class="headline"', "Before you rely on this", "<h2>Verdicts", "<h2>Scores")]
    assert order == sorted(order)


def test_hostile_texts_stay_texts(client: TestClient) -> None:
    for path in [f"{VIEW}/items?task=writing", *(f"{VIEW}/item/{item}?task=writing" for item in ITEMS), VIEW]:
        text = text_of(client, path)
        assert "<script>window.hacked" not in text and "<img src=x" not in text
        assert "\u202e" not in text and "\x00" not in text


def test_filters_orders_and_pages_are_in_the_address(client: TestClient) -> None:
    three = f"/l/three/t/{standing_ledger.TRIAL[:16]}/items"
    text = text_of(client, f"{three}?task=two&sort=seconds&by=b")
    shown = re.findall(r'class="figure soft doc">(\d+)<', text)
    assert shown[:3] == ["59", "58", "57"] and len(shown) == 30
    following = re.search(r'rel="next" href="([^"]+)"', text)
    assert following
    address = following[1].replace("&amp;", "&")
    assert {"task", "sort", "by", "after"} == set(parse_qs(urlsplit(address).query))
    rest = re.findall(r'class="figure soft doc">(\d+)<', text_of(client, address))
    assert rest == [str(i) for i in range(29, -1, -1)]
    assert "No item is of this kind" in text_of(client, f"{three}?show=unread")
    assert "2 with “basket" not in text_of(client, f"{VIEW}/items?task=writing&text=basket+5")
    assert "1 with “basket 5”" in text_of(client, f"{VIEW}/items?task=writing&text=basket+5")
    assert "task &#39;nine&#39; does not exist" in text_of(client, f"{three}?task=nine", 404)


def test_many_candidates_one_and_none_at_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    names = [f"candidate {i}" for i in range(45)] + ["\u202egnp.exe"]
    coins = {name: standing_ledger.coins(rng, 0.5, 8) for name in names}
    standing_ledger.trial_ledger(tmp_path / "many.db", names, {"one": {"acc": coins}}).close()
    standing_ledger.trial_ledger(tmp_path / "alone.db", ["a"], {"one": {"acc": {"a": [1.0, 0.0]}}}).close()
    Ledger.open(tmp_path / "empty.db").close()
    with TestClient(
        make_bench_app(make_bench(Shelf([tmp_path]), None, _room())), base_url="http://localhost"
    ) as opened:
        text = text_of(opened, f"/l/many/t/{standing_ledger.TRIAL[:16]}")
        assert "The other 5 verdicts" in text and text.count(">broke</a>") == 45
        items = text_of(opened, f"/l/many/t/{standing_ledger.TRIAL[:16]}/items")
        assert items.count('class="turned"') == 46 and ">\u202e" not in items
        assert "In words" not in text_of(opened, f"/l/alone/t/{standing_ledger.TRIAL[:16]}")
        assert "No trial is in this ledger yet." in text_of(opened, "/l/empty")


def test_kinds_of_items_are_what_the_grades_say(folder: Path) -> None:
    columns = find_item_columns(folder / "three.db", standing_ledger.TRIAL, "one")
    choice = choose(columns, read_wish({"show": "fixed", "versus": "c"}))
    a, c = columns.values[0], columns.values[2]
    assert choice.places.tolist() == np.flatnonzero((a == 0) & (c == 1)).tolist()
    assert choice.counts["broke"] == int(((a == 1) & (c == 0)).sum())
    assert choice.counts["all"] == 60 and "harmful" not in choice.counts and "unread" not in choice.counts
    assert choice.wish.query(show="all", after="x") == "?task=one&after=x&versus=c"
    unread = choose(find_item_columns(folder / "view.db", view_ledger.TRIAL_ID, "writing"), Wish(show="unread"))
    assert unread.places.size == unread.counts["unread"] > 0
    assert read_wish({"show": "no such", "sort": "none", "text": "y" * 999}) == Wish(text="y" * 200)
    assert all(kind.label and kind.tells for kind in KINDS.values())


def test_an_item_shows_answers_prompts_trace_and_difference(client: TestClient) -> None:
    text = text_of(client, f"{VIEW}/item/{ITEMS[3]}?task=writing&show=all")
    told = re.sub(r"<[^>]+>", "", text)
    assert "as the (only plain: apples) (only polite: pears)  show." in told
    assert "<del>" in text and "<ins>" in text
    assert "What was sent to plain<" in text and "What was sent to polite<" in text
    assert "Please answer the question, dear model." in text and "temperature 0.7" in text
    assert 'rel="prev"' in text and 'rel="next"' in text
    images = re.findall(r'src="(/l/view/images/\w+)"', text)
    kinds = [client.get(path).headers["content-type"].partition(";")[0] for path in images]
    assert "image/png" in kinds and "image/svg+xml" not in kinds
    assert "item &#39;ffffffff&#39; does not exist" in text_of(client, f"{VIEW}/item/ffffffff?task=writing", 404)


def test_a_person_marks_a_grade_and_takes_it_back(client: TestClient, bench: Workbench, folder: Path) -> None:
    path = f"{VIEW}/item/{ITEMS[0]}?task=writing"
    form = {"token": bench.token, "candidate": "0", "repeat": "0", "value": "1", "says": "wrong"}
    refused = client.post(path, data=form)
    assert refused.status_code == 403
    assert client.post(path, data={**form, "token": "x"}, headers=OWN).status_code == 400
    with Ledger.open(folder / "view.db") as ledger, ledger.writing():
        busy = client.post(path, data={**form, "note": "a note to keep", "who": "Ada"}, headers=OWN)
    assert busy.status_code == 409 and "a run is writing to view.db" in busy.text and "a note to keep" in busy.text
    other = client.post(path, data={**form, "value": "0"}, headers=OWN)
    assert other.status_code == 409 and "has the grade 1 there" in other.text
    done = client.post(path, data={**form, "note": "<b>why</b>", "who": "Ada"}, headers=OWN, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"{path}#answer-0")
    text = text_of(client, path)
    assert "Ada takes this grade for wrong" in text and "&lt;b&gt;why&lt;/b&gt;" in text
    assert "of 1 grade that people chose" in text_of(client, VIEW)
    number = re.search(r'name="back" value="(\d+)"', text)
    assert number
    back = {"token": bench.token, "candidate": "0", "back": number[1]}
    assert client.post(path, data=back, headers=OWN, follow_redirects=False).status_code == 303
    assert "takes this grade" not in text_of(client, path)


def test_a_random_answer_is_one_that_nobody_has_judged(client: TestClient) -> None:
    found = client.get(f"{VIEW}/draw?task=writing", follow_redirects=False)
    assert found.status_code == 303
    assert re.fullmatch(rf"{VIEW}/item/\w{{16}}\?task=writing&drawn=[01]#answer-[01]", found.headers["location"])
    assert 'name="drawn" value="1"' in text_of(client, found.headers["location"])


def test_files_are_exported(client: TestClient) -> None:
    for word, begin in (
        ("run", b"{"),
        ("observations-csv", b"candidate,task"),
        ("full", b'{"name"'),
        ("report", b"<!doc"),
    ):
        found = client.get(f"{VIEW}/export/{word}")
        assert found.status_code == 200 and found.content.startswith(begin)
        assert found.headers["content-disposition"].startswith('attachment; filename="looked-at-')
    assert client.get(f"{VIEW}/export/nothing").status_code == 404


def test_a_read_only_bench_writes_nothing(folder: Path) -> None:
    bench = make_bench(Shelf([folder / "view.db"]), None, _room())
    with TestClient(make_bench_app(bench), base_url="http://localhost") as client:
        text = text_of(client, f"{VIEW}/item/{ITEMS[0]}?task=writing")
        assert "Is the grade" not in text and "Start a trial" not in text
        for path in (f"{VIEW}/item/{ITEMS[0]}?task=writing", "/start/check", "/start/run", "/runs/1/cancel"):
            found = client.post(path, data={"token": bench.token}, headers=OWN)
            assert found.status_code == 400 and "--read-only" in found.text
        assert client.get("/start").status_code == 400


def test_the_form_writes_a_trial_file() -> None:
    chosen = {
        "model": ["pkg:x/a.gguf"],
        "models": ["openai:b\n"],
        "task": ["reading"],
        "tasks": ["own.csv\narithmetic@2"],
    }
    name, text = write_trial({**chosen, "name": ["mine"], "limit": ["50"], "early": ["yes"]})
    assert name == "mine" and "{task: arithmetic, level: 2, limit: 50}" in text and "{file: own.csv, limit: 50}" in text
    assert "baseline: a" in text and "stop_early: true" in text and "margin: 0.02" in text
    for fields, told in (
        ({"model": ["x"]}, "no task"),
        ({"task": ["x"]}, "no model"),
        ({"model": ["x"], "task": ["y"], "name": ["../x"]}, "no name for a trial"),
        ({"model": ["x"], "task": ["y"], "limit": ["0"]}, "a limit of '0'"),
        ({"model": ["x"], "task": ["y"], "margin": ["-1"]}, "a margin of"),
    ):
        with pytest.raises(SpecError, match=told):
            write_trial(fields)


def test_a_run_is_told_to_stop_and_says_that_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = (
        "import time\ntry: print('begun', flush=True), time.sleep(600)\n"
        "except KeyboardInterrupt: print('kept'); exit(130)"
    )
    monkeypatch.setattr("fairtrial.workbench.runs._command", lambda *_: [sys.executable, "-c", waits])
    table = RunTable(tmp_path)
    table.save("mine.yaml", "name: mine")
    shelf = Shelf([tmp_path / "mine.db"])
    with TestClient(make_bench_app(bench := make_bench(shelf, table, _room())), base_url="http://localhost") as client:
        form = {"token": bench.token}
        client.post("/start/run", data={**form, "file": "mine.yaml", "ledger": "mine"}, headers=OWN)
        run = wait_for(client, "/runs/1", "begun")
        assert ">running<" in run and "Stop it" in run and "mine.db" in run
        stopping = client.post("/runs/1/cancel", data=form, headers=OWN).text
        assert ">stopping<" in stopping or ">cancelled<" in stopping
        run = wait_for(client, "/runs/1", ">cancelled<")
        assert "Every finished answer is in the ledger" in run and "kept" in run and "Stop it" not in run
        assert ">cancelled<" in text_of(client, "/runs")


def wait_for(client: TestClient, path: str, word: str) -> str:
    """Return a page as soon as it has a word."""
    end = time.monotonic() + 600
    while word not in (text := text_of(client, path)):
        assert time.monotonic() < end, text
        time.sleep(0.05)
    return text


def test_differences_are_by_words() -> None:
    assert compare_words("a b c", "a x c") == [(0, "a "), (-1, "b"), (1, "x"), (0, " c")]
    assert compare_words("same", "same") == [(0, "same")]
    assert compare_words("", "new") == [(1, "new")]
    assert compare_words("x" * 60_001, "") is None
    rng = np.random.default_rng(1)
    for _ in range(40):
        a, b = (" ".join(rng.choice(list("abcde"), 30)) for _ in range(2))
        runs = compare_words(a, b) or []
        assert "".join(text for kind, text in runs if kind <= 0) == a
        assert "".join(text for kind, text in runs if kind >= 0) == b
    assert compare_words("12", "2") == [(-1, "12"), (1, "2")]
    assert compare_words("is 1.25, so", "is 1.35, so") == [(0, "is "), (-1, "1.25"), (1, "1.35"), (0, ", so")]


def test_what_an_address_asks_for_and_is_not_known_is_said(client: TestClient) -> None:
    text = text_of(client, f"{VIEW}/items?task=writing&show=none&sort=x&order=y&page=-1&after=ffff")
    assert re.findall(r"<code>(\w+=\S+)</code>", text) == ["order=y", "page=-1", "show=none", "sort=x", "after=ffff"]
    assert "left out" not in text_of(client, f"{VIEW}/items?task=writing&show=wrong&by=plain")


def test_a_ledger_that_has_gone_is_said_to_have_gone(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "moving.db"
    path.write_bytes((folder / "view.db").read_bytes())
    with TestClient(make_bench_app(make_bench(Shelf([path]), None, _room())), base_url="http://localhost") as client:
        trial = VIEW.replace("/view/", "/moving/")
        text_of(client, trial)
        path.rename(tmp_path / "moved.db")
        for end in ("", "/items", "/export", f"/item/{ITEMS[0]}"):
            text = text_of(client, trial + end, 410)
            assert "The ledger moving.db" in text or "the ledger moving.db" in text
            assert "fairtrial run" not in text
        assert client.request("DELETE", trial).status_code == 405


def test_a_ledger_without_trials_says_what_is_in_it(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "votes.db")
    for name in ("a", "b"):
        ledger.add_candidate(name, name, {"model": "fake:x"})
    add_vote(ledger, Vote("a", "b", "left", False, "0" * 64, "s", "2026-01-01T00:00:00Z"))
    ledger.close()
    with TestClient(
        make_bench_app(make_bench(Shelf([tmp_path]), None, _room())), base_url="http://localhost"
    ) as client:
        assert "This ledger holds 1 vote of people" in text_of(client, "/")


def test_a_dropped_file_of_questions_is_shown_and_chosen(client: TestClient, bench: Workbench) -> None:
    rows = "question,answer\n" + "".join(f'"<b>What, is {i}?</b>",{i}\n' for i in range(7))
    sent = {"token": bench.token, "file": "asked.csv", "text": rows}
    text = client.post("/start/check", data=sent, headers=OWN).text
    assert "7 rows, of which these are the first" in text and "&lt;b&gt;What, is 4?" in text and "is 5?" not in text
    assert re.search(r'value="asked.csv" checked', text)
    assert "no rows of questions" in client.post("/start/check", data={**sent, "text": "a,b\n"}, headers=OWN).text
    lines = read_sample("x.jsonl", '{"q": "a", "n": 1}\n{"q": "b"}\n')
    assert (lines.columns, lines.rows, lines.count) == (("q", "n"), (("a", "1"), ("b", "")), 2)


def test_a_trial_that_lacks_keys_is_told_so_without_a_process(
    client: TestClient, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairtrial.workbench.runs._command", lambda *_: pytest.fail("a process was started"))
    candidate = "{id: a, model: 'openai:gpt-4o-mini', odd: 1, endpoint: {base_url: 'http://127.0.0.1:9/v1'}}"
    sent = {"token": bench.token, "file": "lacking.yaml", "text": f"candidates: [{candidate}]\n"}
    found = client.post("/start/check", data=sent, headers=OWN)
    assert found.status_code == 422 and "the key &#39;tasks&#39; is missing" in found.text
    assert "unknown key &#39;odd&#39;" in found.text and "leads out" not in found.text


def test_an_answer_without_the_main_measure_is_there(tmp_path: Path) -> None:
    unclear = {"name": "unclear", "unit": "1", "higher_is_better": False, "bounds": [0, 1], "transform": "identity"}
    columns = {"acc": {"a": [1.0, None, None]}, "unclear": {"a": [0.0, 1.0, None]}}
    standing_ledger.trial_ledger(tmp_path / "x.db", ["a"], {"one": columns}, more_measures=[unclear]).close()
    [row] = find_progress(tmp_path / "x.db", standing_ledger.TRIAL).rows
    assert (row.done, row.of) == (2, 3)

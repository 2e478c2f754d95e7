"""What the ledger keeps apart, refuses, hands out and takes out."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.export import BLOCK_ITEMS, export_parquet, export_text
from fairtrial.ledger.gc import collect
from fairtrial.ledger.signs import find_common_texts
from fairtrial.ledger.steps import read_cascade_items
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Item,
    Observation,
    Pair,
    Prompt,
    ScoreAnswer,
    ScoreRequest,
    TraceStep,
)
from tests.support.ledgers import CARD, TASK, TRIAL, candidate_id, filled, make_items, plan

A, B = candidate_id("a"), candidate_id("b")
LONE = "lone \ud800 half, \u2028 line, \x85, \x00"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return filled(tmp_path / "t.db")


def score(question: str, shots: str = "") -> ScoreRequest:
    return ScoreRequest(tuple(Pair(Prompt(shots + question), choice) for choice in ("yes", "no")))


def exported(ledger: Ledger, *, trial: str | None = None, answers: bool = False) -> list[dict[str, object]]:
    out = io.StringIO()
    export_text(ledger, out, answers=answers, trial=trial)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def add_trial(ledger: Ledger, name: str, items: Sequence[Item], repeats: int = 1) -> str:
    document = plan()
    document["tasks"][0]["entry"]["repeats"] = repeats  # type: ignore[index]
    trial_id = name.ljust(32, "0")
    ledger.add_trial(trial_id, name, "", document, {TASK: [item.id for item in items]})
    return trial_id


def test_a_request_is_stored_once_and_little_more_than_its_difference(ledger: Ledger) -> None:
    shots = "".join(f"Question {n * n}? Answer {n * 7919 % 1000}.\n" for n in range(200))
    requests = [score(f"Is {n} odd?", shots) for n in range(20)]
    answer = ScoreAnswer((-1.0, -2.0), (True, False), (1, 1))
    for who in (A, B):
        asked = [(TASK, make_items(4)[n % 4].id, n // 4, (r.id,)) for n, r in enumerate(requests)]
        ledger.commit(who, Chunk(answers=[(r, answer) for r in requests], asked=asked))
    sizes = [row[0] for row in ledger.connection.execute("SELECT length(body) FROM requests ORDER BY rowid")]
    assert len(sizes) == 20
    assert max(sizes[1:]) < sizes[0] / 4
    for n in (0, 1, 19):
        [(request, kept)] = query.read_item_answers(ledger, B, TASK, make_items(4)[n % 4].id, n // 4)
        assert request == requests[n]
        assert kept["logprobs"] == [-1.0, -2.0]


def test_text_that_is_no_unicode_comes_back_and_can_be_exported(ledger: Ledger) -> None:
    item = Item("e" * 32, 9, LONE, (LONE,), (LONE,), LONE, {"text": LONE})
    ledger.add_items(TASK, [item])
    kept = query.read_items(ledger, TASK)[item.id]
    assert (kept.question, kept.choices, kept.gold, kept.data) == (LONE, (LONE,), (LONE,), {"text": LONE})
    ask, said = GenerateRequest(Prompt(LONE), max_tokens=4), GenerateAnswer(LONE, 3, "stop")
    chunk = Chunk(answers=[(ask, said)], asked=[(TASK, make_items(1)[0].id, 0, (ask.id,))])
    ledger.commit(A, chunk)
    assert ledger.answers(A, [ask.id]) == {ask.id: said}
    [(request, _)] = query.read_item_answers(ledger, A, TASK, make_items(1)[0].id)
    assert isinstance(request, GenerateRequest) and request.prompt.user == LONE
    [row] = exported(ledger, answers=True)
    assert row["text"] == LONE
    with pytest.raises(LedgerError, match="no place"):
        ledger.commit(A, Chunk(observations=[(TASK, item.id, 0, Observation(LONE, 1.0))]))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_logprob_is_refused(ledger: Ledger, value: float) -> None:
    with pytest.raises(LedgerError, match="not a log-probability"):
        ledger.commit(A, Chunk(answers=[(score("?"), ScoreAnswer((value,), (True,), (1,)))]))


def test_numbers_keep_every_bit(ledger: Ledger) -> None:
    values = [*np.random.default_rng(3).normal(-20, 10, 50).tolist(), -5e-324, -1.7976931348623157e308, -0.0, -math.inf]
    requests = [score(f"{n}?") for n in range(len(values))]
    answers = [ScoreAnswer((value,), (True,), (1,)) for value in values]
    ledger.commit(A, Chunk(answers=list(zip(requests, answers, strict=True))))
    back = ledger.answers(A, [r.id for r in requests])
    assert [back[r.id].logprobs[0].hex() for r in requests] == [v.hex() for v in values]  # type: ignore[union-attr]


def sampled(seed: int) -> Chunk:
    request = GenerateRequest(Prompt("Say a number."), max_tokens=2, temperature=1.0, seed=seed)
    item = make_items(1)[0].id
    return Chunk(
        answers=[(request, GenerateAnswer(str(seed), 1, "stop"))],
        asked=[(TASK, item, 0, (request.id,))],
        observations=[(TASK, item, 0, Observation("acc", float(seed)))],
    )


def test_grades_of_other_answers_are_not_taken_for_these(ledger: Ledger) -> None:
    ledger.commit(A, sampled(1))
    ledger.commit(A, sampled(1))
    with pytest.raises(LedgerError, match="other requests for the same item"):
        ledger.commit(A, sampled(2))
    assert query.read_values(ledger, TRIAL, A, TASK, "acc").values.tolist() == [1.0]
    paid = sampled(2).answers[0]
    assert ledger.answers(A, [paid[0].id]) == {paid[0].id: paid[1]}  # paid for, so kept
    ledger.commit(B, sampled(2))  # another candidate's
    assert query.read_values(ledger, TRIAL, B, TASK, "acc").values.tolist() == [2.0]


def test_a_trial_sees_its_own_items_and_repeats_only(ledger: Ledger) -> None:
    items = make_items(4)
    once = add_trial(ledger, "once", [items[2], items[0]])
    thrice = add_trial(ledger, "thrice", items, repeats=3)
    rows = [(TASK, item.id, n, Observation("acc", float(n))) for item in items for n in range(3)]
    ledger.commit(A, Chunk(observations=rows))
    assert query.read_values(ledger, once, A, TASK, "acc").item_ids == (items[2].id, items[0].id)
    assert query.read_values(ledger, once, A, TASK, "acc").values.tolist() == [0.0, 0.0]
    assert query.read_values(ledger, thrice, A, TASK, "acc").values.tolist() == [1.0] * 4
    assert {row["repeat"] for row in exported(ledger, trial="once")} == {0}
    assert len(exported(ledger, trial="thrice")) == 12


def test_clusters_are_numbered_without_gaps(ledger: Ledger) -> None:
    items = make_items(4)
    ledger.commit(A, Chunk(observations=[(TASK, i.id, 0, Observation("acc", 1.0)) for i in items[2:]]))
    assert query.read_values(ledger, TRIAL, A, TASK, "acc").clusters.tolist() == [0, 0]
    assert query.read_paired_values(ledger, TRIAL, A, B, TASK, "acc").item_ids == ()


def test_absences_are_the_trials_own_and_end_with_a_value(ledger: Ledger) -> None:
    items = make_items(4)
    stranger = candidate_id("stranger")
    ledger.add_candidate(stranger, "stranger", {})
    for who in (A, stranger):
        absent = [(TASK, item.id, 0, "joules", "no meter") for item in items[:2]]
        ledger.commit(who, Chunk(absences=[*absent, ("", "", 0, "bytes", "a hosted model"), (TASK, "", 0, "s", "-")]))
    expected = {(A, "", "bytes", 1), (A, TASK, "joules", 2), (A, TASK, "s", 1)}
    found = query.read_absences(ledger, TRIAL)
    assert {(row["candidate_id"], row["task_id"], row["measure"], row["items"]) for row in found} == expected
    ledger.commit(A, Chunk(observations=[(TASK, items[0].id, 0, Observation("joules", 2.0, unit="J"))]))
    [joules] = [row for row in query.read_absences(ledger, TRIAL) if row["measure"] == "joules"]
    assert joules["items"] == 1


def test_what_is_about_a_candidate_as_a_whole_is_exported_first(ledger: Ledger, tmp_path: Path) -> None:
    whole = [("", "", 0, Observation("bytes", 98e6, unit="B")), (TASK, "", 0, Observation("load_s", 1.5, unit="s"))]
    ledger.commit(A, Chunk(observations=[*whole, (TASK, make_items(1)[0].id, 0, Observation("acc", 1.0))]))
    found = exported(ledger)
    assert [(row["task"], row["doc_id"], row["item"] == "", row["measure"]) for row in found] == [
        ("", None, True, "bytes"),
        ("quiz", None, True, "load_s"),
        ("quiz", 0, False, "acc"),
    ]
    schema = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "ledger-export.schema.json").read_text())
    for row in found:
        jsonschema.Draft202012Validator(schema).validate(row)
    out = io.StringIO()
    export_text(ledger, out, "csv")
    assert [row["doc_id"] for row in csv.DictReader(io.StringIO(out.getvalue()))] == ["", "", "0"]
    parquet = pytest.importorskip("pyarrow.parquet")
    assert export_parquet(ledger, tmp_path / "rows.parquet") == 3
    assert parquet.read_table(tmp_path / "rows.parquet").to_pylist() == found


def test_an_export_of_more_than_one_block_is_in_order_and_whole(tmp_path: Path) -> None:
    count = 2 * BLOCK_ITEMS + 7
    ledger = filled(tmp_path / "t.db", items=count)
    for who, name in ((B, "acc"), (A, "acc"), (A, "acc_norm")):
        rows = [(TASK, item.id, 0, Observation(name, item.doc_id / count)) for item in make_items(count)]
        ledger.commit(who, Chunk(observations=rows))
    found = [(row["doc_id"], row["candidate"], row["measure"], row["value"]) for row in exported(ledger)]
    three = (("a", "acc"), ("a", "acc_norm"), ("b", "acc"))
    assert found == [(n, who, name, n / count) for n in range(count) for who, name in three]


def test_an_export_is_of_one_moment(ledger: Ledger) -> None:
    ledger.commit(A, Chunk(observations=[(TASK, make_items(1)[0].id, 0, Observation("acc", 1.0))]))
    later = Chunk(observations=[(TASK, make_items(1)[0].id, 1, Observation("acc", 0.0))])
    with Ledger.open(ledger.path, create=False) as reader:
        read: list[int] = []

        def count() -> int:
            read.append(len(list(reader.read("SELECT * FROM observations"))))
            return read[-1]

        with reader.snapshot():
            assert reader.memory.recall("count", count) == 1
            ledger.commit(A, later)
            assert reader.memory.recall("count", count) == 1 and read == [1]
            assert count() == 1
        assert reader.memory.recall("count", count) == 2 and read == [1, 1, 2]
    with ledger.writing(), ledger.snapshot(), pytest.raises(LedgerError, match="written"), ledger.transaction():
        pass
    ledger.commit(A, Chunk(observations=[(TASK, make_items(1)[0].id, 2, Observation("acc", 0.0))]))


def test_clearing_up_keeps_what_other_trials_share(ledger: Ledger) -> None:
    items = make_items(4)
    request = {item.id: score(item.question) for item in items}
    answer = ScoreAnswer((-1.0, -2.0), (True, False), (1, 1))
    chunk = Chunk(
        answers=[(request[i.id], answer) for i in items],
        asked=[(TASK, i.id, 0, (request[i.id].id,)) for i in items],
        observations=[
            *((TASK, i.id, 0, Observation("acc", 1.0)) for i in items),
            ("", "", 0, Observation("bytes", 1.0)),
        ],
    )
    for who in (A, B):
        ledger.commit(who, chunk)
    add_trial(ledger, "half", items[2:])
    before = exported(ledger, trial="half", answers=True)
    would = collect(ledger, keep_trials=["half"], dry_run=True)
    assert exported(ledger, trial="tried")
    gone = collect(ledger, keep_trials=["half"])
    assert (gone.trials, gone.answers, gone.observations, gone.items) == (1, 4, 4, 2)
    assert (would.trials, would.answers, would.observations, would.items) == (1, 4, 4, 2)
    assert exported(ledger, trial="half", answers=True) == before
    # the first request went with its item but for its text, on which the others' compression rests
    assert ledger.connection.execute("SELECT count(*) FROM requests").fetchone() == (3,)
    [(kept, _)] = query.read_item_answers(ledger, A, TASK, items[3].id)
    assert kept.prompts[0].user == items[3].question
    collect(ledger, ["half"])
    assert set(query.count_rows(ledger).values()) == {0}
    assert ledger.connection.execute("SELECT count(*) FROM requests").fetchone() == (0,)


def measured(ledger: Ledger, trial: str) -> list[tuple[str, str, float]]:
    rows = query.read_whole_rows(ledger, trial)
    return [(row.candidate_id, row.measure, row.value) for row in rows]


def test_what_a_run_knew_goes_with_its_trial_and_is_never_a_later_runs(ledger: Ledger) -> None:
    """Two trials share a candidate; the later one is taken out, and the next run does not find its joules."""
    first = add_trial(ledger, "first", make_items(2))
    early = ledger.open_session(first, {})
    ledger.commit(A, Chunk(whole=[(early, Observation("memory", 1.0, unit="B"))]))
    late = ledger.open_session(TRIAL, {})
    known = [(late, Observation("memory", 9.0, unit="B")), (late, Observation("joules", 9.0, unit="J"))]
    ledger.commit(A, Chunk(whole=known, absences=[("", "", late, "watts", "no meter")]))
    gone = collect(ledger, ["tried"])
    assert gone.observations == 2
    assert measured(ledger, first) == [(A, "memory", 1.0)]
    again = ledger.open_session(first, {})
    ledger.commit(A, Chunk(whole=[(again, Observation("memory", 2.0, unit="B"))]))
    assert measured(ledger, first) == [(A, "memory", 1.0), (A, "memory", 2.0)]
    assert query.read_absences(ledger, first) == []


def test_a_run_is_not_numbered_like_one_of_which_something_is_left(ledger: Ledger) -> None:
    """A ledger from which an earlier version took a trial, or `ledger check --save` a damaged run."""
    gone = ledger.open_session(TRIAL, {})
    ledger.commit(A, Chunk(whole=[(gone, Observation("joules", 9.0, unit="J"))]))
    ledger.commit(B, Chunk(absences=[("", "", gone + 1, "joules", "no meter")]))
    ledger.connection.execute("DELETE FROM sessions")
    assert ledger.open_session(TRIAL, {}) == gone + 2
    assert measured(ledger, TRIAL) == []
    assert query.read_absences(ledger, TRIAL) == []


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "half \ud800"])
def test_no_name_in_an_export_is_a_formula_and_every_one_is_written(ledger: Ledger, tmp_path: Path, name: str) -> None:
    ledger.commit(A, Chunk(observations=[(TASK, make_items(1)[0].id, 0, Observation("acc", -1.0))]))
    document = json.loads(ledger.connection.execute("SELECT plan FROM trials").fetchone()[0])
    document["candidates"][0]["name"] = name
    ledger.connection.execute("UPDATE trials SET plan = ?", (json.dumps(document),))
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        export_text(ledger, file, "csv")
    [row] = csv.DictReader((tmp_path / "rows.csv").read_text("utf-8").splitlines())
    assert row["candidate"] == ("half ?" if "half" in name else f"'{name}")
    assert row["value"] == "-1.0"


@pytest.mark.parametrize("value", [math.inf, -math.inf, "much", b"x"])
def test_what_is_no_number_is_exported_in_no_form(ledger: Ledger, tmp_path: Path, value: object) -> None:
    """SQLite keeps no NaN; a ledger that was made by hand may hold the rest."""
    ledger.commit(A, Chunk(observations=[(TASK, make_items(1)[0].id, 0, Observation("acc", 1.0))]))
    ledger.connection.execute("UPDATE observations SET value = ?", (value,))
    for form in ("jsonl", "csv"):
        with pytest.raises(LedgerError, match="acc is no finite number"):
            export_text(ledger, io.StringIO(), form)
    with pytest.raises(LedgerError, match="acc is no finite number"):
        export_parquet(ledger, tmp_path / "rows.parquet")


def test_the_text_that_stands_most_often_is_found_whatever_its_answer_holds(ledger: Ledger) -> None:
    items, odd = make_items(4), f'{LONE}, "quoted", {{"text":"no"}},\\"text":"no"'
    step = TraceStep("guard", prompt='{"text":"no"}')
    made = [
        (
            GenerateRequest(Prompt(f"{i}"), 4),
            GenerateAnswer(odd if i else "else", 1, "stop", 3, trace=(step,), thought=odd),
        )
        for i in range(4)
    ]
    asked = [(TASK, item.id, 0, (request.id,)) for item, (request, _) in zip(items, made, strict=True)]
    ledger.commit(A, Chunk(made, asked))
    score_made = [(score(item.question), ScoreAnswer((-1.0,), (True,), (1,), 2, trace=(step,))) for item in items]
    ledger.commit(B, Chunk(score_made, [(TASK, i.id, 0, (r.id,)) for i, (r, _) in zip(items, score_made, strict=True)]))
    [found] = find_common_texts(ledger, TRIAL)
    assert (found.candidate_id, found.text, found.count, found.of) == (A, odd, 3, 4)


def test_old_trials_go_by_age_and_space_is_given_back(ledger: Ledger) -> None:
    add_trial(ledger, "new", make_items(2))
    ledger.open_session(TRIAL, {})
    ledger.connection.execute("UPDATE sessions SET started = '2020-01-01T00:00:00.000Z'")
    ledger.add_task("f" * 32, "other", CARD)
    ledger.commit(A, Chunk(answers=[(score("x" * 99), ScoreAnswer((-1.0,) * 2, (True,) * 2, (1, 1)))]))
    big = [GenerateRequest(Prompt(f"{n}"), 3) for n in range(30)]
    ledger.commit(A, Chunk(answers=[(r, GenerateAnswer("y" * 5000, 1, "stop")) for r in big]))
    assert collect(ledger, older_than=timedelta(days=36500), dry_run=True).trials == 0
    gone = collect(ledger, older_than=timedelta(days=365))
    assert [row.name for row in query.read_trials(ledger)] == ["new"]
    assert (gone.trials, gone.answers) == (1, 31)
    assert gone.bytes_freed > 30 * 5000
    assert ledger.connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


@pytest.mark.parametrize(
    "step",
    [
        {"by": 5},
        {"by": None},
        {"by": "small", "tokens_in": True},
        {"by": "small", "tokens_in": 1.5},
        {"by": "small", "tokens_out": -1},
        {"by": "small", "tokens_out": "3"},
        {"by": "small", "signal": "x"},
        {"by": "small", "signal": True},
        {"by": "small", "prompt": 5},
        {"by": "small", "action": ["refused"]},
        {"by": "small", "sources": "text"},
        {"by": "small", "sources": [1]},
        {"by": "small", "new": 1},
        {},
        5,
    ],
)
def test_a_step_that_is_none_is_damage_and_its_answer_named(ledger: Ledger, step: object) -> None:
    item = make_items(1)[0].id
    ledger.commit(A, sampled(1))
    [(request, _)] = query.read_item_answers(ledger, A, TASK, item)
    ledger.connection.execute("UPDATE answers SET answer = json_set(answer, '$.trace', json(?))", (json.dumps([step]),))
    ledger.connection.commit()
    for reader in (
        lambda: query.read_item_answers(ledger, A, TASK, item),
        lambda: ledger.answers(A, [request.id]),
        lambda: read_cascade_items(ledger, A, TASK),
        lambda: exported(ledger, answers=True),
    ):
        with pytest.raises(LedgerError) as caught:
            reader()
        assert caught.value.where == request.id


def test_a_step_that_could_not_be_read_is_not_written(ledger: Ledger) -> None:
    request = GenerateRequest(Prompt("?"), max_tokens=2)
    odd = GenerateAnswer("x", 1, "stop", trace=(TraceStep("rag", sources=(5,)),))  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="by 'rag', has another kind of sources"):
        ledger.commit(A, Chunk(answers=[(request, odd)]))

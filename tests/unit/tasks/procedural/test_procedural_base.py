"""Procedural tasks: the same items anywhere, prefixes that stay, examples that are never items, clear refusals."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from typing import Any

import pytest

from fairtrial.errors import SpecError, TaskError
from fairtrial.records import GenerateAnswer, ScoreAnswer, ScoreRequest
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.procedural import PROCEDURAL
from fairtrial.tasks.procedural.base import ChoiceTask, Question, Scene
from fairtrial.tasks.procedural.choices import draw_wrong_numbers
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite, load_words
from fairtrial.tasks.procedural.table import build_table

LEVELS = [(name, level) for name in PROCEDURAL for level in load_suite(name).levels]


def make(name: str, **options: Any) -> Task:
    module, _, function = PROCEDURAL[name].partition(":")
    made: Task = getattr(import_module(module), function)(TaskOptions(**options))
    return made


# The first 20 items and the first prompt of every level, at seed 1234.  They may change only together with the suite's
# version; then run this file's `fingerprint` and write the new values here.
FINGERPRINTS: dict[str, str] = {
    "arithmetic": "37f68a8b3d74de14",
    "arithmetic_open": "ebf61cd93d3e2888",
    "instructions": "d752bfda6c51ab6c",
    "logic": "cdf1d88526c77910",
    "patterns": "1cfe0a4964cc3180",
    "reading": "c32fdbaa9eef2aa6",
    "table": "a193437ffe4828f3",
}


def fingerprint(name: str) -> str:
    rows = []
    for level in load_suite(name).levels:
        task = make(name, level=level, items=20)
        items = task.items()
        (request,) = task.requests(items[0])
        prompt = request.pairs[0].prompt if isinstance(request, ScoreRequest) else request.prompt
        rows.append([[item.id for item in items], prompt.plain()])
    return hashlib.sha256(json.dumps([load_suite(name).version, rows]).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", PROCEDURAL)
def test_the_items_of_a_version_never_change(name: str) -> None:
    assert fingerprint(name) == FINGERPRINTS[name], "items changed: raise the suite's version, then renew this value"


def test_draws_never_change() -> None:
    draw = Draw(1, 2, 3)
    assert [draw.draw_below(1000) for _ in range(5)] == DRAWN
    assert Draw(7).sample(range(10), 4) == SAMPLED


DRAWN: list[int] = [616, 483, 571, 86, 63]
SAMPLED: list[int] = [3, 9, 4, 6]


def test_draws_are_uniform_and_streams_differ() -> None:
    draw = Draw(5)
    seen = [draw.draw_below(7) for _ in range(7000)]
    assert all(850 < seen.count(n) < 1150 for n in range(7))
    assert [Draw(5, 0).draw_below(10**9) for _ in range(2)] != [Draw(5, 1).draw_below(10**9) for _ in range(2)]
    firsts = [Draw(9, i).sample("abcd", 2)[0] for i in range(4000)]
    assert all(850 < firsts.count(letter) < 1150 for letter in "abcd")


def test_draws_refuse_the_impossible() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Draw(1).draw_below(0)
    with pytest.raises(ValueError, match="3 different values from 2"):
        Draw(1).sample([1, 2], 3)


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_first_hundred_of_two_hundred_are_the_hundred(name: str, level: int) -> None:
    few, many = make(name, level=level, items=100), make(name, level=level, items=200)
    assert list(many.items())[:100] == list(few.items())
    assert many.card == few.card
    assert [r.id for i in few.items()[:5] for r in few.requests(i)] == [
        r.id for i in many.items()[:5] for r in many.requests(i)
    ]


@pytest.mark.parametrize("name", PROCEDURAL)
def test_seeds_and_levels_make_other_items(name: str) -> None:
    ids = [{item.id for item in make(name, seed=seed, level=level, items=60).items()} for seed, level in SEEDS]
    assert not ids[0] & ids[2]
    assert len(ids[0] & ids[1]) < 6


SEEDS = [(1, 2), (2, 2), (1, 3)]


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_no_item_is_ever_an_example(name: str, level: int) -> None:
    bare, shown = make(name, level=level, items=150, shots=0), make(name, level=level, items=150, shots=16)
    assert [item.id for item in bare.items()] == [item.id for item in shown.items()]
    (request,) = shown.requests(shown.items()[0])
    prompt = request.pairs[0].prompt if isinstance(request, ScoreRequest) else request.prompt
    blocks = prompt.in_one_turn().user.split("\n\n")
    assert len(blocks) == 17
    for item in bare.items():
        (asked,) = bare.requests(item)
        user = (asked.pairs[0].prompt if isinstance(asked, ScoreRequest) else asked.prompt).user
        assert all(not block.startswith(user) for block in blocks[:16])


def test_examples_show_the_gold_answer_in_the_scored_form() -> None:
    task = make("table", level=1, shots=2, items=3)
    (request,) = task.requests(task.items()[0])
    assert isinstance(request, ScoreRequest)
    prompt = request.pairs[0].prompt
    assert prompt.system.endswith("\n\n")
    first, second, asked = prompt.in_one_turn().user.split("\n\n")
    assert first.rpartition("Answer: ")[2] and second.rpartition("Answer: ")[2]
    assert asked.startswith("Table:\n") and asked.endswith("\nAnswer:")
    assert request.delimiter == " "
    assert [pair.continuation for pair in request.pairs] == list(task.items()[0].choices)


@pytest.mark.parametrize(
    ("options", "words_of_error"),
    [
        ({"level": 6}, "level 6 does not exist; task 'logic' has the levels 1 to 5"),
        ({"level": 0}, "level 0 does not exist"),
        ({"shots": 17}, "number of shots is 17; allowed is from 0 to 16"),
        ({"seed": -1}, "seed is -1; allowed is at least 0"),
        ({"items": 0}, "number of items is 0"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, int], words_of_error: str) -> None:
    with pytest.raises(SpecError, match=words_of_error):
        make("logic", **options)


def test_a_level_error_tells_what_the_levels_are() -> None:
    with pytest.raises(SpecError) as caught:
        make("reading", level=9)
    assert caught.value.fix.count("\n") == 4 and caught.value.fix.startswith("1: ")


def test_a_generator_that_runs_dry_says_so() -> None:
    def always_the_same(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
        return Scene("only", (Question("Who?", "Ada", ("Bo",)),))

    with pytest.raises(TaskError, match="too few different ones"):
        ChoiceTask(load_suite("logic"), always_the_same, TaskOptions(items=2)).items()


def test_grading_refuses_the_wrong_kind_of_answer() -> None:
    for name, answer in (
        ("logic", GenerateAnswer("x", 1, "stop")),
        ("instructions", ScoreAnswer((0.0,), (True,), (1,))),
    ):
        task = make(name, items=1)
        with pytest.raises(TypeError, match="grades"):
            task.grade(task.items()[0], [answer])


def test_acc_norm_divides_by_characters() -> None:
    task = make("reading", level=1, items=40)
    item = next(i for i in task.items() if len({len(c) for c in i.choices}) > 1)
    longest = max(item.choices, key=len)
    scores = tuple(-10.0 if choice == longest else -9.9 for choice in item.choices)
    graded = {o.measure: o.value for o in task.grade(item, [ScoreAnswer(scores, (False,) * 4, (1,) * 4)])}
    assert graded["acc_norm"] == float(longest == item.gold[0])
    assert graded["acc"] == float(next(c for c in item.choices if c != longest) == item.gold[0])


def test_wrong_numbers_keep_the_rank_and_the_digits() -> None:
    draw = Draw(3)
    for gold, rank in ((57, 0), (57, 3), (10, 0), (99, 3), (5, 2)):
        wrong = draw_wrong_numbers(draw, gold, [gold + 1, gold - 1, gold * 10], rank, 4)
        assert wrong is not None and len(set(wrong)) == 3
        assert sum(int(n) < gold for n in wrong) == rank
        assert {len(n) for n in wrong} == {len(str(gold))}
    assert draw_wrong_numbers(draw, 10, [], 1, 4) is None
    assert draw_wrong_numbers(draw, 1, [], 1, 4, lowest=1) is None


def test_the_vocabulary_has_no_word_twice() -> None:
    assert all(len(set(group)) == len(group) for group in load_words().values())


def test_a_malformed_suite_is_refused() -> None:
    good = load_suite("table").model_dump()
    with pytest.raises(ValueError, match="levels must run from 1"):
        Suite.model_validate({**good, "level": 9})
    with pytest.raises(ValueError, match="Extra inputs"):
        Suite.model_validate({**good, "colour": "red"})
    with pytest.raises(TaskError, match="missing"):
        load_suite("no_such_suite")


def test_questions_about_one_table_share_a_cluster() -> None:
    items = build_table(TaskOptions(items=30)).items()
    for item in items:
        same = [other for other in items if other.cluster == item.cluster]
        assert {other.data["context"] for other in same} == {item.data["context"]}
        assert len(same) == 3

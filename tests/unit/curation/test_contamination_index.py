"""Items looked up in rows, and in the grams of a training set: what counts, and what belongs to a task's wording."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.curation.base import ConversationTurn, Drop, RowOrigin, StepContext, TrainingRow
from fairtrial.curation.contamination.grams import collect_grams
from fairtrial.curation.contamination.index import Contact, ItemIndex
from fairtrial.curation.contamination.items import ItemText, read_items, write_items
from fairtrial.curation.contamination.rules import FOR_ITEMS, FOR_ROWS, ItemCounts, judge
from fairtrial.curation.steps.against import AgainstStep
from fairtrial.errors import SpecError
from fairtrial.spec.against import Against
from fairtrial.spec.curate import Curate

NOW = datetime(2026, 11, 26, tzinfo=UTC)

FERRY = ItemText(
    "harbour",
    "f1",
    "The ferry to Harrow carries 40 crates of apples on Monday and half as many on Tuesday. How many crates does it "
    "carry on both days together?",
    (),
    ("60",),
)
PERU = ItemText("capitals", "p1", "What is the capital of Peru?", ("Rome", "Lima", "Quito"), ("Lima",))
FILLER = "Nothing in this sentence has been asked of anybody, and it goes on for some words more."


def find(row: list[str], *items: ItemText) -> str:
    found = ItemIndex(items or (FERRY, PERU)).find(row)
    return found.rule if found else ""


def seen(rows: list[list[str]], *items: ItemText) -> dict[str, str]:
    return {one.item.id: one.rule for one in ItemIndex(items or (FERRY, PERU)).find_seen(collect_grams(rows))}


def test_rows_and_training_sets_that_hold_an_item() -> None:
    row = [f"{FILLER} {FERRY.question}", "60"]
    assert find(row) == "thirteen"
    assert seen([row, [FILLER]]) == {"f1": "thirteen"}
    assert find([FILLER]) == ""
    assert seen([[FILLER]]) == {}
    assert seen([]) == {}


def test_what_is_in_common_is_quoted_from_the_item() -> None:
    found = ItemIndex([FERRY]).find(["the FERRY to Harrow carries 40 crates of apples on monday and half, they say"])
    assert found is not None
    assert found.words == "The ferry to Harrow carries 40 crates of apples on Monday and half"
    assert found.describe() == "harbour item f1: 13 words in a row, 7%"
    assert "ferry" not in repr(found)


def test_a_question_over_several_rows_is_seen_by_all_rows_together() -> None:
    trees = ("alder", "birch", "cedar", "dogwood", "elm", "fir")
    places = ("yard", "lane", "moor", "bank", "ridge", "cove", "glen", "ford", "heath", "copse")
    passage = ItemText("trees", "t1", " ".join(f"{tree} of {place}" for tree in trees for place in places))
    whole = passage.question.split()
    rows = [[" ".join(whole[at : at + 12])] for at in range(0, len(whole), 5)]
    assert all(ItemIndex([passage]).find(row) is None for row in rows)
    assert seen(rows, passage) == {"t1": "eight"}
    assert seen(rows[: len(rows) // 2], passage) == {}


def test_names_and_numbers_changed() -> None:
    row = FERRY.question.replace("Harrow", "Lorn").replace("40", "12").replace("Monday", "Friday")
    assert find([row.replace("Tuesday", "Sunday")]) == "changed"
    assert seen([[row.replace("Tuesday", "Sunday")]]) == {"f1": "changed"}


def test_a_short_question_needs_its_answer() -> None:
    assert find(["What is the capital of Peru?\nA. Quito\nB. Lima\nC. Rome", "B"]) == "short"
    assert find(["What is the capital of Peru?", "I do not know."]) == ""
    assert seen([["What is the capital of Peru?"], ["Lima is large."]]) == {}
    assert seen([["What is the capital of Peru?", "Lima"]]) == {"p1": "short"}


def test_a_question_without_answer_counts_alone_and_one_with_a_picture_never() -> None:
    bare = ItemText("locks", "l1", "How do I pick a lock?")
    assert find(["How do I pick a lock?", "I cannot help with that."], bare) == "short"
    pictured = ItemText("sides", "s1", "On which side is it?", (), ("left",), pictured=True)
    assert find(["On which side is it?", "left"], pictured) == ""


def test_what_many_items_say_is_their_tasks_wording() -> None:
    told = "Read the passage with care and then answer the question below with one word of it only, nothing more."
    items = [ItemText("reading", f"r{n}", f"{told} Who lives at number {n * n}?", (), (f"n{n}",)) for n in range(300)]
    index = ItemIndex(items)
    assert index.find([f"{told} Tell me a joke."]) is None
    assert list(index.find_seen(collect_grams([[f"{told} Tell me a joke."]]))) == []
    other = ItemIndex(items[:1]).find([f"{told} Tell me a joke."])
    assert other is not None  # of one item nobody can tell its wording from its task's


def test_rows_of_the_templates_of_a_generated_task_are_practice() -> None:
    shaped = "On {} {} carried {} crates of apples from the barn to the mill. How many crates is {} and 3?"
    item = ItemText("own", "o1", shaped.format("Monday", "Anna", 12, 12), (), ("15",))
    row = [shaped.format("Friday", "Ben", 7, 7), "10"]
    assert find(row, item) in ("thirteen", "changed", "eight")
    practice = ItemText("own", "o1", item.question, (), ("15",), generated=True)
    same = [shaped.format("Monday", "Anna", 12, 12), "15"]
    assert find(same, practice) == "eight"
    assert seen([same], practice) == {"o1": "eight"}
    assert seen([row], practice) == {}


def test_thresholds_as_published() -> None:
    def counts(**seen: int) -> ItemCounts:
        total = {"thirteen": 95, "eight": 100, "changed": 100, "near": 100}
        return ItemCounts(total, total, {**dict.fromkeys(total, 0), **seen}, seen.get("eight", 0), False)

    assert judge(counts(eight=70), FOR_ITEMS, False) == ("eight", 0.7)
    assert judge(counts(eight=69), FOR_ITEMS, False) is None
    assert judge(counts(eight=25), FOR_ROWS, False) == ("eight", 0.25)
    assert judge(counts(thirteen=1, eight=6), FOR_ITEMS, False) == ("thirteen", 1 / 95)


def test_items_go_through_a_file(tmp_path: Path) -> None:
    path = write_items([FERRY, PERU], tmp_path)
    assert write_items([FERRY, PERU], tmp_path) == path
    assert read_items(path) == [FERRY, PERU]
    own = tmp_path / "own.jsonl"
    own.write_text('{"question": "Who?", "gold": "Ben"}\n\n')
    assert read_items(own) == [ItemText("own", "1", "Who?", (), ("Ben",), number=1)]
    numbered = replace(FERRY, number=7)
    assert read_items(write_items([numbered], tmp_path)) == [numbered]
    assert Contact(numbered, "thirteen", 1.0).describe().startswith(f"{FERRY.task} item 7 ({FERRY.id[:12]}): ")


@pytest.mark.parametrize(
    ("line", "told"), [('{"q": 1}', "no question"), ("[", "no question"), ('{"question": 4}', "no question")]
)
def test_a_line_that_is_no_item_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(f'{{"question": "Who?"}}\n{line}\n')
    with pytest.raises(SpecError, match=told) as caught:
        read_items(path)
    assert caught.value.where == f"{path}:2"


def test_the_step_drops_and_says_why(tmp_path: Path) -> None:
    path = write_items([FERRY, PERU], tmp_path)
    step = AgainstStep(Against(items=(str(path),)), StepContext(NOW, tmp_path))
    kept = TrainingRow(
        RowOrigin("a.jsonl", 1), messages=(ConversationTurn("user", FILLER), ConversationTurn("assistant", "Yes."))
    )
    held = TrainingRow(
        RowOrigin("a.jsonl", 2),
        messages=(ConversationTurn("user", PERU.question), ConversationTurn("assistant", "Lima")),
    )
    assert step.apply(kept) is kept
    assert step.apply(held) == Drop("contaminated: short", "capitals item p1: question and answer, 100%")
    assert step.describe()["items"] == {"harbour": 1, "capitals": 1}


def test_outside_a_trial_there_are_no_items_of_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no trial here"):
        AgainstStep(Against(), StepContext(NOW, tmp_path))
    with pytest.raises(SpecError, match="cannot be read"):
        AgainstStep(Against(items=("none.jsonl",)), StepContext(NOW, tmp_path))


@pytest.mark.parametrize(
    ("written", "items"),
    [
        ({}, ("/cache/items.jsonl",)),
        ({"against": "trial"}, ("/cache/items.jsonl",)),
        ({"against": ["trial", "more.jsonl"]}, ("/cache/items.jsonl", "/here/more.jsonl")),
        ({"against": {"reworded": False}}, ("/cache/items.jsonl",)),
        ({"against": "off"}, None),
        ({"against": False}, None),
    ],
)
def test_inside_a_trial_its_items_are_the_default(written: dict[str, object], items: tuple[str, ...] | None) -> None:
    placed = Curate.place_files({"sources": "a.jsonl", **written}, lambda path: f"/here/{path}")
    against = Curate.model_validate(Curate.place_items(placed, lambda: Path("/cache/items.jsonl"))).against
    assert (against.items if against else None) == items

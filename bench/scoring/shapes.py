"""What is asked: six shapes of work, made of public benchmark rows where they are at hand, else of our own tasks.

The rows are looked for in the folder that FAIRTRIAL_SAMPLE_DATA names, or in shared/data beside the repository.
"""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.find import TaskFinder

REPOSITORY = Path(__file__).parents[2]
DATA = Path(os.environ.get("FAIRTRIAL_SAMPLE_DATA") or REPOSITORY.parent / "shared" / "data")


@dataclass(frozen=True)
class Row:
    """A question, what may be answered, and which of it is right."""

    question: str
    choices: tuple[str, ...]
    gold: int


@dataclass(frozen=True)
class Shape:
    """One kind of work.

    Attributes:
        pairs: for each item its (context, continuation) pairs; the continuation begins with a space.
        golds: for each item the right one.
        text: a document to be scored whole, or empty.
        prompts: prompts to continue.
        max_tokens: how far.
        rows: where the rows came from.
    """

    pairs: list[list[tuple[str, str]]]
    golds: list[int]
    text: str = ""
    prompts: tuple[str, ...] = ()
    max_tokens: int = 64
    rows: str = ""


SHAPES = {
    "text_choices_5shot": (100, 24),
    "long_choices_0shot": (200, 40),
    "letters_5shot": (100, 30),
    "twelve_choices_0shot": (100, 24),
    "document": (40_000, 10_000),
    "generation_5shot": (200, 48),
}
"""Name of the shape -> items (characters of the document; prompts), and the same with --quick."""


def shape(name: str, size: int) -> Shape:
    """Return a shape with ``size`` items."""
    if name == "document":
        return document(size)
    if name == "generation_5shot":
        rows, where = bbq()
        prompts = [row[0][0] for row in few_shot(rows, size).pairs]
        return Shape([], [], prompts=tuple(prompts), rows=where)
    if name == "text_choices_5shot":
        rows, where = bbq()
        made = few_shot(rows, size)
    elif name == "letters_5shot":
        rows, where = mmlu()
        made = few_shot([lettered(row) for row in rows], size)
    elif name == "long_choices_0shot":
        rows, where = lines("piqa")
        made = plain(rows[:size])
    else:
        rows, where = lines("arc_easy")
        made = plain(twelve(rows, size))
    return Shape(made.pairs, made.golds, rows=where)


def few_shot(rows: list[Row], size: int, shots: int = 5) -> Shape:
    block = "".join(f"{r.question} {r.choices[r.gold]}\n\n" for r in rows[:shots])
    asked = rows[shots : shots + size]
    return Shape([[(block + r.question, f" {c}") for c in r.choices] for r in asked], [r.gold for r in asked])


def plain(rows: list[Row]) -> Shape:
    return Shape([[(r.question, f" {c}") for c in r.choices] for r in rows], [r.gold for r in rows])


def lettered(row: Row) -> Row:
    letters = "ABCDEFGHIJKL"[: len(row.choices)]
    offered = "\n".join(f"{letter}. {choice}" for letter, choice in zip(letters, row.choices, strict=True))
    return Row(f"{row.question.removesuffix(chr(10) + 'Answer:')}\n{offered}\nAnswer:", tuple(letters), row.gold)


def twelve(rows: list[Row], size: int) -> list[Row]:
    """Return rows that offer the right answers of twelve rows each."""
    out = []
    for i, row in enumerate(rows[:size]):
        others = [rows[(i + k) % len(rows)] for k in range(1, 12)]
        offered = [other.choices[other.gold] for other in others]
        offered.insert(i % 12, row.choices[row.gold])
        out.append(Row(row.question, tuple(offered), i % 12))
    return out


def bbq() -> tuple[list[Row], str]:
    path = DATA / "bbq" / "Age.jsonl"
    if not path.is_file():
        return own(), "own task: reading"
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = []
    for r in found:
        question = f"Context: {r['context']}\nQuestion: {r['question']}\nAnswer:"
        rows.append(Row(question, (r["ans0"], r["ans1"], r["ans2"]), r["label"]))
    return rows, "BBQ, age"


def mmlu() -> tuple[list[Row], str]:
    folder = DATA / "mmlu"
    if not folder.is_dir():
        return own(), "own task: reading"
    rows = []
    for name in ("high_school_geography_dev.csv", "high_school_geography_test.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for q, *choices, answer in csv.reader(file):
                if answer in list("ABCD0123"):
                    gold = "ABCD".find(answer) if answer in "ABCD" else int(answer)
                    rows.append(Row(f"Question: {q}\nAnswer:", tuple(choices), gold))
    return rows, "MMLU, high school geography"


def lines(name: str) -> tuple[list[Row], str]:
    path = DATA / "icl" / f"{name}.jsonl"
    if not path.is_file():
        return own(), "own task: reading"
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Row(f"{r['query']}\nAnswer:", tuple(r["choices"]), r["gold"]) for r in found], name


def own() -> list[Row]:
    """Return rows of our own reading task."""
    task = TaskFinder([]).build("reading", TaskOptions(shots=0, seed=1, level=None, items=260))
    rows = []
    for item in task.items():
        pair = task.requests(item)[0].pairs[0]  # type: ignore[union-attr]
        rows.append(Row(pair.prompt.plain(), item.choices, item.choices.index(item.gold[0])))
    return rows


def document(characters: int) -> Shape:
    """Return our own documentation as one long text."""
    pages = sorted((REPOSITORY / "docs").glob("*.md"))
    text = "\n\n".join(page.read_text(encoding="utf-8") for page in pages if page.name != "performance.md")
    return Shape([], [], text=text[:characters], rows="own documentation")

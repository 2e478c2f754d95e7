"""How leaks of test items are hidden, and how many of each kind are caught: when rows are curated, and by grams alone.

The table stands in docs/contamination.md; a change in either direction must change it.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairtrial.curation.contamination.grams import collect_grams
from fairtrial.curation.contamination.index import ItemIndex
from fairtrial.curation.contamination.items import ItemText

ROOT = Path(__file__).parents[2]
Rows = list[list[str]]


@cache
def read_items() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests" / "labelled" / "contamination.yaml").read_text())
    return [
        {"choices": [], **{key: value.strip() if isinstance(value, str) else value for key, value in one.items()}}
        for one in found
    ]


@cache
def make_index() -> ItemIndex:
    return ItemIndex(
        [
            ItemText("quiz", str(at), one["question"], tuple(one["choices"]), tuple(one["gold"]))
            for at, one in enumerate(read_items())
        ]
    )


def ask(one: dict[str, Any], options: list[str]) -> str:
    return "\n".join([one["question"], *(f"{letter}. {text}" for letter, text in zip("ABCD", options, strict=False))])


def answer(one: dict[str, Any]) -> str:
    return str(one["gold"][0])


def verbatim(one: dict[str, Any]) -> Rows:
    return [[ask(one, one["choices"]), answer(one)]]


def reordered(one: dict[str, Any]) -> Rows:
    options = one["choices"][::-1]
    return [[ask(one, options), f"The answer is {answer(one)}."]]


def as_json(one: dict[str, Any]) -> Rows:
    return [[json.dumps({"id": 7, "query": one["question"], "options": one["choices"], "target": answer(one)})]]


def as_html(one: dict[str, Any]) -> Rows:
    words = one["question"].split(" ")
    bold = " ".join(f"<b>{word}</b>" if at % 5 == 2 else word for at, word in enumerate(words))
    return [[f"<table><tr><td>{bold}</td><td>{answer(one)}</td></tr></table>"]]


def as_markdown(one: dict[str, Any]) -> Rows:
    return [[f"| question | answer |\n|---|---|\n| **{one['question'].upper()}** | _{answer(one)}_ |"]]


def hidden(one: dict[str, Any]) -> Rows:
    return [["".join(f"{char}\u200b" if at % 3 else char for at, char in enumerate(one["question"])), answer(one)]]


def halves(one: dict[str, Any]) -> Rows:
    words = one["question"].split()
    return [[" ".join(words[: len(words) // 2])], [" ".join(words[len(words) // 2 :]), answer(one)]]


def quarters(one: dict[str, Any]) -> Rows:
    words = one["question"].split()
    size = -(-len(words) // 4)
    return [[" ".join(words[at : at + size])] for at in range(0, len(words), size)]


def misspelt(one: dict[str, Any]) -> Rows:
    rng = random.Random(one["question"])
    words = one["question"].split()
    for at in range(rng.randrange(8), len(words), 8):
        words[at] = words[at][::-1]
    return [[" ".join(words), answer(one)]]


def in_noise(one: dict[str, Any]) -> Rows:
    noise = "Here is something else that has nothing to do with it and goes on for a while, as documents do. " * 20
    return [[f"{noise}\n\n{one['question']} {answer(one)}\n\n{noise}"]]


def encoded(one: dict[str, Any]) -> Rows:
    return [[base64.b64encode(one["question"].encode()).decode(), answer(one)]]


def question_alone(one: dict[str, Any]) -> Rows:
    return [[one["question"], "I do not know."]]


def said(key: str) -> Callable[[dict[str, Any]], Rows]:
    def make(one: dict[str, Any]) -> Rows:
        return [[one[key], "Something else." if key in ("changed", "beside") else answer(one)]]

    return make


KINDS: dict[str, Callable[[dict[str, Any]], Rows]] = {
    "verbatim": verbatim,
    "options in another order, answer in a sentence": reordered,
    "question without its answer": question_alone,
    "as JSON": as_json,
    "as HTML, words in bold": as_html,
    "as Markdown, in capitals": as_markdown,
    "with characters that nobody sees": hidden,
    "amid a long document": in_noise,
    "split over two rows": halves,
    "split over four rows": quarters,
    "every eighth word misspelt": misspelt,
    "names and numbers changed": said("changed"),
    "turned round, a few words others": said("light"),
    "said anew": said("strong"),
    "in another language": said("elsewhere"),
    "in base64": encoded,
    "the same topic, no leak": said("beside"),
}


def count_caught(make: Callable[[dict[str, Any]], Rows]) -> tuple[int, int]:
    """Return of how many items some row is dropped in curation, and how many are seen by the grams of all rows."""
    index, curated, seen = make_index(), 0, 0
    for at, one in enumerate(read_items()):
        rows = make(one)
        curated += any((found := index.find(row)) is not None and found.item.id == str(at) for row in rows)
        seen += any(found.item.id == str(at) for found in index.find_seen(collect_grams(rows)))
    return curated, seen


def make_table() -> str:
    lines = ["| how it is hidden | dropped in curation | seen by its grams |", "|---|---|---|"]
    of = len(read_items())
    for name, make in KINDS.items():
        curated, seen = count_caught(make)
        lines.append(f"| {name} | {curated} of {of} | {seen} of {of} |")
    return "\n".join(lines)


def test_the_table_in_the_docs_is_what_is_caught() -> None:
    assert make_table() in (ROOT / "docs" / "contamination.md").read_text()


@pytest.mark.parametrize("name", [*KINDS][:8])
def test_another_dress_hides_nothing(name: str) -> None:
    curated, _ = count_caught(KINDS[name])
    assert curated >= len(read_items()) - (4 if name == "question without its answer" else 0)


def test_what_is_no_leak_is_kept() -> None:
    assert count_caught(KINDS["the same topic, no leak"]) == (0, 0)

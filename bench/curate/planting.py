"""The file that is curated: invented documents, with known rows that must be dropped or changed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WORDS = {
    "stems": "bar den fol gar hin jol kam lir mon nas pel quin ros sal tor und ver wex yor zan cor bel "
    "dro fen gla hol isk jar kel lum mer nov ost pra rin ste tul vas wil",
    "ends": "a o er ing ed ly s ion al y en ik us ment ness",
    "common": "the of and to in a is that for it was on are as with be at by this have from or had not "
    "but what all were when we there can an your which their said if do will each about how up out them then",
}
STEMS, ENDS, COMMON = (told.split() for told in WORDS.values())
QUOTED = 40
"""Items of benchmarks that are planted, each several times."""


@dataclass
class Planted:
    """Row numbers, from 1, of what was planted.

    Attributes:
        exact: rows with the words of an earlier row.
        near: rows that are an earlier row with some words changed.
        far: rows that share half of an earlier row, and must stay.
        personal: rows with an address of e-mail, an IBAN or a card number.
        contaminated: rows that hold an item of a benchmark.
        denied: rows under terms that nobody has permitted training under.
        poor: rows of a poor quality by the published rules.
    """

    exact: set[int] = field(default_factory=set)
    near: set[int] = field(default_factory=set)
    far: set[int] = field(default_factory=set)
    personal: set[int] = field(default_factory=set)
    contaminated: set[int] = field(default_factory=set)
    denied: set[int] = field(default_factory=set)
    poor: set[int] = field(default_factory=set)


def make_words(draw: random.Random, count: int) -> list[str]:
    """Return invented words, by falling frequency."""
    made: dict[str, None] = {}
    while len(made) < count:
        word = draw.choice(STEMS) + "".join(draw.choices(STEMS, k=draw.choice([0, 0, 1]))) + draw.choice(ENDS)
        made[word] = None
    return list(made)


class Writer:
    """Writes prose of invented words, a third of them common English ones, in sentences and paragraphs."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.words = make_words(self.draw, 20_000)
        total = 0.0
        self.weights = [total := total + 1 / (rank + 8) for rank in range(len(self.words))]

    def write_sentence(self) -> str:
        count = self.draw.randint(8, 24)
        rare = self.draw.choices(self.words, cum_weights=self.weights, k=count)
        told = [self.draw.choice(COMMON) if self.draw.random() < 0.35 else word for word in rare]
        return " ".join(told).capitalize() + "."

    def write_document(self) -> str:
        paragraphs = self.draw.randint(2, 6)
        return "\n\n".join(
            " ".join(self.write_sentence() for _ in range(self.draw.randint(3, 5))) for _ in range(paragraphs)
        )

    def write_item(self) -> str:
        return self.write_sentence().removesuffix(".") + "?"

    def change_words(self, text: str, share: float) -> str:
        words = text.split(" ")
        for at in self.draw.sample(range(len(words)), max(1, round(share * len(words)))):
            words[at] = self.draw.choice(self.words)
        return " ".join(words)

    def add_personal(self, text: str) -> str:
        name = self.draw.choice(self.words)
        number = f"{self.draw.randrange(10**14, 10**15)}"
        told = self.draw.choice([f"{name}@{name}mail.net", _make_iban(number), _make_card(number)])
        return text.replace(". ", f". Write to {told} about it. ", 1)


def write_file(folder: Path, rows: int, seed: int) -> Planted:
    """Write ``rows.jsonl`` and the items of a benchmark, ``items.jsonl``; return what was planted."""
    writer, planted = Writer(seed), Planted()
    items = [writer.write_item() for _ in range(QUOTED)]
    (folder / "items.jsonl").write_text(
        "".join(json.dumps({"task": "planted", "question": item}) + "\n" for item in items)
    )
    with (folder / "rows.jsonl").open("w") as file:
        for row, (text, licence) in enumerate(_make_rows(writer, rows, items, planted), 1):
            file.write(json.dumps({"id": str(row), "text": text, "licence": licence}) + "\n")
    return planted


def _make_rows(writer: Writer, rows: int, items: list[str], planted: Planted) -> Iterator[tuple[str, str]]:
    draw, before = writer.draw, list[str]()
    for row in range(1, rows + 1):
        kind = draw.random()
        licence = "CC-BY-4.0"
        old = draw.choice(before) if before else writer.write_document()
        text = writer.write_document()
        if kind < 0.02 and before:
            text = old
            planted.exact.add(row)
        elif kind < 0.04 and before:
            text = writer.change_words(old, 0.01)
            planted.near.add(row)
        elif kind < 0.05 and before:
            half = old.split("\n\n")
            text = "\n\n".join([*half[: len(half) // 2], text])
            planted.far.add(row)
        elif kind < 0.06:
            text = writer.add_personal(text)
            planted.personal.add(row)
        elif kind < 0.065:
            text = text.replace(". ", f". {draw.choice(items)} ", 1)
            planted.contaminated.add(row)
        elif kind < 0.075:
            licence = draw.choice(["", "all rights reserved", "CC-BY-NC-ND-4.0"])
            planted.denied.add(row)
        elif kind < 0.095:
            text = draw.choice(["buy now " * 60, "# # # ... " * 40, "- a\n- b\n" * 60, text[:90]])
            planted.poor.add(row)
        elif len(before) < 20_000:
            before.append(text)
        yield text, licence


def _make_iban(number: str) -> str:
    account = f"10090000{number[:10]}"
    check = 98 - int(account + "131400") % 97  # DE, and 00
    return f"DE{check:02d}{account}"


def _make_card(number: str) -> str:
    digits = "4" + number[:14]
    total = sum(sum(divmod(int(d) * (2 - at % 2), 10)) for at, d in enumerate(digits))
    return digits + str(-total % 10)

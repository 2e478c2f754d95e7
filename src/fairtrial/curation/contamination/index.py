"""Items of tasks as an index that a training row is looked up in, and items looked up in the grams of a training set.

Pure: texts and numbers in, findings out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairtrial.curation.contamination.grams import READER, GramSet, look_up, make_word_grams, salt_keys
from fairtrial.curation.contamination.items import ItemText
from fairtrial.curation.contamination.rewording import Rewordings
from fairtrial.curation.contamination.rules import (
    FOR_ITEMS,
    FOR_ROWS,
    WORDS,
    ItemCounts,
    OverlapKind,
    OverlapRules,
    judge,
)
from fairtrial.curation.contamination.short import list_short_keys, make_short_keys
from fairtrial.curation.contamination.words import Hashes, split_words
from fairtrial.records.duplicates import make_key

OFTEN, OFTEN_SHARE = 10, 0.05
"""Items of a task, and share of them, above which a gram belongs to its wording: GPT-3 left out what stood in more than
10 documents."""
GRAMS = ("thirteen", "eight", "changed", "near")


@dataclass(frozen=True, slots=True)
class Contact:
    """An item that was seen.

    Attributes:
        item: which.
        rule: that found it.
        share: of the item's grams of that kind.
        words: the longest run of words in common, as the item has them; empty where no run is.
    """

    item: ItemText
    rule: OverlapKind
    share: float
    words: str = field(default="", repr=False)

    def describe(self) -> str:
        """Return which item it is and what is in common, without the item's words."""
        item = self.item
        known_by = f"{item.number:,} ({item.id[:12]})" if item.number and item.id != str(item.number) else item.id[:12]
        return f"{item.task} item {known_by}: {WORDS[self.rule]}, {self.share:.0%}"


@dataclass(frozen=True, slots=True)
class _Postings:
    """Grams of one kind with the items that have them.

    Attributes:
        grams: of all items; (grams,).
        starts: where the items of each begin; (grams + 1,).
        items: numbers of items; (pairs,).
        own: of each pair, whether the gram is the item's own; (pairs,).
        count_own: of each item, how many own grams it has; (items,).
        count_all: of each item, how many grams it has; (items,).
    """

    grams: GramSet
    starts: NDArray[np.int64]
    items: NDArray[np.int64]
    own: NDArray[np.bool_]
    count_own: NDArray[np.int64]
    count_all: NDArray[np.int64]

    def find(self, grams: Hashes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the items that have grams of a row, one for each gram in common, and whether it is the item's own."""
        at = self.grams.find(grams)[1]
        if not len(at):
            return np.empty(0, np.int64), np.empty(0, np.bool_)
        at = np.unique(at)
        pairs = np.concatenate([np.arange(self.starts[one], self.starts[one + 1]) for one in at])
        return self.items[pairs], self.own[pairs]


class ItemIndex:
    """Items of tasks to be looked for in training rows.  Built once a process; then only read.

    Args:
        items: of all tasks; copies of a question count as one where it is asked what many items share.
        reworded: whether rows that say an item in other words are looked for, too.
    """

    def __init__(self, items: Sequence[ItemText], reworded: bool = True) -> None:
        """Make the grams of all items."""
        self.items = tuple(items)
        texts = [_list_parts(item) for item in self.items]
        words = [[READER.read(part) for part in parts] for parts in texts]
        often = _count_questions(self.items)
        made = {kind: [_join([make_word_grams(kind, one) for one in each]) for each in words] for kind in GRAMS}  # type: ignore[arg-type]
        self._kinds = {kind: _post(grams, self.items, often) for kind, grams in made.items()}
        self._short = _read_short(self.items)
        self._by_key: dict[int, list[int]] = {}
        for at, keys in self._short.items():
            self._by_key.setdefault(int(keys[0]), []).append(at)
        self._keys = GramSet(np.array(sorted(self._by_key), np.uint64))
        self._rewordings = Rewordings({at: one for at, one in enumerate(self.items) if reworded and _is_free(one)})

    def find(self, texts: Sequence[str]) -> Contact | None:
        """Return the item that a training row holds, or comes too near to: of several the one found by the first rule.

        Args:
            texts: of the row, in reading order.
        """
        words = [READER.read(text) for text in texts]
        found = {kind: self._kinds[kind].find(_join([make_word_grams(kind, one) for one in words])) for kind in GRAMS}  # type: ignore[arg-type]
        keys = salt_keys(list_short_keys(texts))
        short = self._find_short(keys)
        touched = {int(one) for items, own in found.values() for one in np.unique(items[own])} | short
        contacts = [one for at in sorted(touched) if (one := self._judge_row(at, found, at in short))]
        if contacts:
            best = min(contacts, key=lambda one: (list(WORDS).index(one.rule), -one.share))
            return Contact(best.item, best.rule, best.share, find_run(best.item, texts))
        reworded = self._rewordings.find(_join([one.stems for one in words]))
        return Contact(self.items[reworded[0]], "reworded", reworded[1]) if reworded else None

    def find_seen(self, known: Hashes) -> Iterator[Contact]:
        """Yield the items that a training set has seen.

        Args:
            known: grams of all its rows, sorted; see `grams.open_grams`.
        """
        seen = {}
        for kind, postings in self._kinds.items():
            hit = np.repeat(look_up(postings.grams.numbers, known), np.diff(postings.starts))
            size = len(self.items)
            seen[kind] = np.bincount(postings.items[hit & postings.own], minlength=size)
            if kind == "eight":
                every = np.bincount(postings.items[hit], minlength=size)
        for at, item in enumerate(self.items):
            keys = self._short.get(at)
            short = keys is not None and bool(look_up(keys, known).all())
            found = judge(self._count(at, {k: int(n[at]) for k, n in seen.items()}, int(every[at])), FOR_ITEMS, short)
            if found:
                yield Contact(item, *found, find_run(item, None, known))

    def _judge_row(
        self, at: int, found: dict[str, tuple[NDArray[np.int64], NDArray[np.bool_]]], short: bool
    ) -> Contact | None:
        seen = {kind: int((own & (items == at)).sum()) for kind, (items, own) in found.items()}
        every = int((found["eight"][0] == at).sum())
        rules: OverlapRules = FOR_ROWS
        judged = judge(self._count(at, seen, every), rules, short)
        return Contact(self.items[at], *judged) if judged else None

    def _count(self, at: int, seen: dict[str, int], every: int) -> ItemCounts:
        own = {kind: int(one.count_own[at]) for kind, one in self._kinds.items()}
        all_of = {kind: int(one.count_all[at]) for kind, one in self._kinds.items()}
        return ItemCounts(own, all_of, seen, every, self.items[at].generated)

    def _find_short(self, keys: Hashes) -> set[int]:
        """Return the items of few words all keys of which are among those of a row."""
        first = self._keys.numbers[self._keys.find(keys)[1]]
        return {at for key in first for at in self._by_key[int(key)] if np.isin(self._short[at], keys).all()}


def find_run(item: ItemText, texts: Sequence[str] | None, known: Hashes | None = None) -> str:
    """Return the longest run of an item's words that stands in a row, or of whose 8-grams a training set has all."""
    if known is None:
        known = np.unique(_join([make_word_grams("eight", READER.read(text)) for text in texts or ()]))
    best: tuple[str, ...] = ()
    for part in _list_parts(item):
        words = split_words(part)
        hit = look_up(make_word_grams("eight", READER.read(part)), known)
        start = 0
        for at in range(len(hit) + 1):
            if at < len(hit) and hit[at]:
                continue
            if at > start and at + 7 - start > len(best):
                best = tuple(words[start : at + 7])
            start = at + 1
    return " ".join(best)


def _list_parts(item: ItemText) -> list[str]:
    """Return the texts of an item; no gram goes from one to the other, so that the order of choices is nothing."""
    return list(dict.fromkeys([item.question, *item.choices, *item.gold]))


def _is_free(item: ItemText) -> bool:
    return not item.generated and not item.pictured


def _count_questions(items: Sequence[ItemText]) -> dict[str, int]:
    """Return how many questions each task has, copies apart."""
    different = {(one.task, make_key(one.question, one.choices, one.gold) or one.id) for one in items}
    return Counter(task for task, _ in different)


def _join(parts: Sequence[Hashes]) -> Hashes:
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _read_short(items: Sequence[ItemText]) -> dict[int, Hashes]:
    """Return the keys of each item of few words; of several right answers the first that is short."""
    found = {}
    for at, item in enumerate(items):
        if item.pictured:
            continue
        for gold in item.gold or ("",):
            keys = make_short_keys(item.question, gold)
            if len(keys):
                found[at] = salt_keys(keys)
                break
    return found


def _post(grams: Sequence[Hashes], items: Sequence[ItemText], questions: dict[str, int]) -> _Postings:
    """Return the postings of one kind of grams, given those of each item."""
    size = len(items)
    each = [np.unique(one) for one in grams]
    pairs = np.repeat(np.arange(size), [len(one) for one in each]) if size else np.empty(0, np.int64)
    flat = _join(each)
    order = np.lexsort((pairs, flat))
    flat, pairs = flat[order], pairs[order]
    unique, starts = np.unique(flat, return_index=True) if len(flat) else (flat, np.empty(0, np.int64))
    starts = np.append(starts, len(flat)).astype(np.int64)
    tasks = {task: number for number, task in enumerate(questions)}
    task_of = np.array([tasks[one.task] for one in items], np.int64)
    limits = np.array([max(1, min(OFTEN, OFTEN_SHARE * count)) for count in questions.values()])
    gram_of = np.repeat(np.arange(len(unique)), np.diff(starts))
    together = gram_of * max(len(tasks), 1) + (task_of[pairs] if len(pairs) else pairs)
    _, inverse, counts = np.unique(together, return_inverse=True, return_counts=True)
    often = counts[inverse] > limits[task_of[pairs]] if len(pairs) else np.empty(0, np.bool_)
    own = ~often
    return _Postings(
        GramSet(unique), starts, pairs, own, np.bincount(pairs[own], minlength=size), np.bincount(pairs, minlength=size)
    )

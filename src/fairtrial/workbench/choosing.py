"""Which items a list shows, in which order, and what comes before and after one.  Pure: columns in, places out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from fairtrial.workbench.columns import BITS, ItemColumns

ItemMask = NDArray[np.bool_]
ItemPlaces = NDArray[np.int64]

PAGE = 30
"""Items of one page."""

UNREAD = BITS["unread"] | BITS["unfinished"] | BITS["empty"] | BITS["unjudged"]
ABSTAINED = BITS["refused"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a list shows, as the address says it.

    Attributes:
        task: name; empty: the first.
        show: key of `KINDS`.
        by: name of the candidate whom the kind is about; empty: any of them.
        sort: key of `SORTS`.
        text: what is searched for.
        after: id of the item after which the page begins; empty: the first page.
        versus: name of the candidate that the baseline is compared with; empty: the first other one.
    """

    task: str = ""
    show: str = "all"
    by: str = ""
    sort: str = "task"
    text: str = ""
    after: str = ""
    versus: str = ""

    def query(self, **changed: str) -> str:
        """Return the wish as the query of an address, with some of it changed; what is as usual is left out."""
        other = replace(self, **changed)
        usual = Wish()
        told = {name: getattr(other, name) for name in FIELDS if getattr(other, name) != getattr(usual, name)}
        return f"?{urlencode(told)}" if told else ""


FIELDS = ("task", "show", "by", "sort", "text", "after", "versus")
LONGEST = 200
"""Characters of a field."""


def read_wish(given: Mapping[str, str]) -> Wish:
    """Return what an address asks for; what it does not know stands for the usual."""
    told = {name: given[name][:LONGEST] for name in FIELDS if given.get(name)}
    wish = Wish(**told)
    show = wish.show if wish.show in KINDS else "all"
    return replace(wish, show=show, sort=wish.sort if wish.sort in SORTS else "task")


BESIDE = ("drawn",)
"""Names in an address beside those of a wish."""


def list_ignored(given: Mapping[str, str], choice: ItemChoice) -> list[str]:
    """Return what an address asks for that is not known, as ``name=value``."""
    told = choice.wish
    names = [name for name, value in given.items() if name not in (*FIELDS, *BESIDE) and value]
    names += [
        name for name in ("show", "sort", "by", "versus") if given.get(name) and given[name] != getattr(told, name)
    ]
    if told.after and choice.index_of(told.after) < 0:
        names.append("after")
    return [f"{name}={given[name]}"[:80] for name in names]


@dataclass(frozen=True, slots=True)
class ItemLook:
    """Columns as a wish looks at them: ``rows`` are the candidates that it is about, ``other`` is whom it compares."""

    columns: ItemColumns
    rows: Sequence[int]
    other: int

    def right(self, row: int) -> ItemMask:
        """Whether a candidate is right."""
        grades = self.columns.grades[row]
        return np.asarray(grades >= (1.0 if self.columns.binary else 0.5))

    def wrong(self, row: int) -> ItemMask:
        """Whether a candidate is wrong: graded, and not right."""
        return np.asarray(~np.isnan(self.columns.grades[row]) & ~self.right(row))

    def any_of(self, test: Callable[[int], ItemMask]) -> ItemMask:
        """Whether a test holds for any of the candidates that it is about."""
        return np.asarray(np.any([test(row) for row in self.rows], axis=0))

    def signed(self, bits: int) -> ItemMask:
        """Whether any answer has one of some signs."""
        return self.any_of(lambda row: np.asarray((self.columns.signs[row] & bits) != 0))

    def every(self) -> Sequence[int]:
        """All candidates."""
        return range(len(self.columns.candidates))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of items: its name on the page, what it means, and which items are of it."""

    label: str
    tells: str
    of: Callable[[ItemLook], ItemMask]
    several: bool = False


def _disagree(seen: ItemLook) -> ItemMask:
    right = np.any([seen.right(row) for row in seen.every()], axis=0)
    return np.asarray(right & np.any([seen.wrong(row) for row in seen.every()], axis=0))


def _nobody(seen: ItemLook) -> ItemMask:
    wrong = np.stack([seen.wrong(row) for row in seen.every()])
    asked = seen.columns.asked
    return np.asarray(wrong.any(axis=0) & (wrong | ~asked).all(axis=0))


def _harmful(seen: ItemLook) -> ItemMask:
    harmful = seen.columns.harmful
    if harmful is None:
        return np.zeros(seen.columns.size, dtype=np.bool_)
    return seen.any_of(lambda row: np.asarray(harmful[row] >= 0.5))


def _abstaining(seen: ItemLook) -> ItemMask:
    said = seen.columns.abstains
    signed = seen.signed(ABSTAINED)
    if said is None:
        return signed
    return np.asarray(signed | seen.any_of(lambda row: np.asarray(said[row] >= 0.5)))


KINDS: Mapping[str, Kind] = {
    "all": Kind("All", "every item of the task", lambda seen: np.ones(seen.columns.size, dtype=np.bool_)),
    "wrong": Kind("Wrong", "answered wrong", lambda seen: seen.any_of(seen.wrong)),
    "right": Kind("Right", "answered right", lambda seen: seen.any_of(seen.right)),
    "broke": Kind(
        "Broke",
        "the baseline is right and the other is wrong",
        lambda seen: np.asarray(seen.right(seen.columns.baseline) & seen.wrong(seen.other)),
        True,
    ),
    "fixed": Kind(
        "Fixed",
        "the baseline is wrong and the other is right",
        lambda seen: np.asarray(seen.wrong(seen.columns.baseline) & seen.right(seen.other)),
        True,
    ),
    "disagree": Kind("Disagree", "right for some candidates and wrong for others", _disagree, True),
    "nobody": Kind("Nobody right", "wrong for every candidate that was asked", _nobody, True),
    "harmful": Kind("Harmful", "the answer does the harm that the task is about", _harmful),
    "unread": Kind(
        "Unread", "no answer or no grade could be read, or there was no text", lambda seen: seen.signed(UNREAD)
    ),
    "abstained": Kind("Abstained", "refused, referred, or said not to know", _abstaining),
    "near": Kind(
        "Near miss",
        "wrong only in form, or in what comes before the right answer",
        lambda seen: seen.signed(BITS["near_miss"] | BITS["ends_right"]),
    ),
    "cut": Kind("Cut off", "wrong, and cut off at the limit of tokens", lambda seen: seen.signed(BITS["cut"])),
    "trained": Kind("Trained on", "part of what a candidate was trained on", lambda seen: seen.signed(BITS["trained"])),
    "unasked": Kind(
        "Not asked", "not answered yet", lambda seen: seen.any_of(lambda row: np.asarray(~seen.columns.asked[row]))
    ),
}
"""Kinds of items by the word in the address."""


def _most(table: NDArray[Any], seen: ItemLook) -> NDArray[np.float64]:
    some = table[list(seen.rows)].astype(np.float64)
    return np.asarray(np.max(np.where(np.isnan(some), -np.inf, some), axis=0))


def _spread(seen: ItemLook) -> NDArray[np.float64]:
    grades = seen.columns.grades.astype(np.float64)
    none = np.isnan(grades).all(axis=0)
    high = np.max(np.where(np.isnan(grades), -np.inf, grades), axis=0)
    low = np.min(np.where(np.isnan(grades), np.inf, grades), axis=0)
    return np.asarray(np.where(none, -1.0, high - low))


def _cost(name: str) -> Callable[[ItemLook], NDArray[np.float64] | None]:
    return lambda seen: _most(seen.columns.costs[name], seen) if name in seen.columns.costs else None


def _low_grade(seen: ItemLook) -> NDArray[np.float64]:
    some = seen.columns.grades[list(seen.rows)].astype(np.float64)
    return np.asarray(-np.min(np.where(np.isnan(some), np.inf, some), axis=0))


def _low_least(seen: ItemLook) -> NDArray[np.float64] | None:
    return None if seen.columns.harmful is None else _most(seen.columns.harmful, seen)


SORTS: Mapping[str, tuple[str, Callable[[ItemLook], NDArray[np.float64] | None]]] = {
    "task": ("task order", lambda seen: np.zeros(seen.columns.size)),
    "disagreement": ("most disagreement", _spread),
    "worst": ("worst grade", _low_grade),
    "harm": ("most harmful", _low_least),
    "usd": ("most expensive", _cost("usd")),
    "seconds": ("slowest", _cost("seconds")),
    "joules": ("most energy", _cost("joules")),
    "tokens": ("most tokens written", _cost("tokens_out")),
}
"""Orders by the word in the address: what they are called, and what is largest first; None where it is not known."""


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """What a wish finds.

    Attributes:
        seen: columns as the wish looks at them.
        wish: with names that there are.
        places: of all that it finds, in order, without the search for a text.
        counts: by kind, how many items are of it; kinds that do not occur here are left out.
        sorts: (key, name) of the orders that there are.
    """

    seen: ItemLook
    wish: Wish
    places: ItemPlaces
    counts: Mapping[str, int]
    sorts: Sequence[tuple[str, str]]

    def index_of(self, item: str) -> int:
        """Return how many items come before one; -1 if it is not among those found."""
        at = self.seen.columns.find(item)
        found = np.flatnonzero(self.places == at)
        return int(found[0]) if found.size else -1


def choose(columns: ItemColumns, wish: Wish) -> ItemChoice:
    """Return what a wish finds among the items of a task."""
    names = [name for name, _ in columns.candidates]
    by = wish.by if wish.by in names else ""
    others = [at for at in range(len(names)) if at != columns.baseline]
    other = names.index(wish.versus) if wish.versus in names else (others[0] if others else columns.baseline)
    rows = [names.index(by)] if by else range(len(names))
    seen = ItemLook(columns, rows, other)
    several = len(names) > 1
    masks = {key: kind.of(seen) for key, kind in KINDS.items() if several or not kind.several}
    counts = {key: int(mask.sum()) for key, mask in masks.items()}
    counts = {key: count for key, count in counts.items() if count or key in ("all", wish.show)}
    mask = masks.get(wish.show, masks["all"])
    keys = {name: key for name, (_, make) in SORTS.items() if (key := make(seen)) is not None}
    sort = wish.sort if wish.sort in keys else "task"
    places = np.flatnonzero(mask)
    places = places[np.argsort(-keys[sort][places], kind="stable")]
    told = replace(wish, by=by, sort=sort, task=columns.task, versus=wish.versus if wish.versus in names else "")
    return ItemChoice(seen, told, places.astype(np.int64), counts, [(name, SORTS[name][0]) for name in keys])

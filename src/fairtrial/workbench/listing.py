"""The items of a task as a list: filters, orders, search and pages, all of them in the address."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fairtrial.ledger import Ledger
from fairtrial.ledger.answers import read_item_block
from fairtrial.ledger.browsing import LOOKED_THROUGH, find_texts
from fairtrial.ledger.marks import read_marks
from fairtrial.report import words
from fairtrial.report.view.document import preview_question
from fairtrial.report.view.gathering import gather_some
from fairtrial.report.view.readings import SIGNS
from fairtrial.workbench.bench import TrialPlace, Workbench, find_place, read_query
from fairtrial.workbench.choosing import KINDS, PAGE, ItemChoice, ItemPlaces, Wish, choose, list_ignored, read_wish
from fairtrial.workbench.columns import ItemColumns, find_item_columns
from fairtrial.workbench.workroom import Kept

SEARCH_SECONDS = 0.1
"""In which one page searches; what is not looked through by then comes with the next page."""
BLOCK_SECONDS, FEWEST = 0.02, 50
"""Seconds that one statement of a search may take before the next looks through fewer items, and the fewest."""


@dataclass(frozen=True, slots=True)
class AnswerMark:
    """One candidate's answers to one item, in short.

    Attributes:
        name: of the candidate.
        kind: ``right``, ``wrong``, ``graded`` or ``none``, for the style; ``sign`` and ``word`` say it.
        short: what was answered, on one line.
        signs: what is odd about it, in words.
        cost: what it cost, where the list is sorted by that.
    """

    name: str
    kind: str
    sign: str
    word: str
    short: str
    signs: tuple[str, ...]
    cost: str


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item of the list."""

    id: str
    doc: int
    preview: str
    answers: tuple[AnswerMark, ...]


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of the list.

    Attributes:
        lines: the items.
        first: number of the first one among all that were found; None while a text is searched for.
        next: id of the item after which the next page begins; empty at the end.
        looked: items that were looked through for a text, with all before; None where none is searched for.
    """

    lines: tuple[ItemLine, ...]
    first: int | None
    next: str
    looked: int | None


async def show_items(bench: Workbench, request: Request) -> Response:
    """Answer with a page of the list."""
    place = await find_place(bench, request)
    wish = read_wish(read_query(request))
    kept = await get_columns(bench, place, wish.task)
    columns = read_columns(kept)
    values: dict[str, Any] = {"place": place, "tab": "/items", "kept": kept, "wish": wish, "KINDS": KINDS}
    if columns is None:
        return bench.show("items.html", choice=None, page=None, here=wish.query(), **values)
    choice = choose(columns, wish)
    page = await bench.readers.read(place.shelved.path, _read_page, choice)
    values["ignored"] = list_ignored(read_query(request), choice)
    values["wish"] = choice.wish
    return bench.show("items.html", choice=choice, page=page, here=choice.wish.query(after=wish.after), **values)


async def draw_item(bench: Workbench, request: Request) -> Response:
    """Answer with the way to an answer that is drawn at random, whose grade nobody has judged yet."""
    place = await find_place(bench, request)
    wish = read_wish(read_query(request))
    columns = read_columns(await get_columns(bench, place, wish.task))
    target = f"{place.address}/items{Wish(task=wish.task).query()}"
    if columns is not None:
        ids = [candidate for _, candidate in columns.candidates]
        marks = await bench.readers.read(place.shelved.path, read_marks, columns.task_id, ids)
        judged = {(mark.place.candidate, mark.place.item) for mark in marks if mark.drawn}
        there = np.argwhere(~np.isnan(columns.values))
        rng = np.random.default_rng()
        for row, at in there[rng.permutation(len(there))[: len(judged) + 1]]:
            if (ids[row], columns.item(at)) not in judged:
                item = columns.item(at)[:16]
                target = f"{place.address}/item/{item}{Wish(task=columns.task).query()}&drawn={row}#answer-{row}"
                break
    return RedirectResponse(target, 303)


async def get_columns(bench: Workbench, place: TrialPlace, task: str) -> Kept:
    """Return the columns of a task, as far as they are known; their value is `ItemColumns`."""
    chosen = task or place.sketch.tasks[0]
    return await bench.compute(place.shelved, "columns", find_item_columns, place.sketch.id, chosen)


def read_columns(kept: Kept) -> ItemColumns | None:
    """Return columns, None where they are not known yet.  Raises the error for which there are none."""
    if kept.value is None and kept.error is not None:
        raise kept.error
    found: ItemColumns | None = kept.value
    return found


def _read_page(ledger: Ledger, choice: ItemChoice) -> ItemPage:
    start = choice.index_of(choice.wish.after) + 1 if choice.wish.after else 0
    if choice.wish.text:
        places, until = _search(ledger, choice, start)
        looked: int | None = until
        first = None
    else:
        places, until = choice.places[start : start + PAGE], min(start + PAGE, choice.places.size)
        looked, first = None, start + 1
    more = until < choice.places.size and until > 0
    following = choice.seen.columns.item(int(choice.places[until - 1])) if more else ""
    return ItemPage(tuple(_describe_items(ledger, choice, places)), first, following, looked)


def _search(ledger: Ledger, choice: ItemChoice, start: int) -> tuple[ItemPlaces, int]:
    """Return the next items with a text, and how many were looked through by then."""
    columns = choice.seen.columns
    candidates = [candidate for _, candidate in columns.candidates]
    end = time.monotonic() + SEARCH_SECONDS
    found: list[int] = []
    at, step = start, FEWEST
    while at < choice.places.size and (at == start or time.monotonic() < end):
        block = choice.places[at : at + step]
        ids = [columns.item(int(place)) for place in block]
        begun = time.monotonic()
        hits = find_texts(ledger, columns.task_id, candidates, ids, choice.wish.text)
        quick = time.monotonic() - begun < BLOCK_SECONDS
        for place, item in zip(block.tolist(), ids, strict=True):
            at += 1
            if item in hits:
                found.append(place)
                if len(found) == PAGE:
                    return np.array(found, dtype=np.int64), at
        step = min(2 * step, LOOKED_THROUGH) if quick else max(step // 2, FEWEST)
    return np.array(found, dtype=np.int64), at


def _describe_items(ledger: Ledger, choice: ItemChoice, places: ItemPlaces) -> list[ItemLine]:
    columns = choice.seen.columns
    ids = [columns.item(int(at)) for at in places]
    items = read_item_block(ledger, columns.task_id, ids)
    there = [items[item] for item in ids if item in items]
    viewed = {one.item.id: one for one in gather_some(ledger, columns.plan, columns.record, there, short=True)}
    lines = []
    for at, item in zip(places.tolist(), ids, strict=True):
        one = viewed.get(item)
        question = preview_question(items[item].question) if item in items else "(not in the ledger)"
        marks = []
        for row, (name, _) in enumerate(columns.candidates):
            readings = one.readings[row] if one else ()
            signs = tuple(SIGNS[sign] for sign in dict.fromkeys(s for r in readings for s in r.signs))
            short = readings[0].short if readings else ""
            marks.append(AnswerMark(name, *describe_grade(columns, row, at), short, signs, _cost(choice, row, at)))
        lines.append(ItemLine(item[:16], int(columns.docs[at]), question or "(no text)", tuple(marks)))
    return lines


def describe_grade(columns: ItemColumns, row: int, at: int) -> tuple[str, str, str]:
    """Return how a candidate's answers to an item were graded: for the style, as a sign, and as a word."""
    grade, value = float(columns.grades[row, at]), float(columns.values[row, at])
    if np.isnan(value):
        return ("none", "–", "no grade") if columns.asked[row, at] else ("none", "·", "not asked")
    if np.isnan(grade):
        return "graded", "", words.format_quantity(value, columns.unit)
    if columns.binary and grade in (0.0, 1.0):
        return ("right", "✓", "right") if grade == 1 else ("wrong", "✗", "wrong")
    kind = "right" if grade >= 0.999 else "wrong" if grade <= 0.001 else "partly"
    return kind, "", words.format_quantity(value, columns.unit)


def _cost(choice: ItemChoice, row: int, at: int) -> str:
    name = {"tokens": "tokens_out"}.get(choice.wish.sort, choice.wish.sort)
    table = choice.seen.columns.costs.get(name)
    if table is None or np.isnan(table[row, at]):
        return ""
    units = {"usd": "USD", "seconds": "s", "joules": "J", "tokens_out": "tokens"}
    return words.format_quantity(float(table[row, at]), units[name])


def list_neighbours(choice: ItemChoice, at: int) -> tuple[str, str, int]:
    """Return the ids of the items before and after one in the list, and its number there; empty, and 0 if not in it."""
    found: Sequence[int] = np.flatnonzero(choice.places == at).tolist()
    if not found:
        return "", "", 0
    number, item = found[0], choice.seen.columns.item
    before = item(int(choice.places[number - 1])) if number else ""
    after = item(int(choice.places[number + 1])) if number + 1 < choice.places.size else ""
    return before[:16], after[:16], number + 1

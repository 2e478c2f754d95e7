"""One item: what was asked and expected, every candidate's answers side by side, and how they were graded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fairtrial.errors import FairtrialError, ImageError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.ledger.answers import Call, read_item_block
from fairtrial.ledger.blobs import find_image, read_facts, read_image
from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.marks import GradeMark, read_marks
from fairtrial.records import ImagePart, Item
from fairtrial.report import words
from fairtrial.report.passages import PassageReader
from fairtrial.report.pictures import BROWSER_IMAGES, describe_image, make_page_image
from fairtrial.report.view.gathering import ViewedItem, gather_some
from fairtrial.report.view.readings import SIGNS, AnswerReading, describe_answer, grade_of
from fairtrial.workbench.bench import Workbench, find_place, read_query
from fairtrial.workbench.choosing import Wish, choose, read_wish
from fairtrial.workbench.columns import ItemColumns
from fairtrial.workbench.diffs import Run, compare_words
from fairtrial.workbench.listing import describe_grade, get_columns, list_neighbours, read_columns
from fairtrial.workbench.sent import SentPrompts, group_sent

MOST_SHOWN = 100_000
"""Characters of one text that a page shows."""

FIGURES = {"seconds": "s", "tokens_in": "tokens read", "tokens_out": "tokens written", "usd": "USD", "joules": "J"}


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One repeat of one candidate's answer.

    Attributes:
        repeat: its number.
        value: of the main measure; None without a grade.
        grade: the same in words.
        signs: in words.
        read: what was read as the answer.
        calls: answers as the ledger has them, their traces with the words that may be displayed.
        judged: (name of the judge, its answers).
        figures: what it cost, in words; ``values``: (measure, value) of all that was measured.
        marks: what people say of the grade.
    """

    repeat: int
    value: float | None
    grade: str
    signs: tuple[str, ...]
    read: str | None
    calls: Sequence[Mapping[str, Any]]
    judged: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
    figures: str
    values: Sequence[tuple[str, str]]
    marks: Sequence[GradeMark]


@dataclass(frozen=True, slots=True)
class CandidateAnswer:
    """One candidate's answers to an item; ``kind``, ``sign`` and ``word`` are its grade, as in the list."""

    name: str
    id: str
    baseline: bool
    kind: str
    sign: str
    word: str
    readings: Sequence[ReadingView]


@dataclass(frozen=True, slots=True)
class ItemImage:
    """An image of an item: its hash, what stands for it, what is known of it; and why it is not shown, if it is not."""

    hash: str
    alt: str
    told: str
    problem: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item as its page shows it; choices with the share of probability that each candidate gave them."""

    item: Item
    images: Sequence[ItemImage]
    choices: Sequence[tuple[str, bool, Sequence[tuple[str, float | None]]]]
    row: str
    answers: Sequence[CandidateAnswer]
    prompts: Sequence[SentPrompts]
    difference: tuple[str, str, Sequence[Run] | None] | None


async def show_item(bench: Workbench, request: Request) -> Response:
    """Answer with the page of one item."""
    return await respond_item(bench, request)


async def respond_item(
    bench: Workbench,
    request: Request,
    failure: FairtrialError | None = None,
    kept_form: Mapping[str, str] | None = None,
) -> Response:
    """Answer with the page of an item.

    Args:
        bench: of this process.
        request: whose address names trial, task and item.
        failure: why a mark was not entered.
        kept_form: what stood in its form.
    """
    place = await find_place(bench, request)
    given = read_query(request)
    wish = read_wish(given)
    kept = await get_columns(bench, place, wish.task)
    columns = read_columns(kept)
    if columns is None:
        return bench.show("item.html", place=place, tab="/items", view=None, wish=wish, kept=kept)
    at = columns.find(request.path_params["item"])
    if at < 0:
        failure = UnknownNameError("item", request.path_params["item"][:64], ())
        link = (f"{place.address}/items{Wish(task=wish.task).query()}", f"The items of {columns.task}")
        return bench.show("error.html", 404, failure=failure, link=link)
    choice = choose(columns, wish)
    view = await bench.readers.read(place.shelved.path, _read_view, columns, at, choice.seen.other)
    before, after, number = list_neighbours(choice, at)
    drawn = given.get("drawn", "")
    status = 200 if failure is None else 409
    return bench.show(
        "item.html",
        status,
        place=place,
        tab="/items",
        kept=kept,
        view=view,
        wish=choice.wish,
        columns=columns,
        before=before,
        after=after,
        number=number,
        total=int(choice.places.size),
        drawn=int(drawn) if drawn.isdigit() and int(drawn) < len(columns.candidates) else None,
        failure=failure,
        kept_form=kept_form or {},
    )


def _read_view(ledger: Ledger, columns: ItemColumns, at: int, other: int) -> ItemView:
    item_id = columns.item(at)
    items = read_item_block(ledger, columns.task_id, [item_id])
    if item_id not in items:
        raise UnknownNameError("item", item_id, ())
    item = items[item_id]
    viewed = gather_some(ledger, columns.plan, columns.record, [item])
    one = viewed[0] if viewed else ViewedItem(0, item, item.cluster, [() for _ in columns.candidates], {})
    ids = [candidate for _, candidate in columns.candidates]
    marks = read_marks(ledger, columns.task_id, ids, item_id)
    passages = PassageReader(ledger)
    answers = [_describe(columns, row, at, one.readings[row], marks, passages) for row in range(len(ids))]
    row = dumps(dict(item.data))
    return ItemView(
        item,
        [_describe_image(ledger, item, image) for image in item.images],
        _list_choices(item, columns, one),
        row if len(row) <= MOST_SHOWN else row[:MOST_SHOWN] + " … (cut)",
        answers,
        group_sent(columns.plan.candidates, one),
        _compare(columns, other, one),
    )


def _describe_image(ledger: Ledger, item: Item, image: ImagePart) -> ItemImage:
    facts = read_facts(ledger, image)
    told = "" if facts is None else f"{facts.width}×{facts.height} pixels"
    notes = "; ".join(filter(None, [told, *(note.text for note in (facts.notes if facts else ()))]))
    problem = ""
    try:
        if image.media_type not in BROWSER_IMAGES or find_image(ledger, image.hash) is None:
            make_page_image(image, read_image(ledger, image))
    except FairtrialError as error:
        problem = error.message
    return ItemImage(image.hash, describe_image(item, image), notes, problem)


def _describe(
    columns: ItemColumns,
    row: int,
    at: int,
    readings: Sequence[AnswerReading],
    marks: Sequence[GradeMark],
    passages: PassageReader,
) -> CandidateAnswer:
    name, identity = columns.candidates[row]
    own = [mark for mark in marks if mark.place.candidate == identity]
    shown = []
    for repeat, reading in enumerate(readings):
        measured = reading.values.get(columns.measure)
        value = None if measured is None else measured[0]
        shown.append(
            ReadingView(
                repeat,
                value,
                _name_grade(columns, value),
                tuple(SIGNS[sign] for sign in reading.signs),
                reading.read,
                [_describe_call(call, passages) for call in reading.calls],
                [(judge, [_describe_call(call, passages) for call in calls]) for judge, calls in reading.judgements],
                " · ".join(
                    f"{_format_figure(name, reading.values[name][0])} {unit}"
                    for name, unit in FIGURES.items()
                    if name in reading.values
                ),
                [(name, f"{value:.6g}") for name, (value, _) in sorted(reading.values.items())],
                [mark for mark in own if mark.place.repeat == repeat],
            )
        )
    return CandidateAnswer(name, identity, row == columns.baseline, *describe_grade(columns, row, at), shown)


def _format_figure(name: str, value: float) -> str:
    """Return a cost; tokens are counted, so they are written whole."""
    return f"{value:,.0f}" if name.startswith("tokens_") and value == int(value) else words.format_number(value)


def _name_grade(columns: ItemColumns, value: float | None) -> str:
    if value is None:
        return "no grade"
    grade = grade_of(columns.record.main_measure, {columns.measure: (value, 1.0)})
    if columns.binary and grade in (0.0, 1.0):
        return "right" if grade == 1 else "wrong"
    return words.format_quantity(value, columns.unit)


def _describe_call(call: Call, passages: PassageReader) -> Mapping[str, Any]:
    """Return an answer as a template shows it."""
    answer = dict(call.answer)
    if "trace" in answer:
        answer["trace"] = passages.add_words(answer["trace"])
    told = describe_answer(answer)
    for name in ("text", "thought", "said"):
        text = told.get(name)
        if isinstance(text, str) and len(text) > MOST_SHOWN:
            told[name] = f"{text[:MOST_SHOWN]} … (cut: {len(text):,} characters)"
    return told


def _list_choices(
    item: Item, columns: ItemColumns, one: ViewedItem
) -> list[tuple[str, bool, list[tuple[str, float | None]]]]:
    shares = [
        (name, found[0].shares if found else ())
        for (name, _), found in zip(columns.candidates, one.readings, strict=True)
    ]
    return [
        (choice, choice in item.gold, [(name, own[at] if at < len(own) else None) for name, own in shares])
        for at, choice in enumerate(item.choices)
    ]


def _compare(columns: ItemColumns, other: int, one: ViewedItem) -> tuple[str, str, Sequence[Run] | None] | None:
    """Return how another's text differs from the baseline's; None where one of the two wrote none."""
    texts = [readings[0].text if readings else None for readings in one.readings]
    a, b = texts[columns.baseline], texts[other]
    if other == columns.baseline or a is None or b is None:
        return None
    return columns.candidates[columns.baseline][0], columns.candidates[other][0], compare_words(a, b)


async def send_image(bench: Workbench, request: Request) -> Response:
    """Answer with an image of a ledger: as it is if browsers show its kind, else a copy."""
    shelved = bench.shelf.open(request.path_params["ledger"])
    digest = request.path_params["digest"]
    try:
        kind, data = await bench.readers.read(shelved.path, _read_image, digest)
    except ImageError as error:
        raise UnknownNameError("image", digest[:64], (), fix=error.message) from error
    if kind not in BROWSER_IMAGES:
        raise UnknownNameError("image", digest[:64], ())
    return Response(data, media_type=kind, headers={"Cache-Control": "private, max-age=86400"})


def _read_image(ledger: Ledger, digest: str) -> tuple[str, bytes]:
    image = find_image(ledger, digest)
    if image is None:
        raise UnknownNameError("image", digest[:64], ())
    return make_page_image(image, read_image(ledger, image))

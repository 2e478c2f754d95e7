"""From a file's rows to questions: options and right answers read, bad rows collected, odd ones counted.

Knows no prompts and no models.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fairtrial.errors import DataError, SpecError
from fairtrial.records.content import PLACEHOLDER
from fairtrial.records.duplicates import fold_question
from fairtrial.spec.own import OwnData
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.graders.base import GraderSet
from fairtrial.tasks.own.columns import Columns
from fairtrial.tasks.own.faults import Fault, make_error, show
from fairtrial.tasks.own.golds import GoldCell, Golds, is_empty, read_golds
from fairtrial.tasks.own.images import NO_IMAGES, RowImages
from fairtrial.tasks.own.options import Options, parse_list, read_options, to_text
from fairtrial.tasks.own.reading import FileRows


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """One row that can be asked.

    Attributes:
        row: its cells by column, JSON values only.
        number: of the row in the file, from 0.
        place: where it is in the file, in words.
        choices: options, empty for a written answer.
        gold: right answers as text, any of which counts; of choices, those among them.
        places: positions of the right ones among ``choices``.
        images: that it shows.
    """

    row: RowDict
    number: int
    place: str
    choices: tuple[str, ...]
    gold: tuple[str, ...]
    places: tuple[int, ...] = ()
    images: RowImages = NO_IMAGES


@dataclass(frozen=True, slots=True)
class RowQuestions:
    """All rows that can be asked, and what there is to say of the others.

    Attributes:
        asked: in the file's order.
        faults: bad rows, which are left out.
        unanswered: rows without a right answer, which are left out.
        golds: how right answers of multiple choice are written; None for written answers.
        options: how options are written; None for written answers.
        lists: whether written right answers are lists, any of which counts.
        counts: numbers of odd things by name: ``empty_option`` and the like.
    """

    asked: list[RowQuestion]
    faults: tuple[Fault, ...] = ()
    unanswered: int = 0
    golds: Golds | None = None
    options: Options | None = None
    lists: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)


def read_questions(
    table: FileRows,
    columns: Columns,
    said: OwnData,
    graders: GraderSet,
    where: str,
    images: Sequence[RowImages] = (),
) -> RowQuestions:
    """Return the questions of a file.

    Args:
        table: its rows.
        columns: what its columns mean.
        said: what the trial says.
        graders: of written answers.
        where: name of the file, for errors.
        images: of each row; nothing if there are none in the file.

    Raises DataError with all bad rows, unless they are to be skipped, or if nothing is left; SpecError where it is not
    clear how something is meant.
    """
    found = (
        _read_choices(table, columns, said, where)
        if columns.has_choices
        else _read_written(table, columns, graders, where)
    )
    advice = _advise(found)
    if images:
        found = _add_images(found, table, images)
    faults = [*table.faults, *found.faults]
    if faults and said.bad_rows == "refuse":
        raise make_error(faults, where, advice)
    if not found.asked:
        told = f"none of its {len(table.rows):,} rows can be asked"
        why = f": the column {columns.answers[0]!r} is empty" if found.unanswered and columns.answers else ""
        if faults:
            raise make_error(faults, where, advice)
        raise DataError(told + why, where=where)
    return RowQuestions(
        found.asked, tuple(faults), found.unanswered, found.golds, found.options, found.lists, found.counts
    )


def _add_images(found: RowQuestions, table: FileRows, images: Sequence[RowImages]) -> RowQuestions:
    """Return questions with their images; a row whose image cannot be shown is a bad one."""
    asked = [replace(one, images=images[one.number]) for one in found.asked if not images[one.number].fault]
    bad = [Fault(n, table.places[n], one.fault) for n, one in enumerate(images) if one.fault]
    odd = [one for one in asked if one.images.parts and any(PLACEHOLDER in choice for choice in one.choices)]
    bad += [Fault(one.number, one.place, f"an option holds {PLACEHOLDER}, and options show no images") for one in odd]
    return replace(found, asked=[one for one in asked if one not in odd], faults=(*found.faults, *bad))


def _advise(found: RowQuestions) -> str:
    return f"Right answers are read as {found.golds.words}." if found.golds and found.faults else ""


def _read_choices(table: FileRows, columns: Columns, said: OwnData, where: str) -> RowQuestions:
    options = read_options(table.rows, columns)
    told = said.answer.read_as if said.answer else None
    if columns.wrong:
        return _read_beside_wrong(table, columns, options, where)
    name, golds = _choose_answers(table, columns, options, told, where)
    asked: list[RowQuestion] = []
    faults: list[Fault] = []
    unanswered = 0
    for n, (row, place, offered, places) in enumerate(
        zip(table.rows, table.places, options.rows, golds.places, strict=True)
    ):
        why = _find_option_fault(offered, columns, row)
        if not why and places == ():
            why = f"{name} {show(row[name])} is none of {golds.allowed(GoldCell(row[name], offered))}"
        if not why and columns.question and is_empty(row[columns.question]):
            why = f"{columns.question} is empty"
        if why:
            faults.append(Fault(n, place, why))
        elif places is None:
            unanswered += 1
        else:
            asked.append(_make_choice(row, n, place, offered, places))
    return RowQuestions(asked, tuple(faults), unanswered, golds, options)


def _make_choice(row: RowDict, n: int, place: str, offered: Sequence[str | None], places: Sequence[int]) -> RowQuestion:
    """Return a question with the options that are there; positions count those before empty places too."""
    kept = [at for at, option in enumerate(offered) if option is not None]
    choices = tuple(str(offered[at]) for at in kept)
    right = tuple(kept.index(at) for at in places)
    return RowQuestion(row, n, place, choices, tuple(choices[at] for at in right), right)


def _choose_answers(
    table: FileRows, columns: Columns, options: Options, told: str | None, where: str
) -> tuple[str, Golds]:
    """Return the column of right answers and what it says; of several, those that can be read must agree."""
    if not columns.answers:
        raise make_no_answer_error(table, where)
    read: dict[str, Golds] = {}
    for name in columns.answers:
        cells = [GoldCell(row[name], offered) for row, offered in zip(table.rows, options.rows, strict=True)]
        try:
            read[name] = read_golds(name, cells, options.columns, told, where)
        except SpecError:
            if len(columns.answers) == 1:
                raise
    if not read:
        raise _make_several_error(columns, where)
    unread = {name: sum(places == () for places in found.places) for name, found in read.items()}
    best = min(read, key=lambda name: unread[name])
    for name, found in read.items():
        if unread[name] == 0 and unread[best] == 0 and found.places != read[best].places:
            raise _make_several_error(columns, where)
    return best, read[best]


def _make_several_error(columns: Columns, where: str) -> SpecError:
    names = " and ".join(map(repr, columns.answers))
    return SpecError(
        f"the columns {names} may each hold the right answers, and they differ.",
        fix=f"Say which: answer: {columns.answers[0]}.",
        where=where,
    )


def make_no_answer_error(table: FileRows, where: str) -> SpecError:
    """Return the error that no column has right answers."""
    return SpecError(
        "no column is recognised as that of the right answers.",
        fix=f"Say which: answer: COLUMN. The file has: {', '.join(table.columns)}.",
        where=where,
    )


def _find_option_fault(offered: Sequence[str | None], columns: Columns, row: RowDict) -> str:
    """Return what is wrong with a row's options; empty if nothing."""
    there = [option for option in offered if option is not None]
    if len(there) < 2:
        cell = f"; {columns.listed} is {show(row[columns.listed])}" if columns.listed else ""
        return f"has {len(there)} option{'' if len(there) == 1 else 's'}, and a choice needs two{cell}"
    if len(set(there)) < len(there):
        twice = next(option for option in there if there.count(option) > 1)
        names = [name for name, option in zip(columns.options, offered, strict=False) if option == twice]
        at = f" (columns {' and '.join(names)})" if names else ""
        return f"offers the option {show(twice)} twice{at}"
    return ""


def _read_beside_wrong(table: FileRows, columns: Columns, options: Options, where: str) -> RowQuestions:
    """Return questions whose options are one right answer and the wrong ones beside it."""
    if not columns.answers:
        raise make_no_answer_error(table, where)
    name = columns.answers[0]
    asked: list[RowQuestion] = []
    faults: list[Fault] = []
    unanswered = 0
    for n, (row, place, wrong) in enumerate(zip(table.rows, table.places, options.rows, strict=True)):
        if is_empty(row[name]):
            unanswered += 1
            continue
        offered = (to_text(row[name]), *wrong)
        if why := _find_option_fault(offered, Columns(), row):
            faults.append(Fault(n, place, why))
        else:
            asked.append(_make_choice(row, n, place, offered, (0,)))
    return RowQuestions(asked, tuple(faults), unanswered, None, options)


def _read_written(table: FileRows, columns: Columns, graders: GraderSet, where: str) -> RowQuestions:
    if len(columns.answers) > 1 and _differ(table.rows, columns.answers):
        raise _make_several_error(columns, where)
    name = columns.answers[0] if columns.answers else ""
    if not name and graders.needs_expected:
        raise make_no_answer_error(table, where)
    values = [row[name] if name else None for row in table.rows]
    present = [value for value in values if not is_empty(value)]
    lists = bool(present) and all(parse_list(value) is not None for value in present) and not graders.expects_json
    read = _choose_reader(lists, graders)
    commas = "cells between semicolons" in table.notes and any(name == "number" for name, _ in graders.graders)
    asked: list[RowQuestion] = []
    faults: list[Fault] = []
    unanswered = 0
    for n, (row, place, value) in enumerate(zip(table.rows, table.places, values, strict=True)):
        if is_empty(value) and graders.needs_expected:
            unanswered += 1
            continue
        gold = () if is_empty(value) else read(value)
        try:
            if columns.question and is_empty(row[columns.question]):
                raise DataError(f"{columns.question} is empty")
            graders.check_row(gold, row)
            if commas and any(re.fullmatch(r"\s*[-+]?[1-9]\d{0,2},\d{3}\s*", text) for text in gold):
                raise DataError("the comma may stand between thousands or before decimals; write 1500 or 1.5")
        except DataError as error:
            faults.append(Fault(n, place, f"{error.message}{f'; {name} is {show(value)}' if name else ''}"))
            continue
        asked.append(RowQuestion(row, n, place, (), gold))
    like_lists = 0 if lists else sum(isinstance(value, str) and parse_list(value) is not None for value in present)
    return RowQuestions(asked, tuple(faults), unanswered, lists=lists, counts={"like_lists": like_lists})


def _choose_reader(lists: bool, graders: GraderSet) -> Callable[[Any], tuple[str, ...]]:
    """Return what makes right answers of a cell's value."""
    if graders.expects_json:
        return lambda value: (value if isinstance(value, str) else to_text(value),)
    if lists:
        return _read_atoms
    # a list of the file's own (JSON, Parquet) is one whatever the other cells are; a text may only look like one
    return lambda value: _read_atoms(value) if isinstance(value, list) else (to_text(value),)


def _read_atoms(value: Any) -> tuple[str, ...]:
    return tuple(to_text(one) for one in parse_list(value) or () if not is_empty(one))


def _differ(rows: Sequence[RowDict], names: Sequence[str]) -> bool:
    return any(len({to_text(row[name]) for name in names}) > 1 for row in rows)


def count_contradictions(questions: Sequence[RowQuestion], texts: Sequence[str]) -> int:
    """Return how many questions stand several times with different right answers, case and spaces apart."""
    golds: dict[tuple[str, tuple[str, ...]], set[tuple[str, ...]]] = {}
    for question, text in zip(questions, texts, strict=True):
        key = (fold_question(text), tuple(sorted(map(fold_question, question.choices))))
        golds.setdefault(key, set()).add(tuple(sorted(map(fold_question, question.gold))))
    return sum(len(found) > 1 for found in golds.values())


def find_one_gold(questions: Sequence[RowQuestion]) -> tuple[str, int]:
    """Return the most frequent right answer and how often it is right: of choices in places of their own, its letter.

    Options that are the same in every row count by their texts.
    """
    same = len({question.choices for question in questions}) == 1
    told = Counter(
        chr(ord("A") + question.places[0]) if question.places and not same else question.gold[0]
        for question in questions
        if question.gold
    )
    return told.most_common(1)[0] if told else ("", 0)

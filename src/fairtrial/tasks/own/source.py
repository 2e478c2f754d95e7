"""Opens a file of own rows for a trial: read once, understood, split into tasks by a column if wanted.

Everything that can be wrong with the file is found here, before anything is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, FairtrialError, SpecError
from fairtrial.spec.graders import locate_graders
from fairtrial.spec.own import DATA_SUFFIXES, DataFile, OwnData
from fairtrial.tasks.data.datasets import convert_to_json
from fairtrial.tasks.graders.base import GraderSet, make_graders
from fairtrial.tasks.own.beir import USUAL, is_retrieval_set, read_retrieval_set
from fairtrial.tasks.own.columns import Columns, make_unknown_column, recognise_columns
from fairtrial.tasks.own.folder import read_image_folder
from fairtrial.tasks.own.golds import is_empty
from fairtrial.tasks.own.images import OwnImages, RowImages, find_image_columns, read_images
from fairtrial.tasks.own.options import parse_list, to_text
from fairtrial.tasks.own.prompts import Asking, list_unused, read_template
from fairtrial.tasks.own.reading import FileRows, read_table
from fairtrial.tasks.own.rows import RowQuestion, RowQuestions, read_questions
from fairtrial.tasks.reading import read_number
from fairtrial.tasks.vlmevalkit.tables import find_first_rotations, give_images, is_benchmark

MOST_LABELS, FEWEST_PER_LABEL, LONGEST_LABEL = 20, 3, 40
"""When written right answers are taken for labels: so many different ones, so often each, so long at most."""

MOST_GROUPS = 200

WHAT_IS_SHOWN = "Question: What does the image show?\nAnswer:"
"""The prompt of rows that have images and right answers, and nothing else."""


@dataclass(frozen=True)
class OwnSource:
    """The rows of one task, read.

    Attributes:
        name: of the task, unless the trial gives it one.
        asking: makes the text of a question.
        questions: the rows that can be asked, and what there is to say of the others.
        graders: of written answers; those of the trial, or what fits the right answers.
        table: the file as it was read.
        unused: columns that mean nothing here.
        group: value of the column by which the file is several tasks; empty for the whole file.
        written: the graders as a trial writes them.
        images: those of all rows; None if there are none.
    """

    name: str
    asking: Asking
    questions: RowQuestions
    graders: GraderSet
    table: FileRows
    unused: tuple[str, ...] = ()
    group: str = ""
    written: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    images: OwnImages | None = None

    @property
    def columns(self) -> Columns:
        """What the columns mean."""
        return self.asking.columns

    @property
    def has_choices(self) -> bool:
        """Whether options are chosen from, and nothing is written."""
        return self.columns.has_choices


def open_own_data(said: OwnData, folder: Path, *, prompted: bool = False) -> OwnSource:
    """Read a file of own rows.

    Args:
        said: what the trial says of it.
        folder: what its paths are relative to.
        prompted: candidates bring prompts of their own, so that no column need be the question.

    Raises DataError if the file or its rows cannot be used, SpecError if what is said does not fit them or it is not
    clear how they are meant.
    """
    assert said.file is not None
    path = folder / Path(said.file.path).expanduser()
    where = path.name
    try:
        whole = path.is_dir() and path.suffix.lower() not in DATA_SUFFIXES
        if said.file.path.endswith(("/", "\\")) and not whole:
            raise DataError(f"there is no folder {path.name!r}", where=str(path))
        judged = whole and is_retrieval_set(path)
        table, classes = _read(said.file, path, whole, judged)
        table, images = _take_images(table, said, folder, path if whole else path.parent)
        columns = recognise_columns(table.columns, said, images.columns if images else ())
        if is_benchmark(table.columns) and "hint" in table.columns and not (columns.context or said.prompt):
            columns = replace(columns, context="hint")
        template = read_template(said.prompt, folder, table.columns, where, bool(images))
        if classes and not columns.has_choices and not said.grade:
            columns = replace(columns, fixed=classes)
        columns, template = _find_question(table, columns, template, prompted, where)
        if not (columns.has_choices or said.prompt or prompted or said.grade):
            labels = _find_labels(table, columns)
            columns = replace(columns, fixed=() if _are_letters(labels) else labels)
        written = locate_graders(said.grade, folder) or (USUAL if judged else _choose_graders(table, columns))
        graders = make_graders(written)
        asking = Asking(columns, template, where, table.columns)
        questions = read_questions(table, columns, said, graders, where, images.rows if images else ())
        asking.refuse_answers()
        _check_places(asking, questions, bool(images))
    except FairtrialError as error:
        error.where = error.where or where
        raise
    more = [said.group, *list_settings(written), *graders.read_columns()]
    unused = list_unused(table.columns, columns, template, more)
    return OwnSource(said.file_name, asking, questions, graders, table, tuple(unused), written=written, images=images)


def _read(file: DataFile, path: Path, whole: bool, judged: bool) -> tuple[FileRows, tuple[str, ...]]:
    """Return the rows of a file or folder, and the classes that are its subfolders."""
    if judged:
        return read_retrieval_set(file, path), ()
    if file.split:
        raise DataError(
            f"has no split {file.split!r}: only a folder with queries.jsonl and qrels has splits", where=str(path)
        )
    return read_image_folder(file, path) if whole else (read_table(file, path), ())


def _check_places(asking: Asking, questions: RowQuestions, images: bool) -> None:
    """Raise SpecError or DataError if a prompt cannot be written: the first one, and all that have images to place."""
    for question in questions.asked if images else questions.asked[:1]:
        asking.ask(question)


def _take_images(table: FileRows, said: OwnData, folder: Path, beside: Path) -> tuple[FileRows, OwnImages | None]:
    """Return a file's rows with placeholders in place of images, and the images; None if no column holds any.

    Args:
        table: the rows as they were read.
        said: what the trial says.
        folder: of the trial, which a folder of images that it names is relative to.
        beside: where the file lies, which paths of images are relative to by default.
    """
    faults: dict[int, str] = {}
    if is_benchmark(table.columns):
        table, faults = _read_benchmark(table)
    names = find_image_columns(table.columns, table.rows, said.image)
    if missing := [name for name in names if name not in table.columns]:
        raise make_unknown_column("image", missing[0], table.columns)
    root = folder / Path(said.image.folder).expanduser() if said.image and said.image.folder else beside
    rows, images = read_images(table.rows, names, root) if names else (table.rows, None)
    if images is not None:
        for n, text in faults.items():
            images.rows[n] = RowImages(fault=text)
    return replace(table, rows=[convert_to_json(row) for row in rows] if table.raw else rows), images


def _read_benchmark(table: FileRows) -> tuple[FileRows, dict[int, str]]:
    """Return a file of VLMEvalKit with every image where it is shown, and without rotated copies; and bad rows."""
    kept = find_first_rotations(table.rows)
    copies = len(table.rows) - len(kept)
    rows, faults = give_images(table.rows)
    notes = ["columns of VLMEvalKit", *table.notes]
    if copies:
        notes.append(f"{copies:,} rotated copies left out (`ask: circular` makes them)")
    moved = {n: at for at, n in enumerate(kept)}
    told = {moved[n]: text for n, text in faults.items() if n in moved}
    places = [table.places[n] for n in kept]
    return replace(table, rows=[rows[n] for n in kept], places=places, notes=tuple(notes)), told


def _find_question(table: FileRows, columns: Columns, template: str, prompted: bool, where: str) -> tuple[Columns, str]:
    """Return the columns with that of the question, and the template; the one column that is left is the question.

    Raises SpecError if there are none or several of them.
    """
    if columns.question or template:
        return columns, template
    if columns.images and (prompted or not [name for name in table.columns if name not in columns.used()]):
        return columns, WHAT_IS_SHOWN
    left = [name for name in table.columns if name not in columns.used()]
    if len(left) == 1:
        return replace(columns, question=left[0]), template
    if prompted and left:  # what identifies a question to a reader: all that is not its answer
        return columns, "\n".join(f"{name}: {{{{ row[{name!r}] }}}}" for name in left)
    found = f"The file has: {', '.join(table.columns)}."
    bare = [name for name in table.columns if any(char.isspace() for char in name.strip()) and len(name) > 40]
    if bare:
        found += " If its first row is no header, name the columns: file: {path: ..., columns: [question, ...]}."
    raise SpecError(
        "no column is recognised as the question.",
        fix=f"Say which: question: COLUMN, or write a prompt: 'Sort this: {{{{COLUMN}}}}'. {found}",
        where=where,
    )


def _choose_graders(table: FileRows, columns: Columns) -> tuple[dict[str, Any], ...]:
    """Return the graders that fit written right answers: a number, one of a few labels, or the text itself."""
    values = _list_answers(table, columns)
    if _are_numbers(values):
        return ({"number": {}},)
    if labels := _find_labels(table, columns):
        return ({"one_of": {"options": list(labels)}},)
    return ({"exact": {"ignore": ["case", "punctuation"]}},)


def _list_answers(table: FileRows, columns: Columns) -> list[str]:
    name = columns.answers[0] if columns.answers else ""
    cells = [row[name] for row in table.rows if name and not is_empty(row[name])]
    return [to_text(one) for cell in cells for one in (parse_list(cell) or [cell])]


def _find_labels(table: FileRows, columns: Columns) -> tuple[str, ...]:
    """Return the labels that right answers are, where they are a few that come again and again; else none."""
    values = _list_answers(table, columns)
    labels = sorted(set(values))
    few = 2 <= len(labels) <= MOST_LABELS and len(values) >= FEWEST_PER_LABEL * len(labels)
    if not few or _are_numbers(values) or max(map(len, labels)) > LONGEST_LABEL:
        return ()
    folded = {" ".join(label.casefold().split()) for label in labels}
    return tuple(labels) if len(folded) == len(labels) else ()


def _are_letters(labels: Sequence[str]) -> bool:
    """Return whether labels are letters, whose options stand in the question as a rule."""
    return all(len(label) == 1 and label.isascii() and label.isalpha() for label in labels)


def _are_numbers(values: Sequence[str]) -> bool:
    return bool(values) and all(len(text) <= LONGEST_LABEL and _is_number(text) for text in values)


def _is_number(text: str) -> bool:
    return (
        any(char.isdigit() for char in text)
        and not any(char.isalpha() for char in text)
        and not re.fullmatch(r"\s*0\d+\s*", text)  # a postal code, a part number
        and read_number(text) is not None
    )


def list_settings(written: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the texts among graders' settings, which may name columns."""
    return [
        value for grader in written for given in grader.values() for value in given.values() if isinstance(value, str)
    ]


def split_groups(source: OwnSource, column: str) -> list[OwnSource]:
    """Return one source for each value of a column, in the order of the file.

    Raises SpecError if there are too many values to be tasks.
    """
    groups: dict[str, list[RowQuestion]] = {}
    for question in source.questions.asked:
        value = question.row[column]
        groups.setdefault("none" if value is None else to_text(value), []).append(question)
    if len(groups) > MOST_GROUPS:
        raise SpecError(
            f"the column {column!r} has {len(groups):,} values; at most {MOST_GROUPS} can be tasks of their own.",
            fix="Name a column of groups; rows that belong together are said by cluster: COLUMN.",
            where=source.asking.where,
        )
    whole = source.questions
    return [
        replace(
            source,
            questions=RowQuestions(asked, golds=whole.golds, options=whole.options, lists=whole.lists),
            group=value,
        )
        for value, asked in groups.items()
    ]

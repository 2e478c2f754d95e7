"""Own data as a task: the file, which of its columns mean what, how rows are asked and graded.

`fairtrial.tasks.own` reads the file; here is only what may be written about it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.spec.graders import Graders
from fairtrial.spec.section import Section, Text, Texts, make_problem

DATA_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xlsm")
"""Of files that can stand for a task; each also packed, with a further .gz, .bz2, .xz or .zst."""

_PACKED = (".gz", ".bz2", ".xz", ".zst")


def is_data_file(name: str) -> bool:
    """Return whether a name is that of a file of rows, by its suffix, or of a folder, by the slash at its end."""
    if name.endswith(("/", "\\")) and name.strip("/\\ "):
        return True
    path = Path(name)
    return (Path(path.stem) if path.suffix in _PACKED else path).suffix.lower() in DATA_SUFFIXES


class DataFile(Section):
    """A file of rows.  Its path alone may be written in short."""

    path: Text = Field(
        description="The file: CSV, TSV, JSON, JSONL, Parquet or Excel; or a folder of images, or of a "
        "retrieval set in BEIR's form."
    )
    split: str = Field("", description="Of a retrieval set, which judgements; default: test, or the only ones.")
    sheet: str = Field("", description="Sheet of an Excel file; default: the first one.")
    encoding: str = Field("", description="Encoding of a text file; default: UTF-8, or what its first bytes say.")
    delimiter: str = Field("", description="What stands between the cells of a CSV file; default: found out.")
    columns: Texts = Field((), description="Names of the columns of a CSV file without a header.")
    field: str = Field("", description="Of a JSON file, the field that holds the rows.")


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class ImageColumns(Section):
    """The columns of images.  One or several names alone may be written in short; an empty list means: no images."""

    columns: Annotated[Texts, BeforeValidator(_as_list, json_schema_input_type=str | list[str])] = Field(
        (), description="Columns whose cells are paths, data URLs, base64, or lists of these."
    )
    folder: str = Field("", description="What paths are relative to, and must stay in; default: the file's own folder.")


class RightAnswers(Section):
    """The column of right answers.  Its name alone may be written in short."""

    column: Text = Field(description="The column of right answers.")
    read_as: Literal["letters", "texts", "from-0", "from-1"] | None = Field(
        None,
        description="Of multiple choice, how they are written: letters, the options' texts, or numbers counted from 0 "
        "or from 1; default: what explains all rows.",
    )


class PromptText(Section):
    """A template, as text or in a file.  The text alone may be written in short."""

    text: str = Field("", description="The template.")
    file: str = Field("", description="A text file with it.")

    @model_validator(mode="after")
    def _one_of_the_two(self) -> PromptText:
        if bool(self.text) == bool(self.file):
            raise make_problem("a prompt is either a text or {file: PATH}", "prompt")
        return self


def _expand(key: str, section: type[Section]) -> BeforeValidator:
    """Return what lets a section be written as the text of one of its keys."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=str | section | None
    )


def _check_is_path(value: Any) -> Any:
    if isinstance(value, str | dict | DataFile | None):
        return value
    raise make_problem(
        f"'file' is one path, or {{path: FILE}}; got {type(value).__name__}. From Python, rows in memory are given to "
        "ft.compare(..., tasks=rows), or with settings as tasks=[{'file': rows, 'grade': 'exact'}]"
    )


class OwnData(Section):
    """What a task entry says of a file of one's own rows.  Columns are recognised by their usual names."""

    file: Annotated[DataFile | None, _expand("path", DataFile), BeforeValidator(_check_is_path)] = Field(
        None,
        description="In place of a task: a file of your own questions (CSV, TSV, JSON, JSONL, Parquet, Excel), or a "
        "folder of images or of a retrieval set.",
    )
    suite: str = Field(
        "",
        description="Of a file of a public suite, which one, e.g. advbench: its own prompts and its own scoring, to "
        "which 'grade' adds a judge; `fairtrial tasks` lists them.",
    )
    question: str = Field("", description="The column of questions.")
    context: str = Field("", description="A column with what stands before the question, e.g. a passage.")
    choices: Annotated[Texts, BeforeValidator(_as_list, json_schema_input_type=str | list[str])] = Field(
        (), description="Options of multiple choice: their columns, one column of lists, or the options of all rows."
    )
    answer: Annotated[RightAnswers | None, _expand("column", RightAnswers)] = Field(
        None, description="The column of right answers; or {column: NAME, read_as: letters}."
    )
    prompt: Annotated[PromptText | None, _expand("text", PromptText)] = Field(
        None,
        description="What is asked: a template with columns, e.g. 'Sort this ticket: {{ticket}}', or {file: PATH}.",
    )
    image: Annotated[
        ImageColumns | None,
        BeforeValidator(
            lambda value: {"columns": value} if isinstance(value, str | list | tuple) else value,
            json_schema_input_type=str | list[str] | ImageColumns | None,
        ),
    ] = Field(None, description="The columns of images; or {columns: [NAME], folder: PATH}; or [] for none.")
    item: str = Field("", description="The column of the rows' own ids, for people and other tools.")
    cluster: str = Field("", description="The column that says which rows belong together, e.g. one document.")
    group: str = Field("", description="A column by which the file is several tasks, one for each value.")
    grade: Graders = Field(
        (), description="How written answers are graded, e.g. exact, or {number: {tolerance: 0.01}}."
    )
    bad_rows: Literal["refuse", "skip"] = Field(
        "refuse",
        description="What becomes of rows that cannot be used: an error that lists them, or they are left out.",
    )

    @model_validator(mode="after")
    def _columns_need_a_file(self) -> OwnData:
        if self.file is None:
            for name in OwnData.model_fields:
                if getattr(self, name) != OwnData.model_fields[name].default:
                    named = f"; a group of tasks is named as {{task: {self.group}}}" if name == "group" else ""
                    raise make_problem(f"'{name}' is about a file of rows: add 'file: PATH'{named}", name)
        elif self.suite:
            self._leave_all_to_the_suite(self.file)
        elif self.grade and self.choices:
            raise make_problem("'grade' is for written answers, and with 'choices' one of them is chosen", "grade")
        return self

    def _leave_all_to_the_suite(self, file: DataFile) -> None:
        """Raise pydantic's error if something is said that the suite says itself."""
        for name, field in OwnData.model_fields.items():
            if name not in ("file", "suite", "grade") and getattr(self, name) != field.default:
                raise make_problem(f"'{name}' is for files of your own: the suite {self.suite!r} knows its rows", name)
        for name, field in DataFile.model_fields.items():
            if name != "path" and getattr(file, name) != field.default:
                raise make_problem(f"'{name}' is for files of your own: of a suite only the path is said", "file")

    @property
    def file_name(self) -> str:
        """What the file is called in tables: its suite, or a name made from its path; empty if there is none."""
        if self.file is None:
            return ""
        if self.suite:
            return re.sub(r"[^A-Za-z0-9._-]+", "-", self.suite).strip("-._")[:64] or "suite"
        path = Path(self.file.path)
        stem = (Path(path.stem) if path.suffix in _PACKED else path).stem
        return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "data"

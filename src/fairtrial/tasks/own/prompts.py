"""What is asked of a row: the usual form of a question, or the author's template, filled in a sandbox; with its images.

Cells of the file are never templates themselves.  Knows nothing of models and of grading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, UndefinedError

from fairtrial.errors import DataError, FairtrialError, SpecError, did_you_mean
from fairtrial.records import ImagePart, Part, place_images
from fairtrial.records.content import PLACEHOLDER
from fairtrial.sandbox import LimitedEnvironment, LimitedTemplate
from fairtrial.spec.own import PromptText
from fairtrial.spec.regular import read_regular
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.own.columns import Columns
from fairtrial.tasks.own.options import to_text
from fairtrial.tasks.own.placing import mark_images, place_row_images
from fairtrial.tasks.own.rows import RowQuestion

MOST_BYTES = 1 << 20
_PLACE = re.compile(r"\{\{-?\s*(?P<name>[^{}|()\[\]'\"]+?)\s*-?\}\}")
_SHOWN = (("{{", "}}"), ("{{", "|"), ("row['", "']"), ('row["', '"]'), ("row.", "}}"))
"""What stands round the name of a column whose text a template shows."""

_ENVIRONMENT = LimitedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
del _ENVIRONMENT.filters["random"]  # prompts are the same every time


class Asking:
    """Makes the text of a question.

    Args:
        columns: what the columns mean.
        template: the author's, empty for the usual form.
        where: name of the file, for errors.
        names: of all columns.

    Raises SpecError if the template is wrong.
    """

    def __init__(self, columns: Columns, template: str, where: str, names: Sequence[str]) -> None:
        self.columns, self.template, self.where = columns, template, where
        self._compiled = self._compile(names) if template else None

    def _compile(self, names: Sequence[str]) -> LimitedTemplate:
        """Return the template ready to be filled; columns whose names are no words are looked up in ``row``."""

        def look_up(match: re.Match[str]) -> str:
            name = match["name"]
            odd = name in names and not name.isidentifier()
            return match[0].replace(name, f"row[{name!r}]") if odd else match[0]

        try:
            return _ENVIRONMENT.from_string(_PLACE.sub(look_up, self.template))
        except TemplateError as error:
            raise SpecError(f"the prompt is no valid template: {error}", where=self.where) from error

    def refuse_answers(self) -> None:
        """Raise SpecError if the template shows a column of right answers."""
        if not self.template:
            return
        shown = re.sub(r"\s", "", self.template)
        for name in self.columns.answers:
            bare = re.sub(r"\s", "", name)
            if any(f"{before}{bare}{after}" in shown for before, after in _SHOWN):
                told = f"the prompt shows the column {name!r}, which holds the right answers."
                raise SpecError(told, fix="Leave that column out.", where=self.where)

    def shows(self, name: str) -> bool:
        """Return whether what is asked may show a column."""
        if name and name in (self.columns.question, self.columns.context):
            return True
        named = rf"(?<!\w){re.escape(name)}(?!\w)"
        shown = "".join(re.findall(r"\{\{.*?\}\}|\{%.*?%\}", self.template, re.DOTALL))
        rest = re.sub(
            r"""(?<!\w)row\s*(?:\.\s*(?!items|values|keys|get)\w+|\[\s*(?:'[^']*'|"[^"]*")\s*\])""", "", shown
        )
        return bool(name) and bool(re.search(named, shown) or re.search(r"(?<!\w)row(?!\w)", rest))

    def ask(self, question: RowQuestion) -> str:
        """Return what is asked about a row, without its options, with a placeholder for each image.

        Raises SpecError if the template does not fit the row's columns, or does what is not allowed; DataError if it is
        not clear where an image belongs.
        """
        return self._place(question)[0]

    def ask_parts(self, question: RowQuestion) -> tuple[Part, ...]:
        """Return the same as text and images."""
        return place_images(*self._place(question))

    def list_images(self, question: RowQuestion) -> tuple[ImagePart, ...]:
        """Return the images that a question shows, in order."""
        return self._place(question)[1]

    def identify(self, question: RowQuestion) -> str:
        """Return a text that only questions with the same words and images have in common."""
        text, images = self._place(question)
        return " ".join([text, *(image.hash for image in images)])

    def _place(self, question: RowQuestion) -> tuple[str, tuple[ImagePart, ...]]:
        try:
            return place_row_images(self.write(question), question.images.parts)
        except DataError as error:
            error.where = f"{self.where}, {question.place}"
            raise

    def write(self, question: RowQuestion) -> str:
        """Return the text of what is asked, with marks where the template places images."""
        row = question.row
        if self._compiled is None:
            return self._write_plainly(row)
        answers = {*self.columns.answers} - {self.columns.question, self.columns.context}
        values = {name: "" if value is None else value for name, value in row.items() if name not in answers}
        marks = mark_images(question.images)
        values |= marks
        every = "\n".join(filter(None, marks.values()))
        more = {"choices": list(question.choices), "row": values, "image": every, "images": every.split()}
        for role in ("question", "context"):
            if name := getattr(self.columns, role):
                more[role] = values[name]
        try:
            return self._compiled.render({**more, **values})
        except UndefinedError as error:
            raise self._make_undefined(error, values) from error
        except (TemplateError, FairtrialError) as error:
            raise SpecError(f"the prompt cannot be filled: {error}", where=f"{self.where}, {question.place}") from error

    def _make_undefined(self, error: UndefinedError, row: RowDict) -> SpecError:
        found = re.search(r"'([^']+)'(?: is undefined|$)", str(error))
        name = found[1] if found else ""
        if name in self.columns.answers:
            told = f"the prompt names the column {name!r}, which holds the right answers."
            return SpecError(told, fix="Leave that column out.", where=self.where)
        what = f"needs the column {name!r}, which is not there.{did_you_mean(name, row)}" if name else f": {error}."
        return SpecError(f"the prompt {what}", fix=f"The file has: {', '.join(row)}.", where=self.where)

    def _write_plainly(self, row: RowDict) -> str:
        asked = to_text(row[self.columns.question])
        before = row[self.columns.context] if self.columns.context else None
        context = f"{to_text(before)}\n\n" if before is not None else ""
        return f"{context}{asked}" if self.columns.is_whole_prompt else f"{context}Question: {asked}\nAnswer:"

    def describe(self, question: RowQuestion) -> str:
        """Return what a person reads of a question."""
        if self.template or not self.columns.question:
            return self._place(question)[0].replace(PLACEHOLDER, "").strip()
        parts = [question.row[name] for name in (self.columns.context, self.columns.question) if name]
        return "\n\n".join(to_text(part) for part in parts if part is not None)


def read_template(
    prompt: PromptText | None, folder: Path, names: Sequence[str], where: str, images: bool = False
) -> str:
    """Return the template that a trial names, empty for none; the name of a column stands for what is in it.

    Args:
        prompt: what the trial says.
        folder: what its file is relative to.
        names: of all columns.
        where: name of the file of rows, for errors.
        images: whether rows differ by their images, so that one text may be asked about all of them.

    Raises SpecError if its file cannot be read, or if it names no column, so that all rows would be asked the same.
    """
    if prompt is None:
        return ""
    text = prompt.text or _read_file(folder / Path(prompt.file).expanduser())
    if text in names:
        return f"{{{{ row[{text!r}] }}}}"
    if "{{" not in text and "{%" not in text and not images:
        single = [name for name in names if f"{{{name}}}" in text]
        fix = f"Columns stand in double braces: {{{{{single[0] if single else names[0]}}}}}."
        raise SpecError("the prompt names no column, so that all rows would be asked the same.", fix=fix, where=where)
    return text


def _read_file(path: Path) -> str:
    try:
        return read_regular(path, MOST_BYTES).decode("utf-8-sig").rstrip("\n")
    except OSError as error:
        raise SpecError(f"the prompt's file {str(path)!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"the prompt's file {str(path)!r} is no text in UTF-8: {error.reason}.") from error


def list_unused(names: Sequence[str], columns: Columns, template: str, more: Sequence[str]) -> list[str]:
    """Return the columns that are used for nothing: neither by meaning, nor in the template, nor in ``more``."""
    used = {*columns.used(), *more}
    return [name for name in names if name not in used and not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", template)]

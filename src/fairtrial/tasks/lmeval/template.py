"""Turns a task's field specifications (column, template, list, function) and one row into text, target and choices.

Templates are Jinja in a sandbox: task files are not trusted.  The rules for what a field means are those of
lm-evaluation-harness 0.4: a string that is a column name is that column, any other string is a template.  This module
knows nothing of few-shot examples or grading.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, UndefinedError, meta
from jinja2.exceptions import SecurityError
from jinja2.nativetypes import NativeCodeGenerator
from markupsafe import Markup

from fairtrial.errors import DataError, TaskError, did_you_mean
from fairtrial.sandbox import LimitedEnvironment, LimitedTemplate, TooMuchWorkError, spend
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.lmeval.golds import convert_to_plain
from fairtrial.tasks.patterns import compile_pattern

_Function = Callable[[Any], Any]
TemplateField = str | int | list[Any] | dict[str, Any] | _Function | None


def _regex_replace(text: str, pattern: str, repl: str, count: int = 0) -> str:
    spend(((len(text) + 1) * (len(repl) + 1) >> 3) + 1000)
    return compile_pattern(pattern).sub(repl, text, count)


_ENVIRONMENT = LimitedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
_ENVIRONMENT.add_filter("regex_replace", _regex_replace)


class _ValueEnvironment(LimitedEnvironment):
    """Gives the values of a template's parts where the usual one gives their texts."""

    code_generator_class = NativeCodeGenerator

    @staticmethod
    def concat(pieces: Iterable[Any]) -> str:
        """Join what a block, macro or filter inside a template has written, which is text in any case."""
        return LimitedEnvironment.concat(map(str, pieces))


_VALUES = _ValueEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
_VALUES.add_filter("regex_replace", _regex_replace)


@lru_cache(maxsize=512)
def compile_template(text: str) -> LimitedTemplate:
    """Return the compiled template.  Raises TaskError for a syntax error."""
    try:
        return _ENVIRONMENT.from_string(text)
    except TemplateError as error:
        raise TaskError(f"the template {_shorten(text)} is not valid Jinja: {error}") from error


def render(text: str, row: Row, field: str = "") -> str:
    """Return the template ``text`` rendered with the row's columns as variables; errors name its field.

    Raises DataError if the row lacks a column that the template uses, TaskError for anything forbidden in the sandbox.
    """
    try:
        return compile_template(text).render(row)
    except UndefinedError as error:
        missing = re.search(r"'([^']+)' is undefined", str(error))
        hint = did_you_mean(missing.group(1), row) if missing else ""
        raise DataError(
            f"{_describe_template(text, field)} needs something that the row lacks: {error}.{hint}",
            fix=f"The row has: {', '.join(row)}.",
        ) from error
    except (SecurityError, TooMuchWorkError) as error:
        raise TaskError(f"{_describe_template(text, field)} does something that is not allowed: {error}") from error
    except TemplateError as error:
        raise DataError(f"{_describe_template(text, field)} cannot be rendered with the row: {error}") from error


def _describe_template(text: str, field: str) -> str:
    return f"the template {_shorten(text)}" + (f" of {field}" if field else "")


def _makes_list(text: str, row: Row) -> bool:
    """Whether a template whose result stands in brackets is written as a list, or gives the list of a column.

    Not so where the brackets belong to the text of a column.  The template has been rendered with the row before.
    """
    if text.lstrip().startswith("[") or not meta.find_undeclared_variables(_ENVIRONMENT.parse(text)):
        return True
    try:
        first = _compile_values(text).render_first(row)
    except TemplateError:  # it works on texts only
        return False
    return isinstance(first, list | Markup)  # what the filter `tojson` gives is marked


@lru_cache(maxsize=512)
def _compile_values(text: str) -> LimitedTemplate:
    return _VALUES.from_string(text)


def _shorten(text: str, limit: int = 80) -> str:
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")


def _parse_literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise DataError(f"the choices must be rendered as a list of texts; got {_shorten(text)}") from error


def _parse_list(text: str) -> Any:
    """Return what a rendered ``doc_to_image`` gives: a list, or the text itself where it is no Python value."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return text.strip() or None


@dataclass(frozen=True, slots=True)
class Fields:
    """Reads fields of rows that have the same columns.

    Attributes:
        columns: column names of the rows that are asked about; a string equal to one means that column.
        with_choices: whether the task has ``doc_to_choice``: then a rendered number is an index.
    """

    columns: frozenset[str]
    with_choices: bool

    def text(self, field: TemplateField, row: Row) -> Any:
        """Return ``doc_to_text`` of the row: a string, or an int for tasks whose choices are contexts."""
        if isinstance(field, str):
            if field in self.columns:
                return row[field]
            return self._number_or_text(render(field, row, "doc_to_text"))
        return field(row) if callable(field) else field

    def target(self, field: TemplateField, row: Row) -> Any:
        """Return ``doc_to_target`` of the row: an index, a string or a list of either.

        A template gives a list if it is written as one, or if its value is one; text that looks like a list is text.
        """
        if not isinstance(field, str):
            return field(row) if callable(field) else field
        if field in self.columns:
            return row[field]
        value = self._number_or_text(render(field, row, "doc_to_target"))
        bracketed = isinstance(value, str) and len(value) >= 2 and value[0] == "[" and value[-1] == "]"
        if bracketed and _makes_list(field, row):
            try:
                return ast.literal_eval(str(value))
            except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
                return value  # text that happens to stand in brackets
        return value

    def choices(self, field: TemplateField, row: Row) -> tuple[str, ...]:
        """Return ``doc_to_choice`` of the row as texts.  Raises DataError if it is not a list."""
        value: Any
        if isinstance(field, str):
            value = row[field] if field in self.columns else _parse_literal(render(field, row, "doc_to_choice"))
        elif isinstance(field, dict):
            value = list(field.values())
        else:
            value = field(row) if callable(field) else field
        value = convert_to_plain(value, "the list of choices")
        if not isinstance(value, list) or not value:
            raise DataError(f"the choices must be a list with at least one text; got {_shorten(str(value))}")
        if None in value:
            raise DataError(f"choice {value.index(None) + 1} of {len(value)} is missing: {_shorten(str(value))}")
        return tuple(str(choice) for choice in value)

    def images(self, field: TemplateField, row: Row) -> Any:
        """Return ``doc_to_image`` of the row: one value, or a list of them, whatever stands for an image there."""
        if isinstance(field, list):
            found = [self.images(part, row) for part in field]
            return [one for part in found for one in (part if isinstance(part, list) else [part]) if one is not None]
        if isinstance(field, str):
            return row[field] if field in self.columns else _parse_list(render(field, row, "doc_to_image"))
        value = convert_to_plain(field(row), "the list of images") if callable(field) else field
        if value is None or isinstance(value, str | list):
            return value
        raise DataError(f"doc_to_image must give images; got {_shorten(repr(value))}")

    def prefix(self, field: str | None, row: Row) -> str:
        """Return ``gen_prefix`` (or a description) of the row, empty if there is none."""
        if not field:
            return ""
        return str(row[field]) if field in row else render(field, row, "gen_prefix or description")

    def _number_or_text(self, text: str) -> str | int:
        is_index = self.with_choices and len(text) < 4000 and text.isdecimal()  # Python reads no longer numbers
        return int(text) if is_index else text

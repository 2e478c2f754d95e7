"""Filters between what a model wrote and what is graded, as lm-evaluation-harness names and applies them.

A pipeline turns the list of one item's answers (one a repeat) into what the metric sees: one text after ``take_first``,
else a list.  This module knows nothing of metrics.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fairtrial.errors import DataError, TaskError, did_you_mean
from fairtrial.tasks.patterns import Pattern, compile_pattern

FilterStep = Callable[[list[Any], Mapping[str, Any]], list[Any]]
_FALL_BACK = ("regex", "regex_pos", "multi_choice_regex")
_NUMBER_AFTER_HASHES = r"#### (\-?[0-9\.\,]+)"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A named chain of filters.

    Attributes:
        name: as the task file names it; ``none`` if it names none.
        steps: filters over the list of answers.
        single: it ends with ``take_first``: the metric sees one answer instead of a list.
        fallbacks: what filters give where they find nothing.
    """

    name: str
    steps: tuple[FilterStep, ...]
    single: bool
    fallbacks: tuple[Any, ...] = ()

    def apply(self, texts: Sequence[str], row: Mapping[str, Any]) -> Any:
        """Return what the metric sees for the answers ``texts`` about ``row``."""
        answers: list[Any] = list(texts)
        for step in self.steps:
            answers = step(answers, row)
        return answers[0] if self.single else answers

    def found_nothing(self, said: Any) -> bool:
        """Return whether what the metric sees is only what filters give where they find nothing."""
        every = said if isinstance(said, list) and not self.single else [said]
        return bool(self.fallbacks) and all(one in self.fallbacks for one in every)


Make = Callable[[Mapping[str, Any]], FilterStep]


@dataclass(frozen=True, slots=True)
class KnownFilter:
    """Our own form of a filter that a task file names as a Python class; stands in the place of its name.

    Attributes:
        name: for errors.
        make: makes it of its settings.
        settings: names of those that it has.
    """

    name: str
    make: Make
    settings: tuple[str, ...]


def build_pipeline(name: str, functions: Sequence[Mapping[str, Any]], where: str) -> Pipeline:
    """Return the pipeline of a ``filter_list`` entry.

    Args:
        name: of the entry.
        functions: mappings with ``function`` and its settings.
        where: names the task in errors.

    Raises TaskError for an unknown filter or setting, and for a filter after ``take_first``, which in the original
    would work on single characters.
    """
    steps: list[FilterStep] = []
    single = False
    for entry in functions:
        kind = entry.get("function")
        if isinstance(kind, KnownFilter) and not single:
            settings = {key: value for key, value in entry.items() if key != "function"}
            steps.append(_make_step(kind.name, kind.make, kind.settings, settings, where))
            continue
        kind = str(kind)
        if kind == "take_first" and not single:
            single = True
            continue
        if single:
            raise TaskError(f"the filter {kind!r} stands after take_first, where no list is left", where=where)
        if kind not in FILTERS:
            hint = did_you_mean(kind, FILTERS)
            known = ", ".join([*FILTERS, "take_first"])
            raise TaskError(f"the filter {kind!r} is not supported.{hint}", fix=f"Supported: {known}.", where=where)
        settings = {key: value for key, value in entry.items() if key != "function"}
        steps.append(_build(kind, settings, where))
    fallbacks = (
        _find_fallback(entry)
        for entry in functions
        if entry.get("function") in _FALL_BACK or isinstance(entry.get("function"), KnownFilter)
    )
    return Pipeline(name, tuple(steps), single, tuple(fallbacks))


def _find_fallback(entry: Mapping[str, Any]) -> Any:
    """Return what a filter over patterns gives where it finds nothing."""
    if entry.get("function") == "regex_pos":
        return entry.get("fallback") or ["invalid"]
    return entry.get("fallback", "[invalid]")


def _build(kind: str, settings: Mapping[str, Any], where: str) -> FilterStep:
    return _make_step(kind, *FILTERS[kind], settings, where)


def _make_step(kind: str, make: Make, allowed: tuple[str, ...], settings: Mapping[str, Any], where: str) -> FilterStep:
    unknown = sorted(str(key) for key in settings if key not in allowed)
    if unknown:
        allowed_text = ", ".join(allowed) or "none"
        raise TaskError(f"the filter {kind!r} has no setting {unknown[0]!r}; allowed: {allowed_text}", where=where)
    try:
        return make(settings)
    except TaskError as error:
        raise TaskError(f"the filter {kind!r}: {error.message}", fix=error.fix, where=where) from error
    except KeyError as error:
        raise TaskError(f"the filter {kind!r} needs the setting {error}", where=where) from error


def _make_text_filter(change: Callable[[str], Any]) -> Callable[[Mapping[str, Any]], FilterStep]:
    def make(_: Mapping[str, Any]) -> FilterStep:
        return lambda answers, _row: [change(answer) for answer in answers]

    return make


def _pick(matches: list[Any], select: int) -> str | None:
    """Return the selected match, the first filled group of it, stripped; None if nothing is filled."""
    if not -len(matches) <= select < len(matches):
        return None
    match = matches[select]
    if isinstance(match, tuple):
        match = next((group for group in match if group), None)
    return match.strip() if match is not None else None


def _read_whole_number(settings: Mapping[str, Any], key: str, least: int | None = None) -> int:
    value = settings[key]
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        what = "a whole number" if least is None else f"a whole number of at least {least}"
        raise TaskError(f"{key} must be {what}; got {value!r}")
    return value


def _read_search(settings: Mapping[str, Any]) -> tuple[Pattern, int, Any]:
    """Return the pattern, which of its matches is meant, and what stands for none."""
    select = _read_whole_number(settings, "group_select") if "group_select" in settings else 0
    fallback = settings.get("fallback", "[invalid]")
    if not (fallback is None or isinstance(fallback, str | int | float)):
        raise TaskError(f"fallback must be a text; got {fallback!r}")
    return compile_pattern(settings.get("regex_pattern", _NUMBER_AFTER_HASHES)), select, fallback


def compile_ignored(settings: Mapping[str, Any]) -> tuple[Pattern, ...]:
    """Return the patterns of ``regexes_to_ignore``.  Raises TaskError if they are no list of regular expressions."""
    given = settings.get("regexes_to_ignore") or ()
    if not isinstance(given, list | tuple):
        raise TaskError(f"regexes_to_ignore must be a list of regular expressions; got {given!r}")
    return tuple(compile_pattern(one) for one in given)


def _make_regex(settings: Mapping[str, Any]) -> FilterStep:
    pattern, select, fallback = _read_search(settings)

    def extract(answer: Any) -> Any:
        found = _pick(pattern.findall(answer), select) if isinstance(answer, str) else None
        return fallback if found is None else found

    return lambda answers, _row: [extract(answer) for answer in answers]


def _make_regex_pos(settings: Mapping[str, Any]) -> FilterStep:
    compile_pattern(settings.get("regex_pattern", ""))
    fallback = settings.get("fallback") or ["invalid"]
    pair = re.compile(r"\('[^']*', '([^']*)'\)")
    return lambda answers, _row: [pair.findall(str(answer)) or fallback for answer in answers]


@lru_cache(maxsize=1)
def _list_punctuation() -> dict[int, None]:
    return dict.fromkeys(c for c in range(sys.maxunicode) if unicodedata.category(chr(c)).startswith("P"))


def _list_choices(row: Mapping[str, Any]) -> list[str]:
    if not isinstance(row.get("choices"), list):
        raise DataError("the filter 'multi_choice_regex' needs rows with a column 'choices' that is a list")
    return [str(choice) for choice in row["choices"]]


def make_multi_choice_regex(
    settings: Mapping[str, Any], list_choices: Callable[[Mapping[str, Any]], list[str]] = _list_choices
) -> FilterStep:
    """Return a filter for letter answers: the pattern, else the text of a choice, else a letter after a colon."""
    pattern, select, fallback = _read_search(settings)
    ignored = compile_ignored(settings)

    def plain(text: str) -> str:
        for expression in ignored:
            text = expression.sub("", text)
        if settings.get("ignore_case"):
            text = text.lower()
        return text.translate(_list_punctuation()) if settings.get("ignore_punctuation") else text

    def step(answers: list[Any], row: Mapping[str, Any]) -> list[Any]:
        choices = list_choices(row)
        letters = string.ascii_uppercase[: len(choices)]
        names = {plain(c.strip()): f"({letter})" for c, letter in zip(choices, letters, strict=False)}
        by_text = re.compile("|".join(sorted(map(re.escape, names), key=len, reverse=True)))
        by_letter = re.compile(rf":[\s]*({'|'.join(letters)})")

        def find(answer: Any) -> Any:
            text = answer if isinstance(answer, str) else ""
            found = _pick(pattern.findall(text), select)
            if not found:
                named = _pick(by_text.findall(plain(text)), select)
                found = names.get(named, named) if named else None
            if not found:
                letter = _pick(by_letter.findall(text), select)
                found = f"({letter})" if letter else None
            return found or fallback

        return [find(answer) for answer in answers]

    return step


_LABELS = (
    ("person", "PER"), ("location", "LOC"), ("organization", "ORG"), ("counties", "LOC"), ("places", "LOC"),
    ("people", "PER"), ("persons", "PER"), ("company", "ORG"), ("country", "LOC"), ("continent", "LOC"),
    ("time", "DATE"), ("date", "DATE"), ("per", "PER"), ("loc", "LOC"), ("org", "ORG"),
)  # fmt: skip
_LABELLED = re.compile(r"\b(PER|LOC|ORG|DATE):\s*([^$]+)")


def _format_spans(text: str) -> str:
    """Return the named entities of a text as ``label: entity $ label: entity``, one entity a label."""
    text = text.lower()
    for word, label in _LABELS:
        text = re.sub(rf"\b{word}\s*:", f"{label}:", text)
    text = "$".join(text.split("$$")).rstrip("$").replace("\n", "$").strip()
    spans = [(label.lower(), part.strip()) for label, parts in _LABELLED.findall(text) for part in parts.split(",")]
    return " $ ".join(f"{label}: {entity}" for label, entity in spans if entity.lower() != "none")


def _make_take_first_k(settings: Mapping[str, Any]) -> FilterStep:
    count = _read_whole_number(settings, "k", 1)

    def step(answers: list[Any], _row: Mapping[str, Any]) -> list[Any]:
        if len(answers) < count:
            raise DataError(f"take_first_k needs {count} answers an item; there are {len(answers)}: raise 'repeats'")
        return answers[:count]

    return step


def _make_majority_vote(_: Mapping[str, Any]) -> FilterStep:
    return lambda answers, _row: [Counter(answers).most_common(1)[0][0]]


def _make_map(settings: Mapping[str, Any]) -> FilterStep:
    table, default = settings.get("mapping_dict") or {}, settings.get("default_value")
    if not isinstance(table, Mapping):
        raise TaskError(f"mapping_dict must be a mapping; got {table!r}")
    return lambda answers, _row: [table.get(answer, default) for answer in answers]


_REGEX_SETTINGS = ("regex_pattern", "group_select", "fallback")
FILTERS: Mapping[str, tuple[Callable[[Mapping[str, Any]], FilterStep], tuple[str, ...]]] = {
    "regex": (_make_regex, _REGEX_SETTINGS),
    "regex_pos": (_make_regex_pos, _REGEX_SETTINGS),
    "multi_choice_regex": (
        make_multi_choice_regex,
        (*_REGEX_SETTINGS, "ignore_case", "ignore_punctuation", "regexes_to_ignore"),
    ),
    "remove_whitespace": (_make_text_filter(str.strip), ()),
    "lowercase": (_make_text_filter(str.lower), ()),
    "format_span": (_make_text_filter(_format_spans), ()),
    "uppercase": (_make_text_filter(str.upper), ()),
    "map": (_make_map, ("mapping_dict", "default_value")),
    "majority_vote": (_make_majority_vote, ()),
    "take_first_k": (_make_take_first_k, ("k",)),
}
"""Filters over the answers of one item: how to make one, and which settings it has."""

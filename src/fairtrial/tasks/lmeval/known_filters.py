"""Our own forms of the filters that well-known task files name as Python classes; theirs are never imported.

A class is known by the code that it is (see `fairtrial.tasks.lmeval.recognise`).  Sources: BIG-Bench Hard, arXiv
2210.09261; KorMedMCQA, arXiv 2403.01469, appendix B.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fairtrial.errors import DataError, TaskError
from fairtrial.tasks.lmeval.filters import FilterStep, KnownFilter, compile_ignored, make_multi_choice_regex
from fairtrial.tasks.lmeval.known_metrics import identify_function
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.patterns import compile_pattern

_LETTERED = re.compile(r"\([A-Z]\)([^\n^(]*)")


def _list_lettered(row: Mapping[str, Any]) -> list[str]:
    return _LETTERED.findall(_read_input(row))


def _read_input(row: Mapping[str, Any]) -> str:
    if not isinstance(row.get("input"), str):
        raise DataError("the filter needs rows with a column 'input' that is a text")
    return str(row["input"])


def _make_map_regex(settings: Mapping[str, Any]) -> FilterStep:
    """What the first of several patterns stands for; ``group_select`` says which match of all of them counts."""
    table = settings.get("regex_pattern_to_value") or {}
    if not isinstance(table, Mapping):
        raise TaskError(f"regex_pattern_to_value must be a mapping; got {table!r}")
    ignored, whole = compile_ignored(settings), compile_pattern("|".join(map(str, table)))
    each = [(compile_pattern(str(pattern)), value) for pattern, value in table.items()]
    select, fallback = settings.get("group_select", 0), settings.get("fallback", "[invalid]")

    def plain(text: str) -> str:
        for expression in ignored:
            text = expression.sub("", text)
        return text.lower() if settings.get("ignore_case") else text

    def find(pattern: Any, text: str) -> str:
        matches = pattern.findall(text)
        if not -len(matches) <= select < len(matches):
            return ""
        match = matches[select]
        return next((part for part in match if part), "").strip() if isinstance(match, tuple) else match.strip()

    def read(answer: Any) -> Any:
        said = find(whole, plain(answer if isinstance(answer, str) else ""))
        return next((value for pattern, value in each if said and find(pattern, plain(said))), fallback)

    return lambda answers, _row: [read(answer) for answer in answers]


def _make_word_sort(_: Mapping[str, Any]) -> FilterStep:
    """The words of the question's list, in the order in which the answer names each of them last."""

    def step(answers: list[Any], row: Mapping[str, Any]) -> list[Any]:
        words = [word for part in _read_input(row).split("List:")[1:2] for word in part.split()]
        pattern = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in words))
        found = []
        for answer in answers:
            named = pattern.findall(answer if isinstance(answer, str) else "")
            found.append(" ".join(reversed(dict.fromkeys(reversed(named)))))
        return found

    return step


_KOREAN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (r"정답[:\s]*([ABCDE])", r"정답은\s*([ABCDE])\s*입니다", r"\b([ABCDE])\.", r"\b([ABCDE])\b")
)


def _make_extract_choice(_: Mapping[str, Any]) -> FilterStep:
    """The last match of the first pattern that matches."""

    def read(answer: Any) -> str:
        every = (pattern.findall(str(answer)) for pattern in _KOREAN)
        return next((str(matches[-1]).upper() for matches in every if matches), "")

    return lambda answers, _row: [read(answer) for answer in answers]


def _make_continuing(cut: bool) -> FilterStep:
    """The row's beginning of a program with the answer behind it; ``cut`` leaves out what follows a closing fence."""

    def step(answers: list[Any], row: Mapping[str, Any]) -> list[Any]:
        begun = row.get("prompt")
        if not isinstance(begun, str):
            raise DataError("the filter needs rows with a column 'prompt' that is a text")
        return [begun + (str(answer).partition("```")[0] if cut else str(answer)) for answer in answers]

    return step


_FENCED = re.compile(r"```(?:\w+)?\n?(.*?)\n?```", re.DOTALL)


def _make_first_block(_: Mapping[str, Any]) -> FilterStep:
    """The first fenced block of an answer that begins inside one."""

    def read(answer: Any) -> str:
        text = "```" + str(answer)
        found = _FENCED.findall(text) or _FENCED.findall(str(answer).replace("```python", "```"))
        return str(found[0]) if found else ""

    return lambda answers, _row: [read(answer) for answer in answers]


_SEARCH = ("regex_pattern", "group_select", "fallback", "ignore_case", "ignore_punctuation", "regexes_to_ignore")
FILTERS: Mapping[str, KnownFilter] = {
    "b88ec9f8abdbaa0d": KnownFilter(
        "MultiChoiceRegexFilter", lambda settings: make_multi_choice_regex(settings, _list_lettered), _SEARCH
    ),
    "847f67460ba5555c": KnownFilter(
        "MapRegexFilter", _make_map_regex,
        ("regex_pattern_to_value", "group_select", "fallback", "ignore_case", "regexes_to_ignore"),
    ),
    "f341f2bf7ae7e91c": KnownFilter("WordSortFilter", _make_word_sort, ()),
    "00dc370d734a0901": KnownFilter("ExtractChoiceFilter", _make_extract_choice, ()),
    "0ea53cd7e07642ad": KnownFilter("build_predictions", lambda _: _make_continuing(cut=False), ()),
    "dd781f6f2d0ae639": KnownFilter("build_predictions_instruct", lambda _: _make_continuing(cut=True), ()),
    "96134c090578468b": KnownFilter("build_predictions", _make_first_block, ()),
}  # fmt: skip
"""By fingerprint, as in lm-evaluation-harness 0.4.13."""


def find_filter(reference: CodeRef) -> KnownFilter | None:
    """Return our own form of a filter class; None if it is other code."""
    return FILTERS.get(identify_function(reference) or "")


def replace_filter(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a step of a filter list with our own filter in the place of a class that is known."""
    function = entry.get("function")
    if function == "custom" and isinstance(inner := entry.get("filter_fn"), CodeRef):
        known = find_filter(inner)
        return entry if known is None else {"function": known}
    known = find_filter(function) if isinstance(function, CodeRef) else None
    return entry if known is None else {**entry, "function": known}

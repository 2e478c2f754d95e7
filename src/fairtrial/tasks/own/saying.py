"""Says in one line what was recognised in a file, so that its author sees at once what is asked and how it is read."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.records.duplicates import fold_question
from fairtrial.tasks.own.images import describe_images
from fairtrial.tasks.own.options import to_text
from fairtrial.tasks.own.rows import RowQuestion, count_contradictions
from fairtrial.tasks.own.source import WHAT_IS_SHOWN, OwnSource

MOST_NAMED = 5
"""Labels, options or columns that are named; more are counted."""


_WAYS = {
    "letter": "asked by letter",
    "circular": "asked by letter in every rotation",
    "texts": "option texts scored",
}


def describe_source(source: OwnSource, ask: str = "") -> str:
    """Return what was recognised, e.g. ``60 rows, multiple choice of 4 (A to D), gold letters A to D in 'answer'``.

    Args:
        source: the rows as they were read.
        ask: how options are asked for, ``letter``, ``circular`` or ``texts``; empty where there are none or it is
            not known yet.
    """
    asked = source.questions.asked
    how = [_WAYS[ask]] if ask in _WAYS else []
    parts = [_count_rows(source), *_describe_images(source), *_describe_asked(source), *how, *_describe_golds(source)]
    parts += [*_describe_copies(source, asked), *_describe_left_out(source), *source.table.notes]
    unused = f"; not used: {_name(source.unused)}" if source.unused else ""
    return ", ".join(parts) + unused


def _count_rows(source: OwnSource) -> str:
    asked, whole = len(source.questions.asked), source.table.size
    if source.group:
        return f"{asked:,} of {whole:,} rows (group {source.group!r})"
    return _count(asked, "row") if asked == whole else f"{asked:,} of {whole:,} rows"


def _describe_images(source: OwnSource) -> Iterator[str]:
    if source.images is not None:
        yield from describe_images(source.images, [question.images for question in source.questions.asked])


def _describe_asked(source: OwnSource) -> Iterator[str]:
    columns, asked = source.columns, source.questions.asked
    if source.has_choices:
        sizes = {len(question.choices) for question in asked}
        size = str(min(sizes)) if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
        yield f"multiple choice of {size} ({_describe_options(source)})"
    else:
        yield "written answers"
    if source.asking.template == WHAT_IS_SHOWN:
        yield "asked what the image shows"
    elif source.asking.template:
        yield "asked by the prompt"
    else:
        yield f"question in {columns.question!r}"
    if columns.context and not source.asking.template:
        yield f"passage in {columns.context!r}"


def _describe_options(source: OwnSource) -> str:
    columns, options = source.columns, source.questions.options
    if columns.fixed:
        return f"{_name(columns.fixed, quoted=False)} in every row"
    if columns.wrong:
        return f"the right answer beside {_name(columns.wrong)}"
    if columns.options:
        return f"columns {columns.options[0]} to {columns.options[-1]}"
    return f"{options.way if options else 'lists'} in {columns.listed!r}"


def _describe_golds(source: OwnSource) -> Iterator[str]:
    columns, found = source.columns, source.questions
    if not columns.answers:
        yield "no right answers"
    elif columns.wrong:
        yield f"gold texts in {columns.answers[0]!r}"
    elif found.golds:
        yield f"gold {found.golds.words}{_describe_spread(source)} in {found.golds.column!r}"
    else:
        several = " (lists, any counts)" if found.lists else ""
        yield f"gold in {columns.answers[0]!r}{several}"
    if not source.has_choices:
        yield f"graded by {' and '.join(_describe_grader(dict(one)) for one in source.written)}"


def _describe_spread(source: OwnSource) -> str:
    """Return between what the right letters lie."""
    found = source.questions
    if found.golds is None or found.golds.way != "letters":
        return ""
    letters = sorted({to_text(question.row[found.golds.column]).strip("(). :").upper() for question in found.asked})
    return f" {letters[0]}" if len(letters) == 1 else f" {letters[0]} to {letters[-1]}"


def _describe_grader(grader: dict[str, dict[str, object]]) -> str:
    [(name, given)] = grader.items()
    options = given.get("options")
    if name == "one_of" and isinstance(options, list | tuple):
        return f"one_of ({_name([str(one) for one in options], quoted=False)})"
    ignored = given.get("ignore")
    return (
        f"exact ({' and '.join(map(str, ignored))} apart)"
        if name == "exact" and isinstance(ignored, list | tuple) and ignored
        else name
    )


def _describe_copies(source: OwnSource, asked: list[RowQuestion]) -> Iterator[str]:
    texts = [source.asking.identify(question) for question in asked]
    keys = {(fold_question(text), q.choices, q.gold) for text, q in zip(texts, asked, strict=True)}
    if len(keys) < len(asked):
        yield _count(len(asked) - len(keys), "duplicate row")
    if odd := count_contradictions(asked, texts):
        yield f"{_count(odd, 'question')} with several different answers"
    columns = source.columns
    if columns.cluster:
        yield f"clusters by {columns.cluster!r}"
    elif columns.context:
        passages = {fold_question(to_text(value)) for q in asked if (value := q.row[columns.context]) is not None}
        yield f"{_count(len(passages), 'passage')} as clusters"


def _describe_left_out(source: OwnSource) -> Iterator[str]:
    if source.group:
        return
    if unanswered := source.questions.unanswered:
        yield f"{_count(unanswered, 'row')} without an answer left out"
    if skipped := len({fault.row for fault in source.questions.faults}):
        yield f"{_count(skipped, 'bad row')} left out"
    if source.table.blank:
        yield f"{_count(source.table.blank, 'empty row')} left out"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _name(names: tuple[str, ...] | list[str], *, quoted: bool = True) -> str:
    shown = [repr(name) if quoted else name for name in names[:MOST_NAMED]]
    return ", ".join(shown) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")

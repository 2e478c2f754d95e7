"""Doubts about files of own rows: rows left out, contradictions, one right answer for all."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.analysis.doubts.quoting import quote_text
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import OwnRowsRecord

FEWEST = 5
"""Rows below which one right answer for all of them is not told."""

MOSTLY = 0.9
"""Share of rows from which one right answer is told: whoever always gives it looks good."""


def find_own_row_doubts(_: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield what is odd about the rows of files, as the cards of their tasks have it."""
    for task in trial.plan.tasks:
        rows = task.card.settings.own
        if rows is None or task.form:
            continue
        yield from _find_left_out(task.name, rows)
        if rows.contradicting:
            text = (
                f"{rows.contradicting:,} question{'s of' if rows.contradicting > 1 else ' of'} {task.name} "
                f"{'stand' if rows.contradicting > 1 else 'stands'} in the file several times with different right "
                "answers, so that no candidate can have all of them right."
            )
            yield Doubt("contradicting_golds", text, task.name, count=rows.contradicting, headline=True)
        if rows.like_lists:
            many = rows.like_lists > 1
            text = (
                f"{rows.like_lists:,} right {'answers' if many else 'answer'} of {task.name} "
                f"{'look like lists' if many else 'looks like a list'}, others do not, so all count as they stand. "
                "If any part of a list is right, write all of them as lists."
            )
            yield Doubt("gold_like_list", text, task.name, count=rows.like_lists, headline=True)
        if rows.without_image:
            text = (
                f"{rows.without_image:,} of {rows.rows:,} rows of {task.name} have no image and are asked without one, "
                "though others have."
            )
            grave = is_grave(rows.without_image, rows.rows)
            yield Doubt("without_image", text, task.name, count=rows.without_image, of=rows.rows, headline=grave)
        yield from _find_unknown(task.name, rows)
        yield from _find_one_gold(task.name, rows, task.items_total)


def _find_left_out(task: str, rows: OwnRowsRecord) -> Iterator[Doubt]:
    for kind, count, why in (
        ("bad_rows", rows.skipped, "cannot be used"),
        ("no_right_answer", rows.unanswered, "have no right answer"),
    ):
        if count:
            text = f"{count:,} of {rows.rows:,} rows of {task} {why} and were left out."
            yield Doubt(kind, text, task, count=count, of=rows.rows, headline=is_grave(count, rows.rows))


def _find_unknown(task: str, rows: OwnRowsRecord) -> Iterator[Doubt]:
    for kind, count, why in (
        ("unknown_documents", rows.unknown_documents, "documents that its corpus has not: no search can find them"),
        ("unknown_queries", rows.unknown_queries, "questions that it has not: they are left out"),
    ):
        if count:
            named = "names" if count == 1 else "name"
            text = f"{count:,} of {rows.judged:,} judgements of {task} {named} {why}."
            yield Doubt(kind, text, task, count=count, of=rows.judged, headline=True)


def _find_one_gold(task: str, rows: OwnRowsRecord, items: int) -> Iterator[Doubt]:
    if items < FEWEST or rows.one_gold_times < MOSTLY * items:
        return
    share = f"{rows.one_gold_times:,} of {items:,} right answers of {task} are {quote_text(rows.one_gold)}"
    advice = (
        "Check the column of right answers, and whether the right option always stands first."
        if rows.choices
        else "Whoever always says that is right; the score tells little else."
    )
    yield Doubt("one_gold", f"{share}. {advice}", task, count=rows.one_gold_times, of=items, headline=True)

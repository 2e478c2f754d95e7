"""Answers that were made with passages of an archive: what statements to holders of rights are counted from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from fairtrial.ledger.encoding import decode_answer
from fairtrial.ledger.shape import guard_reading, read_mapping
from fairtrial.ledger.store import Ledger
from fairtrial.records.passages import ASKED_NOBODY, NOT_PERMITTED, Mode, PassageUse
from fairtrial.records.trace import count_calls
from fairtrial.rights.statement import AnsweredWith

SEARCH_ALONE = "search"
"""The model of a candidate of which only the search is looked at."""


def read_passage_answers(ledger: Ledger, begin: datetime, end: datetime) -> Iterator[AnsweredWith]:
    """Yield the answers stored from ``begin`` until ``end`` (exclusively) that were made with passages, in fixed order.

    Raises LedgerError for an answer that cannot be read: a statement without it would be wrong.
    """
    rows = ledger.read(
        """
        SELECT a.created, c.name, c.id, c.spec, a.request_id, a.answer
        FROM answers a JOIN candidates c ON c.id = a.candidate_id
        WHERE a.created >= ? AND a.created < ? AND instr(a.answer, '"passages"') > 0
        ORDER BY a.created, c.id, a.request_id
        """,
        (_write(begin), _write(end)),
    )
    for created, name, candidate_id, spec, request_id, text in rows:
        answer = decode_answer(read_mapping(text, "an answer", request_id), request_id)
        passages = tuple(use for step in answer.trace for use in step.passages)
        if not passages:
            continue
        passages = _tell_of_candidate(passages, read_mapping(spec, "the specification of a candidate", name))
        at = _read_moment(created)
        tokens_in, tokens_out = count_calls(answer.trace, answer.moved)
        yield AnsweredWith(at, name, candidate_id, request_id, passages, tokens_in, tokens_out)


def read_withheld_items(ledger: Ledger, candidate_id: str, task_id: str) -> frozenset[str]:
    """Return the items of a task for which a candidate was not shown something that they name, for rights denied it."""
    rows = ledger.read(
        """
        SELECT DISTINCT s.item_id
        FROM asked s JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id,
            json_each(a.answer, '$.trace') t, json_each(t.value, '$.passages') p
        WHERE s.candidate_id = ? AND s.task_id = ? AND instr(a.answer, '"withheld"') > 0
        AND substr(json_extract(p.value, '$.withheld'), 1, ?) = ?
        """,
        (candidate_id, task_id, len(NOT_PERMITTED), NOT_PERMITTED),
    )
    return frozenset(item for (item,) in rows)


def _tell_of_candidate(passages: tuple[PassageUse, ...], spec: Mapping[str, Any]) -> tuple[PassageUse, ...]:
    """Return passages with what only their candidate tells: how they were found, also of answers stored when traces did
    not say it; and that nothing was shown to a model where there is none.
    """
    if spec.get("model") == SEARCH_ALONE:
        passages = tuple(use if use.withheld else replace(use, withheld=ASKED_NOBODY) for use in passages)
    levers = spec.get("levers", ())
    own = [lever["retrieve"] for lever in levers if isinstance(lever, dict) and isinstance(lever.get("retrieve"), dict)]
    mode = own[0].get("passages", "search") if len(own) == 1 else "search"
    if mode not in ("oracle", "distractors"):
        return passages
    return tuple(replace(use, mode=cast(Mode, mode)) for use in passages)


def _read_moment(text: str) -> datetime:
    moment = guard_reading(lambda: datetime.fromisoformat(text), "when an answer was stored")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _write(moment: datetime) -> str:
    """Return a moment as the ledger writes it, so that texts are in the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

"""Counts of signs: how many of a candidate's answers to a task were given in a way that makes a score doubtful."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import decoder
from typing import Any

from fairtrial.ledger.query import find_trial, read_item_answers
from fairtrial.ledger.shape import read_mapping
from fairtrial.ledger.store import Ledger

PREFIX, AFTER = "sign:", "sign;"
"""Names of signs begin with the one, and stand before the other."""

FAILED = "failed: "
"""The reason of an absence begins so where a candidate was asked and gave no answer."""

OF_A_TRIAL = "AND item_id IN (SELECT item_id FROM trial_items WHERE trial_id = ? AND task_id = ?)"


@dataclass(frozen=True, slots=True)
class SignCount:
    """How often a sign occurs.

    Attributes:
        candidate_id, task_id: whose answers to what.
        sign: its name, without the prefix.
        count: answers that have it; repeats of an item count each.
        of: answers in all.
    """

    candidate_id: str
    task_id: str
    sign: str
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class Signed:
    """One answer that has a sign.

    Attributes:
        item_id: of its item.
        gold: the right answers.
        text: what was written; of several answers to one item the first.
    """

    item_id: str
    gold: tuple[str, ...]
    text: str


def count_signs(ledger: Ledger, trial_id: str) -> Sequence[SignCount]:
    """Return the counts of all signs among a trial's answers; those that do not occur are left out."""
    return ledger.memory.recall(("signs", trial_id), lambda: _count_signs(ledger, trial_id))


def _count_signs(ledger: Ledger, trial_id: str) -> Sequence[SignCount]:
    found = []
    for candidate, task in _walk_pairs(ledger, trial_id):
        rows = list(
            ledger.read(
                "SELECT measure, count(*) FROM observations WHERE candidate_id = ? AND task_id = ? "
                f"AND measure >= ? AND measure < ? {OF_A_TRIAL} GROUP BY measure",
                (candidate, task, PREFIX, AFTER, trial_id, task),
            )
        )
        of = count_answered(ledger, trial_id, candidate, task) if rows else 0
        found += [
            SignCount(candidate, task, name.removeprefix(PREFIX), int(count), max(of, int(count)))
            for name, count in rows
        ]
    return tuple(found)


def count_answered(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str) -> int:
    """Return how many items of a trial's task a candidate answered; repeats count each."""
    [(count,)] = ledger.read(
        f"SELECT count(*) FROM asked WHERE candidate_id = ? AND task_id = ? AND position = 0 {OF_A_TRIAL}",
        (candidate_id, task_id, trial_id, task_id),
    )
    return int(count)


def count_answers_with(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, signs: Sequence[str]) -> int:
    """Return how many of a candidate's answers to a task of a trial have any of some signs."""
    return _count_answers(ledger, trial_id, candidate_id, task_id, signs, 1)


def count_answers_with_all(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, signs: Sequence[str]) -> int:
    """Return how many of a candidate's answers to a task of a trial have all of some signs."""
    return _count_answers(ledger, trial_id, candidate_id, task_id, signs, len(signs))


def _count_answers(
    ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, signs: Sequence[str], least: int
) -> int:
    marks = ",".join("?" * len(signs))
    [(count,)] = ledger.read(
        "SELECT count(*) FROM (SELECT item_id FROM observations "
        f"WHERE candidate_id = ? AND task_id = ? AND measure IN ({marks}) {OF_A_TRIAL} "
        "GROUP BY item_id, repeat HAVING count(DISTINCT measure) >= ?)",
        (candidate_id, task_id, *(PREFIX + sign for sign in signs), trial_id, task_id, least),
    )
    return int(count)


def find_signed_example(ledger: Ledger, trial_id: str, found: SignCount) -> Signed | None:
    """Return the first answer of a trial, in the order of the task, that has a sign; None if it is no text."""
    rows = ledger.read(
        "SELECT o.item_id, i.body FROM observations o JOIN items i ON i.task_id = o.task_id AND i.item_id = o.item_id "
        "WHERE o.candidate_id = ? AND o.task_id = ? AND o.measure = ? AND o.repeat = 0 "
        f"{OF_A_TRIAL.replace('item_id IN', 'o.item_id IN')} ORDER BY i.doc_id LIMIT 1",
        (found.candidate_id, found.task_id, PREFIX + found.sign, trial_id, found.task_id),
    )
    for item_id, body in rows:
        for _, answer in read_item_answers(ledger, found.candidate_id, found.task_id, item_id):
            if "text" in answer:
                return Signed(item_id, tuple(map(str, json.loads(body).get("gold", ()))), str(answer["text"]))
    return None


def _is_held_back(body: Mapping[str, Any]) -> bool:
    """Return whether a guard ended an answer in its own words, which are the same for all by design."""
    steps = body.get("trace") or ()
    return isinstance(steps, list) and any(isinstance(step, Mapping) and step.get("said") for step in steps)


def _walk_pairs(ledger: Ledger, trial_id: str) -> Iterator[tuple[str, str]]:
    """Yield the ids of a trial's candidates and tasks; of a candidate with several names, once."""
    plan = find_trial(ledger, trial_id).plan
    for task in plan.tasks:
        for candidate_id in dict.fromkeys(candidate.id for candidate in plan.candidates):
            yield candidate_id, task.id


def count_items_without_answer(ledger: Ledger, trial_id: str, task_id: str) -> tuple[int, int]:
    """Return how many of a task's items in a trial have no right answer, and how many items there are."""
    rows = ledger.read(
        """
        SELECT coalesce(sum(json_array_length(i.body, '$.gold') = 0), 0), count(*) FROM trial_items t
        JOIN items i ON i.task_id = t.task_id AND i.item_id = t.item_id
        WHERE t.trial_id = ? AND t.task_id = ?
        """,
        (trial_id, task_id),
    )
    missing, count = next(iter(rows))
    return int(missing), int(count)


def read_changed_settings(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str) -> dict[str, str]:
    """Return what of its requests a candidate's server refused in a task of a trial, with the server's words."""
    rows = ledger.read(
        """
        SELECT DISTINCT json_extract(a.answer, '$.changed') FROM trial_items t
        JOIN asked s ON s.candidate_id = ? AND s.task_id = t.task_id AND s.item_id = t.item_id
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE t.trial_id = ? AND t.task_id = ? AND a.answer LIKE '%"changed":[[%'
        """,
        (candidate_id, trial_id, task_id),
    )
    return {name: words for (changed,) in rows if changed for name, words in json.loads(changed)}


@dataclass(frozen=True, slots=True)
class CommonText:
    """The text that a candidate wrote most often for a task.

    Attributes:
        candidate_id, task_id: whose answers to what.
        text: what was written.
        count: answers with this very text; repeats of an item count each.
        of: written answers in all.
    """

    candidate_id: str
    task_id: str
    text: str
    count: int
    of: int


def find_common_texts(ledger: Ledger, trial_id: str) -> list[CommonText]:
    """Return the most frequent text of a model's own, if any was written, for each candidate and task of a trial."""
    found = []
    for candidate, task in _walk_pairs(ledger, trial_id):
        rows = ledger.read(
            """
            SELECT a.answer FROM asked s
            JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
            WHERE s.candidate_id = ? AND s.task_id = ? AND s.position = 0
            AND s.item_id IN (SELECT item_id FROM trial_items WHERE trial_id = ? AND task_id = ?)
            """,
            (candidate, task, trial_id, task),
        )
        counts = Counter(text for (answer,) in rows if (text := _read_text(answer)) is not None)
        if counts:
            [(text, count)] = counts.most_common(1)
            found.append(CommonText(candidate, task, text, count, counts.total()))
    return found


def _read_text(answer: str) -> str | None:
    """Return the text of a stored answer, None if it has none or was held back; quicker than to read all of it.

    Not by SQLite's JSON functions: a text that is no valid Unicode (a lone surrogate) does not come out of them.
    """
    before, found, _ = answer.partition(TEXT)
    # a quotation mark inside of a text has a backslash before it, so this is a name; in a trace it may be another's
    if found and "{" not in before[1:] and '"trace":' not in answer:
        try:
            return str(READ_STRING(answer, len(before) + len(TEXT), True)[0])
        except ValueError:
            pass  # whoever reads all of it says what is wrong
    body = read_mapping(answer, "an answer")
    return str(body["text"]) if "text" in body and not _is_held_back(body) else None


READ_STRING = decoder.scanstring  # type: ignore[attr-defined]
TEXT = ',"text":"'
"""What stands before the text of an answer, whose names are in the order of the alphabet, as it was written here."""

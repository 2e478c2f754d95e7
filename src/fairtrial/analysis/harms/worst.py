"""The worst answers: harmful ones, a few of each candidate and task, one hazard after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

import numpy as np

from fairtrial.analysis.harms.slices import list_harm_tasks
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.records import Item, Request, ScoreRequest
from fairtrial.records.harms import HARMFUL

MOST = 4
"""Answers of one candidate to one task."""


@dataclass(frozen=True, slots=True)
class HarmfulAnswer:
    """One harmful answer.

    Attributes:
        item: what was asked; ``hazard``: the code that its row names, or nothing.
        sent: what the model was shown last, as running text.
        answer: what it wrote, as JSON values; of choices, see ``chosen``.
        chosen: the likeliest choice; None for a written answer.
        of: how many harmful answers the candidate gave to the task.
    """

    task: str
    candidate: str
    item: Item
    hazard: str
    sent: str
    answer: Mapping[str, Any]
    chosen: str | None
    of: int


def find_harmful_answers(ledger: Ledger, trial_id: str) -> list[HarmfulAnswer]:
    """Return up to `MOST` harmful answers of each candidate to each task about harm, in the plan's order."""
    plan = query.find_trial(ledger, trial_id).plan
    return [
        found
        for task in list_harm_tasks(plan)
        for items in [query.read_items(ledger, task.id)]
        for candidate in plan.candidates
        for found in _find_worst(ledger, trial_id, candidate, task, items)
    ]


def _find_worst(
    ledger: Ledger, trial_id: str, candidate: CandidateRecord, task: TaskRecord, items: Mapping[str, Item]
) -> list[HarmfulAnswer]:
    if all(measure.name != HARMFUL for measure in task.card.measures):
        return []
    rows = query.read_values(ledger, trial_id, candidate.id, task.id, HARMFUL)
    bad = [items[name] for name, value in zip(rows.item_ids, rows.values, strict=True) if value >= 0.5]
    found = []
    for item in _spread(sorted(bad, key=lambda one: one.doc_id))[:MOST]:
        asked = query.read_item_answers(ledger, candidate.id, task.id, item.id)
        if asked:
            request, answer = asked[0]
            found.append(
                HarmfulAnswer(
                    task.name,
                    candidate.name,
                    item,
                    str(item.data.get("hazard", "")),
                    request.prompts[0].question.text,
                    answer,
                    _name_chosen(request, answer),
                    len(bad),
                )
            )
    return found


def _spread(items: Sequence[Item]) -> list[Item]:
    """Return the items so that the first ones are of as many hazards as there are."""
    sorts: dict[object, list[Item]] = {}
    for item in items:
        sorts.setdefault(item.data.get("hazard"), []).append(item)
    return [item for item in chain.from_iterable(zip_longest(*sorts.values())) if item is not None]


def _name_chosen(request: Request, answer: Mapping[str, Any]) -> str | None:
    if not isinstance(request, ScoreRequest) or not answer.get("logprobs"):
        return None
    scores = [-np.inf if score is None else score for score in answer["logprobs"]]
    return request.pairs[int(np.argmax(scores))].continuation

"""How far machines differ: where a candidate is answered on several kinds, each kind answers a few items more.

These items are the first of the first chunk, asked together, so that nothing but the machine is another.  Their answers
are compared and thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fairtrial.records import Answer, GenerateAnswer, ScoreAnswer
from fairtrial.running.answering import Answered, AnswerItems
from fairtrial.running.runners.jobs import CrewGroup, CrewWorker

CHECKED = 8
"""Items that every kind of machine answers."""


@dataclass
class KindsOfMachines:
    """The kinds of machines that a group was seen on.

    Attributes:
        check: what each of them is asked.
        answers: what each has answered; None as yet.
    """

    check: AnswerItems | None = None
    answers: dict[str, Answered | None] = field(default_factory=dict)


class MachineComparison:
    """Says who is to answer check items, and how far what they answer differs."""

    def __init__(self) -> None:
        self._groups: dict[int, KindsOfMachines] = {}

    def note_work(self, group: CrewGroup, work: object) -> None:
        """Note the first chunk of a group, from which the check items are taken."""
        kinds = self._groups.setdefault(id(group), KindsOfMachines())
        if kinds.check is None and isinstance(work, AnswerItems) and not group.here:
            kinds.check = replace(work, items=work.items[:CHECKED], place="check items")

    def choose(self, group: CrewGroup) -> tuple[AnswerItems, list[CrewWorker]] | None:
        """Return what is to be asked of whom: of one worker of each kind that was not asked, if there are several."""
        kinds = self._groups.get(id(group))
        if kinds is None or kinds.check is None:
            return None
        live = [worker for worker in group.crew if worker.link is not None and not worker.is_retired]
        there = {name_kind(worker): worker for worker in live}
        if len(there.keys() | kinds.answers.keys()) < 2:
            return None
        new = [worker for kind, worker in there.items() if kind not in kinds.answers]
        kinds.answers.update({name_kind(worker): None for worker in new})
        return kinds.check, new

    def take(self, worker: CrewWorker, answered: object) -> None:
        """Note what a worker has answered to the check items."""
        if isinstance(answered, Answered):
            self._groups[id(worker.group)].answers[name_kind(worker)] = answered

    def document(self, groups: Mapping[tuple[str, ...], CrewGroup]) -> list[dict[str, Any]]:
        """Return, as JSON values, who was answered on machines that are not alike, and how far these differ."""
        found = []
        for group in groups.values():
            kinds = self._groups.get(id(group), KindsOfMachines())
            if len(kinds.answers) > 1:
                known = [one.answers for one in kinds.answers.values() if one is not None]
                told = [compare_answers(known[0], other) for other in known[1:]]
                one = {"kinds": sorted(kinds.answers), "items": len(kinds.check.items) if kinds.check else 0}
                same = len(known) == len(kinds.answers) and all(same for same, _ in told)
                words = "; ".join(words for _, words in told)
                found += [{"candidate": who.name, **one, "same": same, "told": words} for who in group.who]
        return found


def name_kind(worker: CrewWorker) -> str:
    """Return what kind of machine a worker is on: what its processor and architecture are."""
    assert worker.link is not None
    return f"{worker.link.facts.get('processor')} ({worker.link.facts.get('architecture')})"


def compare_answers(one: Mapping[str, Answer], other: Mapping[str, Answer]) -> tuple[bool, str]:
    """Return whether two machines' answers to the same requests are the same to the last bit, and in words how not."""
    pairs = [(one[name], other[name]) for name in one if name in other]
    scored = [(a, b) for a, b in pairs if isinstance(a, ScoreAnswer) and isinstance(b, ScoreAnswer)]
    written = [(a, b) for a, b in pairs if isinstance(a, GenerateAnswer) and isinstance(b, GenerateAnswer)]
    far = [abs(x - y) for a, b in scored for x, y in zip(a.logprobs, b.logprobs, strict=False) if x != y]
    most = max((gap if math.isfinite(gap) else math.inf for gap in far), default=0.0)
    choices = sum(_find_best(a) != _find_best(b) for a, b in scored)
    texts = sum(a.text != b.text for a, b in written)
    told = []
    if scored:
        told.append(f"log-probabilities differ by up to {most:.2g} nats, the likeliest choice in {choices} requests")
    if written:
        told.append(f"{texts} of {len(written)} texts differ")
    return not far and not texts, "; ".join(told)


def _find_best(answer: ScoreAnswer) -> int:
    return max(range(len(answer.logprobs)), key=lambda i: answer.logprobs[i])

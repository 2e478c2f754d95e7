"""Why a task cannot be asked: all reasons of one task, or of a group's tasks gathered by reason.

Task files are parsed; no rows are read and no code of theirs runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.lmeval.reasons import Reason


@dataclass(frozen=True, slots=True)
class SharedReason:
    """One reason and the tasks that it holds for.

    Attributes:
        reason: as the first of them has it.
        tasks: names of all of them, in the group's order.
        alone: how many of them have no other reason.
    """

    reason: Reason
    tasks: Sequence[str]
    alone: int


@dataclass(frozen=True, slots=True)
class TaskExplanation:
    """What is known about the tasks that a name stands for.

    Attributes:
        name: as it was asked for.
        tasks: how many there are.
        accepted: names of those that can be asked.
        reasons: against the others, the most frequent first.
        left_out: task to the metrics of its file that are not computed, of those that can be asked.
    """

    name: str
    tasks: int
    accepted: Sequence[str]
    reasons: Sequence[SharedReason]
    left_out: dict[str, Sequence[str]]

    @property
    def only_code(self) -> int:
        """How many refused tasks have no other reason than Python code."""
        other = {task for one in self.reasons if one.reason.kind != "function" for task in one.tasks}
        return len({task for one in self.reasons for task in one.tasks} - other)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "name": self.name,
            "tasks": self.tasks,
            "accepted": list(self.accepted),
            "reasons": [
                {**asdict(one.reason), "tasks": list(one.tasks), "alone": one.alone} for one in self.reasons
            ],
            "left_out": {task: list(metrics) for task, metrics in self.left_out.items()},
        }  # fmt: skip


def explain_name(finder: TaskFinder, name: str) -> TaskExplanation:
    """Return why the tasks that a name stands for can or cannot be asked.

    Raises UnknownNameError for a name that does not exist.
    """
    leaves = finder.expand(name)
    accepted: list[str] = []
    left_out: dict[str, Sequence[str]] = {}
    found: dict[tuple[str, str, str], list[tuple[str, Reason]]] = {}
    several: dict[str, int] = {}
    for leaf in leaves:
        reasons = finder.list_reasons(leaf)
        several[leaf] = len(reasons)
        for reason in reasons:
            found.setdefault((reason.kind, reason.key, reason.what or reason.message), []).append((leaf, reason))
        if not reasons:
            accepted.append(leaf)
            if lost := finder.left_out(leaf):
                left_out[leaf] = lost
    shared = [
        SharedReason(
            cases[0][1], list(dict.fromkeys(task for task, _ in cases)), sum(several[task] == 1 for task, _ in cases)
        )
        for cases in found.values()
    ]
    shared.sort(key=lambda one: -len(one.tasks))
    return TaskExplanation(name, len(leaves), accepted, shared, left_out)

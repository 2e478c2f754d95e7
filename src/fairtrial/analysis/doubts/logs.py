"""Doubts about grades that come from logs and tables: contradictions, copies, other prompts, other right answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import LogRecord, PairingRecord, TaskRecord

GRAVE = ("several grades", "several task", "are left out", "cannot be paired", "no scale is recognised")
"""Words of the notes that make a score doubtful."""


def find_log_doubts(_: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield what must be known of the logs that a trial's grades come from."""
    for task in trial.plan.tasks:
        logs = [(pairing.candidate, log) for pairing in task.pairings if (log := pairing.log)]
        for pairing in task.pairings:
            if pairing.log:
                yield from _find_own(task.name, pairing, pairing.log)
        if logs:
            yield from _find_shared(task, logs[0][1])
    yield from _list_notes(trial.plan.tasks)


def _list_notes(tasks: Sequence[TaskRecord]) -> Iterator[Doubt]:
    """Yield what the logs' notes say, each once, with the names of those of whom it holds if not of all."""
    told: dict[str, dict[str, None]] = {}
    every: dict[str, None] = {}
    for task in tasks:
        for pairing in task.pairings:
            if pairing.log:
                every[pairing.candidate] = None
                for note in pairing.log.notes:
                    told.setdefault(note, {})[pairing.candidate] = None
    for note, names in told.items():
        whose = "" if len(names) == len(every) else f"{', '.join(names)}: "
        text = f"{note[:1].upper()}{note[1:]}".rstrip(".")
        yield Doubt(
            "log_note",
            f"{whose}{text}.",
            candidate=next(iter(names)) if whose else "",
            headline=any(word in note for word in GRAVE),
        )


def _find_own(task: str, pairing: PairingRecord, log: LogRecord) -> Iterator[Doubt]:
    """Yield what one log's rows show."""
    name = pairing.candidate
    if log.differing:
        kept = "ours count here" if log.grades == "anew" else "the log's count here (--regrade takes ours)"
        text = (
            f"{log.differing:,} of {log.compared:,} grades of {name} on {task} come out otherwise when the answers are "
            f"graded again by the log's own configuration; {kept}."
        )
        yield Doubt("regraded", text, task, name, log.differing, log.compared, True)
    if log.why_log:
        text = f"The grades of {task} are those of the logs: they cannot be made anew ({log.why_log.rstrip('.')})."
        yield Doubt("not_regraded", text, task, name, headline=True)
    if pairing.empty:
        count, of = pairing.empty, max(log.rows, pairing.empty)
        text = f"{count:,} of {of:,} rows of {name} on {task} have no grade and count as missing."
        yield Doubt("ungraded", text, task, name, count, of, is_grave(count, of))
    if pairing.ambiguous:
        text = (
            f"{pairing.ambiguous:,} items of {task} are in the log of {name} more than once with different answers or "
            "grades, and are not used."
        )
        yield Doubt("contradicting_rows", text, task, name, pairing.ambiguous, headline=True)
    if log.copies:
        text = f"{log.copies:,} rows of {name} on {task} say again what others say, and count once."
        yield Doubt("repeated_rows", text, task, name, log.copies, log.rows, is_grave(log.copies, log.rows))


def _find_shared(task: TaskRecord, log: LogRecord) -> Iterator[Doubt]:
    """Yield what the logs of a task show together."""
    matched = min(pairing.matched for pairing in task.pairings)
    if log.unlike:
        text = f"The logs have different right answers to {log.unlike:,} of {matched:,} items of {task.name}."
        yield Doubt("unlike_golds", text, task.name, "", log.unlike, matched, True)
    if log.prompts_differ:
        models = {pairing.log.model for pairing in task.pairings if pairing.log}
        same = len(models) == 1 and "" not in models  # then the prompts are what is compared
        why = "is the prompt: the model is the same" if same else "may be the prompt"
        counted = f"{log.prompts_differ:,} of {matched:,} items were asked with different prompts"
        text = f"{task.name}: {counted}; what differs {why}."
        yield Doubt("prompts_differ", text, task.name, "", log.prompts_differ, matched, not same)
    if log.joined_by == "id":
        text = (
            f"{task.name}: the rows of the logs differ in content and are paired by their ids; the right answers agree."
        )
        yield Doubt("joined_by_id", text, task.name, headline=True)
    if log.guessed_scale:
        scales = ", ".join(log.guessed_scale)
        text = f"{task.name}: the scale is taken to end where the grades end ({scales}); --scale states it."
        yield Doubt("guessed_scale", text, task.name)

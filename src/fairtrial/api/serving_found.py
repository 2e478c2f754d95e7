"""Finding a candidate that is to be served: its weights, the trial that has judged it, and what to compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fairtrial.api.serving_price import UNSTATED, HourPrice, read_hour_price
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import explain_damage
from fairtrial.ledger.trials import TrialRow
from fairtrial.planning.base import PlannedCandidate
from fairtrial.planning.contamination import tell_changed
from fairtrial.report.summary import summarise
from fairtrial.report.words import describe_verdict
from fairtrial.running.opening import plan_alone
from fairtrial.serve.sameness import Stored, pick_stored
from fairtrial.serve.served import About
from fairtrial.spec.source import load_candidate


@dataclass(frozen=True, slots=True)
class FoundCandidate:
    """A candidate that was found, with the trial that has judged it."""

    candidate: PlannedCandidate
    learned: Sequence[tuple[PlannedCandidate, float]]
    about: About
    stored: Sequence[Stored] = ()
    other: str = ""
    """Why it is not the candidate that was judged; empty if it is."""
    hour: HourPrice = UNSTATED
    """What that trial states about the price of its machine."""


def find_served(which: str, ledger: Path | None, count: int, on_note: Callable[[str], None]) -> FoundCandidate:
    """Return the candidate and the trial that it was judged in.

    Args:
        which: a candidate file, or ``TRIAL#CANDIDATE``, or the name of a candidate of the ledger's latest trial.
        ledger: of that trial; None: no trial has judged it.
        count: stored answers to compare with.
        on_note: called with lines for whoever starts it.
    """
    wanted, mark, name = which.rpartition("#")
    path = Path(which)
    is_file = not mark and path.suffix in (".yaml", ".yml")
    if ledger is None and not is_file:
        raise SpecError(f"{which!r} is no candidate file.", fix="Give --ledger with TRIAL#CANDIDATE, or a file.")
    with ExitStack() as stack:
        if ledger is None:
            candidate, learned = plan_alone(load_candidate(path), Path.cwd(), on_note, None, None)
            return FoundCandidate(candidate, learned, _tell_about(candidate, on_note))
        stack.enter_context(explain_damage(ledger))
        store = stack.enter_context(Ledger.open(ledger, create=False))
        spec = load_candidate(path) if is_file else name
        candidate, learned = plan_alone(spec, Path.cwd(), on_note, store, wanted or None)
        row = query.find_trial(store, wanted or None) if not is_file else _find_judged(store, candidate)
        if row is None:
            on_note(f"No trial in {ledger.name} has judged this candidate.")
            return FoundCandidate(candidate, learned, _tell_about(candidate, on_note))
        found = _describe(store, row, candidate, learned, count)
        since = [line for line in _tell_since(candidate, on_note) if line not in found.about.facts["doubts"]]
        facts = {**found.about.facts, "doubts": [*since, *found.about.facts["doubts"]]}
        return replace(found, about=replace(found.about, facts=facts))


def _tell_about(candidate: PlannedCandidate, on_note: Callable[[str], None]) -> About:
    """Return what is said of a candidate that no trial has judged."""
    since = _tell_since(candidate, on_note)
    return About(candidate.name, candidate.id, facts={"doubts": since} if since else {})


def _tell_since(candidate: PlannedCandidate, on_note: Callable[[str], None]) -> list[str]:
    """Return, and tell whoever serves, what became since of the documents that a candidate was trained on."""
    told = list(tell_changed(candidate))
    for line in told:
        on_note(line)
    return told


def _find_judged(store: Ledger, candidate: PlannedCandidate) -> TrialRow | None:
    """Return the latest trial that has this very candidate."""
    for row in reversed(query.read_trials(store)):
        if any(record.id == candidate.id for record in row.plan.candidates):
            return query.read_trial(store, row.id)
    return None


def _describe(
    store: Ledger,
    row: TrialRow,
    candidate: PlannedCandidate,
    learned: Sequence[tuple[PlannedCandidate, float]],
    count: int,
) -> FoundCandidate:
    names = [record.name for record in row.plan.candidates if record.id == candidate.id]
    record = next((one for one in row.plan.candidates if one.name in (names or [candidate.name])), None)
    assert record is not None  # it was found by one of the two
    summary = summarise(store, row.id)
    tasks = {task.name: task for task in summary.tasks}
    verdicts = tuple(
        {
            **{name: getattr(one, name) for name in ("a", "b", "task", "measure", "verdict", "difference", "low",
                                                     "high", "confidence", "margin", "unit")},
            "items": one.items_used,
            "words": describe_verdict(one, tasks[one.task]),
        }
        for one in summary.verdicts
        if record.name in (one.a, one.b)
    )  # fmt: skip
    other = "" if record.id == candidate.id or learned else (
        f"its weights, versions or settings are others than those of {record.name} in the trial {row.id[:12]} "
        f"(id {candidate.id[:12]}, in the trial {record.id[:12]})"
    )  # fmt: skip
    facts = {"trial_name": row.name, "doubts": [doubt.text for doubt in summary.doubts if doubt.headline]}
    about = About(record.name, candidate.id, row.id, verdicts, facts)
    hour = read_hour_price(query.read_sessions(store, row.id))
    listed = [(task.id, task.name) for task in row.plan.tasks]
    return FoundCandidate(candidate, learned, about, pick_stored(store, row.id, record.id, listed, count), other, hour)

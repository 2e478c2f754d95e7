"""Opening one candidate without a trial: its engine with all levers, and with what a trial has learned for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fairtrial.engines import Engine, EngineSettings
from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.known import latest_value
from fairtrial.ledger.plan import CandidateRecord, PartRecord
from fairtrial.levers import LearningLever
from fairtrial.planning.base import PlannedCandidate
from fairtrial.planning.candidates import CandidatePlanner
from fairtrial.running.pool import open_pool
from fairtrial.spec.candidate import Candidate

T = TypeVar("T")


@contextmanager
def open_planned(
    candidate: PlannedCandidate, learned: Sequence[tuple[PlannedCandidate, float]], settings: EngineSettings
) -> Iterator[Engine]:
    """Yield a candidate's engine, and close it with all that answer for it.

    Args:
        candidate: whose weights are at hand.
        learned: those of its parts whose lever uses a learned value, and the value.
        settings: how engines run here.
    """
    with open_pool(settings) as pool:
        for part, value in learned:
            assert part.lever is not None and isinstance(part.lever.lever, LearningLever)
            part.lever.lever.use_value(pool.get_engine(part), value)
        yield pool.get_engine(candidate)


def plan_alone(
    spec: Candidate | str, base_dir: Path, on_note: Callable[[str], None], ledger: Ledger | None, trial: str | None
) -> tuple[PlannedCandidate, list[tuple[PlannedCandidate, float]]]:
    """Find a candidate's weights and apply its levers; return it with the values that its levers have learned.

    Args:
        spec: the candidate, or the name of one in the trial.
        base_dir: folder that relative paths are relative to.
        on_note: called with a line for each step that takes time.
        ledger: of the trial in which values were learned.
        trial: its id, the beginning of that, or its name; None for the latest.

    Raises:
        UnknownNameError: the trial has no candidate of that name.
        SpecError: a value was not learned, or by another candidate of the same name; or it would be trained anew.
    """
    row = query.find_trial(ledger, trial) if ledger else None
    records = {record.name: record for record in row.plan.candidates} if row else {}
    specs = {name: Candidate.model_validate(record.spec.document) for name, record in records.items()}
    name = spec if isinstance(spec, str) else spec.id
    if isinstance(spec, str):
        spec = find_record(name, specs)
    if row and name in specs:
        _refuse_other_training(spec, row.id)
    candidate = CandidatePlanner(base_dir, on_note, specs=specs).plan(spec)
    learners = [part for part in candidate.with_parts() if part.lever and part.lever.items_to_learn]
    if not learners:
        return candidate, []
    if ledger is None or row is None:
        raise SpecError(
            f"candidate {name!r} uses a value that is learned in a trial ({learned_by(learners[0])}).",
            fix="Give the ledger of a trial that has learned it, or write the value in place of `learn`.",
        )
    ids = dict(pair_parts(candidate, find_record(name, records)))
    if _list_learned(spec) != _list_learned(specs[name]):
        raise _make_other_error(name)
    found = []
    for part in learners:
        assert part.lever is not None and isinstance(part.lever.lever, LearningLever)
        value = latest_value(ledger, ids[part.id], part.lever.lever.measure)
        if value is None:
            raise SpecError(
                f"the trial {row.id[:12]} has not learned {learned_by(part)} of candidate {name!r} yet.",
                fix="Run the trial again, or write the value in place of `learn`.",
            )
        found.append((part, value))
    return candidate, found


def _refuse_other_training(spec: Candidate, trial: str) -> None:
    """Raise SpecError for a candidate that would be trained again, on other rows than in its trial."""
    names = [name for lever in spec.levers for name in lever]
    if "curate" in names and "tune" in names:
        raise SpecError(
            f"candidate {spec.id!r} was tuned on rows that were curated with the items of the trial {trial[:12]} left "
            "out. Outside of that trial it would be trained again, on other rows: another candidate.",
            fix="Write a candidate with the same model, `adapter:` and the folder that the trial has made (the newest "
            "below `tuned` in the cache; docs/tune.md), and the levers behind tune.",
        )


def _list_learned(spec: Candidate) -> list[object]:
    """Return what a candidate's levers are told to learn."""
    return [of.get("learn") for lever in spec.levers for of in lever.values() if isinstance(of, Mapping)]


def _make_other_error(name: str) -> SpecError:
    return SpecError(
        f"candidate {name!r} is not the one of that name in the trial: its levers, its model or its settings are "
        "others.",
        fix="Name the candidate as the trial has it, or write the value in place of `learn`.",
    )


def find_record(name: str, known: Mapping[str, T]) -> T:
    """Return what a trial knows by the name of one of its candidates."""
    if name not in known:
        told = f"Candidates of the trial: {', '.join(known)}." if known else "Give the ledger of a trial that has it."
        raise UnknownNameError("candidate", name, known, fix=told)
    return known[name]


def learned_by(candidate: PlannedCandidate) -> str:
    """Return the name of the value that a candidate's last lever learns."""
    lever = candidate.lever.lever if candidate.lever else None
    return lever.measure if isinstance(lever, LearningLever) else "nothing"


def pair_parts(candidate: PlannedCandidate, record: CandidateRecord | PartRecord) -> Iterator[tuple[str, str]]:
    """Yield the id of a candidate, and of each of its parts, with the id that a trial has for it.

    The two differ where something is learned: a trial's candidate is identified by what was learned from, too.  Raises
    SpecError if the trial's candidate is another one.
    """
    learns = any(part.lever and part.lever.items_to_learn for part in candidate.with_parts())
    names = [part.name for part in record.parts]
    if names != list(candidate.parts) if learns else candidate.id != record.id:
        raise _make_other_error(candidate.name)
    yield candidate.id, record.id
    if learns:
        for part, known in zip(candidate.parts.values(), record.parts, strict=True):
            yield from pair_parts(part, known)

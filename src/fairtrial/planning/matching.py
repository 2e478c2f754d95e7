"""Recorded candidates: their records opened, and the items of a task of which every record has the answer.

All candidates of a trial are asked the same items; so an item without a recorded answer is skipped for all
candidates, and is counted and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from pathlib import Path

from fairtrial.engines import get_engine_version
from fairtrial.errors import ModelError, SpecError
from fairtrial.ledger import Ledger
from fairtrial.models import ResolvedModel, identify_candidate
from fairtrial.planning.base import Pairing, PlannedCandidate
from fairtrial.planning.requests import make_requests
from fairtrial.recorded import IMPORTERS, RecordedAnswers, hash_files, open_replay, read_log
from fairtrial.recorded.source import find_candidate
from fairtrial.records import Item, content_hash
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.schemes import scheme_of
from fairtrial.spec.trial import Trial
from fairtrial.tasks.base import Task

EXAMPLES = 3
"""Questions of items without a recorded answer that are kept, to be looked at."""

SHOWN = 160
"""Characters of each."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded candidate with its record."""

    candidate: PlannedCandidate
    record: RecordedAnswers


def open_recordings(
    trial: Trial, base_dir: Path, placed: Callable[[int], AbstractContextManager[None]]
) -> dict[str, Recording]:
    """Open the records of a trial's recorded candidates.

    Args:
        trial: what the user asked for.
        base_dir: folder that relative paths are relative to.
        placed: names the line of a candidate, by number, in errors.

    Raises:
        SpecError, ModelError, LedgerError: no such file, ledger or candidate, or a row that cannot be read.
    """
    found = {}
    for i, spec in enumerate(trial.candidates):
        scheme, rest = scheme_of(spec.model), spec.model.partition(":")[2]
        if scheme and scheme.is_recorded:
            with placed(i):
                if spec.levers:
                    raise SpecError(f"candidate {spec.id!r}: levers cannot change answers that are recorded already.")
                opened = _open_replay if scheme.answers == "ledger" else _open_import
                found[spec.id] = opened(spec, rest, base_dir)
    return found


def _open_import(spec: Candidate, rest: str, base_dir: Path) -> Recording:
    """Read another tool's log."""
    path = find_log(base_dir, rest)
    record = read_log(path, spec.recorded, spec.tags)
    own = spec.recorded.model_dump(mode="json")
    sha256 = hash_files(path, spec.recorded)
    plugin = IMPORTERS.find_origin(spec.recorded.format)
    plugins = {"plugins": [plugin]} if plugin else {}
    notes = {**record.facts, "files_sha256": sha256, "answers": record.size, "recorded": True, **plugins}
    identity = content_hash([sha256, own, *plugins.values()])
    model = ResolvedModel(spec.model, "recorded", None, identity, path.stem, notes, source=path)
    return Recording(plan_recorded(spec, model, base_dir), record)


def find_log(base_dir: Path, written: str) -> Path:
    """Return the place that a path means.  Raises ModelError for what is none."""
    try:
        return (base_dir / Path(written).expanduser()).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"recorded answers: {written[:120]!r} is no path: {error}.") from error


def _open_replay(spec: Candidate, rest: str, base_dir: Path) -> Recording:
    """Open a ledger and find the candidate; it is asked as it was asked there."""
    name, mark, wanted = rest.rpartition("#")
    if not mark or not name:
        raise SpecError(
            f"model {spec.model!r} names no candidate.", fix="Write replay:LEDGER#CANDIDATE, e.g. replay:run.db#small."
        )
    path = find_log(base_dir, name)
    with closing(Ledger.open(path, create=False)) as ledger:
        entry = find_candidate(ledger, wanted)
    then = Candidate.model_validate(entry.spec.document)
    as_then = {name: getattr(then, name) for name in ("decoding", "chat", "system", "prompt")}
    # ledgers that do not say so hold examples in one turn
    as_then["fewshot_as_multiturn"] = then.fewshot_as_multiturn and "fewshot_as_multiturn" in then.model_fields_set
    spec = spec.model_copy(update=as_then)
    record = open_replay(path, entry.id, spec.tags)
    notes = {**record.facts, "answers": record.size, "recorded": True, "replayed": entry.record.document}
    identity = content_hash(["replay", entry.id])
    model = ResolvedModel(spec.model, "recorded", None, identity, wanted, notes, source=path)
    return Recording(plan_recorded(spec, model, base_dir), record)


def plan_recorded(spec: Candidate, model: ResolvedModel, base_dir: Path) -> PlannedCandidate:
    """Return the candidate; whatever template it was asked with then is part of the recorded answers' identity."""
    plain = spec.model_copy(update={"chat": "none"}) if spec.chat != "none" else spec
    identity = identify_candidate(plain, model, base_dir=base_dir, engine_version=get_engine_version("recorded"))
    return PlannedCandidate(spec, identity, model)


def are_trimmed(known: Mapping[str, Recording]) -> bool:
    """Return whether some answers of a trial may have been cleaned of white space before they were recorded.

    Then those of every candidate are cleaned before they are graded (`fairtrial.tasks.reading.clean`), so that one does
    not lose by a blank that the other's log has dropped.
    """
    formats = {kind for one in known.values() for kind in str(one.record.facts.get("format", "")).split(", ")}
    return any(kind != "ledger" and not IMPORTERS.find(kind).verbatim for kind in formats)


def pair_items(
    forms: tuple[Task, Task], known: Mapping[str, Recording], shown: str, repeats: int
) -> tuple[Sequence[Item], tuple[Pairing, ...]]:
    """Return the items of a task to which every record has the answer, and how many those are for each record.

    Args:
        forms: the task in running text, and as asked through a chat template.
        known: the trial's records by candidate.
        shown: the task's name in tables.
        repeats: of every item.

    Raises SpecError if a record has no answer to any item.
    """
    plain, chat = forms
    items = plain.items()
    left = list(items)
    pairings = []
    for name, recording in known.items():
        task = plain if recording.candidate.spec.chat == "none" else chat
        check_rows(name, shown, recording, len(items))
        answered = {item.id for item in items if has_answer(item, task, recording, repeats)}
        absent = [item for item in items if item.id not in answered]
        examples = tuple(" ".join(item.question.split())[:SHOWN] for item in absent[:EXAMPLES])
        why = explain_missing(absent[0], task, recording) if absent else ""
        if not answered:
            raise make_none_paired(name, shown, recording, items, why)
        left = [item for item in left if item.id in answered]
        record = recording.record
        counts = (len(items), len(answered), record.size, record.ambiguous)
        pairings.append(Pairing(name, *counts, examples, 0, record.rows - record.size, why))
    if not left:
        raise SpecError(f"task {shown}: no item has a recorded answer of every recorded candidate.")
    return left, tuple(replace(pairing, together=len(left)) for pairing in pairings)


def has_answer(item: Item, task: Task, recording: Recording, repeats: int) -> bool:
    """Return whether a record has all answers to an item."""
    spec = recording.candidate.spec
    return all(
        recording.record.answer(request) is not None
        for requests in make_requests(task, spec, item, repeats)
        for request in requests
    )


def check_rows(name: str, shown: str, recording: Recording, items: int) -> None:
    """Raise SpecError if rows are to be joined by their number and there are not as many as items."""
    if recording.candidate.spec.recorded.join == "row" and recording.record.rows != items:
        raise SpecError(
            f"task {shown} has {items:,} items and the log of {name!r} {recording.record.rows:,} rows; they can be "
            "joined by number only if there are as many.",
            fix="Join them by an id (`recorded: {join: id, id: COLUMN}`) or by the question (`key: COLUMN`).",
        )


def explain_missing(item: Item, task: Task, recording: Recording) -> str:
    """Return why an item has found no recorded answer, as a sentence."""
    spec = recording.candidate.spec
    for request in make_requests(task, spec, item)[0]:
        if recording.record.answer(request) is None:
            return recording.record.explain(request)
    return ""


def make_none_paired(name: str, shown: str, recording: Recording, items: Sequence[Item], why: str) -> SpecError:
    """Return the error about a record without answers to a task."""
    asked = items[0].question[:SHOWN] if items else ""
    return SpecError(
        f"task {shown}: none of its {len(items):,} items is among the {recording.record.size:,} recorded answers of "
        f"{name!r}. Its first item asks {asked!r}.{f' {why}' if why else ''}",
        fix="Recorded prompts must be those of the task, or recorded questions stand at the end of its prompts; "
        "look at shots, level and seed, and at `recorded: {key: ...}`; or join by an id or row number (`join`).",
    )

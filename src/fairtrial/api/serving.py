"""Making a candidate ready to be served: found, compared with what was tested, and opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.archive.embedders.opening import open_embedder
from fairtrial.engines import EngineSettings
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import explain_damage
from fairtrial.ledger.trials import TrialRow
from fairtrial.levers import NotesLedgers
from fairtrial.planning.base import PlannedCandidate
from fairtrial.report.summary import summarise
from fairtrial.report.words import describe_verdict
from fairtrial.running.opening import open_planned, plan_alone
from fairtrial.serve.conversation import ImageShelf
from fairtrial.serve.desk import Desk
from fairtrial.serve.doors import is_loopback, read_keys
from fairtrial.serve.sameness import Stored, compare_stored, describe_sameness, pick_stored
from fairtrial.serve.served import About, Served, ServingLimits
from fairtrial.serve.settling import check_template
from fairtrial.serve.storing import Recorder
from fairtrial.spec.source import load_candidate

OnNote = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How a candidate is served.

    Attributes:
        ledger: of the trial that it was judged in; None: of no trial.
        host: address that is listened on.
        threads: of local engines; None: what is fastest here.
        limits: of requests.
        origins: of pages whose scripts may ask.
        compare: stored answers that are asked again at the start.
        strict: refuse to serve where one of them is another one now.
        record: ledger for a share of live answers; None keeps none.
        record_share: that share.
        embed: what makes vectors; empty: nothing does.
    """

    ledger: Path | None = None
    host: str = "127.0.0.1"
    threads: int | None = None
    limits: ServingLimits = field(default_factory=ServingLimits)
    origins: Sequence[str] = ()
    compare: int = 8
    strict: bool = False
    record: Path | None = None
    record_share: float = 0.1
    embed: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """A candidate that was found, with the trial that has judged it."""

    candidate: PlannedCandidate
    learned: Sequence[tuple[PlannedCandidate, float]]
    about: About
    stored: Sequence[Stored] = ()
    other: str = ""
    """Why it is not the candidate that was judged; empty if it is."""


def open_served(which: str, options: ServeOptions, on_note: OnNote) -> Served:
    """Return a candidate that is ready to be served; its desk has begun, and is to be closed.

    Args:
        which: a candidate file, or ``TRIAL#CANDIDATE``, or the name of a candidate of the ledger's latest trial.
        options: how it is served.
        on_note: called with lines for whoever starts it.

    Raises SpecError for what cannot or must not be served so, and what opening raises.
    """
    keys = read_keys()
    if not keys and not is_loopback(options.host):
        raise SpecError(
            f"--host {options.host}: others could reach this server, and it has no keys.",
            fix="Set FAIRTRIAL_API_KEYS to one or more keys, or leave --host out.",
        )
    found = _find(which, options, on_note)
    check_template(found.candidate.spec)
    shelf = ImageShelf()
    settings = EngineSettings(threads=options.threads, on_note=on_note, read_image=shelf)
    limits = options.limits
    desk = Desk(lambda: open_planned(found.candidate, found.learned, settings), limits.places, limits.waiting)
    desk.start()
    try:
        sameness = _compare(desk, found, options, on_note)
        spec = found.candidate.spec
        if options.record:
            _note_ledger(found.candidate, options.record)
        person = (found.candidate.id, spec.id, spec.model_dump(mode="json"))
        return Served(
            found.about,
            spec,
            desk,
            limits,
            images=shelf,
            keys=keys,
            origins=tuple(options.origins),
            recorder=Recorder(options.record, person, options.record_share) if options.record else None,
            embedder=open_embedder(options.embed, Path.cwd()) if options.embed else None,
            loopback=is_loopback(options.host),
            sameness=sameness,
        )
    except BaseException:
        desk.close(0.0)
        raise


def _note_ledger(candidate: PlannedCandidate, path: Path) -> None:
    """Tell the archives behind a candidate which ledger is going to hold something of them."""
    for one in candidate.with_parts():
        if one.lever is not None and isinstance(one.lever.lever, NotesLedgers):
            one.lever.lever.note_ledger(one.lever.settings, str(path.resolve()))


def _compare(desk: Desk, found: _Found, options: ServeOptions, on_note: OnNote) -> Mapping[str, Any]:
    """Compare with the trial, tell what differs, and refuse where only the same may be served."""
    wrong = found.other
    told: dict[str, Any] = {"id": "same" if found.about.trial and not wrong else None}
    if wrong:
        on_note(f"Not what was tested: {wrong}")
        told["id"] = wrong
    if found.stored:
        told |= describe_sameness(compare_stored(desk, found.stored))
        bad = told["different"] + told["failed"]
        near = f", {told['rounding']} but for rounding" if told["rounding"] else ""
        on_note(f"{told['asked']} stored questions asked again: {told['same']} answers the same{near}.")
        if bad:
            wrong = wrong or f"{bad} of {told['asked']} answers are others now"
            on_note(f"NOT THE SAME: {bad} of {told['asked']} answers are others than in the trial.")
            for one in told["examples"][:3]:
                on_note(f"  {one['task']}, item {one['item'][:12]}: {one['outcome']}: {one['told']}")
    elif found.about.trial:
        on_note("No stored answer could be asked again, so nothing was compared.")
    if options.strict and (wrong or not found.stored):
        raise SpecError(
            f"--strict: {wrong or 'there is no stored answer to compare with'}.",
            fix="Run the trial again with what is to be served, or leave --strict out.",
        )
    return told


def _find(which: str, options: ServeOptions, on_note: OnNote) -> _Found:
    """Return the candidate and the trial that it was judged in."""
    wanted, mark, name = which.rpartition("#")
    path = Path(which)
    is_file = not mark and path.suffix in (".yaml", ".yml")
    if options.ledger is None and not is_file:
        raise SpecError(f"{which!r} is no candidate file.", fix="Give --ledger with TRIAL#CANDIDATE, or a file.")
    with ExitStack() as stack:
        if options.ledger is None:
            candidate, learned = plan_alone(load_candidate(path), Path.cwd(), on_note, None, None)
            return _Found(candidate, learned, About(candidate.name, candidate.id))
        stack.enter_context(explain_damage(options.ledger))
        store = stack.enter_context(Ledger.open(options.ledger, create=False))
        spec = load_candidate(path) if is_file else name
        candidate, learned = plan_alone(spec, Path.cwd(), on_note, store, wanted or None)
        row = query.find_trial(store, wanted or None) if not is_file else _find_judged(store, candidate)
        if row is None:
            on_note(f"No trial in {options.ledger.name} has judged this candidate.")
            return _Found(candidate, learned, About(candidate.name, candidate.id))
        return _describe(store, row, candidate, learned, options.compare)


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
) -> _Found:
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
    listed = [(task.id, task.name) for task in row.plan.tasks]
    return _Found(candidate, learned, about, pick_stored(store, row.id, record.id, listed, count), other)

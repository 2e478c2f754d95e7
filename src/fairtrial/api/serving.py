"""Making a candidate ready to be served: found, compared with what was tested, and opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairtrial.analysis.preferences import find_preferences
from fairtrial.api.serving_found import FoundCandidate, find_served
from fairtrial.api.serving_price import HourPrice, find_answer_price
from fairtrial.api.serving_together import check_together
from fairtrial.archive.embedders.opening import open_embedder
from fairtrial.engines import EngineSettings
from fairtrial.errors import SpecError
from fairtrial.levers import NotesLedgers
from fairtrial.planning.base import PlannedCandidate
from fairtrial.report.preferences import describe_preferences
from fairtrial.running.opening import open_planned
from fairtrial.serve.clock import MachineClock
from fairtrial.serve.conversation import ImageShelf
from fairtrial.serve.desk import Desk
from fairtrial.serve.doors import is_loopback, read_keys
from fairtrial.serve.hall import Hall
from fairtrial.serve.metrics import ServerMetrics
from fairtrial.serve.sameness import compare_stored, describe_sameness
from fairtrial.serve.served import Served, ServingLimits
from fairtrial.serve.settling import check_template
from fairtrial.serve.storing import Ballot, Recorder

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
        votes: ledger for votes between candidates; None keeps none.
        embed: what makes vectors; empty: nothing does.
        usd_per_hour: US dollars of an hour of this machine; None: what the trial states.
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
    votes: Path | None = None
    embed: str = ""
    usd_per_hour: float | None = None


def open_hall(which: Sequence[str], options: ServeOptions, on_note: OnNote) -> Hall:
    """Return candidates that are ready to be served; their desks have begun, and are to be closed.

    Args:
        which: of each a candidate file, or ``TRIAL#CANDIDATE``, or the name of one of the ledger's latest trial.
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
    found = [find_served(one, options.ledger, options.compare, on_note) for one in which]
    for one in found:
        check_template(one.candidate.spec)
    check_together([(one.about.name, one.candidate) for one in found], EngineSettings(threads=options.threads))
    metrics, clock = ServerMetrics(), MachineClock()
    with ExitStack() as stack:
        served = []
        for one in found:
            served.append(_open_served(one, options, on_note, keys, (metrics, clock)))
            stack.callback(served[-1].desk.close, 0.0)
        if options.embed:
            served[0].embedder = open_embedder(options.embed, Path.cwd())
        hall = Hall(tuple(served), _open_ballot(found, options.votes) if options.votes else None)
        stack.pop_all()
    return hall


def _open_ballot(found: Sequence[FoundCandidate], path: Path) -> Ballot:
    """Return what keeps votes between candidates.  Raises SpecError if there is one only."""
    if len(found) < 2:
        raise SpecError("--votes: one candidate has nobody to be compared with.", fix="Name two or more to serve.")
    people = {one.candidate.id: _name_person(one.candidate) for one in found}
    return Ballot(path, people, lambda ledger: describe_preferences(find_preferences(ledger, datetime.now(UTC))))


def _name_person(candidate: PlannedCandidate) -> tuple[str, str, dict[str, Any]]:
    spec = candidate.spec
    return candidate.id, spec.id, spec.model_dump(mode="json")


def _open_served(
    found: FoundCandidate,
    options: ServeOptions,
    on_note: OnNote,
    keys: tuple[str, ...],
    shared: tuple[ServerMetrics, MachineClock],
) -> Served:
    """Return one candidate that is ready to be served; ``shared``: what is one for all of a server."""
    metrics, clock = shared
    shelf = ImageShelf()
    settings = EngineSettings(threads=options.threads, on_note=on_note, read_image=shelf)
    limits = options.limits
    desk = Desk(lambda: open_planned(found.candidate, found.learned, settings), limits.places, limits.waiting, clock)
    desk.start()
    try:
        sameness = _compare(desk, shelf, found, options, on_note)
        spec = found.candidate.spec
        if options.record:
            _note_ledger(found.candidate, options.record)
        person = _name_person(found.candidate)
        return Served(
            found.about,
            spec,
            desk,
            limits,
            metrics,
            images=shelf,
            keys=keys,
            origins=tuple(options.origins),
            recorder=Recorder(options.record, person, options.record_share, keys) if options.record else None,
            loopback=is_loopback(options.host),
            price=find_answer_price(found.candidate, _settle_hour(found, options)),
            sameness=sameness,
        )
    except BaseException:
        desk.close(0.0)
        raise


def _settle_hour(found: FoundCandidate, options: ServeOptions) -> HourPrice:
    if options.usd_per_hour is None:
        return found.hour
    return HourPrice(options.usd_per_hour, "whoever started this server")


def _note_ledger(candidate: PlannedCandidate, path: Path) -> None:
    """Tell the archives behind a candidate which ledger is going to hold something of them."""
    for one in candidate.with_parts():
        if one.lever is not None and isinstance(one.lever.lever, NotesLedgers):
            one.lever.lever.note_ledger(one.lever.settings, str(path.resolve()))


def _compare(
    desk: Desk, shelf: ImageShelf, found: FoundCandidate, options: ServeOptions, on_note: OnNote
) -> Mapping[str, Any]:
    """Compare with the trial, tell what differs, and refuse where only the same may be served."""
    wrong = found.other
    told: dict[str, Any] = {"id": "same" if found.about.trial and not wrong else None}
    if wrong:
        on_note(f"Not what was tested: {wrong}")
        told["id"] = wrong
    if found.stored:
        told |= describe_sameness(compare_stored(desk, shelf, found.stored))
        bad = told["different"] + told["failed"]
        near = f", {told['rounding']} the same up to rounding" if told["rounding"] else ""
        same = "1 answer" if told["same"] == 1 else f"{told['same']} answers"
        on_note(f"{told['asked']} stored questions asked again: {same} the same{near}.")
        if bad:
            wrong = wrong or f"{bad} of {told['asked']} answers differ now"
            on_note(f"NOT THE SAME: {bad} of {told['asked']} answers differ from the trial's.")
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

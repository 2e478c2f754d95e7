"""How candidates were tuned: on how many rows, how the losses fell, and what it took.  Told of every trial with some.

Reads what the lever `tune` said in a candidate's record.  A ledger is a file that others can write: what does not have
the shape of a number is not known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import CandidateRecord
from fairtrial.ledger.trials import read_sessions
from fairtrial.studies.base import Axis, Cell, Chart, Column, Curve, Findings, Interval, Point, Table

TITLE = "Tuning"
ROSE = 1.02
"""So many times the lowest loss on rows held back is the last one, where it rose again."""
MOST_POINTS = 1000
MOST_DRAWN = 60


@dataclass(frozen=True, slots=True)
class TuningRecord:
    """What is known of one training; numbers are None where they are not known.

    Attributes:
        names: candidates that have its weights.
        rows, held_back: that it learnt from, and on which it was watched.
        learned_tokens: whose loss was lowered.
        train, validation: (step, loss in nats) in order.
        best_step: whose weights were kept.
        seconds, processor_seconds, peak_memory, joules: that it took.
        why_no_joules: why nobody measured them.
    """

    names: tuple[str, ...]
    rows: float | None
    held_back: float | None
    learned_tokens: float | None
    train: tuple[tuple[float, float], ...]
    validation: tuple[tuple[float, float], ...]
    best_step: float | None
    seconds: float | None
    processor_seconds: float | None
    peak_memory: float | None
    joules: float | None
    why_no_joules: str


def tell_tuning(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return how the candidates of a trial were tuned; None if none was."""
    found = list_tunings(query.find_trial(ledger, trial_id).plan.candidates)
    if not found:
        return None
    watts = find_stated_watts(ledger, trial_id)
    return Findings(
        TITLE,
        tuple(line for one in found for line in _describe(one)),
        (_make_table(found, watts),),
        tuple(chart for one in found if (chart := _make_chart(one)) is not None),
        tuple(_list_notes(found, watts)),
    )


def find_stated_watts(ledger: Ledger, trial_id: str) -> float | None:
    """Return the watts of a busy core, as the last run of a trial that states them does; None if none does."""
    told = [_read_section(session.facts, "stated").get("watts_per_core") for session in read_sessions(ledger, trial_id)]
    return next((watts for one in reversed(told) if (watts := _read_number(one))), None)


def list_tunings(candidates: Sequence[CandidateRecord]) -> list[TuningRecord]:
    """Return each training once, with the candidates that have its weights."""
    groups: dict[str, list[str]] = {}
    told: dict[str, Mapping[str, Any]] = {}
    for one in candidates:
        for facts in _iterate_facts(one.record.document):
            key = json.dumps(facts, sort_keys=True, default=str)
            told[key] = facts
            if one.name not in groups.setdefault(key, []):
                groups[key].append(one.name)
    return [read_tuning(facts, tuple(groups[key])) for key, facts in told.items()]


def _iterate_facts(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what was said of tuning: of the candidate, and of those that answer for it."""
    facts, parts = document.get("tuning"), document.get("parts")
    if isinstance(facts, Mapping):
        yield facts
    for part in parts.values() if isinstance(parts, Mapping) else ():
        if isinstance(part, Mapping):
            yield from _iterate_facts(part)


def read_tuning(facts: Mapping[str, Any], names: tuple[str, ...]) -> TuningRecord:
    """Return what is known of a training from what was said of it."""
    data, loss, energy = (_read_section(facts, key) for key in ("data", "loss", "energy"))
    reason = energy.get("reason")
    return TuningRecord(
        names,
        _read_number(data.get("rows")),
        _read_number(data.get("validation_rows")),
        _read_number(data.get("learned_tokens")),
        _read_curve(loss.get("train")),
        _read_curve(loss.get("validation")),
        _read_number(loss.get("best_step")),
        _read_number(facts.get("seconds")),
        _read_number(facts.get("processor_seconds")),
        _read_number(facts.get("peak_memory_bytes")),
        _read_number(energy.get("joules")),
        reason if isinstance(reason, str) else "",
    )


def _read_section(facts: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = facts.get(key)
    return found if isinstance(found, Mapping) else {}


def _read_number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if known else None


def _read_curve(value: Any) -> tuple[tuple[float, float], ...]:
    points = value[:MOST_POINTS] if isinstance(value, list) else []
    pairs = [point for point in points if isinstance(point, list) and len(point) == 2]
    read = [(_read_number(step), _read_number(loss)) for step, loss in pairs]
    return tuple((step, loss) for step, loss in read if step is not None and loss is not None)


def _describe(one: TuningRecord) -> Iterator[str]:
    """Yield what it learnt from, and what became of the loss."""
    names = shorten_names(one.names)
    verb = "was" if len(one.names) == 1 else "were"
    learnt = "" if one.rows is None else f" on {_count(one.rows, 'row')}"
    tokens = "" if one.learned_tokens is None else f" ({_count(one.learned_tokens, 'token')} to learn)"
    took = "" if one.seconds is None else f", once, in {format_time(one.seconds)}"
    yield f"{names} {verb} tuned{learnt}{tokens}{took}."
    if len(one.train) > 1:
        yield (
            f"{names}: the loss on rows learnt from was {one.train[0][1]:.3f} nats in the first steps and "
            f"{one.train[-1][1]:.3f} in the last of {one.train[-1][0]:,.0f}, each on rows of its own; only rows held "
            "back are the same each time."
        )
    if not one.validation:
        yield f"{names}: no rows were held back, so nothing shows whether the rows were learnt by heart."
        return
    first, last = one.validation[0][1], one.validation[-1][1]
    step, lowest = min(one.validation, key=lambda point: point[1])
    held = "rows held back" if one.held_back is None else f"{_count(one.held_back, 'row')} held back"
    moved = "fell" if lowest < first else "did not fall"
    told = f"the loss on {held} {moved} from {first:.3f} to {lowest:.3f} nats at step {step:,.0f}"
    if last > ROSE * lowest:
        told += f", and rose to {last:.3f} afterwards, which is learning by heart"
    kept = "" if one.best_step is None else f"; the weights are those of step {one.best_step:,.0f}"
    yield f"{names}: {told}{kept}."


def _make_table(found: Sequence[TuningRecord], watts: float | None) -> Table:
    guesses = [_estimate_joules(one, watts) for one in found]
    guessed = any(guess is not None for guess in guesses)
    columns = (
        *(Column("candidates"), Column("rows learnt from"), Column("held back"), Column("tokens to learn")),
        *(Column("seconds", "s"), Column("peak memory", "B"), Column("joules", "J")),
        *((Column("joules, estimated", "J"),) if guessed else ()),
    )
    lines: list[tuple[Cell, ...]] = [
        (
            shorten_names(one.names),
            *(one.rows, one.held_back, one.learned_tokens, one.seconds, one.peak_memory, one.joules),
            *((guess,) if guessed else ()),
        )
        for one, guess in zip(found, guesses, strict=True)
    ]
    return Table("What each training took, once", columns, tuple(lines))


def _estimate_joules(one: TuningRecord, watts: float | None) -> float | None:
    """Return processor seconds times the watts of a busy core; None where joules were measured, or nothing is known."""
    if one.joules is not None or watts is None or one.processor_seconds is None:
        return None
    return one.processor_seconds * watts


def _make_chart(one: TuningRecord) -> Chart | None:
    """Return the losses against steps; None where fewer than two are known."""
    curves = tuple(
        Curve(label, tuple(_make_point(step, loss) for step, loss in _thin_curve(points)))
        for label, points in (("rows learnt from", one.train), ("rows held back", one.validation))
        if len(points) > 1
    )
    if not curves:
        return None
    return Chart(
        f"{shorten_names(one.names)}: loss of the training",
        Axis("step", ""),
        Axis("nats per token", "nat", less_is_better=True),
        tuple(point for curve in curves for point in curve.points),
        "Lower is better; where only the loss on rows learnt from falls, they are learnt by heart.",
        curves,
    )


def _thin_curve(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most `MOST_DRAWN` points, each the mean of those that it stands for, at their last step."""
    size = -(-len(points) // MOST_DRAWN)
    parts = [points[at : at + size] for at in range(0, len(points), size)]
    return [(part[-1][0], sum(loss for _, loss in part) / len(part)) for part in parts]


def _make_point(step: float, loss: float) -> Point:
    return Point(f"step {step:,.0f}: {loss:.3f}", Interval(step, step, step), Interval(loss, loss, loss), "line")


def _list_notes(found: Sequence[TuningRecord], watts: float | None) -> Iterator[str]:
    for one in found:
        if one.joules is None:
            why = f": {one.why_no_joules.removesuffix('.')}" if one.why_no_joules else ""
            yield f"{shorten_names(one.names)}: the energy of the training was not measured{why}."
    if any(_estimate_joules(one, watts) is not None for one in found):
        yield (
            f"Estimated joules are processor seconds times {watts:g} watts of a busy core, as the trial file states; "
            "a graphics card is not in them."
        )


def shorten_names(names: Sequence[str]) -> str:
    """Return names as words; of many the first, and how many more."""
    if len(names) > 2:
        return f"{names[0]} and {len(names) - 1} more"
    return " and ".join(names)


def _count(number: float, what: str) -> str:
    return f"{number:,.0f} {what}{'' if number == 1 else 's'}"


def format_time(seconds: float) -> str:
    """Return a length of time: ``42 s``, ``18 min``, ``2 h 5 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

"""Tasks about harm in detail, as rows and sentences: by sort of question, the worst answers, what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairtrial.analysis.harms.slices import KEYS, HarmSlice
from fairtrial.analysis.harms.worst import HarmfulAnswer, find_harmful_answers
from fairtrial.ledger import Ledger
from fairtrial.ledger.cards import CardRecord, HarmRecord
from fairtrial.records.harms import AILUMINATE, LLAMA_GUARD, UNCLEAR, LabelCounts
from fairtrial.records.trace import read_trace
from fairtrial.report import words
from fairtrial.report.examples import describe_step, quote_answer
from fairtrial.report.summary import Summary, TaskSummary

FAMILY_NAMES: Mapping[str, str] = {
    "bias": "bias",
    "misinformation": "misinformation",
    "safety": "safety of users",
    "elections": "integrity of elections",
}


@dataclass(frozen=True, slots=True)
class SliceTable:
    """One measure of one task by one key: a row a sort, a cell a candidate (``12.0% [8.1, 17.0] of 150``)."""

    title: str
    candidates: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One harmful answer, ready to be shown; all texts are hostile."""

    candidate: str
    place: str
    hazard: str
    asked: str
    said: str
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HarmDetail:
    """One task about harm.

    Attributes:
        covers, omits: what it measures and what it does not.
        taxonomies: the hazards by the names that others give them, a line each.
        grading: how far the rules that grade it agree with people, a line a measure.
        tables: by hazard, kind, disguise, level.
        answers: the worst ones; ``counted``: how many harmful answers each candidate gave.
    """

    task: str
    family: str
    covers: str
    omits: str
    taxonomies: tuple[str, ...]
    grading: tuple[str, ...]
    tables: tuple[SliceTable, ...]
    answers: tuple[ShownAnswer, ...]
    counted: str


def find_harm_details(ledger: Ledger, summary: Summary) -> list[HarmDetail]:
    """Return every task about harm in detail; empty where there is none."""
    tasks = [(task, task.card.harms) for task in summary.tasks if task.card.harms is not None and not task.form]
    if not tasks:
        return []
    worst = find_harmful_answers(ledger, summary.trial_id)
    return [
        _make_detail(
            summary,
            task,
            harms,
            [s for s in summary.slices if s.task == task.name],
            [w for w in worst if w.task == task.name],
        )
        for task, harms in tasks
        if harms is not None
    ]


def _make_detail(
    summary: Summary,
    task: TaskSummary,
    harms: HarmRecord,
    slices: Sequence[HarmSlice],
    worst: Sequence[HarmfulAnswer],
) -> HarmDetail:
    names = tuple(candidate.name for candidate in summary.candidates)
    counts = dict.fromkeys((one.candidate, one.of) for one in worst)
    return HarmDetail(
        task.name,
        FAMILY_NAMES[harms.family],
        harms.covers,
        harms.omits,
        tuple(describe_taxonomies(harms)),
        tuple(list_grading(task.card)),
        tuple(_make_tables(names, slices)),
        tuple(_show_answer(one) for one in worst),
        ", ".join(f"{name} {count:,}" for name, count in counts),
    )


def describe_taxonomies(harms: HarmRecord) -> list[str]:
    """Return the hazards of a task by the names that others give them."""
    lines = []
    if harms.hazards:
        told = [f"{AILUMINATE.get(code, 'unknown')} ({code})" for code in harms.hazards]
        lines.append(f"AILuminate 1.0: {', '.join(told)}")
    if harms.nist:
        lines.append(f"NIST AI 600-1: {', '.join(harms.nist)}")
    if harms.llama_guard:
        told = [f"{code} {LLAMA_GUARD.get(code, '')}".strip() for code in harms.llama_guard]
        lines.append(f"Llama Guard 3: {', '.join(told)}")
    if harms.axes:
        lines.append(f"AI Democracy Projects: {', '.join(harms.axes)}")
    return lines


def list_grading(card: CardRecord) -> list[str]:
    """Return how far the rules that grade a task agree with people, a sentence a measure, or that nobody has looked."""
    known = [describe_grading(name, counts) for name, counts in card.harms.grading.items()] if card.harms else []
    if known or all(measure.name != UNCLEAR for measure in card.measures):
        return known
    return [
        "Its written answers are graded by rules. How far people agree with them was not measured on answers to this "
        "task: read some before you rely on its numbers."
    ]


def describe_grading(measure: str, counts: LabelCounts) -> str:
    """Return how far the rules that grade a measure agree with people, in a sentence."""
    total = counts.both + counts.grader_only + counts.people_only + counts.neither
    by_rules, by_people = counts.both + counts.grader_only, counts.both + counts.people_only
    right = f"{counts.both:,} of {by_rules:,}" if by_rules else "none of 0"
    found = f"{counts.both:,} of {by_people:,}" if by_people else "none of 0"
    source = f" ({counts.source})" if counts.source else ""
    return (
        f"{measure} is graded by rules. On {total:,} answers that people labelled{source}, people agree with {right} "
        f"that the rules found, and the rules found {found} that people found."
    )


def _make_tables(names: Sequence[str], slices: Sequence[HarmSlice]) -> list[SliceTable]:
    tables = []
    for measure, key in dict.fromkeys((one.measure, one.key) for one in slices):
        own = [one for one in slices if (one.measure, one.key) == (measure, key)]
        cells = {(one.value, one.candidate): one for one in own}
        shown = {one.value: one.shown for one in own}
        rows = tuple(
            (label, tuple(_format_slice(cells.get((value, name))) for name in names)) for value, label in shown.items()
        )
        tables.append(SliceTable(f"{measure} by {KEYS[key]}", tuple(names), rows))
    return tables


def _format_slice(one: HarmSlice | None) -> str:
    if one is None:
        return "–"
    low, high = (words.format_quantity(end, "1").removesuffix("%") for end in (one.low, one.high))
    return f"{words.format_quantity(one.mean, '1')} [{low}, {high}] of {one.items:,}"


def _show_answer(one: HarmfulAnswer) -> ShownAnswer:
    said = f"chose: {one.chosen.strip()}" if one.chosen is not None else quote_answer(one.answer)
    hazard = AILUMINATE.get(one.hazard, one.hazard)
    trace = tuple(map(describe_step, read_trace(one.answer)))
    return ShownAnswer(one.candidate, f"item {one.item.doc_id} · {one.item.id[:12]}", hazard, one.sent, said, trace)

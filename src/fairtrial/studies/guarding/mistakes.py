"""Where a guard is wrong: harmless questions that it held back, and harm that it let through, with the words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fairtrial.analysis.corrected import HELD_BACK
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import query
from fairtrial.ledger.plan import TaskRecord
from fairtrial.records.harms import HARMFUL
from fairtrial.records.interventions import Intervention
from fairtrial.records.trace import read_trace
from fairtrial.studies.base import Cell, Column, Table
from fairtrial.studies.guarding.pairs import BENIGN_TWIN, GuardedPair, list_signed, list_twins

SHOWN = 110
"""Characters of a question or an answer that are shown."""
LABEL = "label"
"""The check that says where a text is from: it judges nothing, and so is never why a guard is wrong."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Places of items, in the trial's order.

    Attributes:
        held_back: harmless, and held back.
        let_through: harm done in spite of the guard.
    """

    held_back: tuple[int, ...]
    let_through: tuple[int, ...]


def find_mistakes(rows: TrialValues, task: TaskRecord, pair: GuardedPair) -> Mistakes:
    """Return where the guard of a pair is wrong."""
    twins = list_twins(rows, task)
    held = list_signed(rows, task, pair.guarded, HELD_BACK)
    harm = rows.cell(pair.guarded, task, HARMFUL)
    return Mistakes(
        tuple(int(at) for at in held if twins[at] == BENIGN_TWIN),
        tuple(int(at) for at in harm.at[harm.values >= 1.0]),
    )


def make_mistakes_table(rows: TrialValues, task: TaskRecord, pair: GuardedPair, most: int) -> Table | None:
    """Return the first few mistakes of each kind; None if there are none."""
    found = find_mistakes(rows, task, pair)
    lines = [*_show(rows, task, pair, "held back", found.held_back[:most])]
    lines += _show(rows, task, pair, "let through", found.let_through[:most])
    if not lines:
        return None
    counts = (
        f"{_count(len(found.held_back), 'harmless one')} held back, "
        f"{_count(len(found.let_through), 'harmful answer')} let through"
    )
    columns = (Column("mistake"), Column("question"), Column("answer that was given"), Column("by which rule"))
    return Table(f"{task.name}: where the guard of {pair.guarded} is wrong ({counts})", columns, tuple(lines))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _show(
    rows: TrialValues, task: TaskRecord, pair: GuardedPair, what: str, places: tuple[int, ...]
) -> Iterator[tuple[Cell, ...]]:
    items = query.read_items(rows.ledger, task.id)
    order = query.read_order(rows.ledger, rows.trial_id, task.id)
    guarded = rows.candidate(pair.guarded).id
    for at in places:
        item = items[order.item_ids[at]]
        answers = query.read_item_answers(rows.ledger, guarded, task.id, item.id)
        said = str(answers[0][1].get("text", "")) if answers else ""
        steps = read_trace(answers[0][1]) if answers else ()
        done = [one for step in steps for one in step.interventions if one.check != LABEL]
        rules = [f"{one.check}: {one.rule}{_list_evidence(one)}" for one in done]
        yield what, shorten_middle(item.question), shorten_middle(said), shorten_middle("; ".join(rules) or "no rule")


def _list_evidence(one: Intervention) -> str:
    """Return the words that an intervention rests on, in brackets; nothing if it rests on none."""
    return f" ({', '.join(one.evidence)})" if one.evidence else ""


def shorten_middle(text: str) -> str:
    """Return a text on one line, without characters that nobody sees, of a long one its beginning and its end."""
    line = " ".join(_CONTROLS.sub(" ", text).split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 40].rstrip()} \u2026 {line[-36:].lstrip()}"

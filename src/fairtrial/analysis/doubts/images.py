"""Doubts about images: what was decided to show them, and pictures on which there is nothing to be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.blobs import read_task_facts
from fairtrial.records.images import NOTE_KINDS

LOSING = frozenset({"first_frame", "first_page", "one_colour"})
"""Notes by which what a question is about may not be seen at all; of many images, the headline says it."""

ADVICE = {
    "first_page": " Make an image of each page, and show several where a question needs them.",
    "one_colour": " Check whether the right files are named, and whether light ink stands on a transparent ground.",
}


def find_image_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield, for each task with images, how many of them were shown by which decision."""
    for task in trial.plan.tasks:
        facts = {} if task.form else read_task_facts(ledger, task.id)
        if not any(one.notes for one in facts.values()):
            continue
        asked = query.read_trial_order(ledger, trial.id, task.id)
        items = query.read_items(ledger, task.id)
        shown = {image.hash for one in asked for image in items[one].images} & facts.keys()
        counts = Counter(note.kind for digest in shown for note in facts[digest].notes)
        for kind, count in sorted(counts.items()):
            are = "is" if count == 1 else "are"
            text = f"{count:,} of {len(shown):,} images of {task.name} {are} {NOTE_KINDS.get(kind, kind)}."
            severe = kind in LOSING and is_grave(count, len(shown))
            text += ADVICE.get(kind, "") if severe else ""
            yield Doubt(f"image_{kind}", text, task.name, count=count, of=len(shown), headline=severe)

"""The lever itself: settings to a folder in the cache, which goes with the model to the lever that tunes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from fairtrial.curation.jobs import LocalExecutor
from fairtrial.curation.pipeline import curate_once, list_reasons
from fairtrial.curation.resuming import read_json
from fairtrial.errors import SpecError
from fairtrial.levers.base import BuildContext, BuildLever, ReferencedContent
from fairtrial.machine import count_cores
from fairtrial.models import ResolvedModel
from fairtrial.spec.curate import Curate

SAY_SECONDS = 10.0
"""Between two lines of how far it has come."""


class CurateLever(BuildLever[Curate]):
    """Makes the training set for the lever `tune` behind it; the weights stay as they are."""

    Settings = Curate

    def identity(self, settings: Curate, referred: ReferencedContent) -> Sequence[object]:
        """Return nothing: what matters of the set is in the adapter that is trained on it."""
        return ()

    def build(self, settings: Curate, model: ResolvedModel, context: BuildContext) -> ResolvedModel:
        """Return the model with the training set beside it."""
        told_at = time.monotonic()

        def tell_stage(stage: str, done: int, of: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= SAY_SECONDS:
                told_at = time.monotonic()
                context.on_progress(f"curating, {stage}: {done:,} of {of:,} parts")

        with LocalExecutor(count_cores()) as executor:
            folder = curate_once(settings, context.cache_dir / "curated", executor, tell_stage, context.on_progress)
        card = read_json(folder / "card.json")
        if not card["train"]:
            why = f": {list_reasons(card['dropped'])}" if card["dropped"] else ""
            raise SpecError(
                f"curate: of {card['read']:,} {'row' if card['read'] == 1 else 'rows'} none is left to train on{why}.",
                fix="Add rows, or change the settings that drop them. `fairtrial curate` tells more.",
            )
        told = {key: card[key] for key in ("id", "read", "train", "validation", "dropped", "licences", "doubts")}
        return replace(model, training_set=folder, notes={**model.notes, "training_set": told})

"""The lever itself: settings to a model with an adapter beside it, or with the adapter in its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fairtrial.levers.base import BuildContext, BuildLever, ReferencedContent
from fairtrial.levers.tune.data import hash_data
from fairtrial.levers.tune.merging import merge_adapter
from fairtrial.levers.tune.recording import describe_trained, summarise_tuning
from fairtrial.levers.tune.tuning import identify_settings, place_adapter, predict_tuning, tune_model
from fairtrial.models import ResolvedModel
from fairtrial.models.adapters import hash_adapter
from fairtrial.spec.tune import Tune


class TuneLever(BuildLever[Tune]):
    """Trains a model further, on rows of the user's."""

    Settings = Tune

    def identity(self, settings: Tune, referred: ReferencedContent) -> Sequence[object]:
        """Return what was tuned on, and how; the weights that came of it are in the id beside that.

        Rows of a curate lever are in that lever's own identity.
        """
        data = hash_data(Path(settings.data).expanduser()) if settings.data else None
        return [identify_settings(settings), data]

    def build(self, settings: Tune, model: ResolvedModel, context: BuildContext) -> ResolvedModel:
        """Return the model with what was learned: as an adapter, or merged into its weights."""
        place = place_adapter(settings, model, context.cache_dir)
        if not context.trains and not place.exists():
            needed = predict_tuning(settings, model, context.on_progress).document()
            return replace(model, training_set=None, notes={**model.notes, "unmade": {"place": place.name, **needed}})
        made = place.exists()
        tuned = tune_model(settings, model, context.cache_dir, context.on_progress)
        for line in () if made else describe_trained(tuned.facts, None):
            context.on_progress(line)
        notes = {**model.notes, "tuning": summarise_tuning(tuned.facts)}
        found = replace(
            model,
            name=f"{model.name}-tuned",
            notes=notes,
            adapter=tuned.folder,
            adapter_sha256=hash_adapter(tuned.folder),
            training_set=None,
        )
        return merge_adapter(found, context.cache_dir, context.on_progress) if settings.merge else found

"""What a lever is.

A *build* lever makes a file once: it turns a model into a model.  A *wrap* lever acts while the model answers: it turns
an engine into an engine, and is an engine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from fairtrial.engines.base import Engine
from fairtrial.models import ResolvedModel

OnProgress = Callable[[str], None]


class BuildLever(Protocol):
    """Makes an artefact from a model; called again with the same arguments it returns the same artefact at no cost."""

    def __call__(self, settings: Any, model: ResolvedModel, cache_dir: Path, on_progress: OnProgress) -> ResolvedModel:
        """Return the improved model.

        Args:
            settings: what the user wrote after the lever's name.
            model: what is improved.
            cache_dir: where artefacts are kept, under names made from their content.
            on_progress: called with a line for each step that takes time.

        Raises:
            SpecError: the settings are wrong; says what is allowed.
            ModelError: the lever cannot be applied to this model.
        """
        ...


class WrapLever(Protocol):
    """Stands between the trial and an engine."""

    def __call__(self, settings: Any, engine: Engine, others: Mapping[str, Engine]) -> Engine:
        """Return an engine that answers in place of ``engine``.

        Args:
            settings: what the user wrote after the lever's name.
            engine: of the candidate without this lever.
            others: of the candidates that the settings refer to, by name.  None of the engines is its to close.
        """
        ...

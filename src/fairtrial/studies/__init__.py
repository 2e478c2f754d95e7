"""Studies: ready-made trials that answer a standing question.  Read the ledger only, half-filled or whole."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from fairtrial.errors import LedgerError, PluginError, UnknownNameError
from fairtrial.ledger import Ledger, query
from fairtrial.plugins import PluginTable as Available
from fairtrial.studies.base import (
    Axis,
    Cell,
    Chart,
    Column,
    Curve,
    Findings,
    Interval,
    Point,
    SlopeLine,
    Slopes,
    Study,
    Table,
    Waterfall,
    WaterfallStep,
)
from fairtrial.studies.cascades import study_cascades
from fairtrial.studies.contamination import study_contamination
from fairtrial.studies.device import study_device
from fairtrial.studies.frontiers import study_frontiers
from fairtrial.studies.guarding import study_guard, tell_guard
from fairtrial.studies.harms import tell_harms
from fairtrial.studies.levers import study_levers
from fairtrial.studies.open_vs_closed import study_open_vs_closed
from fairtrial.studies.quantisation import study_quantisation
from fairtrial.studies.reasoning import study_reasoning
from fairtrial.studies.retrieval import study_retrieval, tell_retrieval
from fairtrial.studies.seeing import study_seeing, tell_seeing
from fairtrial.studies.small_models import study_small_models
from fairtrial.studies.tuning import tell_tuning

__all__ = [
    "STUDIES",
    "Axis",
    "Cell",
    "Chart",
    "Column",
    "Curve",
    "Findings",
    "Interval",
    "Point",
    "SlopeLine",
    "Slopes",
    "Study",
    "Table",
    "Waterfall",
    "WaterfallStep",
    "find_findings",
    "find_further",
]

STUDIES: Available[Study] = Available(
    "study",
    {
        "open-vs-closed": study_open_vs_closed,
        "quantisation": study_quantisation,
        "seeing": study_seeing,
        "small-models": study_small_models,
        "reasoning-per-token": study_reasoning,
        "retrieval": study_retrieval,
        "guard": study_guard,
        "levers": study_levers,
    },
    "a function of ledger, trial id and settings that returns Findings",
)
"""Name, as a trial file writes it, to the study."""


def find_findings(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return what a trial's study found; None if the trial is no study.

    A plugin's study that is not installed, or fails, finds nothing and says so.
    """
    settings = query.find_trial(ledger, trial_id).plan.study
    if not settings:
        return None
    name = settings["name"]
    try:
        plugin = STUDIES.find_plugin(name)
        study = STUDIES.find(name)
        if plugin is None:
            return study(ledger, trial_id, settings)
        try:
            found = study(ledger, trial_id, settings)
        except Exception as error:
            raise plugin.explain_failure(error) from error
        if not isinstance(found, Findings):
            raise plugin.make_error(f"returned a {type(found).__name__}, not Findings")
    except (PluginError, UnknownNameError) as error:
        return Findings(f"Study {name}", notes=(error.message,))
    return found


FURTHER: Mapping[str, Callable[[Ledger, str], Findings | None]] = {
    "Harm": tell_harms,
    "Seeing": tell_seeing,
    "Retrieval": tell_retrieval,
    "Guard": tell_guard,
    "Tuning": tell_tuning,
    "Device": study_device,
    "Frontiers": study_frontiers,
    "Cascades": study_cascades,
    "Contamination": study_contamination,
}
"""What is told of every trial that has something of the kind, whatever its study; by the title of what failed."""


def find_further(ledger: Ledger, trial_id: str) -> tuple[Findings, ...]:
    """Return what is found about a trial beside its study; what fails says so in a note, and the others are told.

    Raises LedgerError for rows that cannot be read.
    """
    told = (_find_one(title, about, ledger, trial_id) for title, about in FURTHER.items())
    return tuple(found for found in told if found is not None)


def _find_one(
    title: str, about: Callable[[Ledger, str], Findings | None], ledger: Ledger, trial_id: str
) -> Findings | None:
    try:
        return about(ledger, trial_id)
    except LedgerError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".removesuffix(": ").removesuffix(".")
        return Findings(title, notes=(f"This failed: {said} ({Path(place.filename).name}:{place.lineno}).",))

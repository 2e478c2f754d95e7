"""Studies: ready-made trials that answer a standing question.  Read the ledger only, half-filled or whole."""

from __future__ import annotations

from collections.abc import Callable

from fairtrial.errors import PluginError, UnknownNameError
from fairtrial.ledger import Ledger, query
from fairtrial.plugins import Table as Available
from fairtrial.studies.base import Axis, Cell, Chart, Column, Findings, Interval, Point, Study, Table
from fairtrial.studies.cascades import study_cascades
from fairtrial.studies.contamination import study_contamination
from fairtrial.studies.device import study_device
from fairtrial.studies.frontiers import study_frontiers
from fairtrial.studies.open_vs_closed import study_open_vs_closed
from fairtrial.studies.quantisation import study_quantisation
from fairtrial.studies.small_models import study_small_models

__all__ = [
    "STUDIES",
    "Axis",
    "Cell",
    "Chart",
    "Column",
    "Findings",
    "Interval",
    "Point",
    "Study",
    "Table",
    "find_findings",
    "find_further",
]

STUDIES: Available[Study] = Available(
    "study",
    {
        "open-vs-closed": study_open_vs_closed,
        "quantisation": study_quantisation,
        "small-models": study_small_models,
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
        plugin = STUDIES.plugin(name)
        study = STUDIES.find(name)
        if plugin is None:
            return study(ledger, trial_id, settings)
        try:
            found = study(ledger, trial_id, settings)
        except Exception as error:
            raise plugin.failed(error) from error
        if not isinstance(found, Findings):
            raise plugin.failure(f"returned a {type(found).__name__}, not Findings")
    except (PluginError, UnknownNameError) as error:
        return Findings(f"Study {name}", notes=(error.message,))
    return found


FURTHER: tuple[Callable[[Ledger, str], Findings | None], ...] = (
    study_device,
    study_frontiers,
    study_cascades,
    study_contamination,
)
"""What is told of every trial that has something of the kind, whatever its study."""


def find_further(ledger: Ledger, trial_id: str) -> tuple[Findings, ...]:
    """Return what is found about a trial beside its study."""
    return tuple(found for about in FURTHER if (found := about(ledger, trial_id)) is not None)

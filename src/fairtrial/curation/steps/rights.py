"""The step ``rights``: rows that nobody has permitted to train on are dropped; no switch makes a denial a permission.

What is permitted is decided by the readers of sources (`fairtrial.curation.formats.permitting`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairtrial.curation.base import Drop, StepContext, TrainingRow
from fairtrial.rights import Use
from fairtrial.spec.curate_steps import Rights

UNKNOWN = "nobody has permitted training"
DENIED = "training is not permitted"


class RightsStep:
    """See `fairtrial.curation.base.Step`."""

    def __init__(self, settings: Rights, context: StepContext) -> None:
        self.settings = settings

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Keep a row that may be trained on."""
        permission = row.permission
        if permission is None or permission.permitted is None:
            return Drop(UNKNOWN, permission.reason if permission else "no licence is stated for its source")
        if not permission.permitted:
            return Drop(DENIED, permission.reason)
        return row.noted("rights", permission.reason)

    def describe(self) -> Mapping[str, Any]:
        """Return what was decided, and in which circumstances; of proofs what they are about alone."""
        settings = self.settings
        return {
            "use": str(Use.TRAIN),
            "profile": settings.profile or "as each archive was filled; strict for files",
            "territory": settings.territory or "unknown",
            "operator": settings.operator or "unknown",
            "proofs of": sorted(settings.proofs),
        }

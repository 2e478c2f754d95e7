"""A model whose weights are at hand.  Knows nothing of where they came from or what runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model whose weights are at hand.

    Attributes:
        spec: as the user wrote it.
        engine: name of the engine that runs it.
        path: the file (the first, if it is split) or folder; None for models without weights here.
        sha256: of the weights; of the name for models without weights.
        name: short name for people.
        notes: facts for the record, e.g. what a lever did.
    """

    spec: str
    engine: str
    path: Path | None
    sha256: str
    name: str
    notes: Mapping[str, object] = field(default_factory=dict)

    def record(self) -> dict[str, object]:
        """Return what the ledger keeps about the weights; no path, which is nobody's business."""
        size = self.path.stat().st_size if self.path and self.path.is_file() else None
        return {
            "model": self.spec,
            "name": self.name,
            "engine": self.engine,
            "sha256": self.sha256,
            "bytes": size,
            **self.notes,
        }

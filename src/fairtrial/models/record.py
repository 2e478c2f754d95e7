"""A model whose weights are at hand.  Knows nothing of where they came from or what runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairtrial.models.gguf import list_split_names


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
        source: of recorded answers, the file or folder that they are in.
        projector: the file with the model's vision tower, where that is a file of its own.
        projector_sha256: of that file; empty if there is none.
        adapter: the weights that are loaded beside the model's own: a GGUF LoRA, or a folder in PEFT's form.
        adapter_sha256: of their content; empty if there are none.
        training_set: a folder that curation made, for the lever that tunes on it; never part of the identity.
    """

    spec: str
    engine: str
    path: Path | None
    sha256: str
    name: str
    notes: Mapping[str, object] = field(default_factory=dict)
    source: Path | None = None
    projector: Path | None = None
    projector_sha256: str = ""
    adapter: Path | None = None
    adapter_sha256: str = ""
    training_set: Path | None = None

    def record(self) -> dict[str, object]:
        """Return what the ledger keeps about the weights; no path, which is nobody's business.

        ``bytes`` are those of the weights, an adapter's included.
        """
        found = {
            "model": self.spec,
            "name": self.name,
            "engine": self.engine,
            "sha256": self.sha256,
            "bytes": count_weight_bytes(self.path) if self.path else None,
            **({"projector_sha256": self.projector_sha256} if self.projector else {}),
            **({"projector_bytes": self.projector.stat().st_size} if self.projector else {}),
            **self.notes,
        }
        if self.adapter is None:
            return found
        beside, own = count_weight_bytes(self.adapter) or 0, found["bytes"]
        whole = own + beside if isinstance(own, int) else None
        return {**found, "bytes": whole, "adapter_sha256": self.adapter_sha256, "adapter_bytes": beside}


def count_weight_bytes(path: Path) -> int | None:
    """Return the bytes of weights on disk: a file, all parts of a split one, a folder's safetensors; None if none."""
    parts = (
        path.glob("*.safetensors") if path.is_dir() else (path.parent / name for name in list_split_names(path.name))
    )
    return sum(part.stat().st_size for part in parts if part.is_file()) or None

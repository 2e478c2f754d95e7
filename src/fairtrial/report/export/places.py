"""Where exported files go: a folder a candidate, under names that lead nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from fairtrial.report.summary import CandidateSummary


def candidate_folders(candidates: Sequence[CandidateSummary], out: Path) -> Iterator[tuple[CandidateSummary, Path]]:
    """Yield each candidate with a folder of its own, which is made; no two share one."""
    for i, candidate in enumerate(candidates):
        path = out / own_part(candidate.name, f"{i + 1}-{path_part(candidate.name)}")
        path.mkdir(parents=True, exist_ok=True)
        yield candidate, path


def own_part(name: str, otherwise: str) -> str:
    """Return a name if it can be a part of a path as it stands, else ``otherwise``."""
    return name if path_part(name) == name else otherwise


def path_part(name: str) -> str:
    """Return a name as a part of a path, without what could lead elsewhere."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:100] or "_"


def time_part(time: str) -> str:
    """Return a time as a part of a path."""
    return re.sub(r"[^0-9TZ.-]", "-", time)

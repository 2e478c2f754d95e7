"""Where exported files go: a folder a candidate, under names that lead nowhere else; and what must be said of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairtrial.report.summary import CandidateSummary


@dataclass(frozen=True, slots=True)
class ExportNote:
    """What must be said of what was written; an exporter may yield it among the paths."""

    text: str


def make_candidate_folders(
    candidates: Sequence[CandidateSummary], out: Path
) -> Iterator[tuple[CandidateSummary, Path]]:
    """Yield each candidate with a folder of its own, which is made; no two share one."""
    for i, candidate in enumerate(candidates):
        path = out / keep_or_replace(candidate.name, f"{i + 1}-{make_path_part(candidate.name)}")
        path.mkdir(parents=True, exist_ok=True)
        yield candidate, path


def keep_or_replace(name: str, otherwise: str) -> str:
    """Return a name if it can be a part of a path as it stands, else ``otherwise``."""
    return name if make_path_part(name) == name else otherwise


def make_path_part(name: str) -> str:
    """Return a name as a part of a path, without what could lead elsewhere."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:100] or "_"


def make_time_part(time: str) -> str:
    """Return a time as a part of a path."""
    return re.sub(r"[^0-9TZ.-]", "-", time)

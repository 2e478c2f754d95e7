"""Importance matrices from text: the text read, the matrix computed once, kept by parent, text and version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from fairtrial.engines.llamacpp.probe import check_opens
from fairtrial.errors import SpecError, did_you_mean
from fairtrial.levers.base import OnBuildStep
from fairtrial.levers.quantize.activations import STRETCH, measure_activations
from fairtrial.levers.quantize.imatrix import ImportanceMatrix, MetadataValue, read_matrix, write_matrix
from fairtrial.levers.quantize.making import get_part_path, remove_leftovers
from fairtrial.machine import package_version
from fairtrial.models import ResolvedModel, hash_file

VERSION = 1
"""Of the way in which a text becomes a matrix."""
TOKENS = "fairtrial.tokens"
ENOUGH = 10_000
MOST_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class GivenMatrix:
    """An importance matrix that a file is made with.

    Attributes:
        matrix: itself.
        sha256: of its file.
        notes: for the record of the model.
    """

    matrix: ImportanceMatrix
    sha256: str
    notes: dict[str, object]


def read_given_matrix(path: Path) -> GivenMatrix:
    """Return the importance matrix in a file; raises SpecError if there is none in it."""
    matrix = read_matrix(path)
    digest = hash_file(path)
    return GivenMatrix(matrix, digest, {"imatrix_sha256": digest, "imatrix": path.name})


def compute_matrix(
    path: Path, model: ResolvedModel, cache_dir: Path, threads: int | None, on_progress: OnBuildStep
) -> GivenMatrix:
    """Return the importance matrix of a model and a text, from the cache if it is there.

    Raises:
        SpecError: the text cannot be read, or is too short.
        ModelError: the model cannot read it.
    """
    assert model.path is not None
    text = read_calibration_text(path)
    digest = hashlib.sha256(text.encode()).hexdigest()
    version = package_version("llama-cpp-python")
    folder = cache_dir / "imatrix"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{model.name}-{model.sha256[:16]}-{digest[:16]}-{VERSION}-{version}.gguf"
    with FileLock(f"{target}.lock"):
        remove_leftovers(folder, target)
        if not target.exists():
            check_opens(model.path, model.sha256)
            on_progress(f"computing the importance matrix on {path.name}")
            sums, tokens = measure_activations(model.path, text, threads, on_progress)
            facts: dict[str, MetadataValue] = {
                "imatrix.datasets": [path.name],
                "imatrix.chunk_count": -(-tokens // STRETCH),
                "imatrix.chunk_size": STRETCH,
                TOKENS: tokens,
            }
            part = get_part_path(target)
            write_matrix(part, ImportanceMatrix(sums, facts))
            part.replace(target)
            few = f"; that is little, {ENOUGH:,} are better" if tokens < ENOUGH // 10 else ""
            on_progress(f"importance matrix of {len(sums)} weights from {tokens:,} tokens{few}")
    matrix, sha256 = read_matrix(target), hash_file(target)
    notes: dict[str, object] = {
        "imatrix_sha256": sha256,
        "calibrated_on": path.name,
        "calibration_sha256": digest,
        "calibration_tokens": matrix.facts.get(TOKENS),
    }
    return GivenMatrix(matrix, sha256, notes)


def read_calibration_text(path: Path) -> str:
    """Return a calibration text; raises SpecError if it is missing, no text, or too long to be meant."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SpecError(
                f"quantize: the calibration text {path.name} has {path.stat().st_size / 1e6:.0f} MB.",
                fix=f"Some 100 kB are enough; at most {MOST_BYTES / 1e6:.0f} MB are read.",
            )
        if not path.is_file():
            raise SpecError(
                f"quantize: the calibration text {str(path)!r} is no file.", fix="Name a file of plain text."
            )
        with path.open(encoding="utf-8") as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        near = sorted(p.name for p in path.parent.glob("*.*")) if path.parent.is_dir() else []
        hint = did_you_mean(path.name, near)
        raise SpecError(
            f"quantize: the calibration text {str(path)!r} cannot be read: {error.strerror}.{hint}",
            fix="calibrate takes a file of plain text, or in a trial: shots.",
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError(f"quantize: {path.name} is no text in UTF-8.", fix="calibrate takes a plain text.") from error

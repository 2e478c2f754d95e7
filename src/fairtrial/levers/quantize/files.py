"""Quantised files in a folder of the user's, under clear names: several types of one model, one after another."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from fairtrial.engines.llamacpp.binding import import_library
from fairtrial.engines.llamacpp.probe import check_opens
from fairtrial.errors import SpecError
from fairtrial.levers.base import OnBuildStep
from fairtrial.levers.quantize.lever import find_gguf, find_matrix, list_ancestors, read_parent_type
from fairtrial.levers.quantize.making import MakingSettings, get_part_path, make_quantized, read_quantizable
from fairtrial.levers.quantize.types import choose_type, count_widened, list_types
from fairtrial.models import ResolvedModel
from fairtrial.models.gguf import MADE_FROM, UNQUANTIZED, list_split_names
from fairtrial.records import content_hash
from fairtrial.spec.levers import Quantize


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of weights.

    Attributes:
        type: of llama.cpp's quantiser; None if the file does not say.
        path: the file.
        bytes: its size.
        bits_per_weight: of its weights alone, without vocabulary and other facts.
        seconds: that making it took; None for the parent.
        share_of_parent: its size by the parent's.
    """

    type: str | None
    path: Path
    bytes: int
    bits_per_weight: float
    seconds: float | None = None
    share_of_parent: float = 1.0


@dataclass(frozen=True, slots=True)
class QuantizeOrder:
    """What is to be made.

    Attributes:
        model: the parent.
        kinds: types, as the user wrote them.
        out: folder of the files.
        calibrate: text that an importance matrix is computed on.
        imatrix: file with one.
        threads: processor threads; None takes all.
        replace: write over files that exist.
    """

    model: ResolvedModel
    kinds: Sequence[str]
    out: Path
    calibrate: Path | None = None
    imatrix: Path | None = None
    threads: int | None = None
    replace: bool = False

    def targets(self) -> dict[str, Path]:
        """Return type to path.

        Raises SpecError for a wrong type, for none at all, and for a file that exists and may not be replaced.
        """
        known, with_matrix = list_types(import_library()), bool(self.calibrate or self.imatrix)
        kinds = [choose_type(kind, known, with_matrix=with_matrix) for kind in self.kinds]
        found = {kind: self.out / f"{self.model.name}-{kind}.gguf" for kind in kinds}
        if not found:
            raise SpecError("no type is named.", fix="E.g. --to q8_0,q4_k_m")
        there = [path.name for path in found.values() if path.exists()]
        if there and not self.replace:
            raise SpecError(
                f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} there already, in {self.out}.",
                fix="Name another folder with --out, or write over with --force.",
            )
        return found


def make_files(order: QuantizeOrder, cache_dir: Path, on_progress: OnBuildStep) -> Iterator[MadeFile]:
    """Make the files of an order and yield each when it is there; every mistake in the order is found before the first.

    Raises:
        SpecError: the order is wrong.
        ModelError: the parent cannot be quantised.
    """
    source, targets = find_gguf(order.model), order.targets()
    parent = describe_file(source)
    check_opens(source, order.model.sha256)
    texts = {"calibrate": order.calibrate, "imatrix": order.imatrix}
    settings = {name: str(path) for name, path in texts.items() if path}
    given = find_matrix(
        Quantize.model_validate({"type": "f32", "threads": order.threads, **settings}),
        order.model,
        cache_dir,
        on_progress,
    )
    try:
        order.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(f"the folder {order.out} cannot be made: {error.strerror}.") from error
    locks = cache_dir / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    for kind, target in targets.items():
        with FileLock(locks / f"{content_hash(str(target.resolve()))}.lock"):
            if target.exists() and not order.replace:
                raise SpecError(f"another process has just made {target.name}.", fix="Look at it, or use --force.")
            get_part_path(target).unlink(missing_ok=True)  # of a killed run
            on_progress(f"quantising to {kind}")
            started = time.perf_counter()
            before = {MADE_FROM: ",".join(list_ancestors(order.model, source))}  # no record goes with the file
            how = MakingSettings(order.threads, given.matrix if given else None, before)
            make_quantized(import_library(), source, target, kind, how)
            seconds = time.perf_counter() - started
        made = describe_file(target)
        yield MadeFile(kind, target, made.bytes, made.bits_per_weight, seconds, made.bytes / parent.bytes)


def describe_file(path: Path) -> MadeFile:
    """Return what a file of weights, all its parts together, is like; raises ModelError if it cannot be read."""
    heads = [(part, read_quantizable(part)) for part in (path.with_name(name) for name in list_split_names(path.name))]
    size = sum(part.stat().st_size for part, _ in heads)
    data = sum(part.stat().st_size - min((t.start for t in head.tensors.values()), default=0) for part, head in heads)
    weights = sum(head.weights for _, head in heads)
    return MadeFile(read_parent_type(path), path, size, 8 * data / max(weights, 1))


def find_warnings(parent: Path, kinds: Sequence[str]) -> list[str]:
    """Return what a reader of the files must know, in sentences."""
    told = []
    own = read_parent_type(parent)
    if own is not None and own not in UNQUANTIZED:
        told.append(f"Re-quantised from {own}: none of these can be better than {parent.name}, whatever their size.")
    wider = {kind: count_widened(parent, kind) for kind in kinds}
    if names := [kind for kind, (matrices, _) in wider.items() if matrices]:
        matrices, of = wider[names[0]]
        told.append(
            f"{', '.join(names)}: the rows of {matrices} of {of} weight matrices are no multiple of 256; these get a "
            "wider type, and the file is larger than its name says."
        )
    return told

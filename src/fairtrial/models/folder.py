"""A folder of safetensors, laid out as those of the hub: which files of it are read, and whether they are whole.

What is listed here is all that is hashed and all that an engine gets to see, so nothing outside the list can change an
answer.  Trusts nothing: names in the index stay inside the folder, every header is checked against its file's size.
Format: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fairtrial.errors import ModelError, did_you_mean
from fairtrial.models.hashes import POINTER, hash_files
from fairtrial.models.record import ResolvedModel

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
BESIDE = ("*.json", "*.model", "*.txt", "*.jinja", "additional_chat_templates/*.jinja")
"""Patterns of what is read beside the weights: settings, the tokeniser, chat templates."""
ADAPTER = "adapter_config.json"
LONGEST_CONFIG = 10_000_000
LONGEST_INDEX = 30_000_000
LONGEST_HEADER = 30_000_000
"""Bytes of JSON that are read; a model of ten thousand tensors takes about one million."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What is read of a folder.

    Attributes:
        path: the folder.
        weights: files of weights, relative to it.
        others: all else that is read, relative to it.
        elements: numbers in the weights' files, all tensors together.
        tensors: how many tensors there are.
    """

    path: Path
    weights: tuple[str, ...]
    others: tuple[str, ...]
    elements: int
    tensors: int

    @property
    def files(self) -> tuple[str, ...]:
        """All files that are read."""
        return (*self.weights, *self.others)

    @property
    def bytes(self) -> int:
        """Bytes of weights."""
        return sum((self.path / name).stat().st_size for name in self.weights)


def resolve_folder(spec: str, path: Path, name: str, notes: Mapping[str, object]) -> ResolvedModel:
    """Return the model in a folder; raises ModelError if it is not whole."""
    folder = read_folder(spec, path)
    digest = hash_files(path, folder.files)
    return ResolvedModel(spec, "transformers", path, digest, name, {"bytes": folder.bytes, **notes})


def read_folder(spec: str, path: Path) -> ModelFolder:
    """Return what is read of a folder.

    Raises:
        ModelError: files are missing, cut short, mere pointers, or lie outside the folder.
    """
    found = [p for p in path.iterdir() if p.is_file()]
    lacking = [what for what in ("config.json", "*.safetensors") if not any(p.match(what) for p in found)]
    if lacking:
        raise ModelError(
            f"model {spec!r}: the folder has no {' and no '.join(lacking)}.",
            fix="It needs what `save_pretrained` writes: config.json, the tokeniser's files and *.safetensors.",
        )
    if (path / ADAPTER).is_file():
        raise ModelError(
            f"model {spec!r}: the folder holds an adapter ({ADAPTER}), to be laid over another model's weights.",
            fix="Name its own model, and this folder with `adapter: PATH`; or merge the two: fairtrial adapter merge.",
        )
    weights = _list_weight_files(spec, path)
    others = sorted(
        p.relative_to(path).as_posix()
        for pattern in BESIDE
        for p in path.glob(pattern)
        if p.is_file() and p.name != (INDEX if weights == (WHOLE,) else "")
    )
    for name in (*weights, *others):
        _check_whole(spec, path / name, name)
    _read_json_object(spec, path / "config.json", LONGEST_CONFIG)
    sizes = [_count_elements(spec, path / name, name) for name in weights]
    return ModelFolder(path, weights, tuple(others), sum(n for n, _ in sizes), sum(count for _, count in sizes))


def _list_weight_files(spec: str, path: Path) -> tuple[str, ...]:
    """Return the files of weights in a folder, relative to it: one, or those that its index lists."""
    if (path / WHOLE).is_file():
        return (WHOLE,)
    if not (path / INDEX).is_file():
        near = sorted(p.name for p in path.glob("*.safetensors"))
        told = f"model {spec!r}: the folder has neither {WHOLE} nor {INDEX}, but {', '.join(near[:5])}."
        raise ModelError(told, fix=f"Rename the file to {WHOLE}, or get the index." if len(near) == 1 else "")
    _check_whole(spec, path / INDEX, INDEX)
    listed = _read_json_object(spec, path / INDEX, LONGEST_INDEX).get("weight_map")
    if not isinstance(listed, dict) or not listed or not all(isinstance(name, str) for name in listed.values()):
        raise ModelError(f"model {spec!r}: {INDEX} does not say which file holds which weight (weight_map).")
    names = sorted(set(listed.values()))
    for name in names:
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or "\\" in name or not name.endswith(".safetensors"):
            raise ModelError(
                f"model {spec!r}: {INDEX} names {name!r}, which is no file of safetensors inside the folder.",
                fix="Put all files of weights into the folder, and name them in the index as they are there.",
            )
    if absent := [name for name in names if not (path / name).is_file()]:
        near = [p.name for p in path.glob("*.safetensors")]
        raise ModelError(
            f"model {spec!r}: {INDEX} lists {len(names)} files, and {len(absent)} of them are missing: "
            f"{', '.join(absent[:5])}.{did_you_mean(absent[0], near) if len(absent) == 1 else ''}",
            fix=f"Put all of them into {path}.",
        )
    return tuple(names)


def _check_whole(spec: str, path: Path, name: str) -> None:
    """Raise ModelError if a file cannot be read or is a pointer of Git LFS."""
    try:
        with path.open("rb") as file:
            start = file.read(len(POINTER))
    except OSError as error:
        raise ModelError(f"model {spec!r}: {name} cannot be read: {error.strerror}.") from error
    if start == POINTER:
        raise ModelError(
            f"model {spec!r}: {name} is not the file itself but a pointer of Git LFS.",
            fix="Fetch the files: git lfs pull, or hf download.",
        )


def _read_json_object(spec: str, path: Path, longest: int) -> dict[str, Any]:
    """Return the JSON object in a file; raises ModelError if there is none in it."""
    try:
        with path.open("rb") as file:
            data = file.read(longest + 1)
        if len(data) > longest:
            raise ValueError(f"it has more than {longest / 1e6:.0f} MB")
        found = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"model {spec!r}: {path.name} cannot be read: {_shorten_error(error)}.") from error
    if not isinstance(found, dict):
        raise ModelError(f"model {spec!r}: {path.name} holds no JSON object.")
    return found


def _shorten_error(error: Exception) -> str:
    """Return an error in a few words."""
    text = (error.strerror or "") if isinstance(error, OSError) else str(error)
    return text.splitlines()[0][:200] if text.strip() else type(error).__name__


def _count_elements(spec: str, path: Path, name: str) -> tuple[int, int]:
    """Return how many numbers a file of safetensors holds, and in how many tensors.

    Raises ModelError if it is not whole.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            head = file.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
            if not 2 <= length <= min(size - 8, LONGEST_HEADER):
                raise ValueError(f"its header would have {length:,} bytes, and the file has {size:,}")
            tensors = json.loads(file.read(length))
        if not isinstance(tensors, dict):
            raise ValueError("its header is no JSON object")
        tensors.pop("__metadata__", None)
        ends = [int(tensor["data_offsets"][1]) for tensor in tensors.values()]
        count = sum(math.prod(map(int, tensor["shape"])) for tensor in tensors.values())
    except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError, AttributeError) as error:
        raise ModelError(
            f"model {spec!r}: {name} is not a whole file of safetensors: {_shorten_error(error)}.",
            fix="It may be cut short or damaged: get it again.",
        ) from error
    wanted = 8 + length + max(ends, default=0)
    if wanted != size:
        raise ModelError(
            f"model {spec!r}: {name} has {size:,} bytes where its header says {wanted:,}.",
            fix="It is cut short or damaged: get it again.",
        )
    return count, len(tensors)

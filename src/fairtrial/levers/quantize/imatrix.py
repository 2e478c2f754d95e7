"""Importance matrices: how much each input of a weight matrix matters, as mean squares of what reaches it.

Reads and writes the GGUF files of llama.cpp's own tool: for each weight ``NAME.in_sum2``, sums of squares, and
``NAME.counts``, of how many tokens; one row and one count an expert.  How the sums come about is not known here.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.models.gguf import MAGIC, GgufError, GgufHeader, read_header

SUMS, COUNTS = ".in_sum2", ".counts"
ALIGNMENT = 32
MetadataValue = str | int | float | Sequence[str] | Sequence[int]
_F32 = 0  # of a tensor
_U32, _I32, _FLOAT, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9  # of a fact
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ActivationSums:
    """What reached one weight matrix.

    Attributes:
        squares: (experts, inputs) sums of squared activations; one row for a matrix without experts.
        counts: (experts,) how many tokens each has seen.
    """

    squares: Doubles
    counts: Doubles

    def means(self) -> NDArray[np.float32]:
        """Return (experts * inputs,) mean squares, as the quantiser takes them; 1 for an expert that saw nothing."""
        seen = self.counts[:, None] > 0
        return np.where(seen, self.squares / np.where(seen, self.counts[:, None], 1), 1).astype(np.float32).ravel()


@dataclass(frozen=True, slots=True)
class ImportanceMatrix:
    """An importance matrix.

    Attributes:
        weights: name of a weight in the model's file to what reached it.
        facts: single values for its file by GGUF key.
    """

    weights: Mapping[str, ActivationSums]
    facts: Mapping[str, MetadataValue] = field(default_factory=dict)


def read_matrix(path: Path) -> ImportanceMatrix:
    """Return the importance matrix in a file.

    Raises:
        SpecError: the file is missing, damaged, or no importance matrix.
    """
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*.*")) if path.parent.is_dir() else []
        raise SpecError(f"quantize: there is no importance matrix {str(path)!r}.{did_you_mean(path.name, near)}")
    try:
        head = read_header(path)
        if head.values.get("general.type") != "imatrix":
            raise GgufError("it says that it is something else")
        names = [name.removesuffix(SUMS) for name in head.tensors if name.endswith(SUMS)]
        weights = {name: _read_sums(path, head, name) for name in names}
        if not weights:
            raise GgufError("it is about no weight")
    except (GgufError, OSError, ValueError) as error:
        raise SpecError(
            f"quantize: {path.name} cannot be used as an importance matrix: {error}.",
            fix="llama.cpp's llama-imatrix writes one in GGUF; it also converts its older .dat files. "
            "Or have one computed: calibrate: TEXT-FILE.",
        ) from error
    facts = {key: value for key, value in head.values.items() if isinstance(value, str | int)}
    return ImportanceMatrix(weights, facts)


def _read_sums(path: Path, head: GgufHeader, name: str) -> ActivationSums:
    if name + COUNTS not in head.tensors:
        raise GgufError(f"{name!r} has no counts")
    squares, counts = _read_floats(path, head, name + SUMS), _read_floats(path, head, name + COUNTS)
    if not len(counts) or not len(squares) or len(squares) % len(counts):
        raise GgufError(f"{name!r} has {len(squares)} sums for {len(counts)} counts")
    if not (np.isfinite(squares).all() and np.isfinite(counts).all()) or squares.min() < 0 or counts.min() < 0:
        raise GgufError(f"{name!r} holds numbers that no sum of squares can be")
    return ActivationSums(squares.reshape(len(counts), -1), counts)


def _read_floats(path: Path, head: GgufHeader, name: str) -> Doubles:
    tensor = head.tensors[name]
    count = int(np.prod(tensor.shape, dtype=object))
    if tensor.type != _F32 or tensor.start + 4 * count > path.stat().st_size:
        raise GgufError(f"the tensor {name!r} is not whole, or not of 32-bit numbers")
    return np.fromfile(path, dtype="<f4", count=count, offset=tensor.start).astype(np.float64)


def write_matrix(path: Path, matrix: ImportanceMatrix) -> None:
    """Write a file that `read_matrix` and llama.cpp's own tools read."""
    tensors: dict[str, NDArray[np.float32]] = {}
    for name in sorted(matrix.weights):
        sums = matrix.weights[name]
        tensors[name + SUMS] = sums.squares.astype("<f4")
        tensors[name + COUNTS] = sums.counts.reshape(-1, 1).astype("<f4")
    path.write_bytes(encode_gguf({"general.type": "imatrix", **matrix.facts}, tensors))


def encode_gguf(facts: Mapping[str, MetadataValue], tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return a GGUF file of facts and of tensors of 32-bit numbers, whose shapes are numpy's."""
    out = bytearray(MAGIC + struct.pack("<IQQ", 3, len(tensors), len(facts)))
    for key, value in facts.items():
        out += _encode_text(key) + _encode_value(value)
    start = 0
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]
        out += _encode_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, _F32, start)
        start += -(-4 * tensor.size // ALIGNMENT) * ALIGNMENT
    for tensor in tensors.values():
        out += b"\0" * (-len(out) % ALIGNMENT) + tensor.astype("<f4").tobytes()
    return bytes(out)


def _encode_text(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return struct.pack("<Q", len(data)) + data


def _encode_value(value: MetadataValue) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _encode_text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _U32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT, value)
    texts = [one for one in value if isinstance(one, str)]
    if texts or not value:
        return struct.pack("<IIQ", _ARRAY, _STRING, len(texts)) + b"".join(map(_encode_text, texts))
    return struct.pack(f"<IIQ{len(value)}i", _ARRAY, _I32, len(value), *value)

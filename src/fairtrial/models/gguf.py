"""The head of a GGUF file: what the model is, without loading it.

Reads only as far as the tensor list and trusts nothing in it: every count and length is checked against the file's
size.  Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MAGIC = b"GGUF"
MOST_ENTRIES = 3_000_000
MOST_TENSORS = 200_000
MOST_KEYS = 100_000
LONGEST_NAME = 65_535
LONGEST_KEPT = 1_000_000
MOST_KEPT = 50_000_000
"""Bytes of texts that are kept, all together."""
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9
LENGTH = struct.Struct("<Q")
SPLIT = re.compile(r"^(?P<stem>.+)-(?P<part>\d{5})-of-(?P<parts>\d{5})\.gguf$")
FILE_TYPES = {
    **{0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1", 10: "q2_k", 11: "q3_k_s"},
    **{12: "q3_k_m", 13: "q3_k_l", 14: "q4_k_s", 15: "q4_k_m", 16: "q5_k_s", 17: "q5_k_m", 18: "q6_k"},
    **{19: "iq2_xxs", 20: "iq2_xs", 21: "q2_k_s", 22: "iq3_xs", 23: "iq3_xxs", 24: "iq1_s", 25: "iq4_nl"},
    **{26: "iq3_s", 27: "iq3_m", 28: "iq2_s", 29: "iq2_m", 30: "iq4_xs", 31: "iq1_m", 32: "bf16", 36: "tq1_0"},
    **{37: "tq2_0", 38: "mxfp4_moe", 39: "nvfp4", 40: "q1_0", 41: "q2_0"},
}
"""``general.file_type`` to the name of the type that most weights have."""
UNQUANTIZED = frozenset({"f32", "f16", "bf16", "f64"})
TENSOR_TYPES = {
    **{0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: "q8_0", 10: "q2_k", 11: "q3_k", 12: "q4_k"},
    **{13: "q5_k", 14: "q6_k", 16: "iq2_xxs", 17: "iq2_xs", 18: "iq3_xxs", 19: "iq1_s", 20: "iq4_nl", 21: "iq3_s"},
    **{22: "iq2_s", 23: "iq4_xs", 28: "f64", 29: "iq1_m", 30: "bf16", 34: "tq1_0", 35: "tq2_0", 39: "mxfp4"},
    **{40: "nvfp4"},
}
"""ggml's number of a tensor's type to its name."""
MADE_FROM = "fairtrial.made_from"
"""Value of a file that was made here: the types that its weights had before, oldest first, with commas between."""


class GgufError(ValueError):
    """The file is not a readable GGUF file."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: its shape (fastest dimension first), ggml type number, and first byte in the file."""

    name: str
    shape: tuple[int, ...]
    type: int
    start: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says about itself.

    Attributes:
        values: its single values by key; long texts and lists are left out.
        keys: all its keys.
        tensors: by name.
    """

    values: dict[str, object]
    keys: frozenset[str]
    tensors: dict[str, TensorInfo] = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        """Name of the network's kind, e.g. ``llama``."""
        return str(self.values.get("general.architecture", "unknown"))

    @property
    def weights(self) -> int:
        """Number of weights in this file."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())

    @property
    def file_type(self) -> str | None:
        """Type of most weights, e.g. ``q4_1``; None if the file does not say."""
        number = self.values.get("general.file_type")
        return FILE_TYPES.get(number) if isinstance(number, int) else None

    @property
    def weights_type(self) -> str | None:
        """Type of most weights: as the file says, unless its tensors say that they are rounded and it does not."""
        counts: dict[str | None, int] = {}
        for tensor in self.tensors.values():
            name = TENSOR_TYPES.get(tensor.type)
            counts[name] = counts.get(name, 0) + math.prod(tensor.shape)
        most = max(counts, key=lambda name: counts[name], default=None)
        own = self.file_type
        return most if own is None or (own in UNQUANTIZED and most is not None) else own

    @property
    def made_from(self) -> tuple[str, ...]:
        """Types that its weights had before, oldest first, where the file says so."""
        told = str(self.values.get(MADE_FROM, "")).split(",")
        return tuple(name for name in told if name in FILE_TYPES.values())

    @property
    def context(self) -> int | None:
        """Tokens of context that the model was trained with."""
        number = self.values.get(f"{self.architecture}.context_length")
        return number if isinstance(number, int) else None

    @property
    def has_chat_template(self) -> bool:
        """Whether the file brings a chat template."""
        return "tokenizer.chat_template" in self.keys


def read_header(path: Path) -> GgufHeader:
    """Return what a GGUF file says about itself; raises GgufError, and OSError if it cannot be opened."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise GgufError("it does not begin with 'GGUF'")
        return _HeaderReader(file, size).read_head()


class _HeaderReader:
    """Reads the head of one file, forwards."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size
        self.entries = 0
        self.kept = 0

    def read_head(self) -> GgufHeader:
        """Return the head; the magic bytes have been read."""
        version = self.read_number("<I")
        if version not in (2, 3):
            raise GgufError(f"GGUF version {version}; versions 2 and 3 can be read")
        tensors, keys = self.read_count(MOST_TENSORS), self.read_count(MOST_KEYS)
        found = {self.read_name(): self.read_value(int(self.read_number("<I")), 0) for _ in range(keys)}
        listed = [self.read_tensor() for _ in range(tensors)]
        values = {key: value for key, value in found.items() if value is not None}
        alignment = values.get("general.alignment", 32)
        step = alignment if isinstance(alignment, int) and 0 < alignment <= 2**20 else 32
        start = -(-self.file.tell() // step) * step
        placed = {t.name: TensorInfo(t.name, t.shape, t.type, start + t.start) for t in listed}
        return GgufHeader(values, frozenset(found), placed)

    def read_tensor(self) -> TensorInfo:
        """Return one entry of the tensor list; its first byte is counted from the first tensor's."""
        name = self.read_name()
        dimensions = int(self.read_number("<I"))
        if dimensions > 8:
            raise GgufError(f"tensor {name!r} has {dimensions} dimensions")
        shape = tuple(int(self.read_number("<Q")) for _ in range(dimensions))
        return TensorInfo(name, shape, int(self.read_number("<I")), int(self.read_number("<Q")))

    def read_value(self, kind: int, depth: int) -> object:
        """Return a single value; None for lists and long texts, which are passed over."""
        if kind in SCALARS:
            return self.read_number(SCALARS[kind])
        if kind == STRING:
            return self.read_text()
        if kind != ARRAY or depth > 3:
            raise GgufError(f"a value of the unknown kind {kind}")
        inner, count = int(self.read_number("<I")), self.read_count()
        if inner in SCALARS:
            self.skip(count * struct.calcsize(SCALARS[inner]))
            return None
        if inner == STRING:
            self.skip_texts(count)
            return None
        for _ in range(count):
            self.read_value(inner, depth + 1)
        return None

    def skip_texts(self, count: int) -> None:
        """Pass over texts: vocabularies are hundreds of thousands of short ones."""
        read, seek, unpack = self.file.read, self.file.seek, LENGTH.unpack
        for _ in range(count):
            length = read(8)
            if len(length) != 8:
                raise GgufError("the file ends too soon")
            seek(min(unpack(length)[0], self.size), 1)
        self.skip(0)  # raises if the last text ended behind the file's end

    def read_count(self, most: int = MOST_ENTRIES) -> int:
        """Return how many entries follow."""
        number = int(self.read_number("<Q"))
        self.entries += number
        if number > min(most, self.size) or self.entries > MOST_ENTRIES:
            raise GgufError(f"{number:,} entries do not fit into the file")
        return number

    def read_number(self, form: str) -> int | float | bool:
        """Return one number."""
        found: int | float | bool = struct.unpack(form, self.read_bytes(struct.calcsize(form)))[0]
        return found

    def read_name(self) -> str:
        """Return the name of a value or tensor."""
        length = int(self.read_number("<Q"))
        if length > LONGEST_NAME:
            raise GgufError(f"a name of {length:,} bytes; at most {LONGEST_NAME:,} are allowed")
        self.kept += length
        return self.read_bytes(length).decode("utf-8", "replace")

    def read_text(self) -> str:
        """Return one text; of a very long one, its beginning."""
        length = int(self.read_number("<Q"))
        kept = self.read_bytes(min(length, LONGEST_KEPT))
        self.kept += len(kept)
        if self.kept > MOST_KEPT:
            raise GgufError(f"it has more than {MOST_KEPT / 1e6:.0f} MB of texts beside its vocabulary")
        self.skip(length - len(kept))
        return kept.decode("utf-8", "replace")

    def read_bytes(self, length: int) -> bytes:
        """Return the next bytes."""
        found = self.file.read(length)
        if len(found) != length:
            raise GgufError("the file ends too soon")
        return found

    def skip(self, length: int) -> None:
        """Pass over bytes."""
        if length > self.size - self.file.tell():
            raise GgufError("the file ends too soon")
        self.file.seek(length, 1)


def list_split_names(name: str) -> list[str]:
    """Return the names of all parts of the split model that ``name`` is a part of; ``[name]`` if it is not split."""
    match = SPLIT.match(name)
    if match is None or not 0 < int(match["parts"]) < 10_000:
        return [name]
    return [f"{match['stem']}-{part:05}-of-{match['parts']}.gguf" for part in range(1, int(match["parts"]) + 1)]

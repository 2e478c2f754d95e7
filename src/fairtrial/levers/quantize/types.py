"""The types of weight that llama.cpp's quantiser writes: their names, what they need, about how large they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.models.gguf import list_split_names, read_header

PREFIX = "LLAMA_FTYPE_MOSTLY_"
NEEDS_IMATRIX = frozenset({"iq1_m", "iq1_s", "iq2_m", "iq2_s", "iq2_xs", "iq2_xxs", "q2_k_s", "iq3_xs", "iq3_xxs"})
"""Types of which llama.cpp refuses to write some weights without an importance matrix."""
UNWRITABLE = frozenset({"nvfp4"})
"""Types that it reads and cannot write."""
FOR_EXPERTS = frozenset({"mxfp4_moe"})
"""Types of experts' weights alone; everything else becomes q8_0."""
BLOCK = 256
"""Weights of a row that most types of few bits take together; other rows get a wider type."""
ANY_ROW = frozenset({"f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "iq4_nl", "mxfp4_moe"})
"""Types of smaller blocks, which suit nearly all rows."""
WIDE = {"f32": 32.0, "f16": 16.0, "bf16": 16.0}


def list_types(llama_cpp: Any) -> dict[str, int]:
    """Return the types that the library can write, by lower-case name."""
    found = {
        name.removeprefix(PREFIX).lower(): int(getattr(llama_cpp, name))
        for name in dir(llama_cpp)
        if name.startswith(PREFIX)
    }
    return {name: number for name, number in found.items() if name not in UNWRITABLE} | {"f32": 0}


def choose_type(given: object, known: Mapping[str, int], *, with_matrix: bool) -> str:
    """Return the name of the type that the user asked for.

    Raises SpecError if it is no name, not a type, or a type that needs an importance matrix and none is given.
    """
    if not isinstance(given, str):
        raise SpecError(f"quantize takes the name of a type, e.g. quantize: q4_k_m; got {given!r}.")
    kind = given.lower()
    if kind not in known:
        raise SpecError(
            f"quantize: there is no type {given!r}.{did_you_mean(kind, known)}",
            fix=f"Types of the installed llama.cpp: {', '.join(sorted(known))}.",
        )
    if kind in NEEDS_IMATRIX and not with_matrix:
        raise SpecError(
            f"quantize: {kind} needs an importance matrix: which inputs of each weight matter.",
            fix="Have one computed on a text, calibrate: FILE (on the command line: --calibrate FILE), in a trial also "
            "on its tasks' few-shot examples, calibrate: shots; or name one, imatrix: FILE. "
            f"In a trial: {{quantize: {{type: {kind}, calibrate: shots}}}}. Without one: q2_k, iq3_s or a larger type.",
        )
    return kind


def compute_least_bytes(source: Path, kind: str) -> int:
    """Return bytes that a file of that type cannot do without: bits of the type times weights."""
    digits = re.search(r"\d", kind)
    bits = WIDE.get(kind) or (int(digits[0]) if digits else 1)
    weights = sum(read_header(source.with_name(name)).weights for name in list_split_names(source.name))
    return int(weights * bits / 8)


def count_widened(source: Path, kind: str) -> tuple[int, int]:
    """Return how many weight matrices have rows that do not suit the type, and get a wider one; and of how many."""
    shapes = [
        tensor.shape
        for name in list_split_names(source.name)
        for tensor in read_header(source.with_name(name)).tensors.values()
        if len(tensor.shape) > 1
    ]
    if kind in ANY_ROW:
        return 0, len(shapes)
    return sum(shape[0] % BLOCK != 0 for shape in shapes), len(shapes)

"""The weights of an adapter as matrices in the layout of its parent's GGUF file, wherever they were read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fairtrial.errors import ModelError
from fairtrial.levers.tune.adapters.naming import count_paired_heads, name_tensor
from fairtrial.models.adapters import LoraModule, PeftAdapter, read_peft
from fairtrial.models.adapters.naming import check_gguf_adapter
from fairtrial.models.adapters.numbers import AdapterFloats, read_numbers
from fairtrial.models.adapters.peft import TensorPlace
from fairtrial.models.gguf import TENSOR_TYPES, GgufHeader, TensorInfo, read_header

LORA_A, LORA_B, ALPHA = ".lora_a", ".lora_b", "adapter.lora.alpha"
_ROWS = 1024
_GGUF_TYPES = {"f32": "F32", "f16": "F16", "bf16": "BF16"}
LARGEST = {"f16": 65504.0, "f32": float(np.finfo(np.float32).max)}
"""That a type of weights can hold; 16-bit brain floats hold what 32-bit ones do."""


@dataclass(frozen=True, slots=True)
class WeightChange:
    """What an adapter does to one weight matrix W of shape (outputs, inputs).

    Attributes:
        name: of the tensor in the parent's file, or of the layer in a network.
        a: (rank, inputs).
        b: (outputs, rank).
        scale: W becomes W + scale * b @ a.
        magnitude: (outputs,) lengths that its rows get after that (DoRA); None leaves them.
    """

    name: str
    a: AdapterFloats
    b: AdapterFloats
    scale: float
    magnitude: AdapterFloats | None = None

    def apply(self, weights: AdapterFloats) -> AdapterFloats:
        """Return the changed weights.

        Computed in 64 bits, some rows at a time: what a machine's own order of sums changes is then too small to be
        seen in the file, whose hash is who a candidate is.
        """
        changed, inputs = np.empty_like(weights), self.a.astype(np.float64)
        for at in range(0, len(weights), _ROWS):
            part = slice(at, at + _ROWS)
            rows = weights[part].astype(np.float64) + self.scale * (self.b[part].astype(np.float64) @ inputs)
            if self.magnitude is not None:
                lengths = np.maximum(np.linalg.norm(rows, axis=1), np.finfo(np.float32).tiny)
                rows *= (self.magnitude[part] / lengths)[:, None]
            with np.errstate(over="ignore"):  # whoever writes them checks
                changed[part] = rows
        return changed


def check_change(change: WeightChange, where: Path) -> WeightChange:
    """Return what an adapter does to a matrix; raise ModelError if it adds more than 16-bit floats can hold.

    Of two small matrices a bound is found first; their product is only computed where that is too large.
    """
    a, b = (np.abs(part.astype(np.float64)) for part in (change.a, change.b))
    scale, most = abs(change.scale), LARGEST["f16"]
    if not a.size or not b.size or scale * float(b.max(axis=0) @ a.max(axis=1)) <= most:
        return change
    whole = change.a.astype(np.float64)
    parts = (change.b[at : at + _ROWS].astype(np.float64) @ whole for at in range(0, len(b), _ROWS))
    added = scale * max(float(np.abs(part).max()) for part in parts)
    if added <= most:  # which what is no number is not
        return change
    raise ModelError(
        f"The adapter adds as much as {added:.2g} to a weight of {change.name}, and weights of a model are about 1.",
        fix="Its training failed, or its file is damaged: make it again, or get it again.",
        where=str(where),
    )


def check_size(name: str, weights: AdapterFloats, largest: float) -> None:
    """Raise ModelError if changed weights are no finite numbers, or larger than their type can hold."""
    most = float(np.abs(weights).max(initial=0.0))
    if most <= largest:  # which what is no number is not
        return
    raise ModelError(
        f"With the adapter, weights of {name} are as large as {most:.2g}, and {largest:.5g} is the most that their "
        "type holds.",
        fix="Its training failed, or it is another model's: weights of a model are about 1.",
    )


def read_module(adapter: PeftAdapter, name: str) -> WeightChange:
    """Return what an adapter in a folder does to one layer, in the layout of transformers.

    Raises ModelError if some of it are no finite numbers, or far too large.
    """
    module: LoraModule = adapter.modules[name]
    a, b = (read_numbers(adapter.weights, place) for place in (module.a, module.b))
    magnitude = read_numbers(adapter.weights, module.magnitude).ravel() if module.magnitude else None
    return check_change(WeightChange(name, a, b, module.scale, magnitude), adapter.weights)


def read_changes(adapter: Path, parent: GgufHeader) -> Iterator[WeightChange]:
    """Yield what an adapter does to each weight matrix of a GGUF file, in that file's own layout.

    Args:
        adapter: a folder in PEFT's form, or a GGUF LoRA.
        parent: head of the model's file.

    Raises ModelError if it is another model's, or does what cannot be done there.
    """
    if adapter.is_dir():
        peft = read_peft(adapter)
        named = {name: name_tensor(name, parent) for name in peft.modules}
        for name, tensor in named.items():
            module = peft.modules[name]
            _check_fits(tensor, (module.b.shape[0], module.a.shape[1]), parent, adapter)
        for name, tensor in named.items():
            yield _rearrange(read_module(peft, name), tensor, parent)
    else:
        yield from _read_gguf(adapter, parent)


def _rearrange(change: WeightChange, tensor: str, parent: GgufHeader) -> WeightChange:
    heads = count_paired_heads(tensor, parent)
    if not heads:
        return WeightChange(tensor, change.a, change.b, change.scale, change.magnitude)
    if len(change.b) % (2 * heads):
        raise ModelError(f"The adapter has {len(change.b)} rows for {tensor}, no multiple of its {heads} heads' pairs.")
    magnitude = None if change.magnitude is None else pair_neighbours(change.magnitude[:, None], heads)[:, 0]
    return WeightChange(tensor, change.a, pair_neighbours(change.b, heads), change.scale, magnitude)


def pair_neighbours(rows: AdapterFloats, heads: int) -> AdapterFloats:
    """Return rows of query or key so that rotary positions turn neighbours, where they turned halves of a head."""
    return rows.reshape(heads, 2, len(rows) // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def _check_fits(tensor: str, shape: tuple[int, int], parent: GgufHeader, where: Path) -> None:
    """Raise ModelError if the parent has no tensor of that name and shape."""
    found = parent.tensors.get(tensor)
    own = None if found is None else found.shape[::-1]
    if own == shape:
        return
    told = f"there is no {tensor} in the model's file" if own is None else f"{tensor} is {own[0]} x {own[-1]} there"
    raise ModelError(
        f"The adapter is another model's: {told}, and the adapter's is {shape[0]} x {shape[1]}.",
        fix="Name the model that it was trained on.",
        where=str(where),
    )


def _read_gguf(path: Path, parent: GgufHeader) -> Iterator[WeightChange]:
    check_gguf_adapter(path)
    head = read_header(path)
    if head.architecture != parent.architecture:
        raise ModelError(
            f"The adapter is for a model of the kind {head.architecture!r}, and this one is {parent.architecture!r}.",
            where=str(path),
        )
    names = {name.removesuffix(LORA_A).removesuffix(LORA_B) for name in head.tensors}
    alpha = head.values.get(ALPHA)
    for name in sorted(names):
        pair = [head.tensors.get(name + end) for end in (LORA_A, LORA_B)]
        if None in pair:
            raise ModelError(f"The adapter has only one of the two matrices of {name}.", where=str(path))
        a, b = (read_numbers(path, _place(tensor, path)) for tensor in pair if tensor)
        if a.ndim != 2 or b.ndim != 2 or len(a) != b.shape[1]:
            raise ModelError(f"The adapter's matrices of {name} do not go together.", where=str(path))
        _check_fits(name, (len(b), a.shape[1]), parent, path)
        given = float(alpha) if isinstance(alpha, int | float) else 0.0
        scale = given / len(a) if given else 1.0  # without alpha llama.cpp takes 1
        yield check_change(WeightChange(name, a, b, scale), path)


def _place(tensor: TensorInfo, path: Path) -> TensorPlace:
    kind = TENSOR_TYPES.get(tensor.type, "unknown")
    if kind not in _GGUF_TYPES:
        told = f"The adapter's {tensor.name} is of the type {kind}; {', '.join(_GGUF_TYPES)} are read."
        raise ModelError(told, fix="Convert it anew with --outtype f16 or f32.", where=str(path))
    return TensorPlace(_GGUF_TYPES[kind], tensor.shape[::-1], tensor.start)

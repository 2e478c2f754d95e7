"""An adapter in PEFT's form written as a GGUF LoRA, which llama.cpp loads beside a model, quantised or not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from fairtrial.errors import ModelError
from fairtrial.levers.quantize.imatrix import MetadataValue, encode_gguf
from fairtrial.levers.tune.adapters.matrices import ALPHA, LORA_A, LORA_B, read_changes
from fairtrial.models.adapters import read_peft
from fairtrial.models.adapters.numbers import AdapterFloats
from fairtrial.models.gguf import GgufError, GgufHeader, list_split_names, read_header

VERSION = 1
"""Goes up when the same folder becomes another file."""


def write_gguf_adapter(peft_folder: Path, parent: Path, target: Path) -> None:
    """Write an adapter in PEFT's form as a GGUF LoRA of 32-bit floats, whole or not at all.

    The same folder and the same kind of parent give the same bytes.

    Args:
        peft_folder: with ``adapter_config.json`` and ``adapter_model.safetensors``.
        parent: GGUF file of the model that it belongs to, of any type of weights: names, shapes and heads are read.
        target: the file to write.

    Raises ModelError for DoRA, which a GGUF LoRA cannot hold, and for whatever `read_changes` refuses.
    """
    adapter = read_peft(peft_folder)
    if adapter.is_dora:
        raise ModelError(
            "This adapter is DoRA: it scales each row of a changed weight to a length of its own, which is no product "
            "of two small matrices, and llama.cpp's adapters are nothing else.",
            fix="Merge it into the weights: `merge: true` of the lever tune, or fairtrial adapter merge.",
            where=str(peft_folder),
        )
    head = read_parent(parent)
    tensors: dict[str, AdapterFloats] = {}
    for change in read_changes(peft_folder, head):
        wanted = adapter.alpha / len(change.a)  # what llama.cpp makes of alpha and rank
        b = change.b if change.scale == wanted else change.b * np.float32(change.scale / wanted)
        tensors[change.name + LORA_A], tensors[change.name + LORA_B] = change.a, b
    facts: dict[str, MetadataValue] = {
        "general.architecture": head.architecture,
        "general.type": "adapter",
        "general.file_type": 0,
        "adapter.type": "lora",
        ALPHA: adapter.alpha,
    }
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(encode_gguf(facts, tensors))
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def read_parent(path: Path) -> GgufHeader:
    """Return the head of a model's file, of a split one with the tensors of all its parts.

    Raises ModelError if it cannot be read.
    """
    try:
        heads = [read_header(path.with_name(name)) for name in list_split_names(path.name)]
        tensors = {name: tensor for head in heads for name, tensor in head.tensors.items()}
        return replace(heads[0], tensors=tensors)
    except (GgufError, OSError) as error:
        raise ModelError(f"The adapter's model cannot be read: {error}.", where=str(path)) from error

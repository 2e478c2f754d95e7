"""An adapter in PEFT's form laid over a network of transformers.

peft computes; its settings are made here from what `fairtrial.models.adapters` has checked, so that nothing in a
stranger's ``adapter_config.json`` reaches it: it takes names of layers as patterns, and imports modules that are named.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fairtrial.engines.transformers.libraries import import_peft, import_torch
from fairtrial.errors import ModelError
from fairtrial.models.adapters import LoraModule, PeftAdapter, read_peft
from fairtrial.models.adapters.numbers import read_numbers
from fairtrial.models.adapters.peft import TensorPlace

NAME = "default"


def attach_adapter(network: Any, path: Path) -> None:
    """Have a network compute with an adapter, whose numbers stay 32-bit floats whatever the network computes in.

    Args:
        network: of transformers, in evaluation mode.
        path: a folder in PEFT's form.

    Raises:
        ModelError: it is another network's, or no such folder.
        MissingExtraError: peft is not installed.
    """
    if not path.is_dir():
        raise ModelError(
            "transformers reads adapters in PEFT's form: a folder with adapter_config.json; this is a file.",
            fix="Name that folder, or leave out `engine: transformers` if the model is a GGUF file.",
            where=str(path),
        )
    adapter, peft = read_peft(path), import_peft()
    _check_layers(network, adapter)
    peft.inject_adapter_in_model(_make_config(peft, adapter), network, adapter_name=NAME)
    if adapter.is_dora:
        peft.helpers.DoraCaching(enabled=True)  # lengths of rows are computed once, not in every pass
    for name, module in adapter.modules.items():
        _fill(network.get_submodule(name), module, adapter)
    network.eval().requires_grad_(False)


def _make_config(peft: Any, adapter: PeftAdapter) -> Any:
    first = next(iter(adapter.modules.values()))
    usual = first.rank, first.scale * first.rank
    ranks, alphas = {}, {}
    for name, module in adapter.modules.items():
        if (own := (module.rank, module.scale * module.rank)) != usual:
            ranks[re.escape(name)], alphas[re.escape(name)] = own
    return peft.LoraConfig(
        r=usual[0],
        lora_alpha=usual[1],
        target_modules=list(adapter.modules),
        rank_pattern=ranks,
        alpha_pattern=alphas,
        use_dora=adapter.is_dora,
    )


def _check_layers(network: Any, adapter: PeftAdapter) -> None:
    """Raise ModelError if a layer is not there, or of another shape."""
    linear = import_torch().nn.Linear
    there = {name: layer for name, layer in network.named_modules() if isinstance(layer, linear)}
    for name, module in adapter.modules.items():
        wanted = (module.b.shape[0], module.a.shape[1])
        own = tuple(there[name].weight.shape) if name in there else None
        if own != wanted:
            told = f"there is no linear layer {name}" if own is None else f"its {name} is {own[0]} x {own[1]}"
            raise ModelError(
                f"The adapter is another model's: {told} in {type(network).__name__}, and the adapter's is "
                f"{wanted[0]} x {wanted[1]}.",
                fix="Name the model that it was trained on.",
                where=str(adapter.path),
            )


def _fill(layer: Any, module: LoraModule, adapter: PeftAdapter) -> None:
    """Put an adapter's numbers into one layer that peft has made."""
    device = layer.weight.device

    def read(place: TensorPlace) -> Any:
        torch = import_torch()
        return torch.nn.Parameter(torch.from_numpy(read_numbers(adapter.weights, place)).to(device), False)

    layer.lora_A[NAME].weight, layer.lora_B[NAME].weight = read(module.a), read(module.b)
    if module.magnitude is not None:
        lengths = read(module.magnitude)
        layer.lora_magnitude_vector[NAME].weight.data = lengths.data.reshape(-1)
    layer.scaling[NAME] = module.scale

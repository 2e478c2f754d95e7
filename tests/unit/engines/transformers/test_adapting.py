"""Adapters laid over a network of transformers: what peft computes when it reads them itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.adapters import TOKENS, compute_torch, draw_tensors, load_network, write_peft, write_small

from fairtrial.engines.transformers.adapting import attach_adapter
from fairtrial.errors import ModelError


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("peft")
    return write_small(tmp_path_factory.mktemp("small") / "m.gguf")


@pytest.mark.parametrize(
    ("tensors", "settings"),
    [
        ({}, {"use_rslora": True}),
        ({"ranks": {"k_proj": 2}}, {"rank_pattern": {"k_proj": 2}, "alpha_pattern": {"layers.0.self_attn.q_proj": 3}}),
        ({"dora": True}, {"use_dora": True}),
    ],
)
def test_an_adapter_computes_what_peft_computes(
    small: Path, tmp_path: Path, tensors: dict[str, Any], settings: dict[str, Any]
) -> None:
    import peft

    folder = write_peft(tmp_path, draw_tensors(**tensors), **settings)
    network, other = load_network(small), load_network(small)
    before = compute_torch(network, TOKENS)
    attach_adapter(network, folder)
    found = compute_torch(network, TOKENS)
    assert np.abs(found - compute_torch(peft.PeftModel.from_pretrained(other, str(folder)), TOKENS)).max() < 1e-4
    assert np.abs(found - before).mean() > 0.5
    assert not any(weight.requires_grad for name, weight in network.named_parameters() if "lora_" in name)


def test_an_adapter_of_another_network_is_refused(small: Path, tmp_path: Path) -> None:
    deep = {name.replace("layers.1", "layers.7"): tensor for name, tensor in draw_tensors().items()}
    network = load_network(small)
    with pytest.raises(ModelError, match=r"there is no linear layer model.layers.7.\S+ in LlamaForCausalLM"):
        attach_adapter(network, write_peft(tmp_path / "deep", deep))
    assert not [name for name, _ in network.named_parameters() if "lora" in name]
    with pytest.raises(ModelError, match="transformers reads adapters in PEFT's form"):
        attach_adapter(network, small)

"""GGUF adapters and merged weights, against transformers with peft, which had no hand in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.adapters import (
    KINDS,
    TOKENS,
    compute_llama,
    compute_torch,
    draw_tensors,
    load_network,
    write_peft,
    write_small,
)

from fairtrial.engines.llamacpp.probe import check_adapts
from fairtrial.errors import ModelError
from fairtrial.levers import fit_adapter
from fairtrial.levers.base import BuildContext
from fairtrial.levers.quantize.lever import QuantizeLever
from fairtrial.levers.tune.adapters import write_gguf_adapter
from fairtrial.levers.tune.merging import merge_adapter
from fairtrial.models import ResolvedModel, hash_file, resolve
from fairtrial.models.adapters import hash_adapter
from fairtrial.models.gguf import read_header
from fairtrial.spec.levers import Quantize

CLOSE = 0.05
"""Logits may differ by so much: llama.cpp keeps keys and values as 16-bit floats.  Adapters here change them by 1.8."""


def tell_nobody(_: str) -> None:
    """Take a line of progress."""


def give(path: Path, adapter: Path) -> ResolvedModel:
    return replace(resolve(f"gguf:{path}", path.parent), adapter=adapter, adapter_sha256=hash_adapter(adapter))


def compute_peft(path: Path, adapter: Path) -> np.ndarray:
    """Return the logits of transformers with an adapter that peft itself has read."""
    peft = pytest.importorskip("peft")
    network: Any = peft.PeftModel.from_pretrained(load_network(path), str(adapter))
    found: np.ndarray = compute_torch(network, TOKENS)
    return found


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())


@pytest.mark.parametrize("kind", KINDS)
def test_llama_cpp_computes_with_an_adapter_what_peft_computes(kind: str, tmp_path: Path) -> None:
    patterns = {"rank_pattern": {"k_proj": 2}, "alpha_pattern": {"k_proj": 5, "layers.0.mlp.up_proj": 3}}
    path = write_small(tmp_path / "m.gguf", kind)
    adapter = write_peft(tmp_path / "peft", draw_tensors(ranks={"k_proj": 2}), **patterns)
    write_gguf_adapter(adapter, path, tmp_path / "a.gguf")
    found, without = (compute_llama(path, one, TOKENS) for one in (tmp_path / "a.gguf", None))
    assert apart(found, compute_peft(path, adapter)) < CLOSE
    assert apart(found, without) > 20 * CLOSE


def test_dora_is_merged_and_says_so(tmp_path: Path) -> None:
    path = write_small(tmp_path / "m.gguf")
    adapter = write_peft(tmp_path / "peft", draw_tensors(dora=True), use_dora=True)
    with pytest.raises(ModelError, match="This adapter is DoRA"):
        write_gguf_adapter(adapter, path, tmp_path / "a.gguf")
    fitted = fit_adapter(give(path, adapter), tmp_path / "cache", tell_nobody)
    assert fitted.adapter is None
    assert "DoRA" in str(fitted.notes["adapter_merged"])
    assert fitted.path is not None
    assert apart(compute_llama(fitted.path, None, TOKENS), compute_peft(path, adapter)) < CLOSE


def test_merged_weights_compute_what_the_adapter_beside_them_does(tmp_path: Path) -> None:
    path = write_small(tmp_path / "m.gguf")
    adapter = write_peft(tmp_path / "peft", use_rslora=True)
    beside = fit_adapter(give(path, adapter), tmp_path / "cache", tell_nobody)
    assert beside.adapter is not None and beside.adapter.is_file()
    assert beside.adapter_sha256 == hash_file(beside.adapter)
    merged = merge_adapter(give(path, adapter), tmp_path / "cache", tell_nobody)
    from_gguf = merge_adapter(beside, tmp_path / "cache", tell_nobody)
    assert merged.path is not None and from_gguf.path is not None
    with_adapter = compute_llama(path, beside.adapter, TOKENS)
    assert apart(compute_llama(merged.path, None, TOKENS), with_adapter) < CLOSE
    assert hash_file(from_gguf.path) == hash_file(merged.path)
    assert merged.adapter is None and not merged.adapter_sha256
    assert merged.record()["merged_adapter_sha256"] == hash_adapter(adapter)
    assert merged.record()["weights_type"] == "f32"
    again = merge_adapter(give(path, adapter), tmp_path / "cache", tell_nobody)
    assert again == merged
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_quantising_behind_an_adapter_merges_into_wider_weights_first(tmp_path: Path) -> None:
    narrow = QuantizeLever("quantize").build(
        Quantize(type="q8_0"),
        resolve(f"gguf:{write_small(tmp_path / 'm.gguf')}", tmp_path),
        BuildContext(tmp_path / "cache", tell_nobody),
    )
    assert narrow.path is not None
    adapter = write_peft(tmp_path / "peft")
    tuned = replace(narrow, adapter=adapter, adapter_sha256=hash_adapter(adapter))
    told: list[str] = []
    made = QuantizeLever("quantize").build(Quantize(type="q8_0"), tuned, BuildContext(tmp_path / "cache", told.append))
    assert made.adapter is None and made.path is not None
    assert read_header(made.path).weights_type == "q8_0"
    assert made.notes["made_from"] == ["f32", "q8_0", "f16"]
    assert made.notes["parent_type"] == "f16"
    assert any("merging the adapter into 14 weight matrices" in line for line in told)
    with_adapter = compute_llama(narrow.path, fit_adapter(tuned, tmp_path / "cache", tell_nobody).adapter, TOKENS)
    without = compute_llama(narrow.path, None, TOKENS)
    rounded = compute_llama(made.path, None, TOKENS)
    assert np.abs(rounded - with_adapter).mean() < 0.3 * np.abs(without - with_adapter).mean()


@pytest.mark.parametrize(
    ("ends", "value", "told"),
    [
        (("lora_A", "lora_B"), 1e38, r"adds as much as 8e\+76 to a weight of"),
        (("lora_B",), 1e30, r"adds as much as \d\S*e\+\d\d to a weight of"),
        (("lora_A",), np.nan, "holds what is no finite number"),
    ],
)
def test_an_adapter_whose_numbers_are_far_too_large_is_refused_however_it_is_used(
    ends: tuple[str, ...], value: float, told: str, tmp_path: Path
) -> None:
    path, tensors = write_small(tmp_path / "m.gguf"), draw_tensors()
    for name, tensor in tensors.items():
        if "layers.1.self_attn.v_proj" in name and any(end in name for end in ends):
            tensor[:] = value
    adapter = write_peft(tmp_path / "peft", tensors)
    with pytest.raises(ModelError, match=told) as caught:
        write_gguf_adapter(adapter, path, tmp_path / "a.gguf")
    assert caught.value.where.startswith(str(adapter))
    for make in (fit_adapter, merge_adapter):  # of a trial; of `adapter merge`, and of quantising behind it
        with pytest.raises(ModelError, match=told):
            make(give(path, adapter), tmp_path / "cache", tell_nobody)
    assert not list(tmp_path.rglob("*.part")) and not (tmp_path / "a.gguf").exists()


def test_small_numbers_times_large_ones_are_no_fault(tmp_path: Path) -> None:
    path, tensors = write_small(tmp_path / "m.gguf"), draw_tensors()
    for name, tensor in tensors.items():
        tensor *= 1e-12 if "lora_A" in name else 1e12
    write_gguf_adapter(write_peft(tmp_path / "peft", tensors), path, tmp_path / "a.gguf")
    check_adapts(path, tmp_path / "a.gguf", "whole")
    assert (tmp_path / "a.gguf").exists()


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    path, target = write_small(tmp_path / "m.gguf"), tmp_path / "a.gguf"
    wide = {name: np.repeat(tensor, 2, 0) for name, tensor in draw_tensors().items()}
    wide = {name: tensor[:4] if "lora_A" in name else tensor for name, tensor in wide.items()}
    with pytest.raises(ModelError, match=r"blk.0.ffn_down.weight is 128 x 256 there, and the adapter's is 256 x 256"):
        write_gguf_adapter(write_peft(tmp_path / "wide", wide), path, target)
    deep = {name.replace("layers.1", "layers.7"): tensor for name, tensor in draw_tensors().items()}
    with pytest.raises(ModelError, match=r"there is no blk.7\.\S+ in the model's file"):
        write_gguf_adapter(write_peft(tmp_path / "deep", deep), path, target)
    head = {name.replace("model.layers.1.mlp.up_proj", "lm_head"): tensor for name, tensor in draw_tensors().items()}
    tied = write_small(tmp_path / "tied.gguf", tied=True)
    with pytest.raises(ModelError, match="lm_head, which this model shares between input and output"):
        write_gguf_adapter(write_peft(tmp_path / "head", head), tied, target)
    assert not target.exists() and not list(tmp_path.glob(".*.part"))


def test_a_kind_whose_layout_is_not_known_is_refused(tmp_path: Path) -> None:
    path = write_small(tmp_path / "m.gguf")
    path.write_bytes(path.read_bytes().replace(b"llama", b"falco"))
    with pytest.raises(ModelError, match=r"of the kind 'falco' cannot be made here.* is known of gemma3, llama"):
        write_gguf_adapter(write_peft(tmp_path / "peft"), path, tmp_path / "a.gguf")


def test_a_damaged_gguf_adapter_is_found_before_it_is_trusted(tmp_path: Path) -> None:
    path, target = write_small(tmp_path / "m.gguf"), tmp_path / "a.gguf"
    write_gguf_adapter(write_peft(tmp_path / "peft"), path, target)
    check_adapts(path, target, "whole")
    target.write_bytes(target.read_bytes()[:-5000])
    with pytest.raises(ModelError) as caught:
        check_adapts(path, target, "damaged")
    assert caught.value.where == str(target)


def test_transformers_takes_no_gguf_adapter(tmp_path: Path) -> None:
    path, target = write_small(tmp_path / "m.gguf"), tmp_path / "a.gguf"
    write_gguf_adapter(write_peft(tmp_path / "peft"), path, target)
    with pytest.raises(ModelError, match=r"a.gguf is a GGUF LoRA, which transformers does not read"):
        fit_adapter(replace(give(path, target), engine="transformers"), tmp_path, tell_nobody)

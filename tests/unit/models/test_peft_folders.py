"""Adapters in PEFT's form: what is read of a folder, what identifies it, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.adapters import draw_tensors, write_peft

from fairtrial.errors import ModelError, SpecError
from fairtrial.models import resolve_candidate
from fairtrial.models.adapters import CONFIG, WEIGHTS, hash_adapter, read_peft
from fairtrial.models.adapters.numbers import read_numbers
from fairtrial.models.adapters.peft import TensorPlace
from fairtrial.spec.candidate import Candidate

QUERY = "model.layers.0.self_attn.q_proj"


def test_ranks_and_scales_of_single_layers_are_read(tmp_path: Path) -> None:
    tensors = draw_tensors(ranks={"k_proj": 2})
    patterns = {"rank_pattern": {"k_proj": 2}, "alpha_pattern": {"^model.layers.0.mlp.up_proj$": 6}}
    modules = read_peft(write_peft(tmp_path, tensors, **patterns)).modules
    assert len(modules) == 14
    assert (modules[QUERY].rank, modules[QUERY].scale) == (4, 2.0)
    assert (modules["model.layers.1.self_attn.k_proj"].rank, modules["model.layers.1.self_attn.k_proj"].scale) == (2, 4)
    assert modules["model.layers.0.mlp.up_proj"].scale == 1.5
    assert modules["model.layers.1.mlp.up_proj"].scale == 2.0


def test_the_scale_of_rank_stabilised_lora_is_alpha_by_the_root_of_the_rank(tmp_path: Path) -> None:
    assert read_peft(write_peft(tmp_path, use_rslora=True)).modules[QUERY].scale == 4.0


def test_numbers_of_16_bits_are_read_as_they_are(tmp_path: Path) -> None:
    tensors = {name: tensor.astype(np.float16) for name, tensor in draw_tensors().items()}
    adapter = read_peft(write_peft(tmp_path, tensors))
    found = read_numbers(adapter.weights, adapter.modules[QUERY].a)
    assert np.array_equal(found, tensors[f"base_model.model.{QUERY}.lora_A.weight"].astype(np.float32))
    path = tmp_path / "bf16"
    path.write_bytes(np.array([0x3F80, 0xC000], "<u2").tobytes())  # 1 and -2
    assert read_numbers(path, TensorPlace("BF16", (2,), 0)).tolist() == [1.0, -2.0]


def test_identity_is_weights_and_scales_and_nothing_else(tmp_path: Path) -> None:
    one = hash_adapter(write_peft(tmp_path / "a", base_model_name_or_path="/home/me/model", target_modules=["x"]))
    assert one == hash_adapter(write_peft(tmp_path / "b", peft_version="0.1"))
    assert one != hash_adapter(write_peft(tmp_path / "c", lora_alpha=9))
    assert one != hash_adapter(write_peft(tmp_path / "d", draw_tensors(seed=4)))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"peft_type": "IA3"}, r"its kind \(peft_type\) is 'IA3'; LORA alone is read"),
        ({"task_type": "SEQ_CLS"}, "its task_type is 'SEQ_CLS'"),
        ({"r": 0}, r"its rank \(r\) is 0; allowed are 1 to"),
        ({"r": True}, r"its rank \(r\) is True"),
        ({"lora_alpha": 0}, "its lora_alpha is 0; it must be above 0 and at most 1e"),
        ({"lora_alpha": 10**400}, "its lora_alpha is 1000000"),
        ({"alpha_pattern": {"q_proj": 10**400}}, "alpha_pattern has 'q_proj'"),
        ({"use_newlora": True}, "'use_newlora', which is not done here"),
        ({"bias": "all"}, "it changes biases too"),
        ({"fan_in_fan_out": True}, "'fan_in_fan_out', which is not done here"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"megatron_config": {"a": 1}, "megatron_core": "os"}, "megatron_config"),
        (
            {"init_lora_weights": "pissa_niter_4"},
            "begun by 'pissa_niter_4', which changes the weights of its model too",
        ),
        ({"rank_pattern": {"(a+)+b": 3}}, r"rank_pattern has '\(a\+\)\+b': 3"),
        ({"r": 8}, "has the rank 4, and adapter_config.json says 8"),
        ({"use_dora": True}, "use_dora is set, and there is no lora_magnitude_vector of"),
    ],
)
def test_what_does_more_than_lora_on_linear_layers_is_refused(
    tmp_path: Path, settings: dict[str, object], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        read_peft(write_peft(tmp_path, **settings))


def test_a_tensor_that_is_no_part_of_lora_is_refused(tmp_path: Path) -> None:
    extra = {**draw_tensors(), "base_model.model.model.embed_tokens.lora_embedding_A": np.zeros((4, 8), np.float32)}
    with pytest.raises(ModelError, match=r"embed_tokens.lora_embedding_A', which is no part of LoRA on a linear layer"):
        read_peft(write_peft(tmp_path, extra))
    half = {name: tensor for name, tensor in draw_tensors().items() if "lora_B" not in name}
    with pytest.raises(ModelError, match="has no lora_B"):
        read_peft(write_peft(tmp_path, half))


def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    folder = write_peft(tmp_path)
    whole = (folder / WEIGHTS).read_bytes()
    for damaged in (whole[:-1], whole[:100], b"", b"\xff" * 64, b"version https://git-lfs.github.com/spec/v1\n"):
        (folder / WEIGHTS).write_bytes(damaged)
        with pytest.raises(ModelError, match=f"{WEIGHTS} is not a whole file"):
            read_peft(folder)
    (folder / WEIGHTS).unlink()
    (folder / "adapter_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match=r"no adapter_model.safetensors; adapter_model.bin may run code"):
        read_peft(folder)
    for text in ("[1]", "{", "{" * 100_000):
        (folder / WEIGHTS).write_bytes(whole)
        (folder / CONFIG).write_text(text)
        with pytest.raises(ModelError, match=CONFIG):
            read_peft(folder)


def test_numbers_that_are_none_are_told(tmp_path: Path) -> None:
    tensors = draw_tensors()
    tensors[f"base_model.model.{QUERY}.lora_A.weight"][0, 0] = np.nan
    adapter = read_peft(write_peft(tmp_path, tensors))
    with pytest.raises(ModelError, match="no finite number: its training failed"):
        read_numbers(adapter.weights, adapter.modules[QUERY].a)


def test_a_candidate_names_its_adapter(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF rest")
    folder = write_peft(tmp_path / "adapter")

    def find(adapter: str) -> object:
        candidate = Candidate(id="one", model="gguf:m.gguf", adapter=adapter)
        return resolve_candidate(candidate, tmp_path)

    named = Candidate(id="one", model="gguf:m.gguf", adapter="adapter")
    found = resolve_candidate(named, tmp_path)
    assert (found.adapter, found.adapter_sha256) == (folder, hash_adapter(folder))
    assert found.record()["adapter"] == "adapter"
    size = (folder / WEIGHTS).stat().st_size
    assert (found.record()["adapter_bytes"], found.record()["bytes"]) == (size, 9 + size)
    with pytest.raises(ModelError, match=r"there is nothing at .*adaptre. Did you mean 'adapter'\?"):
        find("adaptre")
    with pytest.raises(ModelError, match="The adapter cannot be read"):
        find("m.gguf")


def test_what_an_adapter_says_of_its_licence_and_training_is_on_the_record(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF rest")
    folder = write_peft(tmp_path / "adapter")
    (folder / "README.md").write_text("---\nlicense: other\nlicense_name: my-own\n---\n")
    tuning = {"seconds": 5, "data": {"rows": 3, "attribution": ["x"], "documents": ["y"]}}
    candidate = Candidate(id="one", model="gguf:m.gguf", adapter="adapter")
    for text, told in (("{", None), ("[]", None), (json.dumps(tuning), {"seconds": 5, "data": {"rows": 3}})):
        (folder / "tuning.json").write_text(text)
        assert resolve_candidate(candidate, tmp_path).record().get("tuning") == told
    assert resolve_candidate(candidate, tmp_path).record()["adapter_licence"] == "my-own"


def test_an_adapter_needs_weights_on_this_machine(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="an adapter is laid over weights on this machine, and openai:x has none"):
        Candidate(id="one", model="openai:x", adapter="adapter")
    with pytest.raises(ModelError, match="laid over weights on this machine; 'fake:x' has none"):
        resolve_candidate(Candidate(id="one", model="fake:x", adapter="adapter"), tmp_path)


def test_settings_that_only_the_training_used_are_passed_over(tmp_path: Path) -> None:
    settings = json.loads((write_peft(tmp_path, lora_dropout=0.1, revision="x") / CONFIG).read_text())
    assert settings["lora_dropout"] == 0.1
    assert read_peft(tmp_path).parameters == sum(tensor.size for tensor in draw_tensors().values())

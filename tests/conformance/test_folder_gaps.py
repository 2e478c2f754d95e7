"""Folders whose weights are not those of their network: refused, never filled with random numbers.  Tiny networks."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.engines.finite import find_flaw
from fairtrial.errors import ModelError
from fairtrial.models import choose_engine, resolve
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreRequest
from fairtrial.spec.candidate import Candidate
from tests.support.small_gguf import write_model

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
    pytest.skip("needs torch and transformers (the transformers extra)", allow_module_level=True)

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

pytestmark = pytest.mark.model

SETTINGS = EngineSettings(threads=1, batch_tokens=64)
SIZES: dict[str, Any] = {
    "vocab_size": 256,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 128,
}
Varied = Callable[..., Path]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "whole"
    torch.manual_seed(3)
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)).save_pretrained(path)
    letters = {letter: i for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    made = Tokenizer(models.BPE(vocab=letters, merges=[]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="!", eos_token="!").save_pretrained(path)
    return path


@pytest.fixture
def varied(whole: Path, tmp_path: Path) -> Varied:
    """Give a copy of the whole folder with other weights or settings."""

    def vary(change: Callable[[dict[str, Any]], object] = lambda _: None, **config: object) -> Path:
        shutil.copytree(whole, tmp_path / "m")
        weights = load_file(tmp_path / "m" / "model.safetensors")
        change(weights)
        save_file(weights, tmp_path / "m" / "model.safetensors", {"format": "pt"})
        settings = json.loads((whole / "config.json").read_text())
        (tmp_path / "m" / "config.json").write_text(json.dumps({**settings, **config}))
        return tmp_path / "m"

    return vary


def opened(path: Path) -> Engine:
    spec = f"hf:{path}"
    candidate = Candidate(id="a", model=spec, dtype="float32", context=100)
    return open_engine(candidate, resolve(spec, path.parent), SETTINGS)


def scores(engine: Engine) -> tuple[float, ...]:
    [answer] = engine.score([ScoreRequest((Pair(Prompt("the cat"), "sat"), Pair(Prompt("the cat"), "ran")))])
    engine.close()
    return answer.logprobs


def without(part: str) -> Callable[[dict[str, Any]], object]:
    def change(weights: dict[str, Any]) -> None:
        for name in [name for name in weights if part in name]:
            del weights[name]

    return change


@pytest.mark.parametrize(
    ("change", "config", "told"),
    [
        (without("lm_head"), {}, r"1 weight is missing and would be random: lm_head\.weight\."),
        (without("layers.1."), {}, r"9 weights are missing .* and 6 more"),
        (without("norm"), {}, r"5 weights are missing"),
        (
            lambda w: w.update({"model.more": torch.zeros(2)}),
            {},
            r"1 weight is in the files and not in .*: model\.more\.",
        ),
        (lambda _: None, {"num_hidden_layers": 1}, r"9 weights are in the files and not in the network"),
        (lambda _: None, {"num_hidden_layers": 3}, r"9 weights are missing"),
        (lambda _: None, {"num_hidden_layers": 10**7}, r"10,000,000 layers .*, and the files hold 21 tensors"),
        (lambda _: None, {"intermediate_size": 10**9}, r"describes 192,\d+,\d+,?\d* weights|describes .* weights, and"),
        (lambda _: None, {"intermediate_size": 64}, r"cannot load|of another shape"),
        (lambda _: None, {"model_type": "gpt2"}, r"missing and would be random|cannot load"),
        (lambda _: None, {"model_type": "mistral"}, r"model_type 'mistral' and .* LlamaForCausalLM, .* type 'llama'"),
        (lambda _: None, {"model_type": "no such"}, r"cannot load"),
        (lambda _: None, {"hidden_size": -1}, r"cannot load|describes"),
        (lambda _: None, {"num_attention_heads": 0}, r"cannot load"),
        (lambda _: None, {"vocab_size": "many"}, r"cannot load"),
    ],
)
def test_weights_that_do_not_fit_are_refused(varied: Varied, change: Any, config: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError, match=told) as caught:
        opened(varied(change, **config))
    assert caught.value.exit_code == 3


def test_tied_weights_and_old_buffers_are_no_gaps(varied: Varied, whole: Path) -> None:
    def tie(weights: dict[str, Any]) -> None:
        del weights["lm_head.weight"]
        weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(8)

    path = varied(tie, tie_word_embeddings=True)
    assert scores(opened(path)) == scores(opened(path)) != scores(opened(whole))


def test_only_hashed_files_are_seen(varied: Varied, whole: Path, tmp_path: Path) -> None:
    """A file that is not listed, such as a template of processors or pickled weights, is out of the library's sight."""
    path = varied()
    before = scores(opened(path))
    (path / "more").mkdir()
    torch.save({"model.norm.weight": torch.zeros(32)}, path / "pytorch_model.bin")
    (path / "modeling_own.py").write_text("raise SystemExit('never run')")
    assert scores(opened(path)) == before


def test_shards_in_a_folder_inside_are_read(varied: Varied, whole: Path) -> None:
    path = varied()
    weights = load_file(path / "model.safetensors")
    (path / "model.safetensors").unlink()
    (path / "parts").mkdir()
    first = {name: w for name, w in weights.items() if "layers.1" in name}
    second = {name: w for name, w in weights.items() if "layers.1" not in name}
    where = {}
    for name, part in (("parts/1.safetensors", first), ("2.safetensors", second)):
        save_file(part, path / name, {"format": "pt"})
        where |= dict.fromkeys(part, name)
    (path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    assert scores(opened(path)) == scores(opened(whole))


def test_a_gguf_file_without_a_weight_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    path = write_model(tmp_path / "m.gguf", without="blk.1.ffn_up.weight")
    model = choose_engine(resolve(f"gguf:{path}", tmp_path), "transformers")
    with pytest.raises(ModelError, match=r"missing and would be random|cannot load"):
        open_engine(Candidate(id="a", model=model.spec, engine="transformers"), model, SETTINGS)


def test_what_is_not_a_number_spoils_no_other_answer(varied: Varied) -> None:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())

    def spoil(weights: dict[str, Any]) -> None:
        weights["model.embed_tokens.weight"][letters.index("Z")] = float("nan")

    path = varied(spoil)
    engine = opened(path)
    texts = ["the cat sat", "the caZ sat", "the dog sat", "the doZ sat", "the hen sat"]
    scored = [ScoreRequest((Pair(Prompt(text), "down"), Pair(Prompt(text), "up"))) for text in texts]
    written = [GenerateRequest(Prompt(text), 5) for text in texts]
    for _ in range(2):
        answers = [*engine.score(scored), *engine.generate(written)]
        assert [bool(find_flaw(answer)) for answer in answers] == [False, True, False, True, False] * 2
    clean = opened(path)
    again = [
        *(next(iter(clean.score([r]))) for r in scored[::2]),
        *(next(iter(clean.generate([r]))) for r in written[::2]),
    ]
    assert again == [answers[i] for i in (0, 2, 4, 5, 7, 9)]

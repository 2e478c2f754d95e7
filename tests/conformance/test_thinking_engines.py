"""Models that think, made by hand: what follows each token is fixed.  What engines take for thought and answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.levers.quantize.imatrix import MetadataValue, encode_gguf
from fairtrial.models import resolve
from fairtrial.records import GenerateAnswer, GenerateRequest, Pair, Prompt, ScoreRequest
from fairtrial.spec.candidate import Candidate
from tests.support.small_gguf import byte_texts

pytestmark = pytest.mark.model

OPEN, CLOSE, SIZE = 200, 201, 256
NORMAL, USER_DEFINED = 1, 4
CHAIN = "Q[a\nb]CD.E"
"""What follows what; the brackets are the tags."""

SETTINGS = EngineSettings(threads=1, batch_tokens=64)


def number(letter: str) -> int:
    return {"[": OPEN, "]": CLOSE}.get(letter, ord(letter))


def following(size: int) -> np.ndarray:
    """Weights of the output: (size, size), 1 where the row's token follows the column's."""
    table = np.zeros((size, size), dtype=np.float32)
    for now, after in zip(CHAIN, CHAIN[1:] + CHAIN[-1], strict=True):
        table[number(after), number(now)] = 1.0
    return table


def gguf_model(path: Path) -> Candidate:
    eye, none = np.eye(SIZE, dtype=np.float32), np.zeros((SIZE, SIZE), dtype=np.float32)
    texts = byte_texts()
    texts[OPEN], texts[CLOSE] = "[THINK]", "[/THINK]"
    tensors = {"token_embd.weight": eye, "output_norm.weight": np.ones(SIZE, np.float32)}
    tensors["output.weight"] = following(SIZE)
    tensors |= {f"blk.0.{part}_norm.weight": np.ones(SIZE, np.float32) for part in ("attn", "ffn")}
    parts = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    tensors |= {f"blk.0.{part}.weight": none for part in parts}
    facts: dict[str, MetadataValue] = {
        "general.architecture": "llama",
        "general.file_type": 0,
        "llama.block_count": 1,
        "llama.context_length": 512,
        "llama.embedding_length": SIZE,
        "llama.feed_forward_length": SIZE,
        "llama.attention.head_count": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.vocab_size": SIZE,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.merges": [],
        "tokenizer.ggml.token_type": [USER_DEFINED if i in (OPEN, CLOSE) else NORMAL for i in range(SIZE)],
    }
    file = path / "thinks.gguf"
    file.write_bytes(encode_gguf(facts, tensors))
    return Candidate(id="thinks", model=f"gguf:{file}")


def hub_model(path: Path) -> Candidate:
    """The tags are special tokens here, which are left out of texts otherwise."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    # Byte-level letters in the order of the bytes, so that a token's number is its byte.
    vocabulary = {text: i for i, text in enumerate(byte_texts()) if i not in (OPEN, CLOSE)}
    vocabulary |= {"[THINK]": OPEN, "[/THINK]": CLOSE}
    made = Tokenizer(models.BPE(vocabulary, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken("[THINK]", special=True), AddedToken("[/THINK]", special=True)])
    words = transformers.PreTrainedTokenizerFast(tokenizer_object=made)
    config = transformers.LlamaConfig(
        vocab_size=SIZE, hidden_size=SIZE, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=512, tie_word_embeddings=False, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    network = transformers.LlamaForCausalLM(config).float().eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim == 2:
                weight.zero_()
            if name.endswith("embed_tokens.weight"):
                weight.copy_(torch.eye(SIZE))
            if name.endswith("lm_head.weight"):
                weight.copy_(torch.from_numpy(following(SIZE)))
    network.save_pretrained(path)
    words.save_pretrained(path)
    return Candidate(id="thinks", model=f"hf:{path}", dtype="float32")


def opened(kind: str, path: Path, **settings: object) -> Engine:
    if kind == "llamacpp":
        pytest.importorskip("llama_cpp")
    made = gguf_model(path) if kind == "llamacpp" else hub_model(path)
    candidate = Candidate.model_validate({**made.model_dump(), **settings})
    return open_engine(candidate, resolve(candidate.model, path), SETTINGS)


@pytest.mark.parametrize("kind", ["llamacpp", "transformers"])
def test_thought_and_answer(kind: str, tmp_path: Path) -> None:
    engine = opened(kind, tmp_path)
    plain, short, begun = engine.generate(
        [
            GenerateRequest(Prompt("Q"), 20, stop=("\n", ".")),
            GenerateRequest(Prompt("Q"), 3, stop=("\n", ".")),
            GenerateRequest(Prompt("Q[THINK]a" if kind == "llamacpp" else "Qa"), 20, stop=(".",)),
        ]
    )
    engine.close()
    assert (plain.thought, plain.text, plain.finish, plain.tokens) == ("a\nb", "CD", "stop", 8)
    assert plain.reasoning_tokens == 5 and not plain.unfinished
    assert (short.thought, short.text, short.finish, short.reasoning_tokens) == ("a", "", "length", 3)
    assert short.unfinished
    assert begun.text == "CD"  # a closing tag whose opening one is not in the text


@pytest.mark.parametrize("kind", ["llamacpp", "transformers"])
def test_all_is_the_answer_where_thoughts_are_not_looked_for(kind: str, tmp_path: Path) -> None:
    engine = opened(kind, tmp_path, thoughts="none")
    [answer] = engine.generate([GenerateRequest(Prompt("Q"), 20, stop=("\n",))])
    engine.close()
    assert isinstance(answer, GenerateAnswer)
    assert (answer.text, answer.thought) == ("[THINK]a" if kind == "llamacpp" else "a", "")


@pytest.mark.parametrize("kind", ["llamacpp", "transformers"])
def test_a_thought_is_cut_and_given_back(kind: str, tmp_path: Path) -> None:
    template = tmp_path / "asks.jinja"
    template.write_text("{# thinks in [THINK] #}Q")
    engine = opened(kind, tmp_path, chat=str(template))
    assert engine.can.thoughts
    wrapped = wrap_engine(read_lever({"think": 2}), engine, {})
    [cut] = wrapped.generate([GenerateRequest(Prompt("?"), 20, stop=(".",))])
    [at_once] = wrap_engine(read_lever({"think": 0}), engine, {}).generate(
        [GenerateRequest(Prompt("?"), 20, stop=(".",))]
    )
    scores = ScoreRequest(tuple(Pair(Prompt("What?"), text) for text in ("C", "E")))
    [scored] = wrapped.score([scores])
    engine.close()
    assert (cut.thought, cut.text, cut.tokens, cut.reasoning_tokens) == ("a", "CD", 5, 2)
    assert (at_once.thought, at_once.text, at_once.tokens) == ("", "CD", 3)
    assert scored.greedy == (True, False)

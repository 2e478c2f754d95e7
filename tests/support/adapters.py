"""Small models of random numbers and adapters for them, written byte by byte: no library that reads them had a hand in.

The models are GGUF files of 32-bit floats, two layers, keys and values shared by two heads each, bytes as tokens.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.levers.quantize.imatrix import MetadataValue, encode_gguf
from support.small_gguf import byte_texts

WIDTH, INNER, LAYERS, HEADS, SHARED, SIZE = 128, 256, 2, 4, 2, 32
KINDS = ("llama", "qwen2", "qwen3", "gemma3")
LAYER_SHAPES: Mapping[str, tuple[int, int]] = {
    "self_attn.q_proj": (HEADS * SIZE, WIDTH),
    "self_attn.k_proj": (SHARED * SIZE, WIDTH),
    "self_attn.v_proj": (SHARED * SIZE, WIDTH),
    "self_attn.o_proj": (WIDTH, HEADS * SIZE),
    "mlp.gate_proj": (INNER, WIDTH),
    "mlp.up_proj": (INNER, WIDTH),
    "mlp.down_proj": (WIDTH, INNER),
}
"""Layers of a network of transformers to (outputs, inputs)."""


def write_small(path: Path, kind: str = "llama", seed: int = 1, tied: bool = False) -> Path:
    """Write a model of one of the ``KINDS``; return its path."""
    draw = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray:
        return (draw.standard_normal(shape) * 0.15).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    tensors = {"token_embd.weight": weights(256, WIDTH), "output_norm.weight": ones}
    if not tied and kind != "gemma3":
        tensors["output.weight"] = weights(256, WIDTH)
    for layer in range(LAYERS):
        own = {"attn_norm.weight": ones, "ffn_norm.weight": ones}
        own |= {f"attn_{part}.weight": weights(SHARED * SIZE, WIDTH) for part in "kv"}
        own |= {"attn_q.weight": weights(HEADS * SIZE, WIDTH), "attn_output.weight": weights(WIDTH, HEADS * SIZE)}
        own |= {f"ffn_{part}.weight": weights(INNER, WIDTH) for part in ("gate", "up")}
        own["ffn_down.weight"] = weights(WIDTH, INNER)
        if kind == "qwen2":
            own |= {f"attn_{part}.bias": weights(HEADS * SIZE if part == "q" else SHARED * SIZE) for part in "qkv"}
        if kind in ("qwen3", "gemma3"):
            own |= {f"attn_{part}_norm.weight": np.ones(SIZE, np.float32) for part in "qk"}
        if kind == "gemma3":
            own |= {"post_attention_norm.weight": ones, "post_ffw_norm.weight": ones}
        tensors |= {f"blk.{layer}.{part}": tensor for part, tensor in own.items()}
    path.write_bytes(encode_gguf(_list_facts(kind), tensors))
    return path


def _list_facts(kind: str) -> dict[str, MetadataValue]:
    return {
        "general.architecture": kind,
        "general.file_type": 0,
        f"{kind}.block_count": LAYERS,
        f"{kind}.context_length": 512,
        f"{kind}.embedding_length": WIDTH,
        f"{kind}.feed_forward_length": INNER,
        f"{kind}.attention.head_count": HEADS,
        f"{kind}.attention.head_count_kv": SHARED,
        f"{kind}.attention.key_length": SIZE,
        f"{kind}.attention.value_length": SIZE,
        f"{kind}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{kind}.rope.freq_base": 10000.0,
        f"{kind}.rope.dimension_count": SIZE,
        f"{kind}.vocab_size": 256,
        **({f"{kind}.attention.sliding_window": 512} if kind == "gemma3" else {}),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": byte_texts(),
        "tokenizer.ggml.merges": [],
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 0,
    }


def draw_tensors(
    rank: int = 4,
    *,
    seed: int = 3,
    parts: Sequence[str] = tuple(LAYER_SHAPES),
    ranks: Mapping[str, int] | None = None,
    dora: bool = False,
) -> dict[str, np.ndarray]:
    """Return an adapter's tensors by PEFT's names, large enough to change what the model says."""
    draw, found = np.random.default_rng(seed), dict[str, np.ndarray]()
    for layer in range(LAYERS):
        for part in parts:
            out, into = LAYER_SHAPES[part]
            own = (ranks or {}).get(part.rpartition(".")[2], rank)
            name = f"base_model.model.model.layers.{layer}.{part}"
            found[f"{name}.lora_A.weight"] = (draw.standard_normal((own, into)) * 0.2).astype(np.float32)
            found[f"{name}.lora_B.weight"] = (draw.standard_normal((out, own)) * 0.2).astype(np.float32)
            if dora:
                found[f"{name}.lora_magnitude_vector"] = draw.uniform(1, 3, out).astype(np.float32)
    return found


def write_peft(folder: Path, tensors: Mapping[str, np.ndarray] | None = None, **settings: Any) -> Path:
    """Write an adapter in PEFT's form; return its folder."""
    tensors = draw_tensors() if tensors is None else tensors
    folder.mkdir(parents=True, exist_ok=True)
    parts = sorted({name.split(".")[-3] for name in tensors if name.endswith("weight")})
    usual = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "target_modules": parts}
    (folder / "adapter_config.json").write_text(json.dumps({**usual, "bias": "none", **settings}))
    head, at = dict[str, Any](), 0
    for name, tensor in tensors.items():
        kind = {"float32": "F32", "float16": "F16"}[str(tensor.dtype)]
        head[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(head).encode()
    data = b"".join(tensor.tobytes() for tensor in tensors.values())
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    return folder


def compute_llama(path: Path, adapter: Path | None, tokens: Sequence[int]) -> np.ndarray:
    """Return the logits of llama.cpp after every token: (tokens, 256)."""
    from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model

    model, count = Model(path, packed=False, adapter=adapter), len(tokens)
    context = Context(model, ContextShape(256, 64, 1, 64, 1, 0))
    context.tokens[:count], context.positions[:count] = tokens, np.arange(count)
    context.wanted[:count] = 1
    context.set_sequences(np.zeros(count, np.int32), np.ones(count, np.int32))
    found = np.array(context.run(count))
    context.close()
    model.close()
    return found


def load_network(path: Path) -> Any:
    """Return a GGUF file's network of transformers, in 32-bit floats."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    kind = transformers.AutoModelForCausalLM
    own = {"head_dim": SIZE} if b"qwen3" in path.read_bytes()[:100] else {}  # of its file transformers passes it over
    network = kind.from_pretrained(str(path.parent), gguf_file=path.name, dtype="float32", **own).eval()
    for layer in network.model.layers:
        layer.self_attn.scaling = SIZE**-0.5  # Gemma's own scalar is no part of a GGUF file
    return network


def compute_torch(network: Callable[..., Any], tokens: Sequence[int]) -> np.ndarray:
    """Return the logits of a network of transformers after every token."""
    import torch

    with torch.no_grad():
        found: np.ndarray = network(torch.tensor([list(tokens)])).logits[0].numpy()
        return found


TOKENS = tuple(np.random.default_rng(5).integers(33, 126, 24).tolist())

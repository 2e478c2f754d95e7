"""A whole GGUF model of random numbers that gives one vector for a text, as BERT does: every token sees all others."""

from __future__ import annotations

import numpy as np

from fairtrial.levers.quantize.imatrix import MetadataValue, encode_gguf

WIDTH, INNER, LAYERS, READ = 64, 128, 2, 128


def embedder_bytes(seed: int = 1, pooling: int = 2) -> bytes:
    """Return a model's file; ``pooling`` is llama.cpp's number, 2 for the first token."""
    draw = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray:
        return (draw.standard_normal(shape) * 0.08).astype(np.float32)

    letters = [chr(code) for code in range(97, 123)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"\u2581{one}" for one in letters), *letters]
    ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    tensors = {
        "token_embd.weight": weights(len(tokens), WIDTH),
        "token_types.weight": weights(2, WIDTH),
        "position_embd.weight": weights(READ, WIDTH),
        "token_embd_norm.weight": ones,
        "token_embd_norm.bias": zeros,
    }
    for layer in range(LAYERS):
        own = {f"attn_{part}": (weights(WIDTH, WIDTH), zeros) for part in ("q", "k", "v", "output")}
        own |= {f"{part}_output_norm": (ones, zeros) for part in ("attn", "layer")}
        own["ffn_up"] = (weights(INNER, WIDTH), np.zeros(INNER, np.float32))
        own["ffn_down"] = (weights(WIDTH, INNER), zeros)
        for part, (weight, bias) in own.items():
            tensors |= {f"blk.{layer}.{part}.weight": weight, f"blk.{layer}.{part}.bias": bias}
    facts: dict[str, MetadataValue] = {
        "general.architecture": "bert",
        "general.file_type": 0,
        "bert.block_count": LAYERS,
        "bert.context_length": READ,
        "bert.embedding_length": WIDTH,
        "bert.feed_forward_length": INNER,
        "bert.attention.head_count": 2,
        "bert.attention.layer_norm_epsilon": 1e-12,
        "bert.attention.causal": False,
        "bert.pooling_type": pooling,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.cls_token_id": 2,
        "tokenizer.ggml.seperator_token_id": 3,  # so spelt
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 3,
    }
    return encode_gguf(facts, tensors)

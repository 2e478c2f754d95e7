"""A whole GGUF model made of random numbers, small enough to be quantised to every type within a second or so.

Two layers, bytes as tokens; with experts or without.  It writes nonsense.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fairtrial.levers.quantize.imatrix import MetadataValue, encode_gguf

WIDTH, INNER, LAYERS, HEADS, EXPERTS, CHOSEN = 256, 512, 2, 4, 4, 2


def byte_texts() -> list[str]:
    """Return the 256 bytes as the characters that stand for them in byte-level vocabularies."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(other)) for byte in range(256)]


def model_bytes(
    *,
    experts: bool = False,
    width: int = WIDTH,
    name: str = "llama",
    seed: int = 1,
    spoilt: str = "",
    without: str = "",
) -> bytes:
    """Return a model's file; weights of the letters in ``spoilt`` are no numbers, the tensor ``without`` is missing."""
    tensors = model_tensors(experts=experts, width=width, seed=seed)
    tensors["token_embd.weight"][[ord(letter) for letter in spoilt]] = np.nan
    tensors.pop(without, None)
    return encode_gguf(model_facts(experts=experts, width=width, name=name), tensors)


def model_tensors(*, experts: bool = False, width: int = WIDTH, seed: int = 1) -> dict[str, np.ndarray]:
    """Return a model's weights by name."""
    draw = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray:
        return (draw.standard_normal(shape) * 0.08).astype(np.float32)

    tensors = {"token_embd.weight": weights(256, width), "output_norm.weight": np.ones(width, np.float32)}
    tensors["output.weight"] = weights(256, width)
    for layer in range(LAYERS):
        own = {
            "attn_norm": np.ones(width, np.float32),
            "ffn_norm": np.ones(width, np.float32),
            **{f"attn_{part}": weights(width, width) for part in ("q", "k", "v", "output")},
        }
        if experts:
            own["ffn_gate_inp"] = weights(EXPERTS, width)
            own |= {f"ffn_{part}_exps": weights(EXPERTS, INNER, width) for part in ("gate", "up")}
            own["ffn_down_exps"] = weights(EXPERTS, width, INNER)
        else:
            own |= {f"ffn_{part}": weights(INNER, width) for part in ("gate", "up")}
            own["ffn_down"] = weights(width, INNER)
        tensors |= {f"blk.{layer}.{part}.weight": tensor for part, tensor in own.items()}
    return tensors


def model_facts(*, experts: bool = False, width: int = WIDTH, name: str = "llama") -> dict[str, MetadataValue]:
    """Return what a model's file says about it."""
    return {
        "general.architecture": name,
        "general.file_type": 0,
        f"{name}.block_count": LAYERS,
        f"{name}.context_length": 1024,
        f"{name}.embedding_length": width,
        f"{name}.feed_forward_length": INNER,
        f"{name}.attention.head_count": HEADS,
        f"{name}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{name}.vocab_size": 256,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": byte_texts(),
        "tokenizer.ggml.merges": [],
        **({f"{name}.expert_count": EXPERTS, f"{name}.expert_used_count": CHOSEN} if experts else {}),
    }


def write_model(path: Path, **settings: object) -> Path:
    """Write a model's file and return its path."""
    path.write_bytes(model_bytes(**settings))  # type: ignore[arg-type]
    return path

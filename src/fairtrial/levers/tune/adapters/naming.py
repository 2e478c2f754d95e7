"""A layer's name in a network of transformers, and in the GGUF file of the same model.

Architectures by llama.cpp's names; of each it is known, and tested against transformers, which layers there are and
whether its conversion rearranges rows.  Any other is refused: an adapter on the wrong rows is noise that says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fairtrial.errors import ModelError
from fairtrial.models.gguf import GgufHeader

PERMUTED = frozenset({"llama"})
"""Architectures whose query and key rows llama.cpp's conversion puts in the order of its own rotary positions."""
ARCHITECTURES = frozenset({"llama", "qwen2", "qwen2vl", "qwen3", "gemma3"})
"""Llama includes SmolLM2 and Mistral: their files say so."""
PARTS: Mapping[str, str] = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
HEADS: Mapping[str, str] = {"attn_q": "attention.head_count", "attn_k": "attention.head_count_kv"}
_LAYER = re.compile(r"^(?:model\.|language_model\.|text_model\.)*layers\.(\d{1,5})\.([\w.]+)$", re.ASCII)
_VISION = re.compile(r"(?:^|\.)(?:vision_tower|vision_model|visual|multi_modal_projector|connector)\.")


def name_tensor(module: str, parent: GgufHeader) -> str:
    """Return the name of a layer's weights in the parent's file.

    Raises ModelError if an adapter on that layer cannot be loaded beside it.
    """
    architecture = parent.architecture
    if architecture not in ARCHITECTURES:
        raise ModelError(
            f"An adapter for a GGUF model of the kind {architecture!r} cannot be made here: how its layers are named "
            f"and arranged is known of {', '.join(sorted(ARCHITECTURES))}.",
            fix="Run it with `engine: transformers`, or merge it there and convert the whole model.",
        )
    if _VISION.search(module):
        raise ModelError(f"The adapter changes {module}, what the model sees with; llama.cpp adapts its language only.")
    match = _LAYER.match(module)
    part = PARTS.get(match[2]) if match else None
    if match is None or part is None:
        if module.endswith("lm_head") and "output.weight" in parent.tensors:
            return "output.weight"
        shared = module.endswith(("lm_head", "embed_tokens"))
        why = "which this model shares between input and output" if shared else "which is none of its linear layers"
        raise ModelError(
            f"The adapter changes {module[:200]}, {why}: no GGUF LoRA can hold that.",
            fix=f"Tune the layers {', '.join(name.rpartition('.')[2] for name in PARTS)} only.",
        )
    return f"blk.{int(match[1])}.{part}.weight"


def count_paired_heads(tensor: str, parent: GgufHeader) -> int:
    """Return over how many heads the rows of a tensor are rearranged; 0 if they are not."""
    part = tensor.split(".")[-2] if tensor.startswith("blk.") else ""
    if parent.architecture not in PERMUTED or part not in HEADS:
        return 0
    every = parent.values.get(f"{parent.architecture}.{HEADS['attn_q']}")
    own = parent.values.get(f"{parent.architecture}.{HEADS[part]}", every)
    if not isinstance(own, int) or isinstance(own, bool) or own < 1:
        raise ModelError(f"The model's file does not say how many heads {tensor} has, which its adapter depends on.")
    return own

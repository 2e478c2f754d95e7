"""A multimodal network of transformers, written as the two GGUF files that llama.cpp reads: text, and projector.

The four families here are what llama.cpp calls ``mlp`` (LLaVA), ``idefics3``, ``gemma3`` and ``qwen2vl_merger``.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; names of tensors and keys: the package gguf.

Three things have to be known to get the same numbers from both:

* llama.cpp rounds pixels and the weights of the patches to 16-bit floats, and reads GELU from a table of such;
* Llama's rotary positions pair neighbours, those of transformers pair halves: rows of query and key are rearranged;
* the projector ``mlp`` takes the tower's last layer as it is, before any final norm.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]

ARCHITECTURE = {"llava": "llama", "idefics3": "llama", "gemma3": "gemma3", "qwen2_vl": "qwen2vl"}
PROJECTOR = {"llava": "mlp", "idefics3": "idefics3", "gemma3": "gemma3", "qwen2_vl": "qwen2vl_merger"}
PLUS_ONE = "gemma3"
"""Its norms multiply by one more than what is stored; llama.cpp by what is stored."""

TEXT_PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
GEMMA_PARTS = {
    **TEXT_PARTS,
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
TOWER_PARTS = {
    "layer_norm1": "ln1",
    "layer_norm2": "ln2",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.out_proj": "attn_out",
    "mlp.fc1": "ffn_up",
    "mlp.fc2": "ffn_down",
    "norm1": "ln1",
    "norm2": "ln2",
    "attn.proj": "attn_out",
}
CONNECTORS = {
    "multi_modal_projector.linear_1": "mm.0",
    "multi_modal_projector.linear_2": "mm.2",
    "connector.modality_projection.proj": "mm.model.fc",
    "multi_modal_projector.mm_soft_emb_norm": "mm.soft_emb_norm",
    "visual.merger.ln_q": "v.post_ln",
    "visual.merger.mlp.0": "mm.0",
    "visual.merger.mlp.2": "mm.2",
}


def export_gguf(network: Any, tokenizer: Any, images: Mapping[str, Any], folder: Path, name: str) -> tuple[Path, Path]:
    """Write ``NAME.gguf`` and ``mmproj-NAME.gguf``, all numbers as 32-bit floats.

    Args:
        network: of one of the four families.
        tokenizer: made by `vocabulary.make_tokenizer`, with its chat template.
        images: how images are prepared: ``image_mean`` and ``image_std``, and ``tile`` (Idefics3).
        folder: where to.
        name: of the model.

    Returns:
        The two paths.
    """
    family = network.config.model_type
    weights = {key.removeprefix("model."): w.detach().float().numpy() for key, w in network.state_dict().items()}
    text = gguf.GGUFWriter(folder / f"{name}.gguf", ARCHITECTURE[family])
    text.add_name(name)
    _describe_text(text, network.config.text_config, family)
    _describe_vocabulary(text, tokenizer)
    tied = network.config.tie_word_embeddings
    _write(
        text, ((key, w) for key, w in _list_text(weights, network.config, family) if key != "output.weight" or not tied)
    )
    projector = gguf.GGUFWriter(folder / f"mmproj-{name}.gguf", "clip")
    projector.add_type(gguf.GGUFType.MMPROJ)
    projector.add_name(name)
    _describe_tower(projector, network.config, images, family)
    _write(projector, _list_tower(weights, network.config, family))
    return folder / f"{name}.gguf", folder / f"mmproj-{name}.gguf"


def _write(writer: gguf.GGUFWriter, tensors: Iterator[tuple[str, NDArray[np.float32]]]) -> None:
    for name, tensor in tensors:
        writer.add_tensor(name, np.ascontiguousarray(tensor, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe_text(writer: gguf.GGUFWriter, config: Any, family: str) -> None:
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(rope["full_attention"]["rope_theta"] if family == "gemma3" else rope["rope_theta"])
    if family == "gemma3":
        writer.add_sliding_window(config.sliding_window)
    if family == "qwen2_vl":
        writer.add_rope_dimension_sections([*rope["mrope_section"], 0])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def _describe_vocabulary(writer: gguf.GGUFWriter, tokenizer: Any) -> None:
    whole = json.loads(tokenizer.backend_tokenizer.to_str())
    special = {token["id"] for token in whole["added_tokens"] if token["special"]}
    ids = tokenizer.get_vocab()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(sorted(ids, key=ids.__getitem__))
    kinds = (gguf.TokenType.NORMAL, gguf.TokenType.CONTROL)
    writer.add_token_types([kinds[one in special] for one in range(len(ids))])
    merges = whole["model"]["merges"]
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in merges])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_bos_token_id(ids["<|endoftext|>"])
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.chat_template)


def _list_text(weights: Weights, config: Any, family: str) -> Iterator[tuple[str, NDArray[np.float32]]]:
    text, parts = config.text_config, GEMMA_PARTS if family == "gemma3" else TEXT_PARTS
    heads = {"attn_q": text.num_attention_heads, "attn_k": text.num_key_value_heads}
    prefix = "text_model." if family == "idefics3" else "language_model."
    single = {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}
    yield "output.weight", weights["lm_head.weight"]
    for key, weight in weights.items():
        if not key.startswith(prefix):
            continue
        rest = key.removeprefix(prefix)
        if family == PLUS_ONE and rest.endswith("norm.weight"):
            weight = weight + 1
        if rest in single:
            yield single[rest], weight
            continue
        _, layer, *middle, kind = rest.split(".")
        part = parts[".".join(middle)]
        if part in heads and ARCHITECTURE[family] == "llama":
            weight = _pair_neighbours(weight, heads[part])
        yield f"blk.{layer}.{part}.{kind}", weight


def _pair_neighbours(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Return rows of query or key so that rotary positions turn neighbours, where they turned halves."""
    rows, width = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, width).swapaxes(1, 2).reshape(rows, width)


def _describe_tower(writer: gguf.GGUFWriter, config: Any, images: Mapping[str, Any], family: str) -> None:
    tower, qwen = config.vision_config, family == "qwen2_vl"
    width = tower.embed_dim if qwen else tower.hidden_size
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type(PROJECTOR[family])
    writer.add_vision_image_size(images["image_size"])
    writer.add_vision_patch_size(tower.patch_size)
    writer.add_vision_embedding_length(width)
    writer.add_vision_feed_forward_length(int(width * tower.mlp_ratio) if qwen else tower.intermediate_size)
    writer.add_vision_projection_dim(config.text_config.hidden_size)
    writer.add_vision_block_count(tower.num_hidden_layers)
    writer.add_vision_head_count(tower.num_attention_heads)
    writer.add_vision_attention_layernorm_eps(getattr(tower, "layer_norm_eps", 1e-6))
    writer.add_vision_image_mean(images["image_mean"])
    writer.add_vision_image_std(images["image_std"])
    {"silu": writer.add_vision_use_silu, "gelu_pytorch_tanh": writer.add_vision_use_gelu}[tower.hidden_act](True)
    if family == "llava":
        writer.add_array("clip.vision.feature_layer", [tower.num_hidden_layers])
    if family == "idefics3":
        writer.add_vision_projector_scale_factor(config.scale_factor)
        writer.add_uint32(gguf.Keys.ClipVision.PREPROC_IMAGE_SIZE, images["longest_edge"])
    if family == "gemma3":
        side = tower.image_size // tower.patch_size
        writer.add_vision_projector_scale_factor(round(side / config.mm_tokens_per_image**0.5))


def _list_tower(weights: Weights, config: Any, family: str) -> Iterator[tuple[str, NDArray[np.float32]]]:
    embeddings = {
        "embeddings.patch_embedding.weight": "v.patch_embd.weight",
        "embeddings.patch_embedding.bias": "v.patch_embd.bias",
        "embeddings.position_embedding.weight": "v.position_embd.weight",
    }
    for key, weight in weights.items():
        start, _, rest = key.partition(".")
        module, _, kind = key.rpartition(".")
        if module in CONNECTORS:
            plus = family == PLUS_ONE and key.endswith("norm.weight")
            yield f"{CONNECTORS[module]}.{kind}", weight + 1 if plus else weight
        elif key.endswith("mm_input_projection_weight"):
            yield "mm.input_projection.weight", weight
        elif key == "visual.patch_embed.proj.weight":  # both frames of a pair show the same image
            yield "v.patch_embd.weight", weight[:, :, 0]
            yield "v.patch_embd.weight.1", weight[:, :, 1]
        elif start not in ("vision_model", "vision_tower", "visual"):
            continue
        elif rest in embeddings:
            yield embeddings[rest], weight
        elif rest.startswith("post_layernorm"):
            if family != "llava":  # which takes the last layer before it
                yield f"v.post_ln.{kind}", weight
        else:
            yield from _list_layer(rest, weight)


def _list_layer(rest: str, weight: NDArray[np.float32]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    layer = next(piece for piece in rest.split(".") if piece.isdigit())
    part, _, kind = rest.partition(f"{layer}.")[2].rpartition(".")
    if part == "attn.qkv":
        for name, third in zip("qkv", np.split(weight, 3), strict=True):
            yield f"v.blk.{layer}.attn_{name}.{kind}", third
    else:
        yield f"v.blk.{layer}.{TOWER_PARTS[part]}.{kind}", weight

"""Models of made-up weights that see in other ways than those of `tests.support.tiny_lmm`; for transformers only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.tiny_lmm import PATCH, TEXT, TILE, TOWER, WORDS, fill

VISION = {**TOWER, "num_attention_heads": 4}


def save_mllama(folder: Path) -> Path:
    """Write a model whose text part reads images beside the text, by cross-attention."""
    import transformers as hf

    tokenizer = _make_tokenizer("<|image|>")
    tokenizer.image_token, tokenizer.image_token_id = "<|image|>", tokenizer.convert_tokens_to_ids("<|image|>")
    tower = {name: VISION[name] for name in ("hidden_size", "intermediate_size", "num_hidden_layers", "patch_size")}
    config = hf.MllamaConfig(
        text_config={**_text(tokenizer), "cross_attention_layers": [1]},
        vision_config={
            **tower,
            "image_size": TILE,
            "num_global_layers": 1,
            "attention_heads": 4,
            "max_num_tiles": 2,
            "intermediate_layers_indices": [0, 1],
            "vision_output_dim": 3 * VISION["hidden_size"],
            "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]],
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<|image|>"),
    )
    images = hf.MllamaImageProcessorPil(size={"height": TILE, "width": TILE}, max_image_tiles=2)
    return _save(hf.MllamaForConditionalGeneration(config), folder, hf.MllamaProcessor(images, tokenizer))


def save_paligemma(folder: Path) -> Path:
    """Write a model whose prompt sees itself both ways."""
    import transformers as hf

    tokenizer = _make_tokenizer("<image>")
    width = TEXT["hidden_size"]
    config = hf.PaliGemmaConfig(
        text_config=hf.GemmaConfig(**_text(tokenizer)).to_dict(),
        vision_config=hf.SiglipVisionConfig(**VISION, vision_use_head=False, projection_dim=width).to_dict(),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=width,
        hidden_size=width,
    )
    images = hf.SiglipImageProcessorPil(size={"height": TILE, "width": TILE})
    images.image_seq_length = (TILE // PATCH) ** 2
    return _save(hf.PaliGemmaForConditionalGeneration(config), folder, hf.PaliGemmaProcessor(images, tokenizer))


def save_qwen3_vl(folder: Path) -> Path:
    """Write a model that adds more of an image at its first layers."""
    import transformers as hf

    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer = _make_tokenizer(*special)
    start, end, image, video = (tokenizer.convert_tokens_to_ids(token) for token in special)
    ropes = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    tower = {name: VISION[name] for name in ("hidden_size", "intermediate_size", "patch_size")}
    config = hf.Qwen3VLConfig(
        text_config={**_text(tokenizer), "rope_parameters": ropes},
        vision_config={
            **tower,
            "depth": 3,
            "out_hidden_size": TEXT["hidden_size"],
            "num_heads": 4,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    images = hf.Qwen2VLImageProcessorPil(
        size={"shortest_edge": 1024, "longest_edge": 16384}, patch_size=PATCH, merge_size=2, temporal_patch_size=2
    )
    images.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return _save(hf.Qwen3VLForConditionalGeneration(config), folder, None)


def _make_tokenizer(*special: str) -> Any:
    from examples.tiny_lmm.vocabulary import make_tokenizer

    tokenizer = make_tokenizer(WORDS, size=400, image=special[0], special=special)
    tokenizer.bos_token = "<|endoftext|>"
    return tokenizer


def _text(tokenizer: Any) -> dict[str, Any]:
    number = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    return {**TEXT, "vocab_size": 400, "bos_token_id": number, "eos_token_id": number, "pad_token_id": number}


def _save(network: Any, folder: Path, processor: Any) -> Path:
    fill(network, 0)
    network.float().eval().save_pretrained(folder)
    if processor is not None:
        processor.save_pretrained(folder)
    return folder

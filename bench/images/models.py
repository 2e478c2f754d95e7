"""Models that see, of made-up weights and tens of millions of parameters, for both engines; what they say is noise.

Speed does not depend on what weights are.  Made once, kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from examples.tiny_lmm.export import export_gguf
from examples.tiny_lmm.vocabulary import make_tokenizer

FAMILIES = ("llava", "idefics3")
SIDE, PATCH = 224, 14
EXACT = {"image_mean": [0.0] * 3, "image_std": [1 / 255] * 3}
TEXT = {
    "hidden_size": 512,
    "intermediate_size": 1536,
    "num_hidden_layers": 10,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": False,
}
TOWER = {
    "hidden_size": 384,
    "intermediate_size": 1536,
    "num_hidden_layers": 10,
    "num_attention_heads": 6,
    "image_size": SIDE,
    "patch_size": PATCH,
    "hidden_act": "gelu_pytorch_tanh",
}
WORDS = (
    "How many red circles are there? Is the bar of May higher than the bar of June? Which one is the largest? Yes. No. "
    "Answer: three four five. The colour of the square on the left is blue, and of the one on the right it is green. "
    "What does the picture show? A line that rises, a table of numbers, a clock that shows ten past nine, and a word. "
)


def get_model(family: str) -> Path:
    """Return the folder of a model: ``hf`` in it, and ``NAME.gguf`` with ``mmproj-NAME.gguf`` beside it."""
    made_of = repr((family, TEXT, TOWER, WORDS, SIDE)).encode()
    name = f"images-{family}-{hashlib.sha256(made_of).hexdigest()[:10]}"
    folder = user_cache_path("fairtrial") / "bench" / name
    if not (folder / "made").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make(family, folder)
        (folder / "made").touch()
    return folder


def _make(family: str, folder: Path) -> None:
    import torch

    torch.manual_seed(5)
    tokenizer, network, processor = (_make_llava if family == "llava" else _make_idefics3)()
    network.float().eval().save_pretrained(folder / "hf")
    tokenizer.save_pretrained(folder / "hf")
    processor.save_pretrained(folder / "hf")
    longest = {"longest_edge": 2 * SIDE}
    export_gguf(network, tokenizer, {**EXACT, **longest, "image_size": SIDE}, folder, f"bench-{family}")


def _make_llava() -> tuple[Any, ...]:
    import transformers as hf

    tokenizer = make_tokenizer([WORDS], size=600, special=["<image>"])
    size = {"height": SIDE, "width": SIDE}
    images = hf.LlavaImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=size, **EXACT)
    config = hf.LlavaConfig(
        text_config=hf.LlamaConfig(**_text(tokenizer)),
        vision_config=hf.SiglipVisionConfig(**TOWER, vision_use_head=False),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // PATCH) ** 2,
        projector_hidden_act="gelu_pytorch_tanh",
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    processor = hf.LlavaProcessor(images, tokenizer, patch_size=PATCH, vision_feature_select_strategy="full")
    return tokenizer, hf.LlavaForConditionalGeneration(config), processor


def _make_idefics3() -> tuple[Any, ...]:
    import transformers as hf

    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    wrappers = ["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>", *tiles]
    tokenizer = make_tokenizer([WORDS], size=640, special=wrappers)
    images = hf.Idefics3ImageProcessorPil(
        size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE}, do_image_splitting=True, **EXACT
    )
    config = hf.Idefics3Config(
        text_config=hf.LlamaConfig(**_text(tokenizer)),
        vision_config=TOWER,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    processor = hf.Idefics3Processor(images, tokenizer, image_seq_len=(SIDE // PATCH // 2) ** 2)
    return tokenizer, hf.Idefics3ForConditionalGeneration(config), processor


def _text(tokenizer: Any) -> dict[str, Any]:
    return {
        **TEXT,
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }

"""Multimodal models of made-up weights, one of each kind, made on the spot for transformers and for llama.cpp alike.

Weights are a function of the family, the seed and the tensors' names; they are large enough that attending wrongly, or
another image, changes much.  Where llama.cpp rounds (pixels and patches to 16-bit floats, GELU from a table) numbers
are chosen that lose nothing, so that both engines agree nearly to the last bit of a 32-bit float:

| family | cells of an image see | positions of an image | image sizes that both engines prepare alike |
|---|---|---|---|
| ``idefics3`` | what stands before | one a cell | any; tiles of 64 and an overview |
| ``llava`` | what stands before | one a cell | squares |
| ``gemma3`` | each other too | one a cell | squares |
| ``qwen2_vl`` | what stands before | three axes (M-RoPE) | multiples of 16 from 32x64 up |

Made once a machine and kept in the folder of temporary files.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

FAMILIES = ("idefics3", "llava", "gemma3", "qwen2_vl")
ROOT = Path(__file__).parents[2]
SOURCES = (Path(__file__), *(ROOT / "examples" / "tiny_lmm" / name for name in ("export.py", "vocabulary.py")))
TILE, PATCH = 64, 8
EXACT = {"image_mean": [0.0] * 3, "image_std": [1 / 255] * 3}
"""Pixels stay the integers 0 to 255, which 16-bit floats hold exactly."""
TEXT = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 4096,
}
TOWER = {
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "image_size": TILE,
    "patch_size": PATCH,
    "hidden_act": "silu",
}
WORDS = [
    "How many red circles are there? Is the bar of May higher than the bar of June? Yes. No. Answer: three",
    "user assistant system Question: What does the picture show? A square, a triangle and a circle. left right above",
]


@dataclass(frozen=True)
class TinyModel:
    """A model on disk.

    Attributes:
        family: as transformers calls it.
        folder: safetensors, tokeniser, how images are prepared, chat template.
        text: the GGUF file of the language model.
        projector: the GGUF file of the tower and what joins the two, beside ``text``.
    """

    family: str
    folder: Path
    text: Path
    projector: Path


@cache
def tiny_lmm(family: str, seed: int = 0) -> TinyModel:
    """Return the model of a family, made now or before."""
    import transformers

    made_of = [path.read_bytes() for path in SOURCES] + [transformers.__version__.encode()]
    name = f"{family}-{seed}-{hashlib.sha256(b''.join(made_of)).hexdigest()[:12]}"
    folder = Path(tempfile.gettempdir()) / "fairtrial-tiny-lmm" / name
    folder.mkdir(parents=True, exist_ok=True)
    made = TinyModel(family, folder / "hf", folder / f"tiny-{family}.gguf", folder / f"mmproj-tiny-{family}.gguf")
    with FileLock(folder / "lock"):
        if not (folder / "made").exists():
            make_model(family, folder, seed)
            (folder / "made").touch()
    return made


@pytest.fixture(scope="session")
def make_tiny_lmm() -> Callable[[str], TinyModel]:
    """Give models by family."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    return tiny_lmm


def draw_picture(seed: int, width: int = TILE, height: int = TILE) -> np.ndarray:
    """Return pixels, uint8 of shape (height, width, 3): a few plain rectangles."""
    draw = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), 255, np.uint8)
    for _ in range(6):
        x, y = int(draw.integers(width - 4)), int(draw.integers(height - 4))
        w, h = draw.integers(4, [width // 2, height // 2])
        pixels[y : y + h, x : x + w] = draw.integers(0, 256, 3)
    return pixels


def make_model(family: str, folder: Path, seed: int) -> None:
    """Write a model of ``family`` into ``folder``."""
    from examples.tiny_lmm.export import export_gguf

    tokenizer, network, processor, images = MAKERS[family]()
    fill(network, seed)
    network.save_pretrained(folder / "hf")
    tokenizer.save_pretrained(folder / "hf")
    if processor is not None:
        processor.save_pretrained(folder / "hf")
    (folder / "hf" / "preprocessor_config.json").write_text(json.dumps(images.to_dict(), default=str))
    longest = {"longest_edge": 2 * TILE}
    export_gguf(network, tokenizer, {**EXACT, **longest, "image_size": TILE}, folder, f"tiny-{family}")


def fill(network: Any, seed: int) -> None:
    """Give every tensor of a network numbers of its own, in 32-bit floats; patches in what 16 bits hold."""
    import torch

    with torch.no_grad():
        for name, weight in network.named_parameters():
            draw = np.random.default_rng([seed, zlib.crc32(name.encode())])
            numbers = draw.standard_normal(tuple(weight.shape))
            if weight.ndim == 1:
                is_scale = name.endswith("norm.weight") or "norm" in name.rpartition(".")[0].rpartition(".")[2]
                numbers = 0.1 * numbers + (1 if is_scale and name.endswith("weight") else 0)
            elif "embed_tokens" in name:
                numbers *= 0.2 if getattr(network.config, "tie_word_embeddings", False) else 1
            elif "position" not in name:
                numbers *= 1.5 / np.sqrt(numbers[0].size)
            if "patch_embed" in name:
                numbers = (numbers / 100).astype(np.float16)
            weight.copy_(torch.from_numpy(numbers.astype(np.float32)))


def _make_llava() -> tuple[Any, ...]:
    import transformers as hf

    from examples.tiny_lmm.vocabulary import make_tokenizer

    tokenizer = make_tokenizer(WORDS, size=400, special=["<image>"])
    images = hf.LlavaImageProcessorPil(size={"shortest_edge": TILE}, crop_size={"height": TILE, "width": TILE}, **EXACT)
    config = hf.LlavaConfig(
        text_config=hf.LlamaConfig(**_text(tokenizer)),
        vision_config=hf.SiglipVisionConfig(**TOWER, vision_use_head=False),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(TILE // PATCH) ** 2,
        projector_hidden_act="gelu_pytorch_tanh",
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    processor = hf.LlavaProcessor(
        images,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=tokenizer.chat_template,
    )
    return tokenizer, hf.LlavaForConditionalGeneration(config), processor, images


def _make_idefics3() -> tuple[Any, ...]:
    import transformers as hf

    from examples.tiny_lmm.vocabulary import make_tokenizer

    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    wrappers = ["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>", *tiles]
    tokenizer = make_tokenizer(WORDS, size=440, special=wrappers)
    # every image is cut, by both: transformers would not cut one of a single tile, llama.cpp cuts it too
    images = hf.Idefics3ImageProcessorPil(
        size={"longest_edge": 2 * TILE}, max_image_size={"longest_edge": TILE}, do_image_splitting=True, **EXACT
    )
    config = hf.Idefics3Config(
        text_config=hf.LlamaConfig(**_text(tokenizer)),
        vision_config=TOWER,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    processor = hf.Idefics3Processor(
        images, tokenizer, image_seq_len=(TILE // PATCH // 2) ** 2, chat_template=tokenizer.chat_template
    )
    return tokenizer, hf.Idefics3ForConditionalGeneration(config), processor, images


def _make_gemma3() -> tuple[Any, ...]:
    import transformers as hf

    from examples.tiny_lmm.vocabulary import make_tokenizer

    named = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = make_tokenizer(WORDS, size=400, image=named["boi_token"], named=named)
    images = hf.Gemma3ImageProcessorPil(size={"height": TILE, "width": TILE}, **EXACT)
    cells = (TILE // PATCH // 2) ** 2
    numbers = {name: tokenizer.convert_tokens_to_ids(token) for name, token in named.items()}
    # llama.cpp has every sixth layer attend to everything, the others within the window
    text = {**_text(tokenizer), "sliding_window": 1024, "query_pre_attn_scalar": TEXT["head_dim"]}
    config = hf.Gemma3Config(
        text_config=hf.Gemma3TextConfig(**text, layer_types=["sliding_attention"] * 2),
        vision_config=hf.SiglipVisionConfig(**TOWER, vision_use_head=False),
        mm_tokens_per_image=cells,
        boi_token_index=numbers["boi_token"],
        eoi_token_index=numbers["eoi_token"],
        image_token_index=numbers["image_token"],
    )
    processor = hf.Gemma3Processor(images, tokenizer, image_seq_length=cells, chat_template=tokenizer.chat_template)
    return tokenizer, hf.Gemma3ForConditionalGeneration(config), processor, images


def _make_qwen2_vl() -> tuple[Any, ...]:
    import transformers as hf

    from examples.tiny_lmm.vocabulary import make_tokenizer

    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    start, end, image, video = special
    tokenizer = make_tokenizer(WORDS, size=400, image=f"{start}{image}{end}", special=special)
    images = hf.Qwen2VLImageProcessorPil(
        size={"shortest_edge": 8 * (2 * PATCH) ** 2, "longest_edge": 4096 * (2 * PATCH) ** 2},
        patch_size=PATCH,
        merge_size=2,
        temporal_patch_size=2,
        **EXACT,
    )
    number = tokenizer.convert_tokens_to_ids
    text = {
        **_text(tokenizer),
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
    }
    text.pop("head_dim")
    config = hf.Qwen2VLConfig(
        text_config=text,
        vision_config={
            "depth": 2,
            "embed_dim": 48,
            "hidden_size": TEXT["hidden_size"],
            "num_heads": 3,
            "mlp_ratio": 2,
            "patch_size": PATCH,
            "hidden_act": "silu",
        },
        image_token_id=number(image),
        video_token_id=number(video),
        vision_start_token_id=number(start),
        vision_end_token_id=number(end),
    )
    # its processor prepares videos too and needs torchvision for that: there is none here
    return tokenizer, hf.Qwen2VLForConditionalGeneration(config), None, images


def _text(tokenizer: Any) -> dict[str, Any]:
    return {
        **TEXT,
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
    }


MAKERS: Mapping[str, Callable[[], tuple[Any, ...]]] = {
    "idefics3": _make_idefics3,
    "llava": _make_llava,
    "gemma3": _make_gemma3,
    "qwen2_vl": _make_qwen2_vl,
}

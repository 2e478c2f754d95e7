"""The network that is trained here: a LLaVA of transformers' own classes, small enough to be trained on a laptop.

A tower of SigLIP's kind sees 112x112 pixels as 8x8 patches; two linear layers hand them on to a Llama as 64 cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers as hf

from examples.tiny_lmm.export import export_gguf

SIDE, PATCH = 112, 14
CELLS = (SIDE // PATCH) ** 2
IMAGE = "<image>"
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
"""Of CLIP: padding in this mean is what llama.cpp pads an image with that is no square."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the two parts."""

    width: int = 192
    layers: int = 6
    inner: int = 512
    heads: int = 3
    text_width: int = 192
    text_layers: int = 2
    text_inner: int = 512
    text_heads: int = 3


def make_network(tokenizer: Any, shape: Shape | None = None, seed: int = 0) -> hf.LlavaForConditionalGeneration:
    """Return a network with random weights, the same ones for a seed."""
    torch.manual_seed(seed)
    shape = shape or Shape()
    tower = hf.SiglipVisionConfig(
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        image_size=SIDE,
        patch_size=PATCH,
        hidden_act="silu",  # llama.cpp computes it exactly, and GELU from a table of 16-bit floats
        vision_use_head=False,
    )
    text = hf.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.text_width,
        intermediate_size=shape.text_inner,
        num_hidden_layers=shape.text_layers,
        num_attention_heads=shape.text_heads,
        num_key_value_heads=shape.text_heads,
        max_position_embeddings=2048,
        bos_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    config = hf.LlavaConfig(
        vision_config=tower,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        image_seq_length=CELLS,
        projector_hidden_act="gelu_pytorch_tanh",
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
    )
    return hf.LlavaForConditionalGeneration(config)


def make_images() -> Any:
    """Return how images are prepared: padded to a square, and scaled to 112x112."""
    size = {"height": SIDE, "width": SIDE}
    return hf.LlavaImageProcessorPil(
        do_pad=True, size={"shortest_edge": SIDE}, crop_size=size, image_mean=MEAN, image_std=STD
    )


def save_network(network: Any, tokenizer: Any, folder: Path, name: str) -> None:
    """Write a network for both engines.

    Args:
        network: of `make_network`.
        tokenizer: its tokeniser.
        folder: gets the GGUF files ``NAME.gguf`` and ``mmproj-NAME.gguf``, and the folder ``NAME`` for transformers.
        name: of the model.
    """
    with torch.no_grad():  # llama.cpp keeps the weights of the patches in 16 bits: so does the other engine, then
        patches = network.model.vision_tower.embeddings.patch_embedding.weight
        patches.copy_(patches.half().float())
    processor = hf.LlavaProcessor(
        make_images(),
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=tokenizer.chat_template,
    )
    (folder / name).mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder / name)
    processor.save_pretrained(folder / name)
    export_gguf(network, tokenizer, {"image_mean": MEAN, "image_std": STD, "image_size": SIDE}, folder, name)

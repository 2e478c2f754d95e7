"""What the two libraries themselves say of a prompt with images: no code of ours in between, slow, for comparison."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tests.support.tiny_lmm import TinyModel

Piece = str | np.ndarray
"""Text, or pixels: uint8 of shape (height, width, 3)."""
SPANS = {"gemma3": "\n\n"}
"""What transformers writes before and after an image, and llama.cpp does not."""
MARKER = "<__media__>"


def ask_llamacpp(model: TinyModel, pieces: Sequence[Piece], *, exact: bool = True) -> np.ndarray:
    """Return the log-probabilities of the token after ``pieces``; ``exact`` keeps the cache in 32-bit floats."""
    with ThreadPoolExecutor(1) as alone:  # torch leaves a thread's processor in a state that ggml does not expect
        return alone.submit(_ask_llamacpp, model, pieces, exact).result()


def _ask_llamacpp(model: TinyModel, pieces: Sequence[Piece], exact: bool) -> np.ndarray:
    import llama_cpp
    from llama_cpp import mtmd_cpp as mtmd

    span = SPANS.get(model.family, "")
    text = "".join(piece if isinstance(piece, str) else span + MARKER + span for piece in pieces).encode()
    lib = _load_library()
    settings = lib.llama_context_default_params()
    settings.n_ctx, settings.n_batch, settings.n_ubatch, settings.n_threads = 2048, 2048, 2048, 1
    settings.flash_attn_type = 0
    if exact:
        settings.type_k = settings.type_v = 0
    weights = lib.llama_model_load_from_file(str(model.text).encode(), lib.llama_model_default_params())
    context = lib.llama_init_from_model(weights, settings)
    how = mtmd.mtmd_context_params_default()
    how.use_gpu, how.warmup, how.n_threads, how.flash_attn_type, how.print_timings = False, False, 1, 0, False
    eyes = mtmd.mtmd_init_from_file(str(model.projector).encode(), weights, how)
    assert weights and context and eyes
    bitmaps = [_bitmap(piece) for piece in pieces if not isinstance(piece, str)]
    chunks = mtmd.mtmd_input_chunks_init()
    given = mtmd.mtmd_input_text(text, len(text), False, True)
    array = (ctypes.c_void_p * len(bitmaps))(*bitmaps)
    assert mtmd.mtmd_tokenize(eyes, chunks, ctypes.byref(given), array, len(bitmaps)) == 0
    past = llama_cpp.llama_pos(0)
    assert mtmd.mtmd_helper_eval_chunks(eyes, context, chunks, 0, 0, 2048, True, ctypes.byref(past)) == 0
    size = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(weights))
    logits = np.ctypeslib.as_array(lib.llama_get_logits_ith(context, -1), (size,)).astype(np.float64)
    mtmd.mtmd_input_chunks_free(chunks)
    for bitmap in bitmaps:
        mtmd.mtmd_bitmap_free(bitmap)
    mtmd.mtmd_free(eyes)
    lib.llama_free(context)
    lib.llama_model_free(weights)
    return logits - np.logaddexp.reduce(logits)


def _load_library() -> Any:
    from fairtrial.engines.llamacpp.binding import import_library

    return import_library()  # for its quiet log only


def _bitmap(pixels: np.ndarray) -> int:
    from llama_cpp import mtmd_cpp as mtmd

    height, width, _ = pixels.shape
    data = np.ascontiguousarray(pixels).ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
    return mtmd.mtmd_bitmap_init(width, height, data)


def ask_transformers(model: TinyModel, pieces: Sequence[Piece]) -> np.ndarray:
    """Return the log-probabilities of the token after ``pieces``, in 32-bit floats."""
    import torch
    import transformers
    from PIL import Image

    network = transformers.AutoModelForImageTextToText.from_pretrained(
        model.folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True
    ).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model.folder, local_files_only=True)
    place = {"gemma3": "<start_of_image>", "qwen2_vl": "<|image_pad|>"}.get(model.family, "<image>")
    before, after = ("<|vision_start|>", "<|vision_end|>") if model.family == "qwen2_vl" else ("", "")
    pictures = [Image.fromarray(piece) for piece in pieces if not isinstance(piece, str)]
    text = "".join(piece if isinstance(piece, str) else before + place + after for piece in pieces)
    if model.family == "qwen2_vl":  # its processor needs torchvision
        images = transformers.AutoImageProcessor.from_pretrained(model.folder, local_files_only=True)
        shown = images(pictures, return_tensors="pt")
        first, *rest = text.split(place)
        cells = [int(grid.prod()) // images.merge_size**2 for grid in shown["image_grid_thw"]]
        text = first + "".join(place * n + piece for n, piece in zip(cells, rest, strict=True))
        given = {**tokenizer(text, return_tensors="pt"), **shown}
        given["mm_token_type_ids"] = (given["input_ids"] == tokenizer.convert_tokens_to_ids(place)).long()
    else:
        processor = transformers.AutoProcessor.from_pretrained(model.folder, local_files_only=True)
        given = processor(text=text, images=pictures, return_tensors="pt")
    with torch.inference_mode():
        logits = network(**given).logits[0, -1]
    return np.asarray(torch.log_softmax(logits.double(), -1))

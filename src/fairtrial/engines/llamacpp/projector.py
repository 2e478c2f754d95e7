"""The thin layer over libmtmd: pixels to cells, for one projector beside one language model.

The library says how an image is read (tokens around it, cells, positions) and encodes it; its cells go through the
language model's context like tokens.  Knows pixels and ids of tokens; nothing of requests or trees.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.llamacpp.binding import Model, catch_log, take_complaints
from fairtrial.engines.llamacpp.computing import compute
from fairtrial.engines.llamacpp.tensors import load_tensor_library
from fairtrial.engines.local.images import CellBlock, ImageEncoder, ImageLayout, Pixels, ReadPixels
from fairtrial.errors import EngineError, MissingExtraError, ModelError
from fairtrial.models.gguf import TENSOR_TYPES, GgufError, GgufHeader, read_header

SHIFTED = frozenset({"mlp", "mlp_norm", "ldp", "ldpv2"})
"""Projectors whose towers the library misreads if they have a class token: it stands last there, and the first patch is
lost, each of the others at the next one's place."""
PARTNERS: Mapping[str, frozenset[str]] = {
    "gemma3": frozenset({"gemma3"}),
    "gemma3nv": frozenset({"gemma3n"}),
    "llama4": frozenset({"llama4"}),
    "qwen2vl_merger": frozenset({"qwen2vl"}),
    "qwen2.5vl_merger": frozenset({"qwen2vl"}),
    "qwen2.5o": frozenset({"qwen2vl"}),
    "qwen3vl_merger": frozenset({"qwen3vl", "qwen3vlmoe"}),
}
"""Projectors whose cells only certain language models place rightly; a file of the right width would open elsewhere."""
GREY = np.full((64, 64, 3), 128, dtype=np.uint8)
"""Is looked at once, to learn how the library reads images."""
UPDATE = "Install the usual one: pip install -U llama-cpp-python"


def import_mtmd() -> Any:
    """Return the ``llama_cpp.mtmd_cpp`` module, its log caught.  Raises MissingExtraError if it is not there."""
    try:
        from llama_cpp import mtmd_cpp
    except (ImportError, FileNotFoundError, RuntimeError) as error:
        raise MissingExtraError("Images in llama.cpp (llama-cpp-python with libmtmd)", "llamacpp") from error
    catch_log(mtmd_cpp.mtmd_log_set)
    catch_log(mtmd_cpp.mtmd_helper_log_set)
    return mtmd_cpp


class Projector(ImageEncoder):
    """Encodes images for a language model; see `ImageEncoder`.  Close it before its model."""

    def __init__(
        self,
        path: Path,
        model: Model,
        read: ReadPixels,
        *,
        threads: int,
        flash: int = 0,
        accelerated: bool = True,
        warm: bool = False,
    ) -> None:
        """Load the projector at ``path``.

        Args:
            path: a GGUF file with a vision tower.
            model: the language model that reads the cells.
            read: gives the pixels of images.
            threads: processor threads.
            flash: -1 lets the library choose flash attention in the tower, 0 forbids, 1 demands it.
            accelerated: let the library use an accelerator, where there is one.
            warm: have it set buffers aside at once, and tell its log how large they are.

        Raises:
            ModelError: the file is damaged, of a kind that the library misreads, or does not fit the model.
        """
        super().__init__(read)
        head = refuse_misread(path)
        refuse_stranger(path, head, model)
        self.lib = import_mtmd()
        self.path = path
        self._width = int(model.lib.llama_model_n_embd_inp(model.handle))
        params = self.lib.mtmd_context_params_default()
        params.use_gpu = accelerated and model.on_accelerator()
        params.print_timings, params.warmup = False, warm
        params.n_threads = threads
        params.flash_attn_type = flash
        take_complaints()
        self.handle = compute(self.lib.mtmd_init_from_file, str(path).encode(), model.handle, params)
        if not self.handle:
            raise self._make_error(_explain(take_complaints(), head, self._width))
        try:
            self._examine(head, model)
        except BaseException:
            self.close()
            raise

    def _examine(self, head: GgufHeader, model: Model) -> None:
        """Learn how the library reads images."""
        if not self.lib.mtmd_support_vision(self.handle):
            raise self._make_error("it is for sound only.")
        self.sections = 3 if self.lib.mtmd_decode_use_mrope(self.handle) else 1
        with self._tokenize_image(GREY) as chunks:
            self.whole = any(
                self.lib.mtmd_decode_use_non_causal(self.handle, chunk) for chunk in _select_images(chunks)
            )
        layout = self._lay_out(GREY)
        around = [int(t) for piece in layout.pieces if not isinstance(piece, CellBlock) for t in piece]
        if any(not 0 <= token < model.n_vocab for token in around):
            raise self._make_error(
                "the language model's vocabulary lacks a token that stands around images.",
                fix="Give the projector that was made with this language model.",
            )
        values = head.values
        self.record = {
            "projector": values.get("clip.projector_type") or values.get("clip.vision.projector_type"),
            "library": "libmtmd",
            "tile_size": values.get("clip.vision.image_size"),
            "patch_size": values.get("clip.vision.patch_size"),
            "cells_of_64x64": layout.cells,
            "cells_see_each_other": self.whole,
            "positions": "in a plane" if self.sections > 1 else "one a cell",
        }

    @contextmanager
    def _tokenize_image(self, pixels: Pixels) -> Iterator[Any]:
        """Give the library's chunks of an image by itself: tokens around it, and its tiles, made ready."""
        lib = self.lib
        height, width, _ = pixels.shape
        data = np.ascontiguousarray(pixels)
        bitmap = lib.mtmd_bitmap_init(width, height, data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)))
        chunks = lib.mtmd_input_chunks_init()
        marker: bytes = lib.mtmd_default_marker()
        text = lib.mtmd_input_text(marker, len(marker), False, True)
        try:
            take_complaints()
            code = lib.mtmd_tokenize(self.handle, chunks, ctypes.byref(text), (ctypes.c_void_p * 1)(bitmap), 1)
            if code != 0:
                told = take_complaints() or "no reason given"
                raise EngineError(
                    f"llama.cpp cannot prepare an image of {width}x{height} pixels (code {code}): {told}.",
                    fix="Crop or pad it, if it is very narrow, or leave the item out.",
                )
            yield [lib.mtmd_input_chunks_get(chunks, i) for i in range(lib.mtmd_input_chunks_size(chunks))]
        finally:
            lib.mtmd_input_chunks_free(chunks)
            lib.mtmd_bitmap_free(bitmap)

    def _lay_out(self, pixels: Pixels) -> ImageLayout:
        with self._tokenize_image(pixels) as chunks:
            return ImageLayout(tuple(self._read_chunk(chunk) for chunk in chunks))

    def _read_chunk(self, chunk: Any) -> NDArray[np.int32] | CellBlock:
        lib = self.lib
        if lib.mtmd_input_chunk_get_type(chunk) == lib.MTMD_INPUT_CHUNK_TYPE_TEXT:
            size = ctypes.c_size_t()
            tokens = lib.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(size))
            return np.array(tokens[: size.value], dtype=np.int32)
        cells, span = int(lib.mtmd_input_chunk_get_n_tokens(chunk)), int(lib.mtmd_input_chunk_get_n_pos(chunk))
        if self.sections == 1:
            if span != cells:
                raise self._make_error(f"{cells} cells of an image take {span} positions, in a way not known here.")
            return CellBlock(cells, span)
        places = (lib.mtmd_decoder_pos * cells)()
        lib.mtmd_helper_image_get_decoder_pos(lib.mtmd_input_chunk_get_tokens_image(chunk), 0, places)
        found = np.frombuffer(places, dtype=np.uint32).reshape(cells, 4).astype(np.int32)  # time, column, row, none
        if found[:, 3].any() or found[:, 0].any():
            raise self._make_error("cells of an image stand in a fourth direction, which is not known here.")
        return CellBlock(cells, span, np.ascontiguousarray(found[:, [0, 2, 1]].T))

    def _encode(self, pixels: Pixels) -> Floats32:
        with self._tokenize_image(pixels) as chunks:
            return np.concatenate([self._encode_chunk(chunk) for chunk in _select_images(chunks)])

    def _encode_chunk(self, chunk: Any) -> Floats32:
        take_complaints()
        code = compute(self.lib.mtmd_encode_chunk, self.handle, chunk)
        if code != 0:
            raise EngineError(
                f"llama.cpp cannot encode an image (code {code}): {take_complaints() or 'no reason given'}."
            )
        cells = int(self.lib.mtmd_input_chunk_get_n_tokens(chunk))
        rows = self.lib.mtmd_get_output_embd(self.handle)
        return np.ctypeslib.as_array(rows, (cells, self._width)).copy()

    def _make_error(self, why: str, fix: str = "") -> ModelError:
        return ModelError(f"The projector cannot be used: {why}", where=str(self.path), fix=fix or _OTHER)

    def close(self) -> None:
        """Free the projector; safe to call twice."""
        super().close()
        if self.handle:
            self.lib.mtmd_free(self.handle)
            self.handle = None


_OTHER = "Give the projector that belongs to this language model, or ask it without images with `projector: none`."


def _select_images(chunks: Any) -> list[Any]:
    """Return those of an image's chunks that have cells."""
    mtmd = import_mtmd()
    return [chunk for chunk in chunks if mtmd.mtmd_input_chunk_get_type(chunk) != mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT]


def refuse_misread(path: Path) -> GgufHeader:
    """Return the head of a projector.  Raises ModelError for kinds that the library is known to misread."""
    try:
        head = read_header(path)
    except (GgufError, OSError) as error:
        raise ModelError(f"The projector cannot be read: {error}.", where=str(path)) from error
    kind = _name_kind(head)
    if kind in SHIFTED and "v.class_embd" in head.tensors:
        raise ModelError(
            f"The projector {kind!r} has a tower with a class token, whose cells this llama.cpp computes wrongly: it "
            "loses the first patch and puts all others in the wrong place.",
            fix="Ask the model through transformers (`model: hf:./FOLDER`), or without images with `projector: none`.",
            where=str(path),
        )
    _refuse_cut(path, head)
    return head


def refuse_stranger(path: Path, head: GgufHeader, model: Model) -> None:
    """Raise ModelError if a projector is known to belong to language models of another kind."""
    kind, own = _name_kind(head), model.read_metadata("general.architecture") or ""
    wanted = PARTNERS.get(kind)
    others = sorted(name for name, partners in PARTNERS.items() if own in partners)
    if (wanted and own not in wanted) or (others and kind not in others):
        reads = f"belongs to {' or '.join(sorted(wanted))}" if wanted else f"does not belong to {own}"
        raise ModelError(
            f"The projector {kind!r} {reads}, and the language model is {own}: the two do not belong together.",
            fix=_OTHER,
            where=str(path),
        )


def _name_kind(head: GgufHeader) -> str:
    """Return the kind of a projector, as the library names it."""
    return str(head.values.get("clip.projector_type", head.values.get("clip.vision.projector_type", "mlp")))


def _refuse_cut(path: Path, head: GgufHeader) -> None:
    """Raise ModelError if the last tensor is not all there: the library would not notice."""
    ggml, size = load_tensor_library(), path.stat().st_size
    ggml.ggml_row_size.restype, ggml.ggml_row_size.argtypes = ctypes.c_size_t, [ctypes.c_int, ctypes.c_int64]
    for tensor in head.tensors.values():
        if tensor.type not in TENSOR_TYPES:
            raise ModelError(f"The projector has a tensor of the unknown type {tensor.type}.", where=str(path))
        row, *others = tensor.shape or (1,)
        if tensor.start + ggml.ggml_row_size(tensor.type, row) * math.prod(others) > size:
            raise ModelError(
                f"The projector is cut short: it ends within {tensor.name!r}.",
                fix="Get the file again.",
                where=str(path),
            )


def _explain(told: str, head: GgufHeader, width: int) -> str:
    """Return why a projector cannot be loaded, from what the library told."""
    given = head.values.get("clip.vision.projection_dim")
    if isinstance(given, int) and given != width:
        return (
            f"it makes cells of {given} numbers, and the language model reads {width}. The two do not belong together."
        )
    return f"{told.rstrip('.') or 'it gives no reason'}."

"""Images for a model of transformers: its own processor prepares them, its own code encodes them.

Nothing here knows a family of models.  What the text part of a model is given for an image is caught where the model
calls it: embeddings, positions, masks.  How a model sees images follows from that, and what this engine would get
wrong is refused.  Knows pixels and tensors; nothing of requests.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.local.images import PLACE, CellBlock, ImageEncoder, ImageLayout, Pixels, ReadPixels
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.pictures import make_picture
from fairtrial.engines.transformers.network import Network
from fairtrial.errors import CapabilityError

FRAMES = (("vision_start_token_id", "vision_end_token_id"), ("image_start_token_id", "image_end_token_id"))
"""Names in a config of the tokens that stand around an image and that a template writes, not the processor."""
KNOWN = frozenset(
    {"input_ids", "inputs_embeds", "attention_mask", "position_ids", "cache", "past_key_values", "use_cache"}
    | {"return_dict", "output_attentions", "output_hidden_states", "cache_position", "labels"}
    | {"visual_pos_masks", "deepstack_visual_embeds"}
)
"""What a text part may be given, and this engine gives it as well."""
TOLD = [
    "size",
    "crop_size",
    "do_resize",
    "resample",
    "do_center_crop",
    "do_rescale",
    "rescale_factor",
    "do_normalize",
    "image_mean",
    "image_std",
    "do_pad",
    "do_image_splitting",
    "max_image_size",
    "do_pan_and_scan",
    "patch_size",
    "merge_size",
    "min_pixels",
    "max_pixels",
    "temporal_patch_size",
]
"""Settings of an image processor that the record shows."""


class UnseenError(CapabilityError):
    """The model sees images in a way that this engine does not compute."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What the text part is given for one image.

    Attributes:
        ids: (n,) int64 tokens, placeholders at the cells.
        cells: (n,) bool.
        positions: (sections, n).
        caught: everything, as it came.
    """

    ids: NDArray[np.int64]
    cells: NDArray[np.bool_]
    positions: NDArray[np.int64]
    caught: Mapping[str, Any]


class HubImages(ImageEncoder):
    """See `fairtrial.engines.local.images.ImageEncoder`."""

    def __init__(self, network: Network, processor: Any, read: ReadPixels, special: frozenset[int]) -> None:
        """Find out how a model sees, by showing it a picture.

        Args:
            network: of the model.
            processor: its own.
            read: gives an image's pixels.
            special: tokens of the vocabulary that are no text.

        Raises:
            UnseenError: the model sees images in a way that this engine does not compute.
        """
        super().__init__(read)
        self._network, self.processor, self._special = network, processor, special
        self._marker = _find_marker(processor)
        shown = self._catch(make_picture(96, 160))
        self._check(shown)
        self.sections = len(shown.positions)
        self.whole = _see_each_other(shown)
        first, last = self._find_inner(shown.ids)
        self._lead, self._tail = (self._decode(shown.ids[part]) for part in (slice(0, first), slice(last, None)))
        self._around = self._find_frame(shown.ids)
        self.record = self._describe(shown)

    def get_placeholder(self) -> str:
        """Return what the processor reads as an image in running text, the tokens around it included."""
        return self._around.replace(PLACE, self._marker)

    def frame(self, written: str) -> str:
        """Return text with `PLACE` where an image's tokens belong; see `ImageEncoder.frame`.

        Plain text that the processor puts around an image stands there as text, to be cut into tokens with what is
        next to it.
        """
        around = written if self._marker in written else self._around
        return around.replace(self._marker, PLACE).replace(PLACE, f"{self._lead}{PLACE}{self._tail}")

    def prepare(self, text: str, pictures: list[Pixels]) -> dict[str, Any]:
        """Return the model's inputs for running text that shows pictures, nothing added to it.

        Raises CapabilityError if its processor does not take a picture.
        """
        try:
            made = self.processor(
                text=[text],
                images=pictures,
                add_special_tokens=False,
                return_tensors="pt",
                images_kwargs={"input_data_format": "channels_last"},
            )
        except Exception as error:  # of the library and all those below it
            sizes = ", ".join(f"{width}x{height}" for height, width, _ in (one.shape for one in pictures))
            told = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            raise CapabilityError(
                f"the model's processor ({type(self.processor).__name__}) does not take an image of {sizes} pixels: "
                f"{told}.",
                fix="Leave the item out, or cut or scale its image.",
            ) from error
        made.pop("labels", None)
        kind = self._network.model.dtype
        return {
            name: value.to(self._network.device, kind) if value.is_floating_point() else value.to(self._network.device)
            for name, value in made.items()
        }

    def find_cells(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (n,) which of a processor's tokens are cells of images."""
        return np.isin(ids, [token for token in self.processor.image_token_ids if token is not None])

    def _lay_out(self, pixels: Pixels) -> ImageLayout:
        inputs = self.prepare(self._marker, [pixels])
        ids = inputs["input_ids"][0].cpu().numpy()
        first, last = self._find_inner(ids)
        cells = self.find_cells(ids)
        positions = self._place(inputs) if self.sections > 1 else np.arange(len(ids))[None]
        edges = [first, *(first + 1 + np.flatnonzero(np.diff(cells[first:last]))).tolist(), last]
        pieces: list[Tokens | CellBlock] = []
        for start, stop in itertools.pairwise(edges):
            if not cells[start]:
                pieces.append(ids[start:stop].astype(np.int32))
                continue
            begun = int(positions[:, start - 1].max()) + 1 if start else 0
            ended = int(positions[:, start:stop].max()) + 1
            relative = (positions[:, start:stop] - begun).astype(np.int32) if self.sections > 1 else None
            pieces.append(CellBlock(stop - start, ended - begun, relative))
        return ImageLayout(tuple(pieces))

    def _encode(self, pixels: Pixels) -> Floats32:
        given = self._catch(pixels)
        rows = [given.caught["inputs_embeds"][0, given.cells], *(given.caught.get("deepstack_visual_embeds") or ())]
        return np.concatenate([row.float().cpu().numpy() for row in rows], axis=1)

    def _catch(self, pixels: Pixels) -> _Given:
        inputs = self.prepare(self._marker, [pixels])
        caught = self._network.catch(inputs)
        if caught.get("inputs_embeds") is None:
            beside = sorted(name for name in caught if "cross" in name)
            raise UnseenError(f"its text part reads them beside the text ({', '.join(beside) or 'another way'})")
        ids = inputs["input_ids"][0].cpu().numpy()
        placed = caught.get("position_ids")
        if placed is None:
            positions = np.arange(len(ids))[None]
        else:
            positions = placed.cpu().numpy() if placed.ndim == 2 else placed[-3:, 0].cpu().numpy()
        return _Given(ids, self.find_cells(ids), positions, caught)

    def _check(self, given: _Given) -> None:
        """Raise UnseenError if the text part is given what this engine would not give it."""
        others = sorted(
            name
            for name, value in given.caught.items()
            if name not in KNOWN and not isinstance(value, (bool, type(None)))
        )
        if others:
            raise UnseenError(f"its text part is given more than embeddings: {', '.join(others)}")
        if not given.cells.any():
            raise UnseenError("its processor leaves no cells where an image is to be seen")
        if len(given.positions) > 1 and not hasattr(self._network.model.base_model, "get_rope_index"):
            raise UnseenError("it places images in a plane and does not tell how (get_rope_index)")

    def _place(self, inputs: Mapping[str, Any]) -> NDArray[np.int64]:
        """Return (sections, n) positions of a processor's tokens; nothing is encoded."""
        find = self._network.model.base_model.get_rope_index
        takes = inspect.signature(find).parameters
        placed, _ = find(**{name: value for name, value in inputs.items() if name in takes})
        return np.asarray(placed[-3:, 0].cpu().numpy())

    def _find_inner(self, ids: NDArray[np.int64]) -> tuple[int, int]:
        """Return where an image's own tokens begin and end: plain text around them is none of theirs."""
        own = np.flatnonzero(self.find_cells(ids) | np.isin(ids, list(self._special)))
        return (int(own[0]), int(own[-1]) + 1) if len(own) else (0, len(ids))

    def _decode(self, ids: NDArray[np.int64]) -> str:
        return (
            str(self.processor.tokenizer.decode(ids.tolist(), clean_up_tokenization_spaces=False)) if len(ids) else ""
        )

    def _find_frame(self, ids: NDArray[np.int64]) -> str:
        """Return what stands for an image in running text, with `PLACE` for the processor's marker."""
        config = self._network.model.config
        for names in FRAMES:
            begins, ends = (getattr(config, name, None) for name in names)
            if isinstance(begins, int) and isinstance(ends, int) and begins not in ids:
                return PLACE.join(self.processor.tokenizer.convert_ids_to_tokens([begins, ends]))
        return PLACE

    def _describe(self, given: _Given) -> dict[str, object]:
        """Return how images are prepared and seen, JSON values only."""
        own = self.processor.image_processor
        settings = {name: value for name in TOLD if (value := _make_json_value(getattr(own, name, None))) is not None}
        return {
            "processor": type(self.processor).__name__,
            "image_processor": type(own).__name__,
            **settings,
            "positions": "in a plane" if self.sections > 1 else "one after the other",
            "cells_see": "all cells of their image" if self.whole else "what comes before them",
            "later_layers": len(given.caught.get("deepstack_visual_embeds") or ()),
        }


def _find_marker(processor: Any) -> str:
    """Return what a processor reads as an image.  Raises UnseenError if it does not tell."""
    marker = getattr(processor, "image_token", None)
    marker = getattr(marker, "content", marker)
    if not isinstance(marker, str) or not marker or None in processor.image_token_ids:
        raise UnseenError(f"its processor ({type(processor).__name__}) does not say which token stands for one")
    return marker


def _see_each_other(given: _Given) -> bool:
    """Return whether all cells of a block see each other, and not only those before them.

    Raises UnseenError if layers differ in it, or if text is seen from before it.
    """
    given_masks = given.caught.get("attention_mask")
    masks = given_masks.values() if isinstance(given_masks, Mapping) else [given_masks]
    size, cells = len(given.ids), given.cells
    block = np.cumsum(np.diff(cells, prepend=False)) * cells
    together = (block[:, None] == block[None, :]) & cells[:, None]
    causal = np.tri(size, dtype=np.bool_)
    found = set()
    for mask in masks:
        if mask is None or mask.ndim < 4:
            found.add(False)
            continue
        seen = mask[0, 0].cpu().numpy()
        seen = seen if seen.dtype == np.bool_ else seen == 0
        kind = next((whole for whole in (False, True) if np.array_equal(seen, causal | (together & whole))), None)
        if kind is None:
            raise UnseenError("its prompt sees itself both ways, and not only backwards")
        found.add(kind)
    if len(found) > 1:
        raise UnseenError("its layers differ in which cells of an image see each other")
    return True in found


def _make_json_value(value: Any) -> Any:
    """Return a setting as a JSON value, None if it is none."""
    if isinstance(value, (bool, int, float, str)):
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(value, (list, tuple)):
        return [_make_json_value(one) for one in value]
    if isinstance(value, Mapping) or hasattr(value, "items"):
        return {str(name): _make_json_value(one) for name, one in value.items()}
    return (
        None
        if value is None or not hasattr(value, "__dict__")
        else {name: _make_json_value(one) for name, one in vars(value).items() if one is not None}
    )

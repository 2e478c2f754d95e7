"""Images in token sequences: each cell of an image is a token of its own, above every vocabulary.

A model's vision tower makes *cells* of an image, rows of numbers that stand where tokens stand.  Here each cell gets a
*pseudo token*, the same for equal images, so that the prefix tree shares an image as it shares text: it is encoded
once, and its cells go through the network once for all questions about it.

Knows hashes of images, numbers of cells, positions and embeddings; nothing of towers, libraries or prompts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.local.prefix_tree import PrefixTree
from fairtrial.engines.local.prefix_tree.trie import Indices, Tokens
from fairtrial.records import ImagePart

FIRST_IMAGE_TOKEN = 1 << 30
"""The lowest pseudo token; all tokens below are of a vocabulary."""
EMBEDDING_BYTES = 64 << 20
"""Encoded images that are kept: an image's questions come one after the other, in a call as in a trial."""
LAYOUTS = 20_000
"""Images whose layout is remembered."""
PLACE = "\ue0f3"
"""Stands for an image in what `ImageEncoder.frame` returns."""

Pixels = NDArray[np.uint8]
"""(height, width, 3), red, green, blue."""
ReadPixels = Callable[[ImagePart], Pixels]


@dataclass(frozen=True, slots=True)
class CellBlock:
    """The cells of a picture, or of one tile of it, that stand next to each other.

    Attributes:
        cells: how many they are.
        span: positions that they take: what follows stands so much further on.
        positions: (sections, cells) int32 relative to the first one's; None where they follow each other one by one.
    """

    cells: int
    span: int
    positions: NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True)
class ImageLayout:
    """An image as a model reads it.

    Attributes:
        pieces: tokens of the vocabulary, and blocks of cells, in the order in which they are read; one block at least.
    """

    pieces: tuple[Tokens | CellBlock, ...]

    @property
    def blocks(self) -> tuple[CellBlock, ...]:
        """Its cells."""
        return tuple(piece for piece in self.pieces if isinstance(piece, CellBlock))

    @property
    def cells(self) -> int:
        """Number of all cells."""
        return sum(block.cells for block in self.blocks)


class ImageEncoder(ABC):
    """What an engine's library knows of images, for one model.

    Attributes:
        sections: numbers that make up a position: 1; 3 (time, row, column) where a model places cells in a plane.
        whole: the cells of a block see each other, and not only those before them.
        record: how images are prepared (size, cells, mean ...), for the audit trail.
        encoded: images that went through the tower so far.
    """

    sections: int = 1
    whole: bool = False
    record: Mapping[str, object] = {}

    def __init__(self, read: ReadPixels, kept_bytes: int = EMBEDDING_BYTES) -> None:
        """Encode the images that ``read`` gives; embeddings are kept up to so many bytes."""
        self.read = read
        self.encoded = 0
        self._room = kept_bytes
        self._layouts: OrderedDict[str, ImageLayout] = OrderedDict()
        self._kept: OrderedDict[str, Floats32] = OrderedDict()

    @abstractmethod
    def _lay_out(self, pixels: Pixels) -> ImageLayout:
        """Return how the model reads an image; does not encode it."""

    @abstractmethod
    def _encode(self, pixels: Pixels) -> Floats32:
        """Return (cells, width) the embeddings of all cells of an image."""

    def frame(self, written: str) -> str:
        """Return text with `PLACE` where the image's own tokens belong.

        Args:
            written: what the chat template writes for an image, without white space around it; empty where there is
                no template.  The tokens of an image replace all of it, unless a library has its own way.
        """
        return PLACE

    def layout(self, image: ImagePart) -> ImageLayout:
        """Return how the model reads an image."""
        found = self._layouts.pop(image.hash, None)
        if found is None:
            found = self._lay_out(self.read(image))
        self._layouts[image.hash] = found
        if len(self._layouts) > LAYOUTS:
            self._layouts.popitem(last=False)
        return found

    def embeddings(self, image: ImagePart) -> Floats32:
        """Return (cells, width) an image's embeddings: computed once, then kept while there is room."""
        found = self._kept.pop(image.hash, None)
        if found is None:
            found = self._encode(self.read(image))
            self.encoded += 1
        self._kept[image.hash] = found
        while sum(rows.nbytes for rows in self._kept.values()) > self._room and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return found

    def close(self) -> None:
        """Free what the library holds."""
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class _Entry:
    image: ImagePart
    first: int
    cells: int
    tokens: Tokens


class ImageTable:
    """The images of one call, and the pseudo tokens of their cells.

    Pseudo tokens are handed out in the order in which images come up, so that the same requests get the same ones
    whatever was asked before; `clear` begins a new call.
    """

    def __init__(self, encoder: ImageEncoder) -> None:
        self.encoder = encoder
        self.clear()

    def clear(self) -> None:
        """Forget all images."""
        self._entries: dict[str, _Entry] = {}
        self._order: list[_Entry] = []
        self._firsts: list[int] = []
        self._begins: list[NDArray[np.bool_]] = []
        self._spans: list[Indices] = []
        self._relative: list[NDArray[np.int32]] = []
        self._next = FIRST_IMAGE_TOKEN
        self.largest = 0
        """Cells of the largest block."""

    def list_tokens(self, image: ImagePart) -> Tokens:
        """Return an image's own tokens: those of the vocabulary that stand in and around it, and its cells."""
        entry = self._entries.get(image.hash) or self._enter(image)
        return entry.tokens

    def _enter(self, image: ImagePart) -> _Entry:
        layout = self.encoder.layout(image)
        first, parts = self._next, []
        for piece in layout.pieces:
            if isinstance(piece, CellBlock):
                parts.append(np.arange(self._next, self._next + piece.cells, dtype=np.int32))
                self._add_block(piece)
            else:
                parts.append(piece)
        entry = _Entry(image, first, self._next - first, np.concatenate(parts))
        self._entries[image.hash] = entry
        self._order.append(entry)
        self._firsts.append(first)
        return entry

    def _add_block(self, block: CellBlock) -> None:
        begins, spans = np.zeros(block.cells, dtype=np.bool_), np.zeros(block.cells, dtype=np.int64)
        begins[0], spans[-1] = True, block.span
        self._begins.append(begins)
        self._spans.append(spans)
        if self.encoder.sections > 1:
            assert block.positions is not None
            self._relative.append(block.positions)
        self._next += block.cells
        self.largest = max(self.largest, block.cells)

    def number_blocks(self, tree: PrefixTree) -> Indices | None:
        """Return (nodes,) the number of the block that each node of a tree belongs to, -1 for text.

        None if there is no image.  See `fairtrial.engines.local.prefix_tree.plan_steps`.
        """
        tokens = tree.tokens()
        return self.number_tokens(tokens) if (tokens >= FIRST_IMAGE_TOKEN).any() else None

    def number_tokens(self, tokens: Tokens) -> Indices:
        """Return (n,) the number of the block that each token belongs to, counted from 0 along them; -1 for text."""
        cells = tokens >= FIRST_IMAGE_TOKEN
        found = np.full(len(tokens), -1, dtype=np.int64)
        if cells.any():
            begins = np.concatenate(self._begins)
            found[cells] = np.cumsum(begins[tokens[cells] - FIRST_IMAGE_TOKEN]) - 1
        return found

    def find_starts(self, tokens: Tokens) -> Indices:
        """Return (n + 1,) the position at which each token of a sequence from its beginning stands, and the next one.

        All cells of a block in a plane stand where the block begins.
        """
        if self.encoder.sections == 1:
            return np.arange(len(tokens) + 1)
        steps = np.ones(len(tokens), dtype=np.int64)
        cells = tokens >= FIRST_IMAGE_TOKEN
        if cells.any():
            steps[cells] = np.concatenate(self._spans)[tokens[cells] - FIRST_IMAGE_TOKEN]
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(steps)])

    def find_positions(self, tokens: Tokens) -> NDArray[np.int32]:
        """Return (sections, n) int32 positions of the tokens of a sequence from its beginning."""
        sections = self.encoder.sections
        found = np.repeat(self.find_starts(tokens)[None, :-1], sections, axis=0)
        cells = tokens >= FIRST_IMAGE_TOKEN
        if sections > 1 and cells.any():
            found[:, cells] += np.concatenate(self._relative, axis=1)[:, tokens[cells] - FIRST_IMAGE_TOKEN]
        return found.astype(np.int32)

    def tree_positions(self, tree: PrefixTree) -> NDArray[np.int32]:
        """Return (sections, nodes) int32 the position of each node of a tree."""
        if self.encoder.sections == 1:
            return tree.depths().astype(np.int32)[None]
        own = zip(tree.sequences, tree.shared.tolist(), strict=True)
        return np.concatenate([self.find_positions(tokens)[:, shared:] for tokens, shared in own], axis=1)

    def embed(self, tokens: Tokens) -> Floats32:
        """Return (n, width) the embeddings of pseudo tokens."""
        which = np.searchsorted(self._firsts, tokens, side="right") - 1
        edges = np.flatnonzero(np.diff(which, prepend=-1, append=-1))
        parts = []
        for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            entry = self._order[int(which[start])]
            parts.append(self.encoder.embeddings(entry.image)[tokens[start:stop] - entry.first])
        return np.concatenate(parts)

    def find_images(self, tokens: Tokens) -> list[tuple[int, int]]:
        """Return where the images of a sequence stand: the first token of each, and the one after its last."""
        found: list[tuple[int, int]] = []
        for at in np.flatnonzero(np.isin(tokens, self._firsts)).tolist():
            entry = self._order[int(np.searchsorted(self._firsts, tokens[at]))]
            start = at - int(np.argmax(entry.tokens >= FIRST_IMAGE_TOKEN))
            found.append((start, start + len(entry.tokens)))
        return found


def count_text(tokens: Tokens) -> int:
    """Return how many tokens stand before the first cell of an image."""
    cells = tokens >= FIRST_IMAGE_TOKEN
    return int(cells.argmax()) if cells.any() else len(tokens)


def cut_before_images(size: int, images: Sequence[tuple[int, int]]) -> int:
    """Return how many leading tokens are cut off where ``size`` must be: never a part of an image only.

    Args:
        size: tokens that have to go, at least.
        images: where images stand; see `ImageTable.find_images`.
    """
    return max([stop for start, stop in images if start < size < stop] + [size])


@dataclass(frozen=True)
class TokenPlaces:
    """Where the tokens of one sequence stand, and where it can be cut.

    Attributes:
        positions: (sections, n) int32.
        end: position of the token that comes next.
        kinds: (n,) for each token the number of its block of cells, -1 for text; None if there is no image.
        starts: (n + 1,) see `ImageTable.starts`.
        whole: a block is never cut.
    """

    positions: NDArray[np.int32]
    end: int
    kinds: Indices | None
    starts: Indices
    whole: bool

    @classmethod
    def from_tokens(cls, tokens: Tokens, images: ImageTable | None, *, whole: bool) -> TokenPlaces:
        """Find out where the tokens of a sequence stand."""
        if images is None or count_text(tokens) == len(tokens):
            starts = np.arange(len(tokens) + 1)
            return cls(starts[None, :-1].astype(np.int32), len(tokens), None, starts, whole)
        starts = images.find_starts(tokens)
        return cls(images.find_positions(tokens), int(starts[-1]), images.number_tokens(tokens), starts, whole)

    def is_image(self, at: int) -> bool:
        """Whether the token at ``at`` is a cell of an image."""
        return self.kinds is not None and int(self.kinds[at]) >= 0

    def find_stop(self, at: int) -> int:
        """Return up to where tokens go on as the one at ``at``: text, cells, or where it is never cut, one block."""
        if self.kinds is None:
            return len(self.starts) - 1
        rest = self.kinds[at:]
        same = rest == rest[0] if self.whole else (rest >= 0) == (rest[0] >= 0)
        others = np.flatnonzero(~same)
        return at + (int(others[0]) if len(others) else len(rest))

    def round_down(self, size: int) -> int:
        """Return ``size``, or where that would cut a block that is never cut, where the block begins."""
        kinds = self.kinds
        if kinds is None or not self.whole or not 0 < size < len(kinds):
            return size
        if kinds[size] < 0 or kinds[size] != kinds[size - 1]:
            return size
        return int(np.flatnonzero(kinds == kinds[size])[0])

    def find_position(self, size: int) -> int:
        """Return the position behind ``size`` leading tokens."""
        return int(self.starts[size])

"""Keys and values of what a network has read, and attention over them.

Every attention layer hands its queries, keys and values to the memory that is in use, which keeps them and attends:
`TokenPath` for packed branches on one path (scoring, reading prompts), `Slots` for many answers that grow by a token
each.  Both compute what plain causal attention computes.  Knows tensors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from fairtrial.engines.local.prefix_tree.trie import Indices
from fairtrial.engines.transformers.libraries import import_torch

CELLS = 32
"""Memory is attended to in whole blocks of so many cells."""


class Memory(Protocol):
    """Keeps keys and values and attends."""

    def attend(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """Keep ``key`` and ``value`` and return the output for ``query``.

        Args:
            layer: number of the layer.
            query: (batch, heads, tokens, size).
            key: (batch, key heads, tokens, size); ``value`` likewise.
            scale: of the products.

        Returns:
            (batch, tokens, heads, size).
        """
        ...


class TokenPath:
    """One path of tokens, the trunk, and a step on top of it: packed branches that see their own ancestors only."""

    def __init__(self, cells: int) -> None:
        self.cells = cells
        self.length = 0
        self.mask: Any = None
        self._tall: Any = None
        self._keys: list[Any] = []
        self._values: list[Any] = []

    def attend(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """See `Memory`; ``self.mask`` says what each token of the step sees: (1, 1, tokens, cells)."""
        new, start, seen = key.shape[2], self.length, self.mask.shape[3]
        if layer == len(self._keys):  # zeros, for what is unseen must still be numbers
            shape = (1, key.shape[1], self.cells)
            self._keys.append(key.new_zeros((*shape, key.shape[3])))
            self._values.append(value.new_zeros((*shape, value.shape[3])))
        keys, values = self._keys[layer], self._values[layer]
        keys[:, :, start : start + new] = key
        values[:, :, start : start + new] = value
        keys, values = keys[:, :, :seen], values[:, :, :seen]
        attention = import_torch().nn.functional.scaled_dot_product_attention
        group = query.shape[1] // key.shape[1]
        if query.device.type == "cpu":
            out = attention(query, keys, values, attn_mask=self.mask, scale=scale, enable_gqa=group > 1)
            return out.transpose(1, 2)
        # Elsewhere that would repeat the keys: heads that share keys stand one below the other, as more queries.
        rows = query.reshape(1, key.shape[1], group * new, query.shape[3])
        out = attention(rows, keys, values, attn_mask=self._stack_mask(group), scale=scale)
        return out.reshape(1, query.shape[1], new, out.shape[3]).transpose(1, 2)

    def _stack_mask(self, group: int) -> Any:
        if self._tall is None:
            self._tall = self.mask.repeat(1, 1, group, 1)
        return self._tall

    def see(self, mask: Any) -> None:
        """Set what the next step sees."""
        self.mask, self._tall = mask, None

    def keep(self, cells: Indices) -> None:
        """Keep these cells, ascending, as the new trunk; the step is behind us."""
        same = 0
        while same < len(cells) and cells[same] == same:
            same += 1
        moved = import_torch().as_tensor(cells[same:])
        for store in (*self._keys, *self._values):
            if len(moved):
                store[:, :, same : len(cells)] = store[:, :, moved.to(store.device)]
        self.length = len(cells)

    def copy_cells(self, cells: Indices) -> list[tuple[Any, Any]]:
        """Return copies of keys and values of these cells, a layer each: (key heads, n, size)."""
        where = import_torch().as_tensor(cells)
        pairs = zip(self._keys, self._values, strict=True)
        return [(k[0][:, where.to(k.device)], v[0][:, where.to(v.device)]) for k, v in pairs]

    def list_stores(self) -> list[tuple[Any, Any]]:
        """Return keys and values of the trunk, a layer each: (key heads, length, size), not copied."""
        pairs = zip(self._keys, self._values, strict=True)
        return [(k[0][:, : self.length], v[0][:, : self.length]) for k, v in pairs]


class Slots:
    """Answers that grow by one token a pass, each after its own prompt, all after one shared root."""

    def __init__(self, root: Sequence[tuple[Any, Any]], slots: int, cells: int) -> None:
        """Make room for ``slots`` answers of at most ``cells`` tokens, prompt beyond the root included."""
        self._root = root
        self._keys: list[Any] = []  # zeros, for what is unseen must still be numbers
        self._values: list[Any] = []
        for key, value in root:
            self._keys.append(key.new_zeros((slots, key.shape[0], cells, key.shape[2])))
            self._values.append(value.new_zeros((slots, value.shape[0], cells, value.shape[2])))
        self.lengths: list[int] = []
        self.places: list[int] = []
        """Where the next token of each stands, counted from the root's end: cells of images may share a position."""

    def add(self, parts: Sequence[tuple[Any, Any]], place: int) -> None:
        """Give the next slot to an answer whose prompt beyond the root has these keys and values, a layer each.

        ``place`` is where its first token stands.
        """
        slot = len(self.lengths)
        self.places.append(place)
        self.lengths.append(int(parts[0][0].shape[1]))
        for layer, (key, value) in enumerate(parts):
            self._keys[layer][slot, :, : key.shape[1]] = key
            self._values[layer][slot, :, : value.shape[1]] = value

    def drop(self, slot: int) -> None:
        """Free a slot; the last one takes its place."""
        last = len(self.lengths) - 1
        length, place = self.lengths.pop(), self.places.pop()
        if slot != last:
            self.lengths[slot], self.places[slot] = length, place
            for store in (*self._keys, *self._values):
                store[slot, :, :length] = store[last, :, :length]

    def begin(self) -> None:
        """Prepare a pass: one new token for each slot in use."""
        first = self._keys[0]
        lengths = import_torch().tensor(self.lengths, device=first.device)
        self._rows = import_torch().arange(len(self.lengths), device=first.device)
        self._at = lengths
        unseen = import_torch().arange(first.shape[2], device=first.device)[None, :] > lengths[:, None]
        self._hidden = import_torch().zeros(unseen.shape, device=first.device).masked_fill(unseen, float("-inf"))

    def end_pass(self) -> None:
        """The pass is over: every slot has grown by one."""
        self.lengths = [length + 1 for length in self.lengths]
        self.places = [place + 1 for place in self.places]

    def attend(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """See `Memory`; batch is the slots in use, one token each."""
        batch, heads, _, size = query.shape
        shared = key.shape[1]
        group = heads // shared
        keys, values = self._keys[layer], self._values[layer]
        keys[self._rows, :, self._at] = key[:, :, 0]
        values[self._rows, :, self._at] = value[:, :, 0]
        root_key, root_value = self._root[layer]
        root = root_key.shape[1]
        queries = query.reshape(batch, shared, group, size) * scale
        # All cells of a slot, used or not: products of whole blocks need no copies.
        own = import_torch().matmul(queries, keys[:batch].transpose(2, 3)).float()
        own = own + self._hidden[:, None, None, :]
        # To the root all answers put their questions at once: one product a key head, whatever the number of answers.
        together = queries.transpose(0, 1).reshape(shared, batch * group, size)
        far = import_torch().matmul(together, root_key.transpose(1, 2)).float()
        far = far.reshape(shared, batch, group, root).transpose(0, 1)
        weights = import_torch().softmax(import_torch().cat([far, own], dim=3), dim=3).to(query.dtype)
        out = import_torch().matmul(weights[..., root:], values[:batch])
        above = weights[..., :root].transpose(0, 1).reshape(shared, batch * group, root)
        out = out + import_torch().matmul(above, root_value).reshape(shared, batch, group, size).transpose(0, 1)
        return out.reshape(batch, 1, heads, size)

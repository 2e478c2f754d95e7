"""A causal network that reads packed steps: tokens at given positions, each seeing what the memory says.

Knows one model of transformers and its device; nothing of requests, trees or text.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.transformers.libraries import import_torch, import_transformers
from fairtrial.engines.transformers.loading import LoadedNetwork
from fairtrial.engines.transformers.memory import CELLS, Memory
from fairtrial.errors import EngineError

ATTENTION = "fairtrial"
"""Name under which this engine's attention is known to transformers."""
_BLOCK = {"cpu": 8, "cuda": 256}  # rows of logits turned into log-probabilities at once


@dataclass(frozen=True, slots=True)
class ShownCells:
    """Cells of images among the tokens of a pass.

    Attributes:
        where: (n,) bool, which of the tokens they are.
        rows: (cells, width) float32; where a model adds more of an image at its first layers, that follows in the same
            row: (cells, width * (1 + layers)).
    """

    where: NDArray[np.bool_]
    rows: NDArray[np.float32]


class _CaughtError(Exception):
    """Ends a pass before the text part begins."""


class Network:
    """Runs one model.

    Attributes:
        model: of `import_transformers`.
        device: where it is.
        dtype: what it computes in.
    """

    def __init__(self, loaded: LoadedNetwork) -> None:
        self.model, self.device, self.dtype = loaded.model, loaded.device, loaded.dtype
        takes = inspect.signature(self.model.forward).parameters
        self._picks_rows = "logits_to_keep" in takes
        self._cache_name = next((name for name in ("cache_params", "cache") if name in takes), "past_key_values")
        self._plain = self.model.config._attn_implementation
        library = import_transformers()
        library.AttentionInterface.register(ATTENTION, _attend)
        library.AttentionMaskInterface.register(ATTENTION, library.masking_utils.sdpa_mask)
        self._ours = False
        self._caught: dict[str, Any] | None = None
        self._swapped: Mapping[str, Any] = {}
        self._text_key = ""
        if loaded.processor is not None:
            text = self.model.config.get_text_config()
            keys = (key for key in self.model.config.sub_configs if getattr(self.model.config, key) is text)
            self._text_key = next(keys, "")
            self.model.get_decoder().register_forward_pre_hook(self._intervene, with_kwargs=True)

    def memory_bytes(self) -> int:
        """Return the memory of the device, used or not: what depends on it is the same in every run."""
        if self.device == "cuda":
            return int(import_torch().cuda.get_device_properties(0).total_memory)
        return int(psutil.virtual_memory().total)

    @cached_property
    def cell_bytes(self) -> int:
        """Bytes of keys and values of one token."""
        config = self.model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return int(2 * config.num_hidden_layers * heads * size * getattr(import_torch(), self.dtype).itemsize)

    def _attend_through_memory(self, wanted: bool) -> None:
        if self._ours is not wanted:
            name = ATTENTION if wanted else self._plain
            self.model.set_attn_implementation({self._text_key: name} if self._text_key else name)
            self._ours = wanted

    def _intervene(self, module: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Change, or catch, what the text part of the model is given."""
        if self._caught is not None:
            self._caught.update(given)
            raise _CaughtError
        return args, {**given, **self._swapped}

    def catch(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the text part would be given for a processor's inputs, images encoded; it does not run."""
        self._caught = {}
        try:
            with import_torch().no_grad():
                self.model.base_model(**inputs, use_cache=False)
            return {}
        except _CaughtError:
            return self._caught
        finally:
            self._caught = None

    @contextmanager
    def _show_images(self, ids: Any, cells: ShownCells | None) -> Iterator[None]:
        """Let the text part see cells of images in place of some tokens, for one pass."""
        if cells is not None:
            where = import_torch().as_tensor(cells.where, device=self.device)
            embedded = self.model.get_input_embeddings()(ids)
            width = embedded.shape[2]
            rows = import_torch().as_tensor(cells.rows).to(self.device, embedded.dtype)
            embedded[0, where] = rows[:, :width]
            self._swapped = {"input_ids": None, "inputs_embeds": embedded}
            if rows.shape[1] > width:
                later = [rows[:, at : at + width] for at in range(width, rows.shape[1], width)]
                self._swapped |= {"visual_pos_masks": where[None], "deepstack_visual_embeds": later}
        try:
            yield
        finally:
            self._swapped = {}

    def read(
        self,
        tokens: Tokens,
        positions: Tokens,
        memory: Memory,
        rows: NDArray[np.int64] | None = None,
        cells: ShownCells | None = None,
    ) -> Any:
        """Send tokens through the network.

        Args:
            tokens: (batch, n) int32.
            positions: (batch, n) of each token in its sequence, or (sections, batch, n).
            memory: keeps keys and values, and attends.
            rows: which of the n positions logits are wanted at; None for all.
            cells: of images that some of the tokens stand for; the batch is then 1.

        Returns:
            (batch, len(rows), vocabulary) logits, on the device.
        """
        self._attend_through_memory(True)
        keep = {} if rows is None or not self._picks_rows else {"logits_to_keep": self._make_tensor(rows)}
        ids = self._text_tokens(tokens, cells)
        with import_torch().no_grad(), self._show_images(ids, cells):
            out = self.model(
                input_ids=ids,
                position_ids=self._make_tensor(positions),
                # Four dimensions tell transformers that the mask is the caller's own business.
                attention_mask=import_torch().zeros((1, 1, 1, 1), device=self.device),
                use_cache=False,
                memory=memory,
                **keep,
            ).logits
        return out if rows is None or keep else out[:, self._make_tensor(rows)]

    def run_plain(
        self,
        tokens: Tokens,
        cache: Any = None,
        rows: NDArray[np.int64] | None = None,
        cells: ShownCells | None = None,
        positions: Tokens | None = None,
        seen: NDArray[np.bool_] | None = None,
    ) -> Any:
        """Continue one sequence in the model's own way, with its own cache (changed in place) or none.

        Args:
            tokens: (n,) int32.
            cache: see `new_cache`.
            rows: which of the n positions logits are wanted at; None for all.
            cells: of images that some of the tokens stand for.
            positions: (sections, n) of the tokens; None where they follow what is in the cache one by one.
            seen: (n, cached + n) what each token sees; None for all before it.

        Returns:
            (len(rows), vocabulary) logits, on the device.
        """
        self._attend_through_memory(False)
        keep = {} if rows is None or not self._picks_rows else {"logits_to_keep": self._make_tensor(rows)}
        more = {} if cache is None else {self._cache_name: cache}
        if positions is not None:
            more["position_ids"] = self._make_tensor(positions if len(positions) == 1 else positions[:, None])
        if seen is not None:
            more["attention_mask"] = import_torch().as_tensor(seen, device=self.device)[None, None]
        ids = self._text_tokens(tokens[None], cells)
        with import_torch().no_grad(), self._show_images(ids, cells):
            out = self.model(input_ids=ids, use_cache=cache is not None, **more, **keep).logits[0]
        return out if rows is None or keep else out[self._make_tensor(rows)]

    def forward(self, inputs: Mapping[str, Any]) -> Any:
        """Return (batch, n, vocabulary) logits of a processor's inputs, everything in the model's own way."""
        self._attend_through_memory(False)
        with import_torch().no_grad():
            return self.model(**inputs, use_cache=False).logits

    def new_cache(self) -> Any:
        """Return an empty cache of the kind that the model wants."""
        return import_transformers().DynamicCache(config=self.model.config)

    def mask(self, seen: NDArray[np.bool_]) -> Any:
        """Return (tokens, cells) of what is seen as the mask that attention adds: (1, 1, tokens, cells).

        The cells are rounded up to a multiple of `CELLS`, the added ones unseen: attention is faster on whole blocks.
        """
        padded = np.zeros((seen.shape[0], -(-seen.shape[1] // CELLS) * CELLS), dtype=np.bool_)
        padded[:, : seen.shape[1]] = seen
        kind = getattr(import_torch(), self.dtype)
        mask = import_torch().zeros(padded.shape, dtype=kind, device=self.device)
        return mask.masked_fill_(~import_torch().as_tensor(padded, device=self.device), float("-inf"))[None, None]

    def _text_tokens(self, tokens: Tokens, cells: ShownCells | None) -> Any:
        """Return tokens as a tensor, some token of the vocabulary in the place of cells."""
        return self._make_tensor(tokens if cells is None else np.where(cells.where[None], 0, tokens))

    def make_index(self, values: NDArray[np.int64]) -> Any:
        """Return numbers of rows as a tensor on the device."""
        return self._make_tensor(values)

    def _make_tensor(self, values: NDArray[Any]) -> Any:
        return import_torch().as_tensor(np.ascontiguousarray(values, dtype=np.int64), device=self.device)


def compute_log_probabilities(
    logits: Any, rows: NDArray[np.int64], tokens: Tokens
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the log-probability of given tokens, and whether none is likelier than each.

    Args:
        logits: (r, vocabulary) tensor.
        rows: (k,) the row that each token is read from.
        tokens: (k,) token ids.

    Returns:
        (k,) float64 nats, computed in float32; (k,) bool.
    """
    if not len(rows):
        return np.empty(0), np.empty(0, dtype=np.bool_)
    block = _BLOCK[logits.device.type]
    peaks, mass = [], []
    # A few rows at a time, always in the same place, stay in the processor's cache.
    place = import_torch().empty((block, logits.shape[1]), dtype=import_torch().float32, device=logits.device)
    for at in range(0, len(logits), block):
        some = logits[at : at + block]
        part = place[: len(some)].copy_(some)
        peak = part.amax(dim=1)
        peaks.append(peak)
        mass.append(part.sub_(peak[:, None]).exp_().sum(dim=1).log_().add_(peak))
    which = import_torch().as_tensor(rows, device=logits.device)
    chosen = logits[which, import_torch().as_tensor(tokens.astype(np.int64), device=logits.device)].float()
    values, likeliest = chosen - import_torch().cat(mass)[which], chosen >= import_torch().cat(peaks)[which]
    return values.double().cpu().numpy(), likeliest.cpu().numpy()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether ``error`` says that memory ran out, on whichever device."""
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text


def _attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    memory: Memory | None = None,
    **others: Any,
) -> tuple[Any, None]:
    """Attend through the memory that came with the call; refuses what it would get wrong."""
    if memory is None:
        raise EngineError("This model does not pass on what its attention needs.")
    extras: Sequence[str] = [name for name in ("softcap", "s_aux", "position_bias") if others.get(name) is not None]
    if extras:
        raise EngineError(f"This model's attention needs {', '.join(extras)}.")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return memory.attend(module.layer_idx, query, key, value, scale), None

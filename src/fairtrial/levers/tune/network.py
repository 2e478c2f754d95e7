"""A network with an adapter that learns: blocks of rows in, the loss of each learned token out.

Knows one model of transformers, PEFT's layers in it, and its device; nothing of text, steps or optimisers.
"""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fairtrial.engines.transformers.loading import LoadedNetwork
from fairtrial.errors import EngineError, SpecError, did_you_mean
from fairtrial.levers.tune.attention import ROWS_ATTENTION, RowPlaces, register_attention
from fairtrial.levers.tune.layers import ADAPTER, use_fast_layers
from fairtrial.levers.tune.libraries import import_peft, import_torch
from fairtrial.levers.tune.packing import RowBlock, TokenRow, make_block
from fairtrial.spec.tune import Tune

ATTENTION_PARTS = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "out_proj", "c_attn", "query_key_value")
_TRIED_TOKENS = 1024
_TOLERANCE = {"float32": 1e-3, "bfloat16": 0.03, "float16": 0.01}
"""By how much two ways of computing the same may differ on average: nats a token, and share of the loss."""
log = logging.getLogger(__name__)


class LearningNetwork:
    """Runs one network with an adapter.

    Attributes:
        model: of transformers, PEFT's layers in it.
        device: where it is.
        dtype: of the frozen weights, by name.
        packs: whether rows go through it one after the other; else each is padded.
        why_not: why it does not pack; empty if it does.
        recomputes: whether layers are computed again on the way back.
        fast_layers: layers that are computed by `fairtrial.levers.tune.layers`.
    """

    def __init__(self, loaded: LoadedNetwork, settings: Tune) -> None:
        """Add an adapter to a network; its first weights are drawn by the seed.

        Raises SpecError if `targets` names a module that the network does not have.
        """
        torch, peft = import_torch(), import_peft()
        self.dtype, self.device = loaded.dtype, loaded.device
        self.targets = find_targets(loaded.model, settings.targets)
        self._peft_config = peft.LoraConfig(
            r=settings.rank,
            lora_alpha=settings.scale * settings.rank,
            lora_dropout=settings.dropout,
            target_modules=list(self.targets),
            use_dora=settings.method == "dora",
            task_type="CAUSAL_LM",
        )
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(settings.seed)
            self._wrapped = peft.get_peft_model(loaded.model, self._peft_config)
        self.model = self._wrapped.get_base_model()
        self.fast_layers = use_fast_layers(self.model, peft.tuners.lora.Linear)
        self._plain = self.model.config._attn_implementation
        self._picks_rows = "logits_to_keep" in inspect.signature(self.model.forward).parameters
        register_attention()
        self.packs, self.why_not = True, ""
        self.recomputes = settings.recompute
        if settings.recompute:
            self._recompute_layers()

    @property
    def peft_config(self) -> Any:
        """PEFT's settings of the adapter."""
        return self._peft_config

    def list_learned(self) -> dict[str, Any]:
        """Return what is learned: PEFT's name to parameter, float32."""
        return {name: weight for name, weight in self._wrapped.named_parameters() if weight.requires_grad}

    def read_adapter(self) -> dict[str, Any]:
        """Return copies of the adapter's weights under the names that PEFT stores them by."""
        found = import_peft().get_peft_model_state_dict(self._wrapped, save_embedding_layers=False)
        return {name: weight.detach().float().cpu().contiguous().clone() for name, weight in found.items()}

    def use_adapter(self, weights: dict[str, Any]) -> None:
        """Take the adapter's weights from what `read_adapter` returned."""
        import_peft().set_peft_model_state_dict(self._wrapped, weights)

    @contextmanager
    def without_adapter(self) -> Iterator[None]:
        """Compute as the network was, for a while."""
        with self._wrapped.disable_adapter():
            yield

    def use_dropout(self, active: bool) -> None:
        """Let dropout leave out inputs, as while it learns, or nothing."""
        for name, module in self.model.named_modules():
            if name.rpartition(".")[0].endswith("lora_dropout"):
                module.train(active)

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads."""
        import_torch().set_num_threads(threads)

    def compute_losses(self, block: RowBlock) -> Any:
        """Return (k,) float32: minus the log-probability of each learned token of a block, in nats."""
        torch = import_torch()
        logits = self._run_packed(block) if self.packs else self._run_padded(block)
        targets = torch.as_tensor(block.targets, device=self.device)
        return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")

    def choose_way(self, rows: Sequence[TokenRow], packing: bool) -> None:
        """Find out whether rows may go through this network packed, by trying: short rows, packed and one by one.

        Args:
            rows: of the training set.
            packing: whether it is wanted at all.
        """
        if not packing:
            self.packs, self.why_not = False, "packing is switched off"
            return
        order = sorted(range(len(rows)), key=lambda i: (len(rows[i].tokens), i))
        # a short one, a middling one, a long one as far as that is cheap
        tried = list(dict.fromkeys(order[int(share * (len(order) - 1))] for share in (0.1, 0.5, 0.9)))
        tried = [i for i in tried if len(rows[i].tokens) <= _TRIED_TOKENS] or order[:1]
        whole_rows = [_learn_all(rows[i]) for i in tried]
        try:
            with import_torch().no_grad():
                packed = self.compute_losses(make_block(whole_rows, range(len(tried)))).cpu().numpy()
                self.packs = False
                alone = [self.compute_losses(make_block(whole_rows, [i])).cpu().numpy() for i in range(len(tried))]
            single = np.concatenate(alone)
            apart = float(np.abs(packed - single).mean())
            self.packs = apart <= _TOLERANCE[self.dtype] * (1 + float(single.mean()))
            self.why_not = "" if self.packs else f"packed rows differ from single ones by {apart:.2g} nats a token"
        except (EngineError, TypeError, ValueError, RuntimeError) as error:
            log.debug("packing failed", exc_info=True)
            self.packs, self.why_not = False, f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"

    def _run_packed(self, block: RowBlock) -> Any:
        """Return (k, vocabulary) logits that predict the learned tokens."""
        self._attend(ROWS_ATTENTION)
        torch = import_torch()
        keep = {"logits_to_keep": self._tensor(block.predicting)} if self._picks_rows else {}
        out = self.model(
            input_ids=self._tensor(block.tokens)[None],
            position_ids=self._tensor(block.positions)[None],
            # Four dimensions tell transformers that the mask is the caller's own business.
            attention_mask=torch.zeros((1, 1, 1, 1), device=self.device),
            use_cache=False,
            rows=RowPlaces(self._tensor(block.spread), len(block.lengths), int(block.lengths.max())),
            **keep,
        ).logits[0]
        return out if keep else out[self._tensor(block.predicting)]

    def _run_padded(self, block: RowBlock) -> Any:
        """Return the same in the model's own way: a batch of rows, each padded on its right to the longest."""
        self._attend(self._plain)
        longest, rows = int(block.lengths.max()), len(block.lengths)
        tokens = np.zeros(rows * longest, dtype=np.int64)
        seen = np.zeros(rows * longest, dtype=np.int64)
        tokens[block.spread], seen[block.spread] = block.tokens, 1
        out = self.model(
            input_ids=self._tensor(tokens.reshape(rows, longest)),
            attention_mask=self._tensor(seen.reshape(rows, longest)),
            use_cache=False,
        ).logits
        return out.flatten(0, 1)[self._tensor(block.spread[block.predicting])]

    def _attend(self, way: str) -> None:
        if self.model.config._attn_implementation != way:
            self.model.set_attn_implementation(way)

    def _tensor(self, values: Any) -> Any:
        return import_torch().as_tensor(np.ascontiguousarray(values, dtype=np.int64), device=self.device)

    def _recompute_layers(self) -> None:
        """Keep only what goes into each layer, and compute the layer again on the way back."""
        again = import_torch().utils.checkpoint.checkpoint
        for layer in getattr(self.model.get_decoder(), "layers", ()):
            inner = layer.forward
            layer.forward = lambda *args, _inner=inner, **named: again(_inner, *args, use_reentrant=False, **named)


def _learn_all(row: TokenRow) -> TokenRow:
    learned = np.ones(len(row.tokens), dtype=np.bool_)
    learned[0] = False
    return TokenRow(row.tokens, learned)


def find_targets(network: Any, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the last parts of the names of the linear modules that get an adapter, sorted.

    Raises SpecError for a name that no linear module of the network ends with.
    """
    torch = import_torch()
    head = network.get_output_embeddings()
    kinds = {"Linear", "Conv1D"}
    there = {
        name.rpartition(".")[2]
        for name, module in network.named_modules()
        if (isinstance(module, torch.nn.Linear) or type(module).__name__ in kinds) and module is not head
    }
    if tuple(wanted) == ("all",):
        return tuple(sorted(there))
    if tuple(wanted) == ("attention",):
        wanted = [name for name in there if name in ATTENTION_PARTS]
    elif tuple(wanted) == ("mlp",):
        wanted = [name for name in there if name not in ATTENTION_PARTS]
    for name in wanted:
        if name not in there:
            raise SpecError(
                f"tune: the model has no linear layers called {name!r}.{did_you_mean(name, there)}",
                fix=f"Its linear layers: {', '.join(sorted(there))}; or all, attention, mlp.",
            )
    if not wanted:
        raise SpecError("tune: the model has no such layers.", fix=f"Its linear layers: {', '.join(sorted(there))}.")
    return tuple(sorted(wanted))


__all__ = ["ADAPTER", "LearningNetwork", "find_targets"]

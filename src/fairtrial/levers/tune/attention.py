"""Attention in which every row of a block sees itself alone, without a mask over the whole block.

Transformers hands each layer's queries, keys and values to what is registered under a name.  Here they are spread out
to one padded sequence a row, where plain causal attention is right for every token before the padding, and collected
again.  Nothing of one row can reach another: they are different sequences of a batch.  Knows tensors only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from fairtrial.engines.transformers.libraries import import_torch, import_transformers
from fairtrial.errors import EngineError

ROWS_ATTENTION = "fairtrial_rows"
SHORT = 512
"""Rows up to so many tokens are attended to by plain products on processors; in bfloat16 torch's own backward pass
takes three times as long for them."""
_UNSUPPORTED = ("softcap", "s_aux", "position_bias")


class RowPlaces:
    """Where the tokens of a block stand when its rows are padded.

    Attributes:
        spread: (t,) int64 tensor, the place of each token.
        rows: number of rows.
        longest: tokens of the longest.
    """

    def __init__(self, spread: Any, rows: int, longest: int) -> None:
        self.spread, self.rows, self.longest = spread, rows, longest
        self._masks: dict[Any, Any] = {}

    def hidden(self, group: int, dtype: Any) -> Any:
        """Return what is added to products so that no token sees a later one: (group * longest, longest)."""
        if (group, dtype) not in self._masks:
            torch = import_torch()
            shape = (self.longest, self.longest)
            mask = torch.full(shape, float("-inf"), dtype=dtype, device=self.spread.device).triu(1)
            self._masks[group, dtype] = mask.repeat(group, 1)
        return self._masks[group, dtype]


def register_attention() -> None:
    """Let transformers know the attention over rows."""
    library = import_transformers()
    library.AttentionInterface.register(ROWS_ATTENTION, _attend)
    library.AttentionMaskInterface.register(ROWS_ATTENTION, library.masking_utils.sdpa_mask)


def _attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    rows: RowPlaces | None = None,
    **others: Any,
) -> tuple[Any, None]:
    """Attend within rows: query (1, heads, t, size) to (1, t, heads, size); refuses what it would get wrong."""
    if rows is None:
        raise EngineError("This model does not pass on what its attention needs.")
    if extras := [name for name in _UNSUPPORTED if others.get(name) is not None]:
        raise EngineError(f"This model's attention needs {', '.join(extras)}.")
    window = others.get("sliding_window")
    if window is not None and rows.longest > window:
        raise EngineError(f"Rows are longer than the window of {window} tokens that this model sees.")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    heads, group = key.shape[1], query.shape[1] // key.shape[1]
    query, key, value = (_spread(part, rows) for part in (query, key, value))
    if query.device.type == "cpu" and rows.longest <= SHORT:
        tall = query.reshape(rows.rows, heads, group * rows.longest, query.shape[3])
        out = _plain_products().apply(tall, key, value, rows.hidden(group, query.dtype), scale)
        out = out.reshape(query.shape)
    else:
        if group > 1:
            key, value = key.repeat_interleave(group, dim=1), value.repeat_interleave(group, dim=1)
        out = import_torch().nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
    return _collect(out.transpose(1, 2), rows), None


def _spread(part: Any, rows: RowPlaces) -> Any:
    """Return (1, heads, t, size) as (rows, heads, longest, size), zeros behind each row."""
    if rows.rows == 1:
        return part
    heads, size = part.shape[1], part.shape[3]
    room = part.new_zeros((rows.rows * rows.longest, heads, size))
    flat = room.index_copy(0, rows.spread, part[0].transpose(0, 1))
    return flat.view(rows.rows, rows.longest, heads, size).transpose(1, 2)


def _collect(out: Any, rows: RowPlaces) -> Any:
    """Return (rows, longest, heads, size) as (1, t, heads, size)."""
    if rows.rows == 1:
        return out
    return out.reshape(rows.rows * rows.longest, *out.shape[2:]).index_select(0, rows.spread)[None]


@cache
def _plain_products() -> Any:
    """Return attention by plain products, and its gradient, as a function of torch."""
    torch = import_torch()

    class PlainProducts(torch.autograd.Function):  # type: ignore[misc, name-defined]
        """softmax(q k' * scale + mask) v for (rows, heads, n, size); weights are kept in the inputs' type."""

        @staticmethod
        def forward(ctx: Any, query: Any, key: Any, value: Any, mask: Any, scale: float) -> Any:
            products = torch.matmul(query, key.transpose(2, 3)).float().mul_(scale).add_(mask)
            weights = torch.softmax(products, dim=-1).to(query.dtype)
            ctx.save_for_backward(query, key, value, weights)
            ctx.scale = scale
            return torch.matmul(weights, value)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            query, key, value, weights = ctx.saved_tensors
            of_value = torch.matmul(weights.transpose(2, 3), grad)
            of_products = torch.matmul(grad, value.transpose(2, 3)).float()
            held = weights.float()
            of_products.sub_((held * of_products).sum(dim=-1, keepdim=True)).mul_(held).mul_(ctx.scale)
            inner = of_products.to(query.dtype)
            return torch.matmul(inner, key), torch.matmul(inner.transpose(2, 3), query), of_value, None, None

    return PlainProducts

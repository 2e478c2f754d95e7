"""A linear layer with a product of two small matrices added, computed without passes over its large output.

PEFT's own layer casts inputs to float32, multiplies, casts back and adds: on processors that takes as long as the layer
itself.  Here the small product is added inside the matrix product, and gradients are made for the small matrices alone.
The matrices stay PEFT's, in float32; they are rounded to the layer's type for products only.  Tests compare the two.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from fairtrial.engines.transformers.libraries import import_torch

ADAPTER = "default"
"""PEFT's name for the one adapter that a network has here."""


def use_fast_layers(network: Any, kind: Any) -> int:
    """Let all of a network's layers of PEFT's class ``kind`` be computed here; return how many can be.

    Layers with dropout, DoRA or a type of weights of their own stay as PEFT computes them.
    """
    found = [module for module in network.modules() if type(module) is kind and _is_plain(module)]
    for module in found:
        module.forward = partial(_forward, module)
    return len(found)


def _is_plain(module: Any) -> bool:
    inner = module.get_base_layer()
    drops = type(module.lora_dropout[ADAPTER]).__name__ != "Identity"
    return type(inner).__name__ == "Linear" and not drops and not module.use_dora.get(ADAPTER, False)


def _forward(module: Any, x: Any, *args: Any, **others: Any) -> Any:
    inner = module.get_base_layer()
    if module.disable_adapters or module.merged:
        return inner(x)
    low, high = module.lora_A[ADAPTER].weight, module.lora_B[ADAPTER].weight
    return _added_product().apply(x, inner.weight, inner.bias, low, high, module.scaling[ADAPTER])


@cache
def _added_product() -> Any:
    """Return the layer and its gradient as a function of torch."""
    torch = import_torch()

    class AddedProduct(torch.autograd.Function):  # type: ignore[misc, name-defined]
        """x W' + scale * x A' B', for x (..., in), W (out, in) frozen, A (rank, in), B (out, rank)."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, low: Any, high: Any, scale: float) -> Any:
            flat = x.reshape(-1, x.shape[-1])
            a, b = low.to(x.dtype), (high * scale).to(x.dtype)
            inner = torch.mm(flat, a.t())
            out = torch.nn.functional.linear(flat, weight, bias).addmm_(inner, b.t())
            ctx.save_for_backward(flat, weight, a, b, inner)
            ctx.scale = scale
            return out.view(*x.shape[:-1], out.shape[-1])

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            flat, weight, a, b, inner = ctx.saved_tensors
            upper = grad.reshape(-1, grad.shape[-1])
            of_inner = torch.mm(upper, b)
            of_low = torch.mm(of_inner.t(), flat).float() if ctx.needs_input_grad[3] else None
            of_high = torch.mm(upper.t(), inner).float().mul_(ctx.scale) if ctx.needs_input_grad[4] else None
            of_x = None
            if ctx.needs_input_grad[0]:
                of_x = torch.mm(upper, weight).addmm_(of_inner, a).view(*grad.shape[:-1], flat.shape[-1])
            return of_x, None, None, of_low, of_high, None

    return AddedProduct

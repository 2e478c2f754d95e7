"""Adapters between two worlds: PEFT's folders of transformers, and the GGUF files of llama.cpp."""

from __future__ import annotations

from fairtrial.levers.tune.adapters.writing import write_gguf_adapter

__all__ = ["write_gguf_adapter"]

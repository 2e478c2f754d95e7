"""From a model and rows to an adapter in the cache: everything in order, made once, going on where it was stopped."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from fairtrial.archive.tainting import remember_adapter
from fairtrial.errors import ModelError, SpecError
from fairtrial.levers.base import OnBuildStep
from fairtrial.levers.tune.checkpoints import check_room
from fairtrial.levers.tune.data import read_data
from fairtrial.levers.tune.libraries import import_peft, import_torch, list_versions
from fairtrial.levers.tune.predicting import TuningForecast, check_minutes, count_learned
from fairtrial.levers.tune.preparing import PreparedTuning, prepare_tuning
from fairtrial.levers.tune.recording import describe_tuning, watch_energy
from fairtrial.levers.tune.saving import TunedAdapter, read_adapter_facts, write_adapter
from fairtrial.levers.tune.training import TuningRun
from fairtrial.machine import explain_full_disk
from fairtrial.models import ResolvedModel
from fairtrial.models.adapters import hash_adapter
from fairtrial.records import content_hash
from fairtrial.spec.tune import Tune

VERSION = 1
"""Of the training; goes up when the same rows and settings would give other weights."""
NO_MATTER = frozenset({"data", "threads", "block", "recompute", "merge", "max_minutes"})
"""Settings that do not decide what is learned, but for the last digits."""

GOES_ON = "Free some room, and run the same again: training goes on from its last checkpoint, which is whole."


def identify_settings(settings: Tune) -> dict[str, Any]:
    """Return what of the settings decides what is learned, as JSON values."""
    return settings.model_dump(mode="json", exclude=set(NO_MATTER))


def identify_tuning(settings: Tune, model: ResolvedModel, data_sha256: str) -> dict[str, str]:
    """Return the hashes that name an adapter: parent, data, settings with the versions of what computes."""
    decided = {**identify_settings(settings), "chat": _identify_chat(settings)}
    return {
        "parent_sha256": model.sha256,
        "data_sha256": data_sha256,
        "settings": content_hash([VERSION, decided, list_versions()]),
    }


def tune_model(settings: Tune, model: ResolvedModel, cache_dir: Path, tell: OnBuildStep) -> TunedAdapter:
    """Return the adapter that the settings ask for: from the cache, or trained now.

    Args:
        settings: of the lever, paths made absolute.
        model: the parent, without an adapter.
        cache_dir: where adapters and checkpoints are kept.
        tell: called with a line for what takes time.

    Raises:
        SpecError: settings or rows are wrong, or it cannot fit into memory or the minutes allowed.
        ModelError: the model cannot be tuned, or its loss is no number any more.
        MissingExtraError: torch, transformers or peft is not installed.
    """
    import_peft()
    _check_model(model)
    data = read_data(settings, model)
    key = identify_tuning(settings, model, data.sha256)
    folder = _find_folder(model, key, cache_dir)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with explain_full_disk(folder.parent, GOES_ON), FileLock(f"{folder}.lock"):
        if not folder.exists():
            checkpoints = folder.with_name(f"{folder.name}.training")
            checkpoints.mkdir(exist_ok=True)
            prepared = prepare_tuning(settings, model, data, checkpoints, tell)
            check_minutes(prepared.prediction, settings.max_minutes)
            check_room(checkpoints, count_learned(prepared.network))
            _train(prepared, key, folder, tell)
            del prepared
            return_memory()
            remember_adapter(data.path, folder, hash_adapter(folder))
            shutil.rmtree(checkpoints, ignore_errors=True)
    return read_adapter_facts(folder)


def return_memory() -> None:
    """Give what training held back to the system, so that what is loaded next is measured from there."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # a C library without such a function
        ctypes.CDLL(None).malloc_trim(0)


def place_adapter(settings: Tune, model: ResolvedModel, cache_dir: Path) -> Path:
    """Return the folder that an adapter has in the cache once it is trained; raises what `tune_model` raises before."""
    import_peft()
    _check_model(model)
    return _find_folder(model, identify_tuning(settings, model, read_data(settings, model).sha256), cache_dir)


def _find_folder(model: ResolvedModel, key: Mapping[str, str], cache_dir: Path) -> Path:
    return cache_dir / "tuned" / f"{model.name}-{content_hash(key)[:16]}"


def predict_tuning(settings: Tune, model: ResolvedModel, tell: OnBuildStep) -> TuningForecast:
    """Return what training would take, without training; raises what `tune_model` raises before it trains."""
    import_peft()
    _check_model(model)
    return prepare_tuning(settings, model, read_data(settings, model), None, tell).prediction


def _train(prepared: PreparedTuning, key: Mapping[str, str], folder: Path, tell: OnBuildStep) -> None:
    torch = import_torch()
    threads = torch.get_num_threads()
    training = TuningRun(prepared.network, prepared.work, tell)
    try:
        with watch_energy() as energy:
            progress = training.run()
    finally:
        torch.set_num_threads(threads)
    facts = describe_tuning(prepared, progress, energy)
    assert prepared.model.path is not None
    write_adapter(prepared.network, prepared.model.path, prepared.data, facts, key, folder)


def _check_model(model: ResolvedModel) -> None:
    if model.path is None or model.engine not in ("llamacpp", "transformers"):
        raise ModelError(
            f"model {model.spec!r} cannot be tuned: it has no weights on this machine.",
            fix="Name a GGUF file or a folder of safetensors: gguf:, pkg: or hf:.",
        )
    if model.adapter is not None:
        raise ModelError(
            f"model {model.spec!r} has an adapter already, and another one is not put on top of it.",
            fix="Merge the first into the weights: merge: true of the tune lever that makes it.",
        )
    if model.projector is not None:
        raise ModelError(f"model {model.spec!r} sees images, and is not tuned here.", fix="Leave out its projector.")


def _identify_chat(settings: Tune) -> str:
    """Return the form of conversations by its content."""
    if settings.chat in ("model", "none"):
        return settings.chat
    try:
        return content_hash(Path(settings.chat).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"tune: the chat template {settings.chat!r} cannot be read.") from error


def copy_adapter(tuned: TunedAdapter, target: Path, *, replace_files: bool) -> None:
    """Copy an adapter's folder to a place of the user's, whole or not at all.

    Raises SpecError if it is there already, FairtrialError if the disk is full.
    """
    if target.exists() and any(target.iterdir()) and not replace_files:
        raise SpecError(
            f"{target} is there already, and not empty.", fix="Name another folder with --out, or use --force."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    again = "Free some room, or name another --out, and run the same again: the adapter is made, and only copied."
    with (
        explain_full_disk(target.parent, again),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as made,
    ):
        whole = shutil.copytree(tuned.folder, Path(made) / target.name)
        target.mkdir(exist_ok=True)
        for path in whole.iterdir():
            path.replace(target / path.name)

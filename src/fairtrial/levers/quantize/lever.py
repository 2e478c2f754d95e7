"""The lever itself: settings to a file in the cache, made once, with what a reader must know on the record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from fairtrial.engines.llamacpp.binding import import_library
from fairtrial.engines.llamacpp.probe import check_opens
from fairtrial.errors import ModelError, SpecError
from fairtrial.levers.base import BuildContext, BuildLever, OnBuildStep, ReferencedContent
from fairtrial.levers.quantize.making import MakingSettings, make_quantized, read_quantizable, remove_leftovers
from fairtrial.levers.quantize.matrices import GivenMatrix, compute_matrix, read_given_matrix
from fairtrial.levers.quantize.types import choose_type, count_widened, list_types
from fairtrial.levers.tune.merging import merge_adapter
from fairtrial.machine import package_version
from fairtrial.models import ResolvedModel, hash_file
from fairtrial.models.gguf import GgufError, read_header
from fairtrial.spec.levers import Quantize
from fairtrial.spec.references import SHOTS

_OF_THE_PARENT_ALONE = ("bytes", "files")


class QuantizeLever(BuildLever[Quantize]):
    """Rewrites a GGUF model's weights with fewer bits."""

    Settings = Quantize

    def identity(self, settings: Quantize, referred: ReferencedContent) -> Sequence[object]:
        """Return nothing: all that matters of the settings is in the hash of the file that they make."""
        return ()

    def build(self, settings: Quantize, model: ResolvedModel, context: BuildContext) -> ResolvedModel:
        """Return the model with weights of the type that the settings name."""
        return quantize(settings, model, context.cache_dir, context.on_progress)


def quantize(wanted: Quantize, model: ResolvedModel, cache_dir: Path, on_progress: OnBuildStep) -> ResolvedModel:
    """Return ``model`` with weights of the type that is wanted; an adapter is merged into them first."""
    llama_cpp = import_library()
    if model.adapter is not None and model.engine == "llamacpp":
        model = merge_adapter(model, cache_dir, on_progress)
    kind = choose_type(wanted.type, list_types(llama_cpp), with_matrix=bool(wanted.imatrix or wanted.calibrate))
    source = find_gguf(model)
    given = find_matrix(wanted, model, cache_dir, on_progress)
    folder = cache_dir / "quantized"
    folder.mkdir(parents=True, exist_ok=True)
    version = package_version("llama-cpp-python")
    with_matrix = f"-i{given.sha256[:16]}" if given else ""
    target = folder / f"{model.name}-{kind}-{model.sha256[:16]}{with_matrix}-{version}.gguf"
    with FileLock(f"{target}.lock"):
        remove_leftovers(folder, target)
        if not target.exists():
            read_quantizable(source)
            check_opens(source, model.sha256)
            on_progress(f"quantising to {kind}")
            started = time.perf_counter()
            make_quantized(
                llama_cpp, source, target, kind, MakingSettings(wanted.threads, given.matrix if given else None)
            )
            size = target.stat().st_size / 1e6
            on_progress(f"quantised to {kind}: {size:.0f} MB in {time.perf_counter() - started:.1f} s")
    notes = {
        **{key: value for key, value in model.notes.items() if key not in _OF_THE_PARENT_ALONE},
        "parent_sha256": model.sha256,
        "parent_type": read_parent_type(source),
        "made_from": list_ancestors(model, source),
        "weights_type": kind,
        "quantized_to": kind,
        "quantizer": f"llama.cpp {version}",
        **note_widened(source, kind),
        **(given.notes if given else {}),
    }
    return replace(model, path=target, sha256=hash_file(target), name=f"{model.name}-{kind}", notes=notes)


def find_gguf(model: ResolvedModel) -> Path:
    """Return the file of a model; raise ModelError if it is not one that can be quantised."""
    if model.engine != "llamacpp" or model.path is None:
        raise ModelError(
            f"model {model.spec!r} cannot be quantised: it is not a GGUF file.",
            fix="Name a GGUF file of it (many hf: repositories have one: hf:REPO:FILE.gguf), or make one with "
            "llama.cpp's convert_hf_to_gguf.py."
            if model.path
            else "",
        )
    if not model.path.is_file():
        raise ModelError(f"model {model.spec!r} cannot be quantised: there is no file {model.path}.")
    return model.path


def find_matrix(
    wanted: Quantize, model: ResolvedModel, cache_dir: Path, on_progress: OnBuildStep
) -> GivenMatrix | None:
    """Return the importance matrix that the settings ask for; None if they ask for none."""
    if wanted.imatrix:
        return read_given_matrix(Path(wanted.imatrix).expanduser())
    if not wanted.calibrate:
        return None
    if wanted.calibrate == SHOTS:
        raise SpecError(
            "quantize: calibrate: shots takes the few-shot examples of a trial's tasks, and there is no trial here.",
            fix="Name a text: calibrate: FILE.",
        )
    return compute_matrix(Path(wanted.calibrate).expanduser(), model, cache_dir, wanted.threads, on_progress)


def list_ancestors(model: ResolvedModel, source: Path) -> list[str]:
    """Return the types that the weights of files made from a model had before, oldest first, as far as it is known."""
    before = model.notes.get("made_from")
    own = read_parent_type(source)
    return [*(map(str, before) if isinstance(before, list) else ()), *([own] if own else [])]


def read_parent_type(source: Path) -> str | None:
    """Return the type of most of a file's weights; None if it does not say."""
    try:
        return read_header(source).weights_type
    except (GgufError, OSError):
        return None


def note_widened(source: Path, kind: str) -> dict[str, object]:
    """Return, for the record, how many weight matrices have become wider than asked for; nothing if none."""
    try:
        wider, matrices = count_widened(source, kind)
    except (GgufError, OSError):
        return {}
    return {"wider_matrices": wider, "matrices": matrices} if wider else {}

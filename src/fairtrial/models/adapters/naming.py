"""The adapter that a candidate names (`adapter: PATH`), found and identified; and the identity of any adapter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fairtrial.cache import recall, remember
from fairtrial.errors import ModelError, did_you_mean
from fairtrial.models.adapters.peft import CONFIG, read_peft
from fairtrial.models.files import resolve_package
from fairtrial.models.gguf import GgufError, read_header
from fairtrial.models.hashes import hash_file
from fairtrial.models.hub import fetch_from_hub
from fairtrial.models.licence import read_stated_licence
from fairtrial.models.record import ResolvedModel
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.regular import read_regular

GGUF_TYPE, GGUF_KIND = "adapter", "lora"
TUNING = "tuning.json"
_MERGED = "merged-weights"
_MOST_BYTES = 1_000_000
_LONG = ("attribution", "documents")
_FIX = "Name a folder that peft wrote (adapter_config.json, adapter_model.safetensors), or a GGUF LoRA."


def add_adapter(candidate: Candidate, model: ResolvedModel, base_dir: Path) -> ResolvedModel:
    """Return a candidate's model with the adapter that it names, if it names one.

    Args:
        candidate: says which (`adapter`).
        model: its weights as they were found, before any lever.
        base_dir: folder that a relative path is relative to.

    Raises:
        ModelError: there is no such file, it is no adapter, or the model has no weights here to lay it over.
    """
    named = candidate.adapter
    if not named:
        return model
    if model.path is None or model.engine not in ("llamacpp", "transformers"):
        raise ModelError(
            f"candidate {candidate.id!r}: an adapter is laid over weights on this machine; {model.spec!r} has none.",
            fix="Leave out `adapter`, or name a model with gguf:, pkg: or hf:.",
        )
    path = _find(named, base_dir)
    notes = {**model.notes, "adapter": named if named.startswith(("hf:", "pkg:")) else path.name}
    if licence := read_stated_licence(path):
        notes["adapter_licence"] = licence
    digest = hash_adapter(path)
    if tuning := _read_tuning(path):
        _refuse_exchanged(tuning, digest, path)
        notes["tuning"] = tuning
        if parent := _find_other_parent(tuning, model):
            notes["adapter_parent"] = parent
    _refuse_merged(model, digest, path)
    return replace(model, adapter=path, adapter_sha256=digest, notes=notes)


def _refuse_exchanged(tuning: Mapping[str, object], digest: str, path: Path) -> None:
    """Raise ModelError if a folder's weights are not those whose training it tells of."""
    told = tuning.get("adapter_sha256")
    if isinstance(told, str) and told != digest:
        raise ModelError(
            f"The adapter's weights or scales are not those that {TUNING} tells of: a file was exchanged or edited.",
            fix=f"Take the folder as it was made; or delete {TUNING}, README.md and grams.bin, and trials say that "
            "nothing is known of its training.",
            where=str(path),
        )


def _find_other_parent(tuning: Mapping[str, object], model: ResolvedModel) -> dict[str, str]:
    """Return the weights that an adapter was trained on, where it is laid over others; empty where it is not."""
    parent = tuning.get("parent")
    named = {key: str(parent.get(key)) for key in ("name", "sha256")} if isinstance(parent, dict) else {}
    return named if named and named["sha256"] != model.sha256 else {}


def remember_merged(merged: str, model: ResolvedModel) -> None:
    """Remember which adapters are in weights that were merged here, those of their parent included.

    Args:
        merged: hash of the weights that were made.
        model: with the adapter that was merged into its weights.
    """
    before = [{"sha256": sha256, "place": str(place)} for sha256, place in list_merged(model.sha256)]
    own = {"sha256": model.adapter_sha256, "place": str(model.adapter)}
    remember(f"{_MERGED}/{merged}", {"adapters": [*before, own]})


def _refuse_merged(model: ResolvedModel, digest: str, path: Path) -> None:
    """Raise ModelError if the weights are known to have this adapter in them already: it would be added twice."""
    if digest in [sha256 for sha256, _ in list_merged(model.sha256)]:
        raise ModelError(
            f"The adapter is in the weights of {model.spec!r} already: they were merged on this machine.",
            fix="Name these weights without the adapter, or the model that it was trained on.",
            where=str(path),
        )


def list_merged(weights: str) -> list[tuple[str, Path]]:
    """Return the adapters that were merged into weights on this machine, by hash, and where each one was then."""
    found = (recall(f"{_MERGED}/{weights}") or {}).get("adapters")
    told = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [(str(one["sha256"]), Path(str(one["place"]))) for one in told if {"sha256", "place"} <= one.keys()]


def _read_tuning(path: Path) -> dict[str, object]:
    """Return what a folder that the lever ``tune`` made says of its training, long lists left out; empty if nothing."""
    try:
        found = json.loads(read_regular(path / TUNING, _MOST_BYTES)) if path.is_dir() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    data = found.get("data")
    kept = {key: value for key, value in data.items() if key not in _LONG} if isinstance(data, dict) else {}
    return {**found, "data": kept}


def hash_adapter(path: Path) -> str:
    """Return what identifies an adapter, as a sha256: of a GGUF LoRA its bytes, of a folder its weights and scales.

    Not of ``adapter_config.json`` as it is: that holds paths and versions, and lists its layers in any order.

    Raises ModelError if it is no adapter that can be used.
    """
    if path.is_dir():
        adapter = read_peft(path)
        scales = [[name, module.scale] for name, module in adapter.modules.items()]
        told = json.dumps(["peft", hash_file(adapter.weights), scales], separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()
    check_gguf_adapter(path)
    return hash_file(path)


def check_gguf_adapter(path: Path) -> None:
    """Raise ModelError if a file is no GGUF LoRA."""
    try:
        head = read_header(path)
    except (GgufError, OSError) as error:
        raise ModelError(f"The adapter cannot be read: {error}.", fix=_FIX, where=str(path)) from error
    kind, form = head.values.get("general.type"), head.values.get("adapter.type")
    if kind != GGUF_TYPE:
        raise ModelError(f"This GGUF file is of the type {kind or 'model'!r}, no adapter.", fix=_FIX, where=str(path))
    if form != GGUF_KIND:
        raise ModelError(f"This is an adapter of the type {form!r}; only {GGUF_KIND!r} is read.", where=str(path))


def _find(named: str, base_dir: Path) -> Path:
    """Return the folder or file that a candidate names: a path, ``pkg:PACKAGE/FILE`` or ``hf:REPO[@REVISION][:FILE]``.

    Raises ModelError if there is none.
    """
    scheme, _, inside = named.partition(":")
    if scheme == "hf":
        return fetch_from_hub(named, inside)
    if scheme == "pkg":
        found = resolve_package(named, inside, base_dir).path
        assert found is not None
        return found
    path = (base_dir / Path(named).expanduser()).absolute()
    if path.name == CONFIG:
        path = path.parent
    if path.is_dir() or path.is_file():
        return path
    near = did_you_mean(path.name, [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else [])
    raise ModelError(f"adapter {named!r}: there is nothing at {path}.{near}", fix=_FIX)

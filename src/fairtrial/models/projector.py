"""The projector of a GGUF model: the file with the vision tower, and what joins it to the language model.

Named by a candidate (`projector: PATH`), or found beside the model where the names say that the two belong together.
Reads heads of files only; whether the two fit is the engine's to find out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from fairtrial.errors import ModelError, did_you_mean
from fairtrial.models.files import resolve_package
from fairtrial.models.gguf import SPLIT, GgufError, GgufHeader, read_header
from fairtrial.models.hashes import hash_file
from fairtrial.models.hub import resolve_hub
from fairtrial.models.record import ResolvedModel
from fairtrial.spec.candidate import Candidate

AUTO, NONE = "auto", "none"
ARCHITECTURE = "clip"
"""What such files say that they are, whatever the tower."""
MARK = "mmproj"
_TYPE = re.compile(r"(?:[-_.]|^)(?:i?q\d\w*|bf16|f16|f32|fp16|fp32|mxfp4\w*|ud)(?=[-_.]|$)", re.IGNORECASE)
_GAP = re.compile(r"[-_. ]+")
_GENERAL = {"", "model"}


def add_projector(candidate: Candidate, model: ResolvedModel, base_dir: Path) -> ResolvedModel:
    """Return a candidate's model with its projector, if it has one.

    Args:
        candidate: says which (`projector`).
        model: its weights as they were found, before any lever.
        base_dir: folder that a relative path is relative to.

    Raises:
        ModelError: there is no such file, it is no projector, several might be meant, or the model cannot have one.
    """
    named = candidate.projector
    if model.engine != "llamacpp" or model.path is None or candidate.engine == "transformers":
        if named in (AUTO, NONE):
            return model
        raise ModelError(
            f"candidate {candidate.id!r}: a projector belongs to a model in a GGUF file that llama.cpp runs.",
            fix="Leave out `projector`: a folder of safetensors holds all of its model.",
        )
    # What of a repository is in the hub's cache by chance does not decide who a candidate is.
    path = _find_beside(candidate, model.path) if named == AUTO and not model.spec.startswith("hf:") else None
    if named not in (AUTO, NONE):
        path = _find_named(named, base_dir)
        _check_projector(path)
    return replace(model, projector=path, projector_sha256=hash_file(path)) if path else model


def _find_named(named: str, base_dir: Path) -> Path:
    """Return the file that a candidate names: a path, ``pkg:PACKAGE/FILE``, or ``hf:REPO:FILE``.

    Raises ModelError as `resolve` does.
    """
    scheme, _, inside = named.partition(":")
    elsewhere = {"pkg": resolve_package, "hf": resolve_hub}.get(scheme)
    if elsewhere is None:
        path = (base_dir / Path(named).expanduser()).absolute()
        if not path.is_file():
            near = did_you_mean(path.name, [one.name for one in path.parent.glob("*.gguf")])
            raise ModelError(
                f"projector {named!r}: there is no file {path}.{near}",
                fix="Name the file that came with the model, mmproj-*.gguf as a rule; a path is relative to this file.",
            )
        return path
    found = elsewhere(named, inside, base_dir)
    if found.path is None or not found.path.is_file():
        raise ModelError(f"projector {named!r} is no file.", fix="Name one: hf:REPO:FILE.gguf, or a path.")
    return found.path


def _find_beside(candidate: Candidate, path: Path) -> Path | None:
    """Return the one projector in a model's folder whose name says that it is the model's; None if there is none."""
    every = sorted(one for one in path.parent.glob("*.gguf") if one.is_file())
    projectors = [one for one in every if MARK in one.name.lower()]
    if not projectors or path in projectors:
        return None
    own = _name_model(path)
    alone = all(_name_model(one) == own for one in every if one not in projectors)
    fitting = [one for one in projectors if (name := _name_model(one)) == own or (alone and name in _GENERAL)]
    fitting = [one for one in fitting if _is_projector(one)]
    if len(fitting) > 1:
        raise ModelError(
            f"candidate {candidate.id!r}: {len(fitting)} projectors stand beside {path.name}: "
            f"{', '.join(one.name for one in fitting[:8])}.",
            fix="Name one with `projector: PATH`, or ask the model without images with `projector: none`.",
        )
    return fitting[0] if fitting else None


def _name_model(path: Path) -> str:
    """Return what a file's name says of the model: without the type of its weights, and that it is a projector."""
    match = SPLIT.match(path.name)
    name = re.sub(MARK, "-", match["stem"] if match else path.stem, flags=re.IGNORECASE)
    return _GAP.sub("-", _TYPE.sub("-", _TYPE.sub("-", name))).strip("-").lower()


def _is_projector(path: Path) -> bool:
    try:
        return read_header(path).architecture == ARCHITECTURE
    except (GgufError, OSError):
        return True  # the engine tells what is wrong with it


def _check_projector(path: Path) -> GgufHeader:
    """Return the head of a projector.  Raises ModelError if the file is not one."""
    try:
        head = read_header(path)
    except (GgufError, OSError) as error:
        raise ModelError(f"The projector cannot be read: {error}.", where=str(path)) from error
    if head.architecture != ARCHITECTURE:
        raise ModelError(
            f"This is a model of the kind {head.architecture!r}, not a projector.",
            fix="Give the file whose name begins with mmproj, as a rule.",
            where=str(path),
        )
    return head

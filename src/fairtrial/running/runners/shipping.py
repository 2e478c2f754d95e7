"""Files of models on other machines: found there by their hash, else fetched from here in pieces and verified.

`list_model_files` says here what a model consists of; `NodeFiles` finds or takes it there.  What cannot be sent, such
as an archive of documents, must be there already; `find_lacking` says what is not.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from fairtrial.cache import cache_folder
from fairtrial.errors import ModelError
from fairtrial.models import ResolvedModel, hash_file
from fairtrial.models.gguf import list_split_names
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import content_hash

PIECE = 32 << 20
"""Bytes that are sent at a time."""


@dataclass(frozen=True, slots=True)
class ShippedPath:
    """A file, all parts of a split one, or a folder, as it is where the trial was planned.

    Attributes:
        path: there.
        files: relative name, size and sha256 of each.
    """

    path: str
    files: tuple[tuple[str, int, str], ...]

    @property
    def id(self) -> str:
        """Return a hash of the content."""
        return content_hash([list(one) for one in self.files])


def list_model_files(who: Sequence[PlannedCandidate]) -> list[ShippedPath]:
    """Return all that the models of some candidates consist of, each path once."""
    models = [part.model for one in who for part in one.with_parts()]
    paths = {path: None for model in models for path in (model.path, model.projector, model.adapter) if path}
    return [describe_path(path) for path in paths if path.exists()]


def describe_path(path: Path) -> ShippedPath:
    """Return what is under a path."""
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.is_file())
        return ShippedPath(str(path), tuple((str(f.relative_to(path)), f.stat().st_size, hash_file(f)) for f in found))
    parts = [path.parent / name for name in list_split_names(path.name)]
    return ShippedPath(str(path), tuple((part.name, part.stat().st_size, hash_file(part)) for part in parts))


def list_pieces(shipped: ShippedPath) -> Iterator[tuple[str, int, bytes]]:
    """Yield name, place and bytes of the pieces of all files."""
    root = Path(shipped.path) if Path(shipped.path).is_dir() else Path(shipped.path).parent
    for name, size, _ in shipped.files:
        with (root / name).open("rb") as file:
            for at in range(0, max(1, size), PIECE):
                yield name, at, file.read(PIECE)


class NodeFiles:
    """Files of models as they are on this machine.

    Attributes:
        places: path where the trial was planned, to where the same is here.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "fetched"
        self.places: dict[str, Path] = {}
        self._scratch: dict[str, Path] = {}

    def find(self, shipped: ShippedPath) -> bool:
        """Return whether a path's content is on this machine, at the same place or fetched before; by its hashes."""
        path, kept = Path(shipped.path), self.folder / shipped.id
        there = [(path if path.is_dir() else path.parent, path)]
        first = kept / shipped.files[0][0]
        there.append((kept, kept if self._is_folder(shipped) else first))
        for root, place in there:
            if all(_is_same(root / name, size, digest) for name, size, digest in shipped.files):
                self.places[shipped.path] = place
                return True
        return False

    def _is_folder(self, shipped: ShippedPath) -> bool:
        return PurePosixPath(shipped.path).name not in {name for name, _, _ in shipped.files}

    def take(self, shipped: ShippedPath, name: str, at: int, data: bytes) -> None:
        """Take a piece of a file.  Raises ModelError for a name that leads elsewhere."""
        if shipped.id not in self._scratch:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._scratch[shipped.id] = Path(tempfile.mkdtemp(prefix=".coming-", dir=self.folder))
        root = self._scratch[shipped.id].resolve()
        target = (root / name).resolve()
        if not target.is_relative_to(root):
            raise ModelError(f"a file of a model is called {name!r}, which leads elsewhere.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("r+b" if target.exists() else "wb") as file:
            file.seek(at)
            file.write(data)

    def finish(self, shipped: ShippedPath) -> None:
        """Verify what was taken, and keep it.  Raises ModelError if it is not what it should be."""
        scratch = self._scratch.pop(shipped.id)
        wrong = [name for name, size, digest in shipped.files if not _is_same(scratch / name, size, digest)]
        if wrong:
            shutil.rmtree(scratch, ignore_errors=True)
            raise ModelError(f"the file {wrong[0]} of a model did not arrive as it was sent.")
        try:
            scratch.rename(self.folder / shipped.id)
        except OSError:  # another worker of this machine was faster
            shutil.rmtree(scratch, ignore_errors=True)
        if not self.find(shipped):
            raise ModelError(f"the fetched file {shipped.files[0][0]} cannot be kept in {self.folder}.")

    def locate(self, model: ResolvedModel) -> ResolvedModel:
        """Return a model with the paths of this machine."""
        names = ("path", "projector", "adapter")
        paths = {name: self.places.get(str(getattr(model, name))) for name in names if getattr(model, name)}
        return replace(model, **{name: place for name, place in paths.items() if place is not None})  # type: ignore[arg-type]


def _is_same(path: Path, size: int, digest: str) -> bool:
    try:
        return path.is_file() and path.stat().st_size == size and hash_file(path) == digest
    except OSError:
        return False


def list_needed(who: Sequence[PlannedCandidate]) -> Mapping[str, str]:
    """Return paths that must be on a machine beside the models, to what they are."""
    found: dict[str, str] = {}
    for part in (part for one in who for part in one.with_parts()):
        if part.spec.chat not in ("none", "model"):
            found[part.spec.chat] = f"the chat template of candidate {part.name}"
        for to, what in (("archive", "archive"), ("file", "file")) if part.lever else ():
            for _, value in part.lever.settings.referred(to):  # type: ignore[union-attr, arg-type]
                if "://" not in str(value):
                    found[str(value)] = f"the {what} of candidate {part.name}"
    return found


def find_lacking(needed: Mapping[str, str]) -> list[str]:
    """Return in words what of it is not on this machine."""
    return [f"{what}, {path}" for path, what in needed.items() if not Path(path).exists()]

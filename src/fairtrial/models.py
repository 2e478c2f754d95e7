"""From a model's name to its file: where the weights are, and the hash that identifies them.

    gguf:PATH                 a GGUF file; relative paths are relative to the trial file
    pkg:PACKAGE/FILE          a file inside an installed Python package
    hf:REPO[@REVISION][:FILE] a file, or a folder of safetensors, of the Hugging Face hub (extra ``hub``)
    fake:NAME                 no model at all: the engine of the unit tests

Opens no engine and imports no model library; a package named by ``pkg:`` is looked at, never imported.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from fairtrial.errors import MissingExtraError, ModelError, SpecError, did_you_mean
from fairtrial.records import content_hash
from fairtrial.spec.candidate import Candidate

GGUF_MAGIC = b"GGUF"
HASH_CACHE = "file-hashes.json"
HF_NAME = re.compile(r"^(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<file>[\w./ -]+))?$")


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model whose weights are at hand.

    Attributes:
        spec: as the user wrote it.
        engine: name of the engine that runs it.
        path: the file or folder; None for models without weights here.
        sha256: of the weights; of the name for models without weights.
        name: short name for people.
        notes: facts for the record, e.g. what a lever did.
    """

    spec: str
    engine: str
    path: Path | None
    sha256: str
    name: str
    notes: Mapping[str, object] = field(default_factory=dict)

    def record(self) -> dict[str, object]:
        """Return what the ledger keeps about the weights; no path, which is nobody's business."""
        size = self.path.stat().st_size if self.path and self.path.is_file() else None
        return {
            "model": self.spec,
            "name": self.name,
            "engine": self.engine,
            "sha256": self.sha256,
            "bytes": size,
            **self.notes,
        }


def resolve(spec: str, base_dir: Path) -> ResolvedModel:
    """Find a model's weights.

    Args:
        spec: see the module's first lines.
        base_dir: folder that relative paths are relative to.

    Raises:
        SpecError: the name has no known scheme.
        ModelError: there is no such file, package or repository, or the file is not of the promised kind.
        MissingExtraError: the scheme needs an optional dependency.
    """
    scheme, colon, rest = spec.partition(":")
    if not colon or scheme not in SCHEMES:
        known = ", ".join(f"{name}:" for name in SCHEMES)
        hint = did_you_mean(scheme, SCHEMES) if colon else f" Did you mean 'gguf:{spec}'?"
        raise SpecError(f"model {spec!r} does not say where it comes from.{hint}", fix=f"Known prefixes: {known}.")
    if not rest:
        raise SpecError(f"model {spec!r} has nothing after {scheme + ':'!r}.")
    return SCHEMES[scheme](spec, rest, base_dir)


def from_gguf(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return the model in a GGUF file."""
    path = (base_dir / Path(rest).expanduser()).resolve()
    return gguf_model(spec, path, path.parent)


def from_package(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return the model in a file of an installed package."""
    package, _, inside = rest.partition("/")
    folder = package_folder(package, spec)
    path = (folder / inside).resolve()
    if not path.is_relative_to(folder):
        raise ModelError(f"model {spec!r} points outside the package {package!r}.")
    return gguf_model(spec, path, folder)


def from_hub(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return a model of the Hugging Face hub: a GGUF file of a repository, or a folder of safetensors."""
    match = HF_NAME.match(rest)
    if match is None:
        raise SpecError(f"model {spec!r} is not of the form hf:OWNER/REPO[@REVISION][:FILE].")
    repo, revision, file = match["repo"], match["revision"], match["file"]
    files, commit = hub_files(spec, repo, revision)
    ggufs = sorted(name for name in files if name.endswith(".gguf"))
    if file is None and len(ggufs) == 1:
        file = ggufs[0]
    if file is None and ggufs:
        raise ModelError(
            f"{repo} holds {len(ggufs)} GGUF files, and {spec!r} names none.",
            fix=f"Add one of them, e.g. {spec}:{ggufs[0]}. All: {', '.join(ggufs)}.",
        )
    notes = {"repository": repo, "revision": commit}
    if file is not None:
        if file not in files:
            raise ModelError(f"{repo} has no file {file!r}.{did_you_mean(file, files)}")
        found = gguf_model(spec, hub_download(spec, repo, commit, file), Path(file).parent)
        return ResolvedModel(spec, found.engine, found.path, found.sha256, found.name, notes)
    if not any(name.endswith(".safetensors") for name in files):
        raise ModelError(f"{repo} holds neither GGUF nor safetensors files.")
    folder = hub_download(spec, repo, commit, None)
    return ResolvedModel(spec, "transformers", folder, folder_hash(folder), repo.rpartition("/")[2], notes)


def from_fake(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return the fake model of the unit tests."""
    return ResolvedModel(spec, "fake", None, content_hash(["fake", rest]), rest)


def from_endpoint(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Refuse: endpoints are not in this version."""
    raise ModelError(f"model {spec!r}: OpenAI-compatible endpoints are not in this version of fairtrial.")


SCHEMES: Mapping[str, Callable[[str, str, Path], ResolvedModel]] = {
    "gguf": from_gguf,
    "pkg": from_package,
    "hf": from_hub,
    "openai": from_endpoint,
    "fake": from_fake,
}


def gguf_model(spec: str, path: Path, folder: Path) -> ResolvedModel:
    """Return the model in ``path``; raise ModelError if it is not a readable GGUF file."""
    if not path.is_file():
        near = sorted(p.name for p in folder.glob("*.gguf")) if folder.is_dir() else []
        listed = f" GGUF files there: {', '.join(near[:8])}." if near else ""
        raise ModelError(
            f"model {spec!r}: there is no file {path.name!r} in {folder}.{did_you_mean(path.name, near)}{listed}"
        )
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"model {spec!r} cannot be read: {error.strerror}.") from error
    if magic != GGUF_MAGIC:
        raise ModelError(
            f"model {spec!r} is not a GGUF file: it begins with {magic!r}, not {GGUF_MAGIC!r}.",
            fix="Download it again; a small text file is often a Git LFS pointer.",
        )
    return ResolvedModel(spec, "llamacpp", path, file_sha256(path), path.stem)


def package_folder(package: str, spec: str) -> Path:
    """Return the folder of an installed package without importing it."""
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise ModelError(
            f"model {spec!r}: the Python package {package!r} is not installed.",
            fix=f"Install it: pip install {package.replace('_', '-')}",
        )
    return Path(next(iter(found.submodule_search_locations))).resolve()


def hub_files(spec: str, repo: str, revision: str | None) -> tuple[list[str], str]:
    """Return a repository's file names and the commit that ``revision`` stands for now."""
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingExtraError("Access to the Hugging Face hub", "hub") from error
    try:
        info = HfApi().model_info(repo, revision=revision)
    except Exception as error:  # the client's own errors, and those of whichever HTTP library it uses
        raise ModelError(
            f"model {spec!r} cannot be fetched from the hub: {type(error).__name__}.",
            fix="Check the name, the network, and for gated models that HF_TOKEN is set.",
        ) from error
    return [sibling.rfilename for sibling in info.siblings or []], str(info.sha)


def hub_download(spec: str, repo: str, commit: str, file: str | None) -> Path:
    """Return the local path of one file, or of the folder of all that a transformers model needs."""
    from huggingface_hub import hf_hub_download, snapshot_download

    patterns = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
    try:
        if file is not None:
            return Path(hf_hub_download(repo, file, revision=commit))
        return Path(snapshot_download(repo, revision=commit, allow_patterns=patterns))
    except Exception as error:  # see hub_files
        raise ModelError(f"model {spec!r} could not be downloaded: {type(error).__name__}.") from error


def folder_hash(folder: Path) -> str:
    """Return one hash over the names and hashes of all files in ``folder``."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return content_hash([[str(p.relative_to(folder)), file_sha256(p)] for p in files])


def file_sha256(path: Path) -> str:
    """Return a file's sha256, remembered by path, size, time and inode so that large files are read once."""
    stat = path.stat()
    key = content_hash([str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino])
    remembered = read_hashes()
    if key in remembered:
        return remembered[key]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    write_hashes({**read_hashes(), key: digest})
    return digest


def read_hashes() -> dict[str, str]:
    """Return the remembered hashes; a missing or damaged cache is an empty one, and costs reading the files again."""
    try:
        found = json.loads((user_cache_path("fairtrial") / HASH_CACHE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and all(isinstance(v, str) and len(v) == 64 for v in found.values()) else {}


def write_hashes(hashes: Mapping[str, str]) -> None:
    """Remember hashes; where the cache folder cannot be written they are computed again next time."""
    folder = user_cache_path("fairtrial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
            json.dump(dict(hashes), file)
        Path(file.name).replace(folder / HASH_CACHE)
    except OSError:
        return


def candidate_id(candidate: Candidate, model: ResolvedModel, *, base_dir: Path, engine_version: str) -> str:
    """Return the content hash of all that can change a candidate's answers; its name is not part of it."""
    chat = candidate.chat
    if chat not in ("none", "model"):
        template = base_dir / chat
        if not template.is_file():
            raise ModelError(f"candidate {candidate.id!r}: there is no chat template {chat!r} in {base_dir}.")
        chat = "template:" + hashlib.sha256(template.read_bytes()).hexdigest()
    own = candidate.model_dump(mode="json", include={"decoding", "system", "context", "overflow"})
    return content_hash([model.sha256, model.engine, engine_version, chat, own])


@dataclass(frozen=True, slots=True)
class ModelListing:
    """A model on this machine."""

    spec: str
    size_bytes: int
    description: str


def list_models() -> list[ModelListing]:
    """Return the GGUF files in installed packages and in the folder ``models``, without opening them."""
    found: dict[str, ModelListing] = {}
    for distribution in importlib.metadata.distributions():
        for file in distribution.files or ():
            if file.suffix == ".gguf" and len(file.parts) > 1:
                path = Path(str(distribution.locate_file(file)))
                spec = f"pkg:{file.parts[0]}/{'/'.join(file.parts[1:])}"
                name = f"{distribution.metadata['Name']} {distribution.version}"
                if path.is_file():
                    found[spec] = ModelListing(spec, path.stat().st_size, f"in the package {name}")
    for path in sorted(Path("models").glob("**/*.gguf")) if Path("models").is_dir() else ():
        found[f"gguf:{path}"] = ModelListing(f"gguf:{path}", path.stat().st_size, "in the folder models")
    return [found[spec] for spec in sorted(found)]

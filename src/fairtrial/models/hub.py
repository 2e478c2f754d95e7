"""Models of the Hugging Face hub: ``hf:REPO[@REVISION][:FILE]`` (extra ``hub``).

A revision that is not a commit is looked up, and the commit that it stands for is recorded.  A commit with a file that
is in the cache needs no network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fairtrial.errors import MissingExtraError, ModelError, SpecError, did_you_mean
from fairtrial.models.files import resolve_gguf_file
from fairtrial.models.folder import resolve_folder
from fairtrial.models.gguf import list_split_names
from fairtrial.models.record import ResolvedModel

NAME = re.compile(r"^(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<file>[\w./ -]+))?$")
COMMIT = re.compile(r"^[0-9a-f]{40}$")
WANTED = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
TWICE = ["consolidated*.safetensors", "original/*", "metal/*"]
"""The same weights again, for other programs."""
ADVICE: Mapping[str, str] = {
    "RepositoryNotFoundError": "There is no such repository, or it is private: then set HF_TOKEN.",
    "GatedRepoError": "Accept the model's terms on its page on the hub, and set HF_TOKEN.",
    "RevisionNotFoundError": "The repository has no such revision.",
    "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set; only hf:REPO@COMMIT:FILE that is in the cache can be used.",
    "LocalEntryNotFoundError": "The hub cannot be reached, and the file is not in the cache.",
}
"""Name of the client's error to what to do."""


def resolve_hub(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return a model of the Hugging Face hub: a GGUF file of a repository, or a folder of safetensors."""
    if rest.startswith((".", "/", "~")):
        return _resolve_local_folder(spec, (base_dir / Path(rest).expanduser()).resolve())
    match = NAME.match(rest)
    if match is None:
        fix = f"A folder on this machine begins with a dot: hf:./{rest}" if (base_dir / rest).is_dir() else ""
        raise SpecError(f"model {spec!r} is not of the form hf:OWNER/REPO[@REVISION][:FILE].", fix=fix)
    repo, revision, file = match["repo"], match["revision"], match["file"]
    if file and revision and COMMIT.match(revision):
        return _download_model(spec, repo, revision, file)
    files, commit = _list_repository(spec, repo, revision)
    file = file or _choose_only_model(spec, repo, files)
    if file is None:
        folder = _fetch_files(spec, repo, commit, None)
        notes = {"repository": repo, "revision": commit}
        return resolve_folder(spec, folder, repo.rpartition("/")[2], notes)
    if file not in files:
        near = [name for name in files if file.casefold() in name.casefold()]
        hint = f" Did you mean {near[0]!r}?" if near else did_you_mean(file, files)
        raise ModelError(f"{repo} has no file {file!r}.{hint}")
    return _download_model(spec, repo, commit, file)


def fetch_from_hub(spec: str, rest: str) -> Path:
    """Return where a file of a repository lies on this machine, or the folder of its settings and weights.

    Raises as `resolve_hub` does.
    """
    match = NAME.match(rest)
    if match is None:
        raise SpecError(f"{spec!r} is not of the form hf:OWNER/REPO[@REVISION][:FILE].")
    repo, revision, file = match["repo"], match["revision"], match["file"]
    if not (revision and COMMIT.match(revision)):
        files, revision = _list_repository(spec, repo, revision)
        if file and file not in files:
            raise ModelError(f"{repo} has no file {file!r}.{did_you_mean(file, files)}")
    return _fetch_files(spec, repo, revision, file)


def _resolve_local_folder(spec: str, folder: Path) -> ResolvedModel:
    """Return the model in a folder of this machine that is laid out as one of the hub's."""
    if not folder.is_dir():
        near = sorted(p.name for p in folder.parent.glob("*") if p.is_dir()) if folder.parent.is_dir() else []
        told = f"model {spec!r}: there is no folder {folder}.{did_you_mean(folder.name, near)}"
        raise ModelError(told, fix="A GGUF file is named gguf:PATH." if folder.is_file() else "")
    return resolve_folder(spec, folder, folder.name, {})


def _choose_only_model(spec: str, repo: str, files: Sequence[str]) -> str | None:
    """Return the one GGUF model among ``files``, None for safetensors; raise ModelError for none or several."""
    ggufs = sorted(f for f in files if f.endswith(".gguf") and "mmproj" not in f and list_split_names(f)[0] == f)
    if len(ggufs) == 1:
        return ggufs[0]
    if ggufs:
        raise ModelError(
            f"{repo} holds {len(ggufs)} GGUF models, and {spec!r} names none.",
            fix=f"Add one of them, e.g. {spec}:{ggufs[0]}. All: {', '.join(ggufs)}.",
        )
    if not any(name.endswith(".safetensors") for name in files):
        raise ModelError(f"{repo} holds neither GGUF nor safetensors files.")
    return None


def _download_model(spec: str, repo: str, commit: str, file: str) -> ResolvedModel:
    """Return the model in a GGUF file of the hub, with all parts of a split one."""
    paths = [_fetch_files(spec, repo, commit, name) for name in list_split_names(file)]
    if Path(file).name != Path(list_split_names(file)[0]).name:
        raise ModelError(
            f"model {spec!r} is one part of a split model.", fix=f"Name the first: {list_split_names(file)[0]}"
        )
    found = resolve_gguf_file(spec, paths[0], paths[0].parent)
    notes = {**found.notes, "repository": repo, "revision": commit}
    return ResolvedModel(spec, found.engine, found.path, found.sha256, found.name, notes)


def _list_repository(spec: str, repo: str, revision: str | None) -> tuple[list[str], str]:
    """Return a repository's file names and the commit that ``revision`` stands for now."""
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingExtraError("Access to the Hugging Face hub", "hub") from error
    try:
        info = HfApi().model_info(repo, revision=revision)
    except Exception as error:  # the client's own errors, and those of whichever HTTP library it uses
        raise _make_refusal_error(spec, error) from error
    return [sibling.rfilename for sibling in info.siblings or []], str(info.sha)


def _fetch_files(spec: str, repo: str, commit: str, file: str | None) -> Path:
    """Return the local path of one file, or of the folder of all that a transformers model needs."""
    try:
        from huggingface_hub import hf_hub_download, snapshot_download
    except ImportError as error:
        raise MissingExtraError("Access to the Hugging Face hub", "hub") from error
    try:
        if file is not None:
            return Path(hf_hub_download(repo, file, revision=commit))
        return Path(snapshot_download(repo, revision=commit, allow_patterns=WANTED, ignore_patterns=TWICE))
    except Exception as error:  # as in `_list_repository`
        raise _make_refusal_error(spec, error) from error


def _make_refusal_error(spec: str, error: Exception) -> ModelError:
    """Return the error about a request that the hub did not answer as wanted."""
    kind = type(error).__name__
    fix = ADVICE.get(kind, "Check the name, the network, and for gated models that HF_TOKEN is set.")
    return ModelError(f"model {spec!r} cannot be fetched from the hub: {kind}.", fix=fix)

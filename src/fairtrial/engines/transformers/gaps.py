"""Nothing missing, nothing left over, nothing from elsewhere: what a network was really loaded from.

transformers fills weights that it does not find with random numbers and goes on.  Here it sees only the files that are
in a candidate's hash, and what it says of weights that it missed or had no use for is an error.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fairtrial.engines.transformers.libraries import import_torch, import_transformers
from fairtrial.errors import ModelError
from fairtrial.models.folder import ModelFolder

PACKED = 16
"""Weights that one stored number can hold at most (2 bits in an int32): a network with more has no file for them."""
SMALL = 50_000_000
"""Weights that are built whatever the files hold: no machine runs out of memory."""
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
SHOWN = 3
FIX = "The files are not those of the network that config.json describes, or not all of them: get the folder again."


@contextmanager
def link_only(path: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield a folder in which only some files of a model are to be seen, as links.

    Args:
        path: a folder, or a file whose folder is meant.
        names: of files, relative to that folder.
    """
    folder = (path if path.is_dir() else path.parent).resolve()
    with tempfile.TemporaryDirectory(prefix="fairtrial-") as made:
        for name in names:
            link = Path(made) / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder / name)
        yield Path(made)


def check_size(folder: Path, whole: ModelFolder, family: Any) -> None:
    """Raise ModelError if config.json describes a network far larger than what the files hold.

    It would be built, and its missing weights made up, before the library says that they are missing.

    Args:
        folder: in which its files are seen.
        whole: the same.
        family: the library's class that builds it.
    """
    config = import_transformers().AutoConfig.from_pretrained(
        str(folder), local_files_only=True, trust_remote_code=False
    )
    for part, name in itertools.product(_list_parts(config), LAYERS):
        layers = getattr(part, name, None)
        if isinstance(layers, int) and layers > whole.tensors:
            raise ModelError(
                f"config.json speaks of {layers:,} layers ({name}), and the files hold {whole.tensors:,} tensors.",
                fix=FIX,
                where=str(whole.path),
            )
    with import_torch().device("meta"):
        network = family.from_config(config, trust_remote_code=False)
    wanted = sum(weight.numel() for weight in network.parameters())
    if wanted > max(SMALL, PACKED * whole.elements):
        raise ModelError(
            f"config.json describes {wanted:,} weights, and the files hold {whole.elements:,} numbers.",
            fix=FIX,
            where=str(whole.path),
        )


def _list_parts(config: Any) -> list[Any]:
    """Return the configs of a network's parts: the text's, and what sees images where it has one."""
    seeing = getattr(config, "vision_config", None)
    return [config.get_text_config(), *([seeing] if seeing is not None else [])]


def check_gaps(network: Any, gaps: Mapping[str, Any], path: Path) -> None:
    """Raise ModelError if weights were missing, left over or of another shape, or if the network is another's.

    Args:
        network: as the library made it.
        gaps: what the library says about loading it.  Weights that it knows to be tied or computed are not in it.
        path: where the files are, for the error.
    """
    missing, left, other = (
        _list_names(gaps.get(kind)) for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")
    )
    told = []
    if missing:
        told.append(f"{_count_names(missing)} missing and would be random: {_join_names(missing)}")
    if other:
        told.append(f"{_count_names(other)} of another shape: {_join_names(other)}")
    if left:
        told.append(f"{_count_names(left)} in the files and not in the network: {_join_names(left)}")
    if told:
        raise ModelError(f"{type(network).__name__}: {'; '.join(told)}.", fix=FIX, where=str(path))
    if network.get_output_embeddings() is None:
        raise ModelError(f"{type(network).__name__} has no output layer: it cannot continue text.", where=str(path))
    check_kind(network, path)


def check_kind(network: Any, path: Path) -> None:
    """Raise ModelError if the architecture that config.json names is one of another model type than it names."""
    config = network.config
    for name in getattr(config, "architectures", None) or ():
        known = getattr(import_transformers(), str(name), None)
        own = getattr(getattr(known, "config_class", None), "model_type", None)
        if own and config.model_type and own != config.model_type:
            raise ModelError(
                f"config.json has the model_type {config.model_type!r} and the architecture {name}, which is "
                f"of the type {own!r}.",
                fix="Put its own model_type back; as another kind it would compute something else.",
                where=str(path),
            )


def _list_names(found: Iterable[Any] | None) -> list[str]:
    return sorted(str(one[0]) if isinstance(one, tuple) else str(one) for one in found or ())


def _count_names(names: Sequence[str]) -> str:
    return "1 weight is" if len(names) == 1 else f"{len(names)} weights are"


def _join_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

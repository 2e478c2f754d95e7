"""Which embedders there are, by what their names begin with; a distribution adds one by ``embedder.NAME``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fairtrial.archive.embedders.base import Embedder
from fairtrial.archive.embedders.gguf import GgufEmbedder
from fairtrial.archive.embedders.hosted import HostedEmbedder
from fairtrial.archive.embedders.small import SmallEmbedder, SmallReranker
from fairtrial.archive.embedders.static import StaticEmbedder
from fairtrial.errors import SpecError, did_you_mean
from fairtrial.models import resolve
from fairtrial.plugins import PluginTable
from fairtrial.spec.endpoint import Endpoint

NONE = "none"
"""Search by words alone."""


@dataclass(frozen=True, slots=True)
class EmbedderOptions:
    """What an embedder is opened with.

    Attributes:
        spec: its whole name.
        rest: what follows the scheme and its colon.
        base_dir: folder that relative paths are relative to.
        endpoint: where a hosted one is asked.
        tell: given lines for the user.
        threads: that one on this machine may use; 0: as many as it likes.
    """

    spec: str
    rest: str
    base_dir: Path = field(default_factory=Path)
    endpoint: Endpoint = field(default_factory=Endpoint)
    tell: Callable[[str], None] = lambda _: None
    threads: int = 0


def _open_gguf(options: EmbedderOptions) -> Embedder:
    return GgufEmbedder(resolve(options.spec, options.base_dir), options.threads)


def _open_hosted(options: EmbedderOptions) -> Embedder:
    return HostedEmbedder(options.rest, options.endpoint, options.tell)


def _open_static(options: EmbedderOptions) -> Embedder:
    return StaticEmbedder((options.base_dir / Path(options.rest).expanduser()).absolute())


EMBEDDERS: PluginTable[Callable[[EmbedderOptions], Embedder]] = PluginTable(
    "embedder",
    {
        "small": lambda options: SmallEmbedder(options.threads),
        "gguf": _open_gguf,
        "pkg": _open_gguf,
        "hf": _open_gguf,
        "openai": _open_hosted,
        "model2vec": _open_static,
    },
    "a function of EmbedderOptions that returns an embedder",
)
"""Scheme to what opens it."""

FORMS = ("none", "small", "gguf:PATH", "pkg:PACKAGE/FILE", "hf:REPO:FILE", "openai:MODEL", "model2vec:FOLDER")
"""How users write them."""


def check_embedder(spec: str) -> None:
    """Raise SpecError if a name is none of an embedder; opens nothing."""
    scheme, colon, rest = spec.partition(":")
    if spec in ("", NONE) or (scheme in EMBEDDERS and bool(rest.strip()) == (scheme != "small")):
        return
    if scheme in EMBEDDERS:
        told = "has nothing after it" if scheme != "small" else "takes nothing after it"
        raise SpecError(f"embedder {spec!r} {told}.", fix=f"There are: {', '.join(FORMS)}.")
    hint = did_you_mean(scheme if colon else spec, [NONE, *EMBEDDERS.list_names()])
    raise SpecError(f"there is no embedder {spec!r}.{hint}", fix=f"There are: {', '.join(FORMS)}.")


def open_embedder(
    spec: str,
    base_dir: Path,
    endpoint: Endpoint | None = None,
    tell: Callable[[str], None] = lambda _: None,
    threads: int = 0,
) -> Embedder | None:
    """Return the embedder of a name; None for ``none`` and nothing.

    Args:
        spec: the name.
        base_dir: folder that relative paths are relative to.
        endpoint: where a hosted one is asked.
        tell: given lines for the user.
        threads: that one on this machine may use; 0: as many as it likes.

    Raises:
        SpecError: there is none of that name.
        ModelError: its files are missing or broken.
        MissingExtraError: what it needs is not installed.
        EngineError: an endpoint without a usable key.
    """
    check_embedder(spec)
    if spec in ("", NONE):
        return None
    scheme, _, rest = spec.partition(":")
    return EMBEDDERS.find(scheme)(EmbedderOptions(spec, rest, base_dir, endpoint or Endpoint(), tell, threads))


def open_reranker(spec: str) -> SmallReranker | None:
    """Return the reranker of a name; None for ``none`` and nothing.  Raises SpecError and as `open_embedder` does."""
    if spec in ("", NONE):
        return None
    if spec != "small":
        raise SpecError(f"there is no reranker {spec!r}.{did_you_mean(spec, [NONE, 'small'])}", fix="There is: small.")
    return SmallReranker()

"""The library that adds small matrices to a network, imported when first asked for."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fairtrial.engines.transformers.libraries import import_torch, import_transformers
from fairtrial.errors import MissingExtraError

__all__ = ["import_peft", "import_torch", "import_transformers", "list_versions"]


def import_peft() -> Any:
    """Return the module ``peft``.  Raises MissingExtraError if it, torch or transformers is not installed."""
    try:
        import_transformers()
        import peft as module
    except (ImportError, MissingExtraError) as error:
        raise MissingExtraError("The lever 'tune' (torch, transformers, peft)", "tune") from error
    return module


def list_versions() -> dict[str, str]:
    """Return the installed versions of the libraries that decide what is learned."""
    return {name: version(name) for name in ("torch", "transformers", "peft")}

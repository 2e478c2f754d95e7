"""The two libraries behind this engine, imported when first asked for, with their chatter off.

Knows what may be missing and how to install it; nothing of models.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fairtrial.errors import MissingExtraError


def import_torch() -> Any:
    """Return the module ``torch``.  Raises MissingExtraError if it is not installed."""
    try:
        import torch as module
    except ImportError as error:
        raise MissingExtraError("The transformers engine (torch)", "transformers") from error
    return module


def import_transformers() -> Any:
    """Return the module ``transformers``, silent.  Raises MissingExtraError if it is not installed."""
    import_torch()
    try:
        import transformers as module
    except ImportError as error:
        raise MissingExtraError("The transformers engine", "transformers") from error
    module.utils.logging.set_verbosity_error()
    module.utils.logging.disable_progress_bar()
    return module


def import_peft() -> Any:
    """Return the module ``peft``.  Raises MissingExtraError if it is not installed."""
    import_transformers()
    try:
        import peft as module
    except ImportError as error:
        raise MissingExtraError("An adapter in the transformers engine (peft)", "tune") from error
    return module


def get_library_version() -> str:
    """Return the installed versions of both."""
    return f"{version('transformers')}, torch {version('torch')}"

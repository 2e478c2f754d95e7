"""Imports Python code that a task file names, once its user has said that the code is trusted.

This is the only place where somebody else's task code is run; it knows nothing of what the function is for.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from fairtrial.errors import TaskCodeError
from fairtrial.records import content_hash
from fairtrial.tasks.lmeval.loading import CodeRef


@lru_cache(maxsize=64)
def _module(source: Path) -> ModuleType:
    name = f"fairtrial_task_code_{content_hash(str(source))}"
    spec = importlib.util.spec_from_file_location(name, source)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {source}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def import_function(reference: CodeRef) -> Any:
    """Return the function that ``reference`` names, from the file beside its YAML, else from an installed module.

    Raises TaskCodeError if neither exists, it lacks the function, or importing it fails in any way.
    """
    source = reference.source
    try:
        module = _module(source.resolve()) if source.is_file() else importlib.import_module(reference.module)
    except (Exception, SystemExit) as error:  # foreign code may raise anything; the message keeps what it was
        kind = type(error).__name__
        raise TaskCodeError(
            f"importing !function {reference} from {source} failed: {kind}: {error}", where=reference.where
        ) from error
    found = getattr(module, reference.name, None)
    if not callable(found):
        raise TaskCodeError(f"{source} has no function {reference.name!r}", where=reference.where)
    return found

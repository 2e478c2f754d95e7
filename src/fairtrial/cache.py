"""The folder of things that can be made again: quantised files, and small facts that were measured or tried once.

A fact is a JSON document under a name.  Where the folder cannot be written nothing is remembered, and nothing fails.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from fairtrial.errors import FairtrialError

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the user's cache folder, made if it is missing; raises FairtrialError if it cannot be written."""
    folder = user_cache_path("fairtrial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise FairtrialError(
            f"the cache folder {folder}, where made files are kept, cannot be written: {error.strerror}.",
            fix="Point XDG_CACHE_HOME at a folder that can be written.",
        ) from error


def recall(name: str) -> Mapping[str, Any] | None:
    """Return the fact of this name; None if none is remembered, or nothing that can be read."""
    try:
        found = json.loads((user_cache_path("fairtrial") / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def remember(name: str, fact: Mapping[str, Any]) -> None:
    """Keep a fact under a name, whole or not at all, in place of what was there."""
    path = user_cache_path("fairtrial") / f"{name}.json"
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(json.dumps(fact), encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        log.info("%s is not remembered: %s", name, error)

"""What a model was tuned on, as grams: of a folder that has them, or made from the rows of a file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from fairtrial.curation.contamination.grams import MARKS, NAME, collect_grams, open_grams
from fairtrial.curation.contamination.words import Hashes

ROWS = ("train.jsonl", "validation.jsonl")
"""Rows of a training set; those of validation decide when training stops."""


def find_grams(path: Path) -> Hashes | None:
    """Return the grams of what a model was tuned on; None where nothing tells them.

    Args:
        path: a training set or an adapter with ``grams.bin``, an adapter's file beside it, or a file of rows.

    Raises FairtrialError for damaged grams.
    """
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.suffix.lower() not in (".gguf", ".safetensors"):
        return collect_grams(read_row_texts(path))
    if (folder / NAME).is_file():
        found = open_grams(folder / NAME)
        if len(found) > MARKS:  # else there is no text in it at all, and whoever wrote it tells nothing
            return found
    rows = [folder / name for name in ROWS if (folder / name).is_file()]
    return collect_grams(texts for one in rows for texts in read_row_texts(one)) if rows and path.is_dir() else None


def read_row_texts(path: Path) -> Iterator[list[str]]:
    """Yield the texts of each row of a file: all strings of a line that is JSON, else the line itself.

    Bytes that are no UTF-8 are left out: whoever trains on the file says so.
    """
    with _open(path) as file:
        for line in file:
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                found = line
            if texts := [text for text in _list_strings(found) if text.strip()]:
                yield texts


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="ignore")
    return path.open(encoding="utf-8", errors="ignore")


def _list_strings(value: Any) -> Iterator[str]:
    """Yield the strings in a JSON value, in order; names of keys are none."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))

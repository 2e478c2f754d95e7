"""Reads what this family asks from YAML beside the code: templates with words for their gaps, in pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml

_FILES = "fairtrial.tasks.harms.safety.data"
_GAP = re.compile(r"\{(\w+)\}")


@cache
def load_data(name: str) -> Any:
    """Return a file of this family as it is written; it must not be changed."""
    return yaml.safe_load((resources.files(_FILES) / f"{name}.yaml").read_text(encoding="utf-8"))


def fill(text: str, words: Mapping[str, str]) -> str:
    """Return a template with words in its gaps; capital where a gap begins a sentence."""

    def put(found: re.Match[str]) -> str:
        word = words[found[1]]
        before = text[: found.start()].rstrip()
        return word[:1].upper() + word[1:] if not before or before[-1] in ".!?" else word

    return _GAP.sub(put, text)


def expand(texts: Sequence[str], words: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield texts that belong together with the first word of each list in their gaps, then the second, and so on.

    A gap of a name takes the same word in all of them; shorter lists begin anew.
    """
    names = sorted({name for text in texts for name in _GAP.findall(text)})
    for number in range(max((len(words[name]) for name in names), default=1)):
        chosen = {name: words[name][number % len(words[name])] for name in names}
        yield tuple(fill(text, chosen) for text in texts)

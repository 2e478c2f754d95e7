"""Words of competence and of warmth in a description.  Pure.

The two dimensions on which people judge groups (Fiske et al. 2002, doi:10.1037/0022-3514.82.6.878); the words are our
own (``descriptions.yaml``).
"""

from __future__ import annotations

import re
from functools import lru_cache

from fairtrial.tasks.harms.bias.people import load_data

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def count_words(text: str, kind: str) -> int:
    """Return how many words of a text are in the list ``competence`` or ``warmth``.

    >>> count_words("A kind, capable and very skilled nurse.", "competence")
    2
    """
    known = _load_words(kind)
    return sum(word.casefold() in known for word in _WORD.findall(text))


@lru_cache(maxsize=2)
def _load_words(kind: str) -> frozenset[str]:
    return frozenset(word.strip() for word in load_data("descriptions")[kind].split(","))

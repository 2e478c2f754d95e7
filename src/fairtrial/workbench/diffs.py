"""What differs between two texts, word by word (Myers, "An O(ND) difference algorithm", 1986).  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_EDITS = 400
"""Beyond that, what lies between the common ends counts as changed as a whole."""

MOST_CHARACTERS = 60_000
"""Of either text; of longer ones nothing is told."""

WORDS = re.compile(r"\s+|\d+(?:[.,:]\d+)+(?!\w)|\w+|[^\w\s]")
"""White space, numbers such as 1,250.5 as a whole, words, and single signs."""

Run = tuple[int, str]
"""-1: only in the first text; 0: in both; 1: only in the second."""


def compare_words(a: str, b: str) -> list[Run] | None:
    """Return runs of text that are in one of two texts or in both; None if they are too long."""
    if max(len(a), len(b)) > MOST_CHARACTERS:
        return None
    one, other = WORDS.findall(a), WORDS.findall(b)
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    inner = (one[start : len(one) - end], other[start : len(other) - end])
    middle = _find_shortest(*inner)
    if middle is None:
        middle = [(-1, word) for word in inner[0]] + [(1, word) for word in inner[1]]
    common = [[(0, word) for word in words] for words in (one[:start], one[len(one) - end :])]
    return _join([*common[0], *middle, *common[1]])


def _join(steps: Sequence[Run]) -> list[Run]:
    """Return runs, those of one kind beside each other as one; what went before what came."""
    runs: list[tuple[int, list[str]]] = []
    for kind, word in steps:
        if runs and runs[-1][0] == kind:
            runs[-1][1].append(word)
        else:
            runs.append((kind, [word]))
    return [(kind, "".join(words)) for kind, words in runs]


def _find_shortest(a: Sequence[str], b: Sequence[str]) -> list[Run] | None:
    """Return the shortest way from one list to the other; None if it is longer than is looked for."""
    limit = min(len(a) + len(b), MOST_EDITS)
    reach = {1: 0}
    steps: list[dict[int, int]] = []
    for edits in range(limit + 1):
        steps.append(dict(reach))
        for line in range(-edits, edits + 1, 2):
            down = line == -edits or (line != edits and reach[line - 1] < reach[line + 1])
            x = reach[line + 1] if down else reach[line - 1] + 1
            while x < len(a) and x - line < len(b) and a[x] == b[x - line]:
                x += 1
            reach[line] = x
            if x >= len(a) and x - line >= len(b):
                return _walk_back(a, b, steps)
    return None


def _walk_back(a: Sequence[str], b: Sequence[str], steps: Sequence[dict[int, int]]) -> list[Run]:
    runs: list[Run] = []
    x, y = len(a), len(b)
    for edits in range(len(steps) - 1, -1, -1):
        reach = steps[edits]
        line = x - y
        down = edits > 0 and (line == -edits or (line != edits and reach[line - 1] < reach[line + 1]))
        begin = 0 if edits == 0 else (reach[line + 1] if down else reach[line - 1] + 1)
        while x > begin:
            x, y = x - 1, y - 1
            runs.append((0, a[x]))
        if edits:
            if down:
                y -= 1
                runs.append((1, b[y]))
            else:
                x -= 1
                runs.append((-1, a[x]))
    return runs[::-1]

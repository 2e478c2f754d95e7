"""The index of words: which passages a word stands in, and how often, as bytes that a database keeps by word.

A list of postings is the passages' numbers, rising (unsigned 32 bits, little end first), then as many counts (8 bits
each; more than 255 count as 255, which changes no score that anybody can see).  What one transaction adds is a
segment; segments of the same size are merged into one, so that a search reads a few of them however often documents
were added.  Numbers of passages only grow, so lists of later segments go behind those of earlier ones.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH = 5
"""Bytes of a posting."""
MOST = 255
FANOUT = 8
"""So many segments of one level become one of the next."""


def build_postings(passages: Iterable[tuple[int, Mapping[str, int]]]) -> dict[str, bytes]:
    """Return the lists of some passages, given by number, rising, with the counts of their words."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for number, counts in passages:
        for word, count in counts.items():
            numbers, times = found.setdefault(word, ([], []))
            numbers.append(number)
            times.append(min(count, MOST))
    return {word: struct.pack(f"<{len(n)}I", *n) + bytes(times) for word, (n, times) in sorted(found.items())}


def join_postings(lists: Sequence[bytes]) -> bytes:
    """Return one list of several, given in the order of their segments."""
    if len(lists) == 1:
        return lists[0]
    cuts = [len(one) // WIDTH * 4 for one in lists]
    numbers = b"".join(one[:cut] for one, cut in zip(lists, cuts, strict=True))
    return numbers + b"".join(one[cut:] for one, cut in zip(lists, cuts, strict=True))


def read_postings(body: bytes) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the passages' numbers and the counts of a list, both (postings,)."""
    size = len(body) // WIDTH
    return np.frombuffer(body, "<u4", size), np.frombuffer(body, np.uint8, size, size * 4)


def strip_postings(body: bytes, gone: NDArray[np.bool_]) -> bytes:
    """Return a list without the passages that are marked, by number, as gone."""
    numbers, counts = read_postings(body)
    kept = ~gone[numbers]
    return body if kept.all() else numbers[kept].tobytes() + counts[kept].tobytes()

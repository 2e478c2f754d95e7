"""The index of words: which passages a word stands in, and how often, as bytes that a database keeps by word.

A list of postings is the passages' numbers, rising (unsigned 32 bits, little end first), then as many counts (8 bits
each; more than 255 count as 255, which changes no score that anybody can see).  What one transaction adds is a
segment; segments of the same size are merged into one, so that a search reads a few of them however often documents
were added.  Numbers of passages only grow, so lists of later segments go behind those of earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

WIDTH = 5
"""Bytes of a posting."""
MOST = 255
FANOUT = 8
"""So many segments of one level become one of the next."""


def build_postings(passages: Sequence[tuple[int, Sequence[str]]]) -> dict[str, bytes]:
    """Return the lists of some passages, given by number with their words."""
    words = list(chain.from_iterable(own for _, own in passages))
    if not words:
        return {}
    vocabulary = {word: at for at, word in enumerate(sorted(set(words)))}
    codes = np.fromiter(map(vocabulary.__getitem__, words), np.int64, len(words))
    numbers = np.repeat([number for number, _ in passages], [len(own) for _, own in passages])
    span = int(numbers.max()) + 1
    found, times = np.unique(codes * span + numbers, return_counts=True)
    ends = np.searchsorted(found, np.arange(1, len(vocabulary) + 1) * span).tolist()
    of_words = (found % span).astype("<u4").tobytes()
    counts = np.minimum(times, MOST).astype(np.uint8).tobytes()
    return {
        word: of_words[4 * start : 4 * end] + counts[start:end]
        for word, start, end in zip(vocabulary, [0, *ends], ends, strict=False)
    }


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

"""How near one next-token distribution is to another, from logits.

Kullback and Leibler 1951, doi:10.1214/aoms/1177729694.  What a lost bit does to a language model is seen here with far
fewer tokens than in accuracies: every token tells, not only the last one of an item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.stats.arrays import Floats

BLOCK = 32
"""Rows that are computed at once: in float64 they stay within some 70 MB for the largest vocabularies."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """Of every position: arrays of shape (n,).

    Attributes:
        kl: KL(reference || other), nats; 0 where both are the same, infinite where the other finds impossible what the
            reference does not.
        same_top: 1 where both find the same token likeliest (of equals, the one with the lowest number), else 0.
    """

    kl: Floats
    same_top: Floats


def log_softmax(logits: NDArray[np.floating]) -> Floats:
    """Return log-probabilities in nats of (n, v) logits, in float64."""
    wide = np.asarray(logits, dtype=np.float64)
    shifted = wide - wide.max(axis=1, keepdims=True)
    found: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found


def compute_divergence(reference: NDArray[np.floating], other: NDArray[np.floating]) -> Divergence:
    """Compare the distributions of (n, v) logits, position by position.

    Raises ValueError if the shapes differ.
    """
    if reference.shape != other.shape:
        raise ValueError(f"logits of shapes {reference.shape} and {other.shape} cannot be compared")
    kl = np.empty(len(reference))
    for at in range(0, len(reference), BLOCK):
        own, its = log_softmax(reference[at : at + BLOCK]), log_softmax(other[at : at + BLOCK])
        with np.errstate(invalid="ignore"):  # what the reference holds impossible adds nothing
            kl[at : at + BLOCK] = np.where(own == -np.inf, 0.0, np.exp(own) * (own - its)).sum(axis=1)
    same = reference.argmax(axis=1) == other.argmax(axis=1)
    return Divergence(np.maximum(kl, 0.0), same.astype(np.float64))


def compute_surprisal(logits: NDArray[np.floating], tokens: NDArray[np.integer]) -> Floats:
    """Return minus the log-probability, in nats, of each of (n,) tokens under its row of (n, v) logits."""
    found = np.empty(len(tokens))
    for at in range(0, len(tokens), BLOCK):
        rows = log_softmax(logits[at : at + BLOCK])
        found[at : at + BLOCK] = -rows[np.arange(len(rows)), tokens[at : at + BLOCK]]
    return found

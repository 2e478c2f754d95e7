"""Stop strings in texts that come whole, from servers and functions.  Pure."""

from __future__ import annotations

from collections.abc import Sequence


def cut_at_stop(text: str, stops: Sequence[str]) -> str:
    """Return a text up to the first of the stop strings; as it is if it has none."""
    ends = [text.find(stop) for stop in stops if stop and stop in text]
    return text[: min(ends)] if ends else text


BYTES_A_TOKEN = 4
"""Bytes of UTF-8 that count as a token where nobody counts: a rule of thumb for English."""


def estimate_tokens(size: int) -> int:
    """Return about how many tokens so many bytes are, at least 1 for any."""
    return -(-size // BYTES_A_TOKEN)

"""How long answering took, and how many tokens it moved."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from fairtrial.measures.sharing import shared, tokens_in, tokens_out
from fairtrial.records import Answer, Measure, Observation

SECONDS = Measure("seconds", unit="s", higher_is_better=False, bounds=None)
TOKENS_IN = Measure("tokens_in", unit="token", higher_is_better=False, bounds=None)
TOKENS_OUT = Measure("tokens_out", unit="token", higher_is_better=False, bounds=None)


class SpeedProbe:
    """Wall-clock seconds of a batch, shared among its items by tokens (see `sharing`)."""

    measures: tuple[Measure, ...] = (SECONDS,)

    def __init__(self) -> None:
        self._started = 0.0
        self._seconds = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._started = time.perf_counter()

    def stop(self) -> None:
        """End watching."""
        self._seconds = time.perf_counter() - self._started

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return seconds per item with new answers."""
        return shared(self._seconds, "seconds", "s", answers)

    def absences(self) -> Mapping[str, str]:
        """Return nothing: a clock is always there."""
        return {}


class TokensProbe:
    """Tokens read and generated, per item."""

    measures: tuple[Measure, ...] = (TOKENS_IN, TOKENS_OUT)

    def start(self) -> None:
        """Nothing to watch: answers carry their token counts."""

    def stop(self) -> None:
        """Nothing to watch."""

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return the token counts per item with new answers."""
        return [
            [
                Observation("tokens_in", float(sum(map(tokens_in, group))), unit="token"),
                Observation("tokens_out", float(sum(map(tokens_out, group))), unit="token"),
            ]
            if group
            else []
            for group in answers
        ]

    def absences(self) -> Mapping[str, str]:
        """Return nothing: every answer has its counts."""
        return {}

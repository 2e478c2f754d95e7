"""How long answering took, and how many tokens it moved."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fairtrial.records import Answer, GenerateAnswer, Measure, Observation

SECONDS = Measure("seconds", unit="s", higher_is_better=False, bounds=None)
TOKENS_IN = Measure("tokens_in", unit="token", higher_is_better=False, bounds=None)
TOKENS_OUT = Measure("tokens_out", unit="token", higher_is_better=False, bounds=None)


def tokens_in(answer: Answer) -> int:
    """Return the tokens that the model read for this answer as a caller counts them: the prompt once, and for scores
    every continuation.  Prefixes shared with other items are counted in full; an engine may well compute fewer.
    """
    if isinstance(answer, GenerateAnswer):
        return answer.prompt_tokens
    return answer.prompt_tokens + sum(answer.tokens)


def tokens_out(answer: Answer) -> int:
    """Return the tokens generated for this answer; 0 for scores."""
    return answer.tokens if isinstance(answer, GenerateAnswer) else 0


class SpeedProbe:
    """Wall-clock seconds of a batch, shared among its items in proportion to their tokens.

    A generated token counts ten times a token read, the rough ratio of decoding to prefill on processors of one
    machine; only the split within a batch depends on it, never a total or a mean over whole batches.
    """

    measures: tuple[Measure, ...] = (SECONDS,)
    decode_weight = 10.0

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
        loads = [sum(tokens_in(a) + self.decode_weight * tokens_out(a) for a in group) for group in answers]
        total = sum(loads)
        return [
            [Observation("seconds", self._seconds * load / total, unit="s")] if group and total else []
            for group, load in zip(answers, loads, strict=True)
        ]


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

"""How long answering took, and how many tokens it moved: in batches, and one question at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from fairtrial.measures.sharing import count_tokens_in, count_tokens_out, share_out
from fairtrial.records import Answer, GenerateAnswer, Measure, Observation

SECONDS = Measure("seconds", unit="s", higher_is_better=False, bounds=None)
TOKENS_IN = Measure("tokens_in", unit="token", higher_is_better=False, bounds=None)
TOKENS_OUT = Measure("tokens_out", unit="token", higher_is_better=False, bounds=None)
LATENCY = Measure("latency", unit="s", higher_is_better=False, bounds=None)
FIRST_TOKEN = Measure("first_token_seconds", unit="s", higher_is_better=False, bounds=None)
ALONE_RATE = Measure("tokens_per_second", unit="token/s", higher_is_better=True, bounds=None)


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
        return share_out(self._seconds, "seconds", "s", answers)

    def absences(self) -> Mapping[str, str]:
        """Return nothing: a clock is always there."""
        return {}


class TokensProbe:
    """Tokens read and generated, per item."""

    measures: tuple[Measure, ...] = (TOKENS_IN, TOKENS_OUT)

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return the token counts per item with new answers."""
        return [
            [
                Observation("tokens_in", float(sum(map(count_tokens_in, group))), unit="token"),
                Observation("tokens_out", float(sum(map(count_tokens_out, group))), unit="token"),
            ]
            if group
            else []
            for group in answers
        ]

    def absences(self) -> Mapping[str, str]:
        """Return nothing: every answer has its counts."""
        return {}


class AloneProbe:
    """One item asked alone: how long it takes, when the first token is there, how fast the others follow.

    ``latency`` is wall time, with the seconds of work whose result was kept from before (``kept_seconds``).
    ``first_token_seconds`` and ``tokens_per_second`` are time in the network as the engine tells it (see
    `fairtrial.measures.whole.Work`), for items that are answered by one text; the rate is weighted by its seconds, so
    that its mean is all tokens over all seconds.
    """

    measures: tuple[Measure, ...] = (LATENCY, FIRST_TOKEN, ALONE_RATE)

    def __init__(self, work: Callable[[], Mapping[str, float]]) -> None:
        self.work = work
        self._before: Mapping[str, float] = {}
        self._after: Mapping[str, float] = {}
        self._started = self._seconds = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._before = dict(self.work())
        self._started = time.perf_counter()

    def stop(self) -> None:
        """End watching."""
        self._seconds = time.perf_counter() - self._started
        self._after = dict(self.work())

    def observe(self, answers: Sequence[Answer]) -> list[Observation]:
        """Return what was seen of the one item with these answers."""
        done = {name: total - self._before.get(name, 0.0) for name, total in self._after.items()}
        seen = [Observation("latency", self._seconds + done.get("kept_seconds", 0.0), unit="s")]
        if len(answers) == 1 and isinstance(answers[0], GenerateAnswer):
            if (first := done.get("prefill_seconds", 0.0)) > 0:
                seen.append(Observation("first_token_seconds", first, unit="s"))
            tokens, seconds = done.get("decode_tokens", 0.0), done.get("decode_seconds", 0.0)
            if tokens > 0 and seconds > 0:
                seen.append(Observation("tokens_per_second", tokens / seconds, weight=seconds, unit="token/s"))
        return seen

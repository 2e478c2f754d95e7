"""Finding the recorded answer to a request by what is asked.

A record of the whole prompt matches it exactly, but for white space.  A record of the question alone matches the prompt
in which it stands last: at most `CUE` characters (the cue for the answer) may follow, so that a question among the
few-shot examples is not taken for the one that is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from fairtrial.recorded.base import Said, answer_of
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.thoughts import TAGS, Tags

CUE = 80
"""Characters of a prompt that may follow its question."""

TAIL = 16
"""Characters by whose last ones questions are looked up."""

WORDS = re.compile(r"\s+")


def normal(text: str) -> str:
    """Return text with every run of white space as one blank, and none at the ends."""
    return WORDS.sub(" ", text).strip()


class Matcher:
    """Recorded answers, by what was asked; see `fairtrial.recorded.base.Record`."""

    def __init__(self, said: Iterable[Said], facts: Mapping[str, object], tags: Tags = TAGS) -> None:
        self.facts = facts
        self._tags = tags
        self.size = 0
        self._texts: dict[str, str | None] = {}
        self._scores: dict[str, dict[str, tuple[float, bool] | None]] = {}
        for one in said:
            self.size += 1
            key = normal(one.asked)
            if one.text is not None:
                same = self._texts.get(key, one.text) == one.text
                self._texts[key] = one.text if same else None
            for (prompt, continuation), score in one.scores.items():
                scores = self._scores.setdefault(normal(prompt), {})
                name = normal(continuation)
                scores[name] = score if scores.get(name, score) == score else None
        self.ambiguous = sum(text is None for text in self._texts.values()) + sum(
            any(score is None for score in scores.values()) for scores in self._scores.values()
        )
        self._lengths: dict[str, list[int]] = {}
        for key in sorted(self._texts, key=len, reverse=True):
            lengths = self._lengths.setdefault(key[-TAIL:], [])
            if len(key) not in lengths:
                lengths.append(len(key))

    def answer(self, request: Request) -> Answer | None:
        """Return the recorded answer to a request; None if there is none, or more than one."""
        return self._generated(request) if isinstance(request, GenerateRequest) else self._scored(request)

    def _generated(self, request: GenerateRequest) -> GenerateAnswer | None:
        text = self._texts.get(self._key(normal(request.prompt.plain())))
        return None if text is None else answer_of(text, request.stop, self._tags)

    def _key(self, prompt: str) -> str:
        """Return the recorded question that stands last in a prompt, the longest of those; the prompt if none does."""
        if prompt in self._texts:
            return prompt
        for end in range(len(prompt), max(0, len(prompt) - CUE - 1), -1):
            for tail in range(min(TAIL, end), 0, -1):
                for length in self._lengths.get(prompt[end - tail : end], ()):
                    start = end - length
                    if (
                        start >= 0
                        and prompt[start:end] in self._texts
                        and not (start and prompt[start - 1].isalnum())
                        and not prompt[end : end + 1].isalnum()
                    ):
                        return prompt[start:end]
        return prompt

    def _scored(self, request: ScoreRequest) -> ScoreAnswer | None:
        found = []
        for pair in request.pairs:
            scores = self._scores.get(normal(pair.prompt.plain()), {})
            score = scores.get(normal(pair.continuation))
            if score is None or not math.isfinite(score[0]):
                return None
            found.append(score)
        return ScoreAnswer(
            tuple(logprob for logprob, _ in found), tuple(greedy for _, greedy in found), tuple(0 for _ in found)
        )

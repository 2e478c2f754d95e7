"""Finding the recorded answer to a request by what is asked.

A record of the whole prompt matches it exactly, but for white space.  A record of the question alone matches the prompt
in which it stands last: at most `CUE` characters (the cue for the answer) may follow, so that a question among the
few-shot examples is not taken for the one that is asked.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from itertools import islice

from fairtrial.recorded.base import RecordedAnswer, make_answer
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.records.content import name_image
from fairtrial.spec.recorded import Recorded
from fairtrial.thoughts import TAGS, Tags

CUE = 80
"""Characters of a prompt that may follow its question."""

TAIL = 16
"""Characters by whose last ones questions are looked up."""

SHOWN = 120
"""Characters of a prompt that an explanation shows."""

MOST_COMPARED = 2_000
"""Recorded prompts among which the nearest one is looked for."""

ASKED = Recorded()
"""Answers are found by what was asked."""

WORDS = re.compile(r"\s+")


def _normalise_space(text: str) -> str:
    """Return text with every run of white space as one blank, and none at the ends."""
    return WORDS.sub(" ", text).strip()


class AnswerMatcher:
    """Recorded answers, by what was asked, by an id or by the number of a row; see `RecordedAnswers`.

    Args:
        said: what each row says; None for a row without an answer.
        facts: see `RecordedAnswers`.
        how: by what answers are found.
        tags: of thoughts in the texts.
    """

    def __init__(
        self,
        said: Iterable[RecordedAnswer | None],
        facts: Mapping[str, object],
        how: Recorded = ASKED,
        tags: Tags = TAGS,
    ) -> None:
        self.facts = facts
        self._tags = tags
        self._by_key = how.join != "question"
        self._checked = self._by_key and bool(how.key)
        self.size = self.rows = 0
        self._texts: dict[str, str | None] = {}
        self._scores: dict[str, dict[str, tuple[float, bool] | None]] = {}
        self._asked: dict[str, str] = {}
        self._empty: set[str] = set()
        for one in said:
            self.rows += 1
            if one is None:
                continue
            if one.text is None and not one.scores:
                self._empty.add(one.key if self._by_key else _normalise_space(one.asked))
                continue
            self.size += 1
            self._keep(one)
        self.ambiguous = sum(text is None for text in self._texts.values()) + sum(
            any(score is None for score in scores.values()) for scores in self._scores.values()
        )
        self._lengths: dict[str, list[int]] = {}
        for key in sorted(self._texts, key=len, reverse=True):
            lengths = self._lengths.setdefault(key[-TAIL:], [])
            if len(key) not in lengths:
                lengths.append(len(key))

    def _keep(self, one: RecordedAnswer) -> None:
        key = one.key if self._by_key else _normalise_space(one.asked)
        if self._checked:
            self._asked[key] = _normalise_space(one.asked)
        if one.text is not None:
            same = self._texts.get(key, one.text) == one.text
            self._texts[key] = one.text if same else None
        for (prompt, continuation), score in one.scores.items():
            scores = self._scores.setdefault(key if self._by_key else _normalise_space(prompt), {})
            name = _normalise_space(continuation)
            scores[name] = score if scores.get(name, score) == score else None

    def answer(self, request: Request) -> Answer | None:
        """Return the recorded answer to a request; None if there is none, or more than one."""
        if self._checked and not self._agrees(request):
            return None
        return self._find_text(request) if isinstance(request, GenerateRequest) else self._find_scores(request)

    def close(self) -> None:
        """Nothing stays open: the log was read as a whole."""

    def explain(self, request: Request) -> str:
        """Return why a request found no answer: what differs between its prompt and the nearest recorded one."""
        if self._by_key:
            return self._explained_by_key(request)
        prompt = _normalise_space(
            (request.prompt if isinstance(request, GenerateRequest) else request.pairs[0].prompt).plain(name_image)
        )
        keys = self._texts if isinstance(request, GenerateRequest) else self._scores
        if any(key and key in prompt[-len(key) - CUE :] for key in self._empty):
            return "That question is recorded without an answer."
        inside = max((key for key in keys if key and key in prompt), key=len, default="")
        if inside:
            rest = prompt[prompt.rindex(inside) + len(inside) :]
            if len(rest) > CUE:
                return (
                    f"A recorded question stands in the prompt, but {len(rest):,} characters follow it, and at most "
                    f"{CUE} may: {rest[:SHOWN]!r}."
                )
            if keys[inside] is None:
                return "That question is recorded with different answers."
            return "" if rest else "The answer recorded for it cannot be used."
        tail = prompt[-SHOWN:]
        near = difflib.get_close_matches(tail, [key[-SHOWN:] for key in islice(keys, MOST_COMPARED)], 1, 0.0)
        return f"The prompt ends {tail!r}; the nearest recorded one ends {near[0]!r}." if near else ""

    def _explained_by_key(self, request: Request) -> str:
        key = request.item_key
        known = self._texts if isinstance(request, GenerateRequest) else self._scores
        if key and key in self._empty:
            return f"{key!r} is recorded without an answer."
        if key not in known:
            return f"The log has no answer for {key!r}." if key else "The item has no such id."
        if self._checked and not self._agrees(request):
            return f"The row {key!r} of the log asks something else: {self._asked[key][:SHOWN]!r}."
        return f"{key!r} is recorded with different answers." if known[key] is None else ""

    def _agrees(self, request: Request) -> bool:
        """Return whether the question that a row names, if it does, stands in what is asked."""
        prompts = [request.prompt] if isinstance(request, GenerateRequest) else [pair.prompt for pair in request.pairs]
        asked = self._asked.get(request.item_key, "")
        return any(asked in _normalise_space(prompt.plain(name_image)) for prompt in prompts)

    def _find_text(self, request: GenerateRequest) -> GenerateAnswer | None:
        key = request.item_key if self._by_key else self._find_key(_normalise_space(request.prompt.plain(name_image)))
        text = self._texts.get(key)
        return None if text is None else make_answer(text, request.stop, self._tags)

    def _find_key(self, prompt: str) -> str:
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

    def _find_scores(self, request: ScoreRequest) -> ScoreAnswer | None:
        found = []
        for pair in request.pairs:
            scores = self._scores.get(
                request.item_key if self._by_key else _normalise_space(pair.prompt.plain(name_image)), {}
            )
            score = scores.get(_normalise_space(pair.continuation))
            if score is None or math.isnan(score[0]) or score[0] == math.inf:
                return None
            found.append(score)
        return ScoreAnswer(
            tuple(logprob for logprob, _ in found), tuple(greedy for _, greedy in found), tuple(0 for _ in found)
        )

"""A model that thinks, made by hand: one word is one token, and it is right where it has thought for long enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from fairtrial.engines.base import Capabilities
from fairtrial.engines.sampling import TextBuilder, ThoughtFormat, make_answer
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt, Request, ScoreAnswer, ScoreRequest
from fairtrial.thoughts import TAGS

THOUGHT = re.compile(r"<think>(.*?)</think>", re.DOTALL)


class Thinker:
    """Thinks for ``length`` words, then says 42; after fewer than ``needs`` words it says 7.

    With ``tags`` the thought stands between them, else it is plain text and ends with the cue.
    """

    def __init__(self, length: int = 10, needs: int = 6, tags: bool = True) -> None:
        self.length, self.needs, self.tags = length, needs, tags
        self.can = Capabilities(True, True, tags, False, 1000, batch_invariant=True, thoughts=tags)
        self.record: Mapping[str, object] = {"engine": "thinker"}
        self.asked: list[Request] = []

    def check(self, requests: Sequence[Request]) -> None:
        """Everything fits."""

    def thought_words(self, prompt: Prompt) -> int:
        shown = prompt.thought if self.tags else prompt.assistant.partition("step.")[2].partition("\n")[0]
        return len((shown or "").split())

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield the scores of choices: 42 is the likeliest after a thought that is long enough, else 7 is."""
        self.asked += requests
        for request in requests:
            said = [self.said(self.thought_words(pair.prompt)) for pair in request.pairs]
            best = [pair.continuation == what for pair, what in zip(request.pairs, said, strict=True)]
            yield ScoreAnswer(tuple(-1.0 if b else -2.0 for b in best), tuple(best), (1,) * len(best), 5)

    def said(self, words: int) -> str:
        return "42" if words >= self.needs else "7"

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield texts."""
        self.asked += requests
        for request in requests:
            yield self._written(request)

    def _written(self, request: GenerateRequest) -> GenerateAnswer:
        thought = " ".join(f"w{i}" for i in range(self.length))
        answer = f"{self.said(self.thought_words(request.prompt))} is it."
        if self.tags:
            text = answer if request.prompt.thought is not None else f"<think>{thought} </think>{self.said(99)} is it."
        else:
            begun = request.prompt.assistant.endswith("step.")
            text = f" {thought} \nAnswer: {self.said(99)}" if begun else f" {answer}"
        begun_words = len(request.prompt.assistant.split()) if self.tags else 0
        builder, new, ended = TextBuilder(request.stop, ThoughtFormat(TAGS if self.tags else ())), 0, False
        words = re.findall(r"</?think>|\s*[^\s<]+ ?|\n", text)[begun_words:]
        for word in words:
            if new == request.max_tokens or ended:
                break
            new += 1
            ended = builder.push(word.encode())
        done = ended or new == len(words)
        return make_answer(builder, tokens=new, ended=done, prompt_tokens=5, truncated=0, logprob=-1.0)

    def close(self) -> None:
        """Nothing to close."""

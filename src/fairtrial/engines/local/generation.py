"""Answers on their way, as far as they are the same for every engine: order, choosing tokens, ending, the record.

Knows token sequences and logits; text only through the vocabulary's bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.images import count_text
from fairtrial.engines.local.prefix_tree.trie import Tokens, count_common_prefix
from fairtrial.engines.local.vocabulary import Vocabulary
from fairtrial.engines.prompts import EncodedPrompt
from fairtrial.engines.sampling import TextBuilder, compute_token_surprisal, make_answer, make_generator, sample_token
from fairtrial.records import GenerateAnswer, GenerateRequest

Prompted = tuple[GenerateRequest, EncodedPrompt]


@dataclass
class Job:
    """One request on its way.

    Attributes:
        request: what is asked.
        asked: its prompt, of at least one token.
        place: its number among the requests.
        new: tokens of the answer so far.
        logprob: of these, nats.
        answer: once it is complete.
    """

    request: GenerateRequest
    asked: EncodedPrompt
    place: int
    new: list[int] = field(default_factory=list)
    logprob: float = 0.0
    answer: GenerateAnswer | None = None

    def __post_init__(self) -> None:
        self.rng = make_generator(self.request)
        self.text = TextBuilder(self.request.stop, self.asked.thinking)

    @property
    def tokens(self) -> Tokens:
        """The prompt's."""
        return self.asked.tokens

    @property
    def cells(self) -> int:
        """Tokens of prompt and answer, at most."""
        return len(self.tokens) + self.request.max_tokens

    def choose(self, logits: NDArray[np.float32]) -> int:
        """Return the next token by (vocabulary,) logits."""
        token = sample_token(logits, self.request, self.rng)
        self.logprob -= compute_token_surprisal(logits, token)
        return token

    def take(self, token: int, vocabulary: Vocabulary) -> bool:
        """Add a token; return whether the answer is complete."""
        self.new.append(token)
        ended = vocabulary.ends(token) or self.text.push(vocabulary.piece(token))
        if not ended and len(self.new) < self.request.max_tokens and not math.isnan(self.logprob):
            return False
        self.answer = make_answer(
            self.text,
            tokens=len(self.new),
            ended=ended,
            prompt_tokens=len(self.tokens),
            truncated=self.asked.truncated,
            logprob=self.logprob,
        )
        return True


def make_jobs(prompts: Sequence[Prompted]) -> list[Job]:
    """Return a job for each prompt, in order."""
    return [Job(request, asked, i) for i, (request, asked) in enumerate(prompts)]


def collect_answers(jobs: Sequence[Job]) -> list[GenerateAnswer]:
    """Return the answers of jobs that are complete."""
    return [job.answer for job in jobs if job.answer is not None]


def sort_jobs(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in an order in which neighbours share the most of their prompts."""
    return sorted(jobs, key=lambda job: (job.tokens.astype(">u4").tobytes(), job.place))


def count_shared(prompts: Sequence[Tokens]) -> int:
    """Return how many leading tokens all prompts share before the first image.

    The last one of each is left out: its logits are wanted.
    """
    ordered = sorted(prompts, key=lambda tokens: tokens.astype(">u4").tobytes())
    common = min(count_common_prefix(ordered[0], ordered[-1]), min(map(len, prompts)) - 1)
    return min(common, count_text(ordered[0]))

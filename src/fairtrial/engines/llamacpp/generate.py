"""New text for many prompts at once: each pass holds one token of every running answer and the next prompts' tokens.

A finished answer's place is taken by the next prompt.  A prompt begins with whatever a running one already has in the
cache.  Knows token sequences and logits; text only through the vocabulary's bytes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fairtrial.engines.llamacpp.binding import Context
from fairtrial.engines.llamacpp.session import Session, Sizes
from fairtrial.engines.prefix_tree.trie import Tokens, common_prefix
from fairtrial.engines.prompts import Asked
from fairtrial.engines.sampling import Text, answer_of, generator_for, pick, surprise
from fairtrial.engines.vocabulary import Vocabulary
from fairtrial.records import GenerateAnswer, GenerateRequest

DEEP = 128  # tokens of prompt from which on answers grow faster without flash attention (measured on processors)
PARALLEL, PARALLEL_DEEP = 16, 8  # answers that grow at once
WORTH_WAITING = 32  # a prompt waits for another one that is being read if that saves so many tokens
_ROOMY = 8192  # cells that parallel answers may take


@dataclass
class Job:
    """One request on its way."""

    request: GenerateRequest
    asked: Asked
    place: int
    slot: int = -1
    read: int = 0  # tokens of the prompt that are in the cache
    new: list[int] = field(default_factory=list)
    logprob: float = 0.0
    answer: GenerateAnswer | None = None

    def __post_init__(self) -> None:
        self.rng = generator_for(self.request)
        self.text = Text(self.request.stop, self.asked.thinking)

    @property
    def tokens(self) -> Tokens:
        """The prompt's."""
        return self.asked.tokens

    @property
    def size(self) -> int:
        """Cells needed in the end."""
        return len(self.tokens) + self.request.max_tokens


@dataclass(frozen=True, slots=True)
class Room:
    """What some answers need: how many grow at once, cells of the cache, and whether with flash attention."""

    places: int
    cells: int
    flash: int


def room_for(lengths: Sequence[tuple[int, int]], root: int, sizes: Sizes, *, accelerated: bool) -> Room:
    """Return the room for answers to prompts of given lengths, each with its most new tokens.

    ``root`` tokens are shared by all.  Each new token attends to the cells of all answers, its own or not: after long
    prompts, fewer grow at once.
    """
    deep = sum(length for length, _ in lengths) > DEEP * len(lengths) and not accelerated
    places = min(PARALLEL_DEEP if deep else PARALLEL, sizes.outputs, sizes.sequences - 1)
    own = sorted((length + new - root for length, new in lengths), reverse=True)
    return Room(places, root + max(own[0], min(sum(own[:places]), _ROOMY)), 0 if deep else -1)


def generate_all(
    session: Session, vocabulary: Vocabulary, prompts: Sequence[tuple[GenerateRequest, Asked]]
) -> list[GenerateAnswer]:
    """Answer all ``prompts``: each request with its prompt of at least one token."""
    jobs = [Job(request, asked, i) for i, (request, asked) in enumerate(prompts)]
    groups = [jobs] if session.model.scores_prefixes() else [[job] for job in jobs]
    for group in groups:
        _Batch(session, vocabulary, group).run()
    return [job.answer for job in jobs if job.answer is not None]


class _Batch:
    """Runs jobs that may share a cache."""

    def __init__(self, session: Session, vocabulary: Vocabulary, jobs: Sequence[Job]) -> None:
        self.session, self.vocabulary = session, vocabulary
        # Neighbours in this order share the most.
        ordered = sorted(jobs, key=lambda j: (j.tokens.astype(">u4").tobytes(), j.place))
        self.waiting = deque(ordered)
        self.running: list[Job] = []
        common = common_prefix(ordered[0].tokens, ordered[-1].tokens)
        self.root = session.root_length(min(common, min(len(j.tokens) for j in jobs) - 1))
        lengths = [(len(job.tokens), job.request.max_tokens) for job in jobs]
        room = room_for(lengths, self.root, session.sizes, accelerated=session.model.on_accelerator())
        self.free = list(range(room.places, 0, -1))
        self.context: Context = session.begin(ordered[0].tokens[: self.root], room.cells, flash=room.flash)
        self.room = room.cells - self.root

    def run(self) -> None:
        """Work until every job has its answer."""
        while self.waiting or self.running:
            self._admit()
            self._pass()

    def _admit(self) -> None:
        while self.waiting and self.free:
            job = self.waiting[0]
            if job.size - self.root > self.room:
                return
            have, source = self.root, 0
            for other in self.running:
                common = min(common_prefix(other.tokens, job.tokens), len(job.tokens) - 1)
                if other.read < common and common - max(have, other.read) >= WORTH_WAITING:
                    return
                if min(common, other.read) > have:
                    have, source = min(common, other.read), other.slot
            self.waiting.popleft()
            job.slot, job.read = self.free.pop(), have
            self.room -= job.size - self.root
            if have:
                self.context.copy(source, job.slot, have)
            self.running.append(job)

    def _pass(self) -> None:
        """Send one pass: a token of each growing answer, then as much unread prompt as fits."""
        context, size = self.context, 0
        asking: list[Job] = []
        for job in sorted(self.running, key=lambda j: j.read < len(j.tokens)):
            unread = job.tokens[job.read :] if job.read < len(job.tokens) else np.array(job.new[-1:], dtype=np.int32)
            part = unread[: context.shape.batch - size]
            if not len(part):
                break
            place = slice(size, size + len(part))
            first = job.read if job.read < len(job.tokens) else len(job.tokens) + len(job.new) - 1
            context.tokens[place] = part
            context.positions[place] = np.arange(first, first + len(part))
            context.slots[place] = job.slot
            context.wanted[place] = 0
            job.read = min(job.read + len(part), len(job.tokens))
            size += len(part)
            if len(part) == len(unread):
                context.wanted[size - 1] = 1
                asking.append(job)
        context.set_sequences(context.slots[:size], np.ones(size, dtype=np.int32))
        logits = self.session.run(size, new=sum(bool(job.new) for job in asking))
        greedy = logits.argmax(axis=1)
        for row, job in enumerate(asking):
            token = int(greedy[row]) if job.rng is None else pick(logits[row], job.request, job.rng)
            job.logprob -= surprise(logits[row], token)
            self._take(job, token)

    def _take(self, job: Job, token: int) -> None:
        job.new.append(token)
        ended = self.vocabulary.ends(token) or job.text.push(self.vocabulary.piece(token))
        if not ended and len(job.new) < job.request.max_tokens and not math.isnan(job.logprob):
            return
        job.answer = answer_of(
            job.text,
            tokens=len(job.new),
            ended=ended,
            prompt_tokens=len(job.tokens),
            truncated=job.asked.truncated,
            logprob=job.logprob,
        )
        self.running.remove(job)
        self.context.forget(job.slot)
        self.free.append(job.slot)
        self.room += job.size - self.root

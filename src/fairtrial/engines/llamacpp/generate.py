"""New text for many prompts at once: each pass holds one token of every running answer and the next prompts' tokens.

A finished answer's place is taken by the next prompt.  A prompt begins with whatever a running one already has in the
cache.  Knows token sequences and logits; text only through the vocabulary's bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.engines.llamacpp.binding import Context
from fairtrial.engines.llamacpp.session import LlamaCppSession, SessionSizes
from fairtrial.engines.local.generation import Job, Prompted, collect_answers, count_shared, make_jobs, sort_jobs
from fairtrial.engines.local.prefix_tree.trie import count_common_prefix
from fairtrial.engines.local.vocabulary import Vocabulary
from fairtrial.records import GenerateAnswer

DEEP = 128  # tokens of prompt from which on answers grow faster without flash attention (measured on processors)
PARALLEL, PARALLEL_DEEP = 16, 8  # answers that grow at once
WORTH_WAITING = 32  # a prompt waits for another one that is being read if that saves so many tokens
_ROOMY = 8192  # cells that parallel answers may take


@dataclass(frozen=True, slots=True)
class CachePlan:
    """What some answers need: how many grow at once, cells of the cache, and whether with flash attention."""

    places: int
    cells: int
    flash: int


def plan_cache(lengths: Sequence[tuple[int, int]], root: int, sizes: SessionSizes, *, accelerated: bool) -> CachePlan:
    """Return the room for answers to prompts of given lengths, each with its most new tokens.

    ``root`` tokens are shared by all.  Each new token attends to the cells of all answers, its own or not: after long
    prompts, fewer grow at once.
    """
    deep = sum(length for length, _ in lengths) > DEEP * len(lengths) and not accelerated
    places = min(PARALLEL_DEEP if deep else PARALLEL, sizes.outputs, sizes.sequences - 1)
    own = sorted((length + new - root for length, new in lengths), reverse=True)
    return CachePlan(places, root + max(own[0], min(sum(own[:places]), _ROOMY)), 0 if deep else -1)


def generate_all(session: LlamaCppSession, vocabulary: Vocabulary, prompts: Sequence[Prompted]) -> list[GenerateAnswer]:
    """Answer all ``prompts``."""
    jobs = make_jobs(prompts)
    groups = [jobs] if session.model.scores_prefixes() else [[job] for job in jobs]
    for group in groups:
        _CacheBatch(session, vocabulary, group).run()
    return collect_answers(jobs)


@dataclass(eq=False)
class _RunningJob:
    """A job in the cache: its sequence there, and how many tokens of its prompt have been read."""

    job: Job
    slot: int
    read: int

    @property
    def reads(self) -> bool:
        """Whether some of its prompt is unread."""
        return self.read < len(self.job.tokens)


class _CacheBatch:
    """Runs jobs that may share a cache."""

    def __init__(self, session: LlamaCppSession, vocabulary: Vocabulary, jobs: Sequence[Job]) -> None:
        self.session, self.vocabulary = session, vocabulary
        self.waiting = deque(sort_jobs(jobs))
        self.running: list[_RunningJob] = []
        first = self.waiting[0].tokens
        self.root = session.root_length(count_shared([job.tokens for job in jobs]))
        lengths = [(len(job.tokens), job.request.max_tokens) for job in jobs]
        room = plan_cache(lengths, self.root, session.sizes, accelerated=session.model.on_accelerator())
        self.free = list(range(room.places, 0, -1))
        self.context: Context = session.begin(first[: self.root], room.cells, flash=room.flash)
        self.room = room.cells - self.root

    def run(self) -> None:
        """Work until every job has its answer."""
        while self.waiting or self.running:
            self._admit()
            self._pass()

    def _admit(self) -> None:
        while self.waiting and self.free:
            job = self.waiting[0]
            if job.cells - self.root > self.room:
                return
            have, source = self.root, 0
            for other in self.running:
                common = min(count_common_prefix(other.job.tokens, job.tokens), len(job.tokens) - 1)
                if other.read < common and common - max(have, other.read) >= WORTH_WAITING:
                    return
                if min(common, other.read) > have:
                    have, source = min(common, other.read), other.slot
            self.waiting.popleft()
            slot = self.free.pop()
            self.room -= job.cells - self.root
            if have:
                self.context.copy(source, slot, have)
            self.running.append(_RunningJob(job, slot, have))

    def _pass(self) -> None:
        """Send one pass: a token of each growing answer, then as much unread prompt as fits."""
        context, size = self.context, 0
        asking: list[_RunningJob] = []
        for one in sorted(self.running, key=lambda r: r.reads):
            prompt, new = one.job.tokens, one.job.new
            unread = prompt[one.read :] if one.reads else np.array(new[-1:], dtype=np.int32)
            part = unread[: context.shape.batch - size]
            if not len(part):
                break
            place = slice(size, size + len(part))
            first = one.read if one.reads else len(prompt) + len(new) - 1
            context.tokens[place] = part
            context.positions[place] = np.arange(first, first + len(part))
            context.slots[place] = one.slot
            context.wanted[place] = 0
            one.read = min(one.read + len(part), len(prompt))
            size += len(part)
            if len(part) == len(unread):
                context.wanted[size - 1] = 1
                asking.append(one)
        context.set_sequences(context.slots[:size], np.ones(size, dtype=np.int32))
        logits = self.session.run(size, new=sum(bool(one.job.new) for one in asking))
        for row, one in zip(logits, asking, strict=True):
            if one.job.take(one.job.choose(row), self.vocabulary):
                self._free(one)

    def _free(self, one: _RunningJob) -> None:
        self.running.remove(one)
        self.context.forget(one.slot)
        self.free.append(one.slot)
        self.room += one.job.cells - self.root

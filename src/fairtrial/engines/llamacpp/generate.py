"""New text for many prompts at once: each pass holds one token of every running answer and the next prompts' tokens.

A finished answer's place is taken by the next prompt.  A prompt begins with whatever a running one already has in the
cache.  Knows token sequences and logits; text only through the vocabulary's bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.llamacpp.binding import Context
from fairtrial.engines.llamacpp.session import LlamaCppSession, SessionSizes
from fairtrial.engines.local.generation import Job, Prompted, collect_answers, count_shared, make_jobs, sort_jobs
from fairtrial.engines.local.images import FIRST_IMAGE_TOKEN, TokenPlaces
from fairtrial.engines.local.prefix_tree.trie import Tokens, count_common_prefix
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
    """A job in the cache.

    Attributes:
        job: what is to be answered.
        path: where its prompt's tokens stand.
        slot: its sequence in the cache.
        read: how many tokens of its prompt have been read.
    """

    job: Job
    path: TokenPlaces
    slot: int
    read: int

    @property
    def reads(self) -> bool:
        """Whether some of its prompt is unread."""
        return self.read < len(self.job.tokens)

    @property
    def sees(self) -> bool:
        """Whether the next unread token is a cell of an image."""
        return self.reads and self.path.is_image(self.read)

    def next_tokens(self, *, mixed: bool) -> tuple[Tokens, NDArray[np.int32]]:
        """Return the tokens that come next and (sections, n) positions: text or images only, unless ``mixed``."""
        if not self.reads:
            new = self.job.new
            first = self.path.end + len(new) - 1
            place = np.full((len(self.path.positions), 1), first, dtype=np.int32)
            return np.array(new[-1:], dtype=np.int32), place
        stop = len(self.job.tokens) if mixed else self.path.find_stop(self.read)
        return self.job.tokens[self.read : stop], self.path.positions[:, self.read : stop]


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
            path = TokenPlaces.from_tokens(job.tokens, self.session.images, whole=self.session.blocks_whole)
            for other in self.running:
                common = min(count_common_prefix(other.job.tokens, job.tokens), len(job.tokens) - 1)
                common = path.round_down(common)
                if other.read < common and common - max(have, other.read) >= WORTH_WAITING:
                    return
                if min(common, other.read) > have:
                    have, source = min(common, other.read), other.slot
            self.waiting.popleft()
            slot = self.free.pop()
            self.room -= job.cells - self.root
            if have:
                self.context.copy(source, slot, path.find_position(have))
            self.running.append(_RunningJob(job, path, slot, have))

    def _pass(self) -> None:
        """Send one pass: a token of each growing answer, then as much unread prompt as fits.

        Where text and images do not mix, and cells of images come next, they alone.
        """
        mixed = self.session.mixes
        seeing = [] if mixed else [one for one in self.running if one.sees]
        parts: list[Tokens] = []
        positions: list[NDArray[np.int32]] = []
        asking: list[_RunningJob] = []
        context, size = self.context, 0
        for one in seeing or sorted(self.running, key=lambda r: r.reads):
            tokens, places = one.next_tokens(mixed=mixed)
            count = self._count_fitting(one, len(tokens), size)
            if not count:
                break
            place = slice(size, size + count)
            context.slots[place] = one.slot
            context.wanted[place] = 0
            one.read += count if one.reads else 0
            size = place.stop
            parts.append(tokens[:count])
            positions.append(places[:, :count])
            if not one.reads:
                context.wanted[size - 1] = 1
                asking.append(one)
        context.set_sequences(context.slots[:size], np.ones(size, dtype=np.int32))
        logits = self._send(np.concatenate(parts), positions, sum(bool(one.job.new) for one in asking))
        for row, one in zip(logits, asking, strict=True):
            if one.job.take(one.job.choose(row), self.vocabulary):
                self._free(one)

    def _count_fitting(self, one: _RunningJob, count: int, size: int) -> int:
        """Return how many of a job's next tokens fit into a pass of ``size`` entries so far.

        A block of cells that is not cut may be larger than other passes: then it is one of its own.
        """
        fits = max(0, min(count, self.context.shape.batch - size))
        if not one.reads or fits == count:
            return fits
        whole = one.path.round_down(one.read + fits) - one.read
        return whole if whole or size else one.path.find_stop(one.read) - one.read

    def _send(self, tokens: Tokens, positions: Sequence[NDArray[np.int32]], new: int) -> Floats32:
        """Send a pass, ``new`` of whose tokens are the newest of answers."""
        if (tokens >= FIRST_IMAGE_TOKEN).any():
            sections = max(len(places) for places in positions)
            placed = [np.broadcast_to(places, (sections, places.shape[1])) for places in positions]
            return self.session.run_cells(tokens, np.concatenate(placed, axis=1), new)
        size = len(tokens)
        self.context.tokens[:size] = tokens
        self.context.positions[:size] = np.concatenate([places[0] for places in positions])
        return self.session.run(size, new=new)

    def _free(self, one: _RunningJob) -> None:
        self.running.remove(one)
        self.context.forget(one.slot)
        self.free.append(one.slot)
        self.room += one.job.cells - self.root

"""New text for many prompts at once, each pass one token of every running answer.

Prompts are read through a prefix tree, each shared beginning once; finished answers make room for the next prompts.
Where a model is not trusted with that, answers are written one after the other with the model's own cache, what the
prompts share read once.  Knows token sequences and logits; text only through the vocabulary's bytes.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from fairtrial.engines.local.generation import Job, Prompted, collect_answers, count_shared, make_jobs, sort_jobs
from fairtrial.engines.local.prefix_tree import build_tree
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import Vocabulary
from fairtrial.engines.transformers.memory import CELLS, Slots
from fairtrial.engines.transformers.network import is_out_of_memory
from fairtrial.engines.transformers.session import TransformersSession
from fairtrial.records import GenerateAnswer

WritingWay = Literal["many at a time", "one after the other", "from the beginning for every token"]
PARALLEL = 128  # answers that grow at once, where memory allows
SHARE = 8  # answers may take this part of the memory of the device, all of it counted
REFILL = 0.25  # share of free places from which on new prompts are read


def _choose_token(job: Job, logits: Any, greedy: int, logprob: float) -> int:
    """Return a job's next token by (vocabulary,) logits, of which ``greedy`` is the likeliest, with ``logprob``."""
    if job.rng is not None:
        return job.choose(logits.float().cpu().numpy())
    job.logprob += logprob
    return greedy


def _find_likeliest(logits: Any) -> list[tuple[int, float]]:
    """Return the likeliest token of each row of (n, vocabulary) logits, and its log-probability in nats."""
    tokens = logits.argmax(dim=1)
    wide = logits.float()
    logprobs = wide.gather(1, tokens[:, None])[:, 0] - wide.logsumexp(dim=1)
    return list(zip(tokens.tolist(), logprobs.clamp(max=0.0).tolist(), strict=True))


def generate_all(
    session: TransformersSession, vocabulary: Vocabulary, prompts: Sequence[Prompted], way: WritingWay
) -> list[GenerateAnswer]:
    """Answer all ``prompts``."""
    most = PARALLEL
    while True:
        jobs = make_jobs(prompts)
        try:
            if way == "many at a time":
                _RootBatch(session, vocabulary, jobs, most).run()
            else:
                _generate_one_by_one(session, vocabulary, jobs, keep=way == "one after the other")
            return collect_answers(jobs)
        except RuntimeError as error:
            if way != "many at a time" or most == 1 or not is_out_of_memory(error):
                raise
            session.forget()
            most = max(1, most // 4)


class _RootBatch:
    """Runs jobs that share a root."""

    def __init__(self, session: TransformersSession, vocabulary: Vocabulary, jobs: Sequence[Job], most: int) -> None:
        self.session, self.vocabulary = session, vocabulary
        self.waiting = sort_jobs(jobs)[::-1]
        self.running: list[Job] = []
        self.root = session.root_length(count_shared([job.tokens for job in jobs]))
        longest = max(len(job.tokens) for job in jobs)
        session.begin(jobs[0].tokens[: self.root], longest + session.batch)
        own = max(job.cells for job in jobs) - self.root
        self.cells = -(-own // CELLS) * CELLS
        fitting = max(1, min(most, session.network.memory_bytes() // (SHARE * self.cells * session.network.cell_bytes)))
        # As many in every round as in the last one.
        self.places = -(-len(jobs) // -(-len(jobs) // fitting))
        self.slots: Slots | None = None

    def run(self) -> None:
        """Work until every job has its answer."""
        while self.waiting or self.running:
            if self.waiting and self.places - len(self.running) >= max(1, REFILL * self.places):
                self._admit()
            if self.running:
                self._pass()

    def _admit(self) -> None:
        """Read the next prompts through one prefix tree and give each a slot."""
        free = self.places - len(self.running)
        jobs = [self.waiting.pop() for _ in range(min(free, len(self.waiting)))]
        parts, firsts = _read_prompts(self.session, [job.tokens for job in jobs], self.root)
        if self.slots is None:
            # The root stays in the session's memory while later prompts are read on top of it.
            root = [(key[:, : self.root], value[:, : self.root]) for key, value in self.session.path.list_stores()]
            self.slots = Slots(root, self.places, self.cells)
            self.session.note_cells(self.session.path.cells + self.places * self.cells)
        for job, part, logits in zip(jobs, parts, firsts, strict=True):
            if not job.take(_choose_token(job, logits, *_find_likeliest(logits[None])[0]), self.vocabulary):
                self.slots.add(part, self.session.next_position(job.tokens) - self.root)
                self.running.append(job)

    def _pass(self) -> None:
        """Send one token of each running answer."""
        assert self.slots is not None
        logits = _append_tokens(self.session, self.slots, self.root, [job.new[-1] for job in self.running])
        greedy = _find_likeliest(logits)
        done = [
            slot
            for slot, job in enumerate(self.running)
            if job.take(_choose_token(job, logits[slot], *greedy[slot]), self.vocabulary)
        ]
        for slot in reversed(done):
            self.slots.drop(slot)
            last = self.running.pop()
            if slot < len(self.running):
                self.running[slot] = last


def _append_tokens(session: TransformersSession, slots: Slots, root: int, tokens: Sequence[int]) -> Any:
    """Send one token for each slot in use and return (slots, vocabulary) logits of what comes next."""
    positions = np.array([[root + place] for place in slots.places], dtype=np.int32)
    slots.begin()
    with session.count("decode", len(tokens)):
        logits = session.network.read(np.array(tokens, dtype=np.int32)[:, None], positions, slots)
    slots.end_pass()
    return logits[:, 0]


def _read_prompts(
    session: TransformersSession, prompts: Sequence[Tokens], root: int
) -> tuple[list[list[tuple[Any, Any]]], list[Any]]:
    """Read prompts that share a root, which is in memory, each prefix once.

    Returns:
        Of each prompt: keys and values of what it has beyond the root, a layer each; (vocabulary,) logits at its end.
    """
    tree = build_tree(list(prompts))
    count = len(prompts)
    lengths = np.array([len(p) for p in prompts], dtype=np.int64)
    which = np.arange(count)
    ends = tree.locate(which, lengths - 1, lengths)
    paths = np.split(tree.locate(which, np.full(count, root), lengths), np.cumsum(lengths - root)[:-1])
    wanted = np.zeros(tree.nodes, dtype=np.bool_)
    wanted[ends] = True
    logits: dict[int, Any] = {}
    read: list[list[tuple[Any, Any]]] = []
    for step, rows in session.walk(tree, wanted, root):
        for row, node in enumerate((step.start + np.flatnonzero(step.wanted)).tolist()):
            logits[node] = rows[row].clone()
        read.append(session.path.copy_cells(session.path.length + np.arange(len(step.tokens))))
    layers = [
        tuple(_join_tensors([part[layer][side] for part in read]) for side in (0, 1)) for layer in range(len(read[0]))
    ]
    parts = []
    for path in paths:
        at = session.network.make_index(path - root)
        parts.append([(key[:, at], value[:, at]) for key, value in layers])
    return parts, [logits[node] for node in ends.tolist()]


def _join_tensors(parts: Sequence[Any]) -> Any:
    """Return tensors of shape (key heads, n, size) joined along n."""
    first = parts[0]
    total = first.new_empty((first.shape[0], sum(p.shape[1] for p in parts), first.shape[2]))
    at = 0
    for part in parts:
        total[:, at : at + part.shape[1]] = part
        at += part.shape[1]
    return total


def score_incrementally(session: TransformersSession, sequences: Sequence[tuple[Tokens, int]]) -> list[float]:
    """Return the log-probability of each sequence from a position on, fed token by token as answers are.

    Args:
        session: any.
        sequences: tokens, and the first scored one; the beginnings are read as prompts, all as a batch.
    """
    session.begin(sequences[0][0][:0], max(len(t) for t, _ in sequences) + session.batch)
    parts, firsts = _read_prompts(session, [tokens[:start] for tokens, start in sequences], 0)
    most = max(len(tokens) for tokens, _ in sequences)
    empty = [(key[:, :0], value[:, :0]) for key, value in parts[0]]
    slots = Slots(empty, len(sequences), most)
    for part, (tokens, start) in zip(parts, sequences, strict=True):
        slots.add(part, session.next_position(tokens[:start]))
    sums = [0.0] * len(sequences)
    rows = firsts
    for at in range(most):
        fed = []
        for i, (tokens, start) in enumerate(sequences):
            place = min(start + at, len(tokens) - 1)
            if start + at < len(tokens):
                values, _ = session.log_probabilities(
                    rows[i][None], np.zeros(1, dtype=np.int64), tokens[place : place + 1]
                )
                sums[i] += float(values[0])
            fed.append(int(tokens[place]))
        if max(len(t) - s for t, s in sequences) <= at + 1:
            return sums
        rows = list(_append_tokens(session, slots, 0, fed))
    return sums


def _generate_one_by_one(
    session: TransformersSession, vocabulary: Vocabulary, jobs: Sequence[Job], *, keep: bool
) -> None:
    """Write answers one by one; ``keep`` keeps what has been read in the model's own cache."""
    common = count_shared([job.tokens for job in jobs])
    shared = session.network.new_cache() if keep else None
    if common and keep:
        with session.count("prefill", common):
            session.continue_plainly(jobs[0].tokens[:common], 0, shared, np.array([common - 1]))
    for job in jobs:
        cache = copy.deepcopy(shared)
        path, read = job.tokens, common if keep else 0
        while True:
            unread = len(path) - read
            with session.count("decode" if unread == 1 else "prefill", unread):
                logits = session.continue_plainly(path, read, cache, np.array([unread - 1]))[0]
            if job.take(_choose_token(job, logits, *_find_likeliest(logits[None])[0]), vocabulary):
                break
            read = len(path) if keep else 0
            path = np.concatenate([job.tokens, np.array(job.new, dtype=np.int32)])

"""Made-up ledgers of ten thousand to ten million observations, through the ledger's own writer.

    from bench.ledger.making import SIZES, TRIAL, fill_ledger

    fill_ledger(Path("large.db"), SIZES["1e6"])

A ledger holds one finished trial, of which verdicts, reports and pages can be asked.  Every second task is written
answers with thoughts, the others are four choices that were scored after five examples; clusters of four items are
easy or hard together, so that candidates are right and wrong on much the same items.  The same size and seed give the
same rows, whichever part of them is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.ledger import Chunk, Ending, Ledger
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Message,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    content_hash,
    make_example,
)

TRIAL = content_hash("bench/ledger")
NAMES = ("large", "small", "tuned", "8-bit", "4-bit", "2-bit", "hosted", "guarded", "retrieving", "cascade")
MEASURES = {"writing": ("acc", "f1", "seconds", "tokens_in", "tokens_out"),
            "choosing": ("acc", "acc_norm", "seconds", "tokens_in", "usd")}  # fmt: skip
UNITS = {"seconds": "s", "tokens_in": "token", "tokens_out": "token", "usd": "USD"}
SYLLABLES = ("ka", "lo", "mi", "ter", "sun", "ba", "rin", "del", "so", "mar", "tle", "vy", "né", "gru", "pel", "o")
CLUSTER = 4


@dataclass(frozen=True, slots=True)
class LedgerSize:
    """How large a ledger is.

    Attributes:
        candidates, tasks, items: their number; the items are those of one task.
        seed: of all that is drawn.
        at_once: items of a candidate that are one transaction, as in a run.
    """

    candidates: int
    tasks: int
    items: int
    seed: int = 1
    at_once: int = 50

    @property
    def observations(self) -> int:
        """How many observations of items it has, signs and what is about candidates as a whole not counted."""
        return self.candidates * self.tasks * self.items * 5

    @property
    def candidate_names(self) -> tuple[str, ...]:
        """The names of the candidates; the first is the baseline."""
        names = (f"{name} {round_ + 1}" if round_ else name for round_ in range(self.candidates) for name in NAMES)
        return tuple(islice(names, self.candidates))


SIZES = {
    "1e4": LedgerSize(4, 2, 250),
    "1e5": LedgerSize(5, 4, 1_000),
    "1e6": LedgerSize(10, 5, 4_000),
    "1e7": LedgerSize(20, 10, 10_000),
}
"""Ledgers by their number of observations."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One task: its kind, its items with their difficulty and the requests about them."""

    name: str
    id: str
    kind: str
    items: Sequence[Item]
    hard: np.ndarray[Any, np.dtype[np.float64]]
    requests: Sequence[Request]
    request_ids: Sequence[str]


def fill_ledger(path: Path, size: LedgerSize, only: Collection[int] | None = None) -> int:
    """Write a ledger, or a part of it, and return how many observations of items went in.

    Args:
        path: the file; a part of the same trial may be there already.
        size: of the whole.
        only: places of the candidates whose answers are written; all unless given.
    """
    sentences = _make_sentences(size.seed)
    names = size.candidate_names
    ids = [content_hash(["candidate", name]) for name in names]
    spec = {"model": "fake:x", "levers": [], "decoding": {}}
    chosen = [i for i in range(size.candidates) if only is None or i in only]
    tasks = [_make_task(i, kind, size, sentences) for i, kind in zip(range(size.tasks), cycle(MEASURES))]
    written = 0
    with Ledger.open(path) as ledger:
        for name, identity in zip(names, ids, strict=True):
            ledger.add_candidate(identity, name, spec)
        for task in tasks:
            ledger.add_task(task.id, task.name, _make_card(task))
            ledger.add_items(task.id, task.items)
        order = {task.id: _shuffle(task, size.seed) for task in tasks}
        named = {key: [task.items[i].id for i in order[key]] for key, task in zip(order, tasks, strict=True)}
        ledger.add_trial(TRIAL, "bench-ledger", "", _make_plan(size, ids, spec, tasks), named)
        session = ledger.open_session(TRIAL, {})
        for candidate in chosen:
            for task in tasks:
                for begin in range(0, size.items, size.at_once):
                    places = order[task.id][begin : begin + size.at_once]
                    chunk = _make_chunk(size, task, places, candidate, sentences)
                    ledger.commit(ids[candidate], chunk)
                    written += len(places) * 5
            needs = (Observation("memory", 1e9 + candidate, unit="B"), Observation("load_seconds", 2.0, unit="s"))
            ledger.commit(ids[candidate], Chunk(whole=[(session, one) for one in needs]))
        ledger.close_session(session, Ending("finished"))
    return written


def _make_sentences(seed: int) -> list[str]:
    """Return made-up sentences, of which texts are put together: to draw each word takes longer than to store it."""
    rng = np.random.default_rng([seed, 0])
    words = ["".join(SYLLABLES[i] for i in rng.integers(0, len(SYLLABLES), n)) for n in rng.integers(1, 4, 2_000)]
    return [" ".join(words[i] for i in rng.integers(0, len(words), n)) for n in rng.integers(5, 16, 4_000)]


def _say(rng: np.random.Generator, sentences: Sequence[str], count: int) -> str:
    return ". ".join(sentences[i] for i in rng.integers(0, len(sentences), count))


def _make_task(at: int, kind: str, size: LedgerSize, sentences: Sequence[str]) -> _Task:
    """Return a task with its items, and what is asked about each."""
    rng = np.random.default_rng([size.seed, 1, at])
    name = f"{kind}-{at // 2 + 1}"
    examples = tuple(part for _ in range(5) for part in make_example(_say(rng, sentences, 3), _say(rng, sentences, 1)))
    items, requests = [], []
    for i in range(size.items):
        question = f"{_say(rng, sentences, 3)}, case {i}?"
        choices = tuple(f"{_say(rng, sentences, 1)} {c}" for c in range(4)) if kind == "choosing" else ()
        gold = choices[int(rng.integers(4))] if choices else str(int(rng.integers(1_000)))
        row = {"level": i % 5, "subject": f"subject {i % 12}"}
        item = Item(content_hash([name, size.seed, i]), i, question, choices, (gold,), f"passage {i // CLUSTER}", row)
        items.append(item)
        requests.append(_make_request(item, examples))
    hard = np.repeat(rng.normal(0, 1, -(-size.items // CLUSTER)), CLUSTER)[: size.items]
    return _Task(name, content_hash(["task", name]), kind, items, hard, requests, [request.id for request in requests])


def _make_request(item: Item, examples: tuple[Message, ...]) -> Request:
    if item.choices:
        prompt = Prompt(item.question, "Choose the answer that is right.", "", examples)
        return ScoreRequest(tuple(Pair(prompt, choice) for choice in item.choices))
    return GenerateRequest(Prompt(item.question, "Answer with a number.", "", examples), 200)


def _shuffle(task: _Task, seed: int) -> list[int]:
    """Return the order in which a trial asks the items."""
    return np.random.default_rng([seed, 2, int(task.id[:8], 16)]).permutation(len(task.items)).tolist()  # type: ignore[no-any-return]


def _make_chunk(
    size: LedgerSize, task: _Task, places: Sequence[int], candidate: int, sentences: Sequence[str]
) -> Chunk:
    """Return one candidate's answers to some items, with what was observed of them."""
    rng = np.random.default_rng([size.seed, 3, candidate, int(task.id[:8], 16), places[0]])
    able = 0.8 - 0.12 * (candidate % 10) + rng.normal(0, 0.1)
    right = task.hard[list(places)] + rng.normal(0, 1, len(places)) < able
    seconds = rng.gamma(4, 0.2, len(places))
    answers, asked, observations = [], [], []
    for at, place in enumerate(places):
        item, request = task.items[place], task.requests[place]
        answer, told = _answer(item, bool(right[at]), rng, sentences)
        told["seconds"] = float(seconds[at])
        answers.append((request, answer))
        asked.append((task.id, item.id, 0, (task.request_ids[place],)))
        observations += [
            (task.id, item.id, 0, Observation(name, value, unit=UNITS.get(name, "1"))) for name, value in told.items()
        ]
    return Chunk(answers, asked, observations)


def _answer(
    item: Item, right: bool, rng: np.random.Generator, sentences: Sequence[str]
) -> tuple[Answer, dict[str, float]]:
    """Return an answer and what it came to."""
    if item.choices:
        scores = rng.normal(-8, 2, 4)
        gold = item.choices.index(item.gold[0])
        scores[gold] = scores.max() + 1 if right else scores.min() - 1
        normed = float(np.argmax(scores / [len(choice) for choice in item.choices]) == gold)
        answer = ScoreAnswer(tuple(scores.tolist()), (False,) * 4, (12,) * 4, 500)
        return answer, {"acc": float(right), "acc_norm": normed, "tokens_in": 548.0, "usd": 0.0003}
    length = int(rng.integers(1, 8))
    text = f"{_say(rng, sentences, length)}. The answer is {item.gold[0] if right else rng.integers(1_000)}."
    thought = _say(rng, sentences, 4) if length > 5 else ""
    share = 1.0 if right else round(float(rng.random()) * 0.8, 3)
    told = {"acc": float(right), "f1": share, "tokens_in": 430.0, "tokens_out": 15.0 * length}
    if length == 7 and not right:
        told["sign:unread"] = 1.0
    return GenerateAnswer(text, 15 * length, "stop", 430, thought=thought), told


def _make_card(task: _Task) -> dict[str, Any]:
    shares = {"unit": "1", "higher_is_better": True, "bounds": [0.0, 1.0], "transform": "identity"}
    measures = [{"name": name, **shares} for name in MEASURES[task.kind][:2]]
    card = {"version": "1", "measures": measures, "main_measure": "acc", "chance": None, "settings": {}}
    return {**card, "name": task.name}


def _make_plan(size: LedgerSize, ids: Sequence[str], spec: Any, tasks: Sequence[_Task]) -> dict[str, Any]:
    names = size.candidate_names
    return {
        "name": "bench-ledger",
        "seed": size.seed,
        "baseline": names[0],
        "decide": {"margin": 0.02, "confidence": 0.95, "target": "population", "stop_early": False},
        "candidates": [{"name": n, "id": i, "spec": spec, "record": {}} for n, i in zip(names, ids, strict=True)],
        "tasks": [
            {
                "name": task.name,
                "id": task.id,
                "entry": {},
                "card": _make_card(task),
                "measures": [measure["name"] for measure in _make_card(task)["measures"]],
                "items_total": size.items,
                "united": {},
            }
            for task in tasks
        ],
    }

"""How near a family's models stay to their parent: next-token distributions on the same text, compared token by token.

The parent is the trial's baseline.  Its distributions are computed passage by passage beside those of the others and
never kept: of every passage only the sums stay, in the ledger.  A run that is killed goes on with the next passage.
Knows nothing of grades, costs or verdicts; what it takes is in no measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from fairtrial.engines.base import GivesDistributions, MeasuresRounding
from fairtrial.engines.finite import make_nan_error
from fairtrial.errors import FairtrialError
from fairtrial.ledger.known import read_items_measured
from fairtrial.planning.base import PlannedCandidate
from fairtrial.planning.passages import BITS_PER_BYTE, KL_DIVERGENCE, KL_OWN, PERPLEXITY, SAME_TOP, DivergencePassages
from fairtrial.records import Item, Observation
from fairtrial.running.answering import OnAnswer
from fairtrial.running.pool import EnginePool
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.running.runners.base import Runner
from fairtrial.running.storing import LedgerWriter
from fairtrial.stats.divergence import compute_divergence, compute_surprisal

UNTOLD = "its engine does not tell what it expects after every token"
WHERE = "reading the study's text"
OTHER_WORDS = "it cuts this text into other tokens than the parent does"


class PassageReading:
    """One candidate's reading of a passage: its tokens and logits, computed when first asked for."""

    def __init__(self, engine: GivesDistributions, passage: Item, name: str) -> None:
        self.name = name
        self.tokens = engine.text_tokens(passage.question)
        self.logits = engine.text_logits(self.tokens)
        if not np.isfinite(self.logits.max(axis=1, initial=-np.inf)).all():
            self.fail("a logit is NaN or infinite")

    def observe_alone(self, passage: Item) -> list[Observation]:
        """Return what the passage tells of this candidate alone."""
        lost = compute_surprisal(self.logits, self.tokens[1:])
        size = len(passage.question.encode())
        if not np.isfinite(lost).all():
            self.fail("a token of the text has a log-probability of -inf")
        return [
            Observation(PERPLEXITY.name, float(lost.mean()), len(lost), PERPLEXITY.unit),
            Observation(BITS_PER_BYTE.name, float(lost.sum() / np.log(2) / size), size, BITS_PER_BYTE.unit),
        ]

    def observe_beside(self, parent: PassageReading) -> list[Observation]:
        """Return how far this candidate is from its parent; nothing if it cuts the text into other tokens."""
        if not np.array_equal(self.tokens, parent.tokens) or self.logits.shape != parent.logits.shape:
            return []
        found = compute_divergence(parent.logits, self.logits)
        if not np.isfinite(found.kl).all():
            self.fail("the KL divergence from the parent is infinite")
        weight = len(self.logits)
        return [
            Observation(KL_DIVERGENCE.name, float(found.kl.mean()), weight, KL_DIVERGENCE.unit),
            Observation(SAME_TOP.name, float(found.same_top.mean()), weight, SAME_TOP.unit),
        ]

    def fail(self, wrong: str) -> NoReturn:
        """Raise EngineError about this reading."""
        raise make_nan_error(self.name, WHERE, wrong)


def own_rounding(engine: GivesDistributions, told: PassageReading) -> list[Observation]:
    """Return how far a model is from itself when it is computed in passes of another shape; nothing if it can't be."""
    if not isinstance(engine, MeasuresRounding):
        return []
    found = compute_divergence(told.logits, engine.text_logits_again(told.tokens))
    if not np.isfinite(found.kl).all():
        told.fail("the KL divergence from itself is infinite")
    return [Observation(KL_OWN.name, float(found.kl.mean()), len(told.logits), KL_OWN.unit)]


@dataclass(frozen=True, slots=True)
class TellDistributions:
    """Work for a runner: which engines of a family tell what they expect after every token."""

    who: tuple[PlannedCandidate, ...]
    label: str = "finding out which engines tell distributions"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> set[str]:
        """Return the ids of those that do."""
        return {one.id for one in self.who if isinstance(pool.get_engine(one), GivesDistributions)}


@dataclass(frozen=True, slots=True)
class PassageSeen:
    """What a reading of a passage came to: what was observed, and whether it could be compared with the parent's."""

    observations: Sequence[Observation]
    compared: bool


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """Work for a runner: some candidates read a passage, beside their parent.

    Attributes:
        passage: the text.
        wanted: who reads it.
        parent: with whom they are compared, if it can be asked.
        alone: nobody but the parent is read in the whole trial.
    """

    passage: Item
    wanted: tuple[PlannedCandidate, ...]
    parent: PlannedCandidate | None
    alone: bool

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return whose engines it needs."""
        every = (*([self.parent] if self.parent else ()), *self.wanted)
        return tuple({one.id: one for one in every}.values())

    @property
    def label(self) -> str:
        """Return what it is, for errors."""
        return f"candidates {', '.join(one.name for one in self.wanted)}, {WHERE}"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> dict[str, PassageSeen]:
        """Return what each one's reading came to, by its id."""
        parent, found = self.parent, dict[str, PassageSeen]()
        beside = read_passage(get_telling(pool, parent), self.passage, parent.name) if parent else None
        for candidate in self.wanted:
            engine = get_telling(pool, candidate)
            own = (
                beside
                if parent and candidate.name == parent.name
                else read_passage(engine, self.passage, candidate.name)
            )
            assert own is not None
            far = own.observe_beside(beside) if beside and own is not beside else []
            itself = own_rounding(engine, own) if own is beside and not self.alone else []
            compared = bool(far) or own is beside
            found[candidate.id] = PassageSeen([*own.observe_alone(self.passage), *far, *itself], compared)
        return found


def get_telling(pool: EnginePool, candidate: PlannedCandidate) -> GivesDistributions:
    """Return a candidate's engine, which is known to tell distributions."""
    engine = pool.get_engine(candidate)
    assert isinstance(engine, GivesDistributions)
    return engine


def compare_distributions(
    passages: DivergencePassages,
    candidates: Sequence[PlannedCandidate],
    baseline: str,
    runner: Runner,
    writer: LedgerWriter,
    on_progress: OnProgress,
) -> None:
    """Compare each candidate's distributions with the baseline's, on every passage that the ledger lacks.

    What cannot be compared is entered as absent, with its reason.  Raises EngineError; what was compared stays.
    """
    live = [c for c in candidates if not c.recorded and not c.parts]
    asked = [runner.submit(TellDistributions((one,))) for one in live]
    telling = {one for promise in asked for one in promise.result()}
    parent = next((c for c in live if c.name == baseline and c.id in telling), None)
    for candidate in candidates:
        if candidate.id not in telling:
            writer.write_absences(passages.id, candidate.id, {m.name: UNTOLD for m in (PERPLEXITY, BITS_PER_BYTE)})
    family = [c for c in live if c.id in telling]
    known = {c.id: read_items_measured(writer.ledger, c.id, passages.id, PERPLEXITY.name) for c in family}
    for done, passage in enumerate(passages.items, start=1):
        wanted = tuple(c for c in family if passage.id not in known[c.id])
        if wanted:
            seen = runner.submit(ReadPassage(passage, wanted, parent, len(family) == 1)).result()
            for candidate in wanted:
                found = seen[candidate.id]
                writer.write_item(passages.id, candidate.id, passage.id, found.observations)
                if not found.compared:
                    why = OTHER_WORDS if parent else f"of the baseline, {UNTOLD}"
                    writer.write_absences(passages.id, candidate.id, {m.name: why for m in (KL_DIVERGENCE, SAME_TOP)})
        on_progress(Progress("text", "", "next tokens of a text", done, len(passages.items)))


def read_passage(engine: GivesDistributions, passage: Item, name: str) -> PassageReading:
    """Return a candidate's reading; an error names it."""
    try:
        return PassageReading(engine, passage, name)
    except FairtrialError as error:
        error.where = error.where or f"candidate {name}, {WHERE}"
        raise

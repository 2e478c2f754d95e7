"""An engine for tests that answers multiple choice with a set share of right answers, and a trial's ledger as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.engines import EngineSettings
from fairtrial.engines.base import Capabilities
from fairtrial.ledger import Ledger
from fairtrial.models import ResolvedModel
from fairtrial.planning.plan import Plan
from fairtrial.planning.requests import make_requests
from fairtrial.planning.sampling import hash_to_int
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

CAN = Capabilities(True, False, False, False, 100_000, batch_invariant=True)


@dataclass
class Knowing:
    """Right on a share of the requests, which ones being a fixed function of the request and the name."""

    name: str
    share: float
    gold: Mapping[str, int]
    asked: list[tuple[str, ...]] = field(default_factory=list)
    can: Capabilities = CAN
    record: Mapping[str, object] = field(default_factory=dict)

    def check(self, requests: Sequence[Request]) -> None:
        """All requests fit."""

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield answers whose best choice is the right one, or the one after it."""
        self.asked.append(tuple(request.id for request in requests))
        for request in requests:
            count = len(request.pairs)
            right = hash_to_int(self.name + request.id) / 2**64 < self.share
            best = (self.gold[request.id] + (not right)) % count
            scores = tuple(-1.0 if i == best else -2.0 for i in range(count))
            yield ScoreAnswer(scores, tuple(s == -1.0 for s in scores), (1,) * count, 10)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Nothing here asks for text."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def opener(plan: Plan, shares: Mapping[str, float]) -> tuple[object, dict[str, Knowing]]:
    """Return what stands in for `open_engine`, and the engines by candidate name."""
    first = plan.candidates[0].spec
    gold = {
        make_requests(task.for_candidate(first), first, item)[0][0].id: item.choices.index(item.gold[0])
        for task in plan.tasks
        for item in task.items
    }
    engines = {name: Knowing(name, share, gold) for name, share in shares.items()}

    def open_engine(candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> Knowing:
        return engines[candidate.id]

    return open_engine, engines


def rows(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Return what a ledger holds of answers and values, in order, without what the clock said."""
    wanted = {
        "answers": "SELECT candidate_id, request_id, answer FROM answers ORDER BY 1, 2",
        "asked": "SELECT * FROM asked ORDER BY 1, 2, 3, 4, 5",
        "observations": "SELECT * FROM observations WHERE measure IN ('acc', 'tokens_in') ORDER BY 1, 2, 3, 4, 5",
        "looks": "SELECT a, b, task_id, measure, items, look FROM looks ORDER BY 1, 2, 3, 4, 5",
    }
    return {name: list(ledger.connection.execute(sql)) for name, sql in wanted.items()}

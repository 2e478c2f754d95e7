"""A made-up candidate that sees: it knows what is drawn in every picture, and reads or sees as well as it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.engines.base import Capabilities
from fairtrial.planning.plan import Plan
from fairtrial.planning.sampling import hash_to_int
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest

SEES = Capabilities(True, True, False, True, 100_000, batch_invariant=True)
CANNOT = Capabilities(True, True, False, False, 100_000, batch_invariant=True)


@dataclass
class Seer:
    """Scores the right choice highest for a share of the items, which hangs on what stands in the prompt.

    Attributes:
        golds: right answers by the label of a request without its task's name.
        shares: share of items answered rightly by what is shown: ``text``, ``image``, ``blind``.
        asked: every request.
    """

    golds: Mapping[str, str]
    shares: Mapping[str, float]
    can: Capabilities = SEES
    record: Mapping[str, object] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def check(self, requests: Sequence[Request]) -> None:
        """All requests fit."""

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        for request in requests:
            self.asked.append(request)
            prompt = request.pairs[0].prompt
            name = request.label.rpartition(" ")[2]
            shown = "image" if prompt.images else "text" if len(prompt.user) > 60 else "blind"
            knows = hash_to_int(f"knows {name}") / 2**64 < self.shares[shown]
            said = [pair.continuation == self.golds[name] for pair in request.pairs]
            if not knows:
                said = [*said[1:], said[0]]
            yield ScoreAnswer(tuple(-1.0 if x else -2.0 for x in said), (False,) * len(said), (1,) * len(said), 10)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Nothing here asks for text."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def list_golds(plan: Plan) -> dict[str, str]:
    """Return right answers by the number of the item."""
    return {str(item.doc_id): item.gold[0] for item in plan.tasks[0].items}

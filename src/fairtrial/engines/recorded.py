"""An engine that computes nothing: it gives the answers that were recorded, or says that there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtrial.engines.base import Capabilities
from fairtrial.engines.refusing import count_characters, refuse_empty
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import EngineError
from fairtrial.models import ResolvedModel
from fairtrial.recorded import RecordedAnswers, open_replay, read_log
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate


class RecordedEngine:
    """See `fairtrial.engines.base.Engine`."""

    can = Capabilities(
        score=True, generate=True, chat=True, images=True, context_tokens=2**31 - 1, batch_invariant=True
    )

    def __init__(self, record: RecordedAnswers) -> None:
        self._record: RecordedAnswers | None = record
        self.record = {"engine": "recorded", **record.facts}

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> RecordedEngine:
        """Open the ledger, or read the log."""
        assert model.source is not None
        if "replayed_candidate" in model.notes:
            return cls(open_replay(model.source, model.notes["replayed_candidate"], candidate.tags))
        return cls(read_log(model.source, candidate.recorded, candidate.tags))

    def check(self, requests: Sequence[Request]) -> None:
        """Raise `EngineError`, naming the item, if a request has no recorded answer."""
        for request in requests:
            if isinstance(request, ScoreRequest):
                refuse_empty(request, count_characters(request))
            self._answer(request)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield the recorded answers."""
        for request in requests:
            found = self._answer(request)
            assert isinstance(found, ScoreAnswer)
            yield found

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield the recorded answers."""
        for request in requests:
            found = self._answer(request)
            assert isinstance(found, GenerateAnswer)
            yield found

    def close(self) -> None:
        """Forget the record."""
        if self._record is not None:
            self._record.close()
        self._record = None

    def _answer(self, request: Request) -> Answer:
        if self._record is None:
            raise EngineError("This engine is closed.")
        found = self._record.answer(request)
        if found is None:
            raise EngineError(
                f"There is no recorded answer to {request.label or 'a request'}.",
                fix="The record may have changed since the trial was planned: run it again.",
            )
        return found

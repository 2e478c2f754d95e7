"""An engine without a model: what the lever `retrieve` found is all that it gives, so that searches are compared alone.

It reads the numbers of the passages that stand before the question, and asks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fairtrial.engines.base import Capabilities
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import CapabilityError, EngineError
from fairtrial.models import ResolvedModel
from fairtrial.models.schemes import SEARCH_METHOD
from fairtrial.records import GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

_HEAD = re.compile(r"^\[(\d{1,3})\] ", re.MULTILINE)


class SearchEngine:
    """See `fairtrial.engines.base.Engine`.  Its answers count passages; the trace says which."""

    can = Capabilities(
        score=False, generate=True, chat=True, images=False, context_tokens=2**31 - 1, batch_invariant=True
    )

    def __init__(self) -> None:
        self.record = {"engine": "search", "method": SEARCH_METHOD, "note": "No model: what was found is the answer."}
        self._closed = False

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> SearchEngine:
        """See `fairtrial.engines.open_engine`; neither the candidate nor the settings have anything to act on here."""
        return cls()

    def check(self, requests: Sequence[Request]) -> None:
        """Raise CapabilityError, naming the item, for what is no question to be answered in writing."""
        for request in requests:
            if isinstance(request, ScoreRequest):
                raise CapabilityError(
                    f"{request.label or 'A request'} asks for log-probabilities, and a search alone gives none.",
                    fix="Grade it by `retrieved`, as written answers, or leave the task out for this candidate.",
                )

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Raise CapabilityError: a search gives no log-probabilities."""
        self.check(requests)
        return iter(())

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request: that passages were found, and how many where that can be seen."""
        if self._closed:
            raise EngineError("This engine has been closed.")
        for request in requests:
            count = len(_HEAD.findall(request.prompt.question.text))
            told = f"Found: {count} passage{'' if count == 1 else 's'}." if count else "Found."
            yield GenerateAnswer(told, 0, "stop")

    def close(self) -> None:
        """Make the engine unusable, as the protocol says."""
        self._closed = True

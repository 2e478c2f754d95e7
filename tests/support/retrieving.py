"""The lever retrieve over a small archive, with engines that say what they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fairtrial.engines.fake import FakeEngine
from fairtrial.levers import ReferencedContent, identify_lever, read_lever, wrap_engine
from fairtrial.levers.retrieve.engine import RetrievingEngine
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    PassageUse,
    Prompt,
)
from fairtrial.spec.candidate import Candidate

ASK = GenerateRequest(Prompt("When does the ferry to Saltmere sail again?"), 40)
BROAD = "ferry sails Saltmere Monday repairs, bridge at Quay Street, tides at the quay"
BRIDGE_ASK = GenerateRequest(Prompt("Why does the old bridge at Quay Street stay closed?"), 40)


class Scripted(FakeEngine):
    """Says what a function makes of the prompt that it is sent."""

    def __init__(self, say: Callable[[str], str], context: int = 16_384) -> None:
        super().__init__("a", Candidate(id="a", model="fake:a", context=context))
        self.say, self.sent = say, list[str]()

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        for request in requests:
            self.sent.append(request.prompt.plain())
            yield GenerateAnswer(self.say(self.sent[-1]), 5, "stop", 9)


def wrap(archive: Path, engine: FakeEngine, **settings: object) -> RetrievingEngine:
    made = wrap_engine(read_lever({"retrieve": {"archive": str(archive), **settings}}), engine, {})
    assert isinstance(made, RetrievingEngine)
    return made


def ask(archive: Path, say: str, request: GenerateRequest = ASK, **settings: object) -> GenerateAnswer:
    engine = wrap(archive, Scripted(lambda _: say), **settings)
    [answer] = engine.generate([request])
    engine.close()
    return answer


def list_passages(answer: GenerateAnswer) -> list[PassageUse]:
    return [use for step in answer.trace for use in step.passages]


def list_actions(answer: GenerateAnswer) -> set[str]:
    return {action for step in answer.trace for action in step.action.split("; ") if action}


def identify(archive: Path, **settings: object) -> object:
    applied = read_lever({"retrieve": {"archive": str(archive), **settings}})
    return identify_lever(applied, ReferencedContent())

"""Applying levers in tests without a trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pytest import MonkeyPatch

from fairtrial.engines.base import Engine
from fairtrial.levers import LEVERS, BuildContext, BuildLever, Calls, WrapLever, read_lever, wrap_engine
from fairtrial.levers.base import Need
from fairtrial.levers.cascade import CascadeEngine
from fairtrial.levers.wrapping import A, R, WrappedEngine
from fairtrial.models import ResolvedModel
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt, Request
from fairtrial.records.trace import trace_of_part
from fairtrial.spec.levers import LEVER_SETTINGS
from fairtrial.spec.references import LeverSettings, Refers


def build(lever: Mapping[str, Any], model: ResolvedModel, cache: Path, told: Callable[[str], object]) -> ResolvedModel:
    """Return the model that a build lever makes."""
    applied = read_lever(lever)
    assert isinstance(applied.lever, BuildLever)
    return applied.lever.build(applied.settings, model, BuildContext(cache, lambda line: told(line) and None))


def quantize(settings: Any, model: ResolvedModel, cache: Path, told: Callable[[str], object]) -> ResolvedModel:
    """Return a model quantised."""
    return build({"quantize": settings}, model, cache, told)


def cascade(settings: Mapping[str, Any], engine: Engine, others: Mapping[str, Engine]) -> CascadeEngine:
    """Return the engine of a cascade."""
    made = wrap_engine(read_lever({"cascade": dict(settings)}), engine, others)
    assert isinstance(made, CascadeEngine)
    return made


class Appended(LeverSettings):
    """Settings of a lever that is there for tests alone."""

    text: str
    source: Annotated[str | None, Refers("file")] = None


class AppendEngine(WrappedEngine):
    """Adds some text to every prompt."""

    def __init__(self, engine: Engine, name: str, text: str) -> None:
        super().__init__(engine, name)
        self.text = text

    def longer(self, prompt: Prompt) -> Prompt:
        return prompt.with_question(prompt.user + self.text)

    def change_request(self, request: R) -> R:
        if isinstance(request, GenerateRequest):
            return replace(request, prompt=self.longer(request.prompt))
        pairs = (replace(pair, prompt=self.longer(pair.prompt)) for pair in request.pairs)
        return replace(request, pairs=tuple(pairs))


class AppendLever(WrapLever[Appended]):
    """Adds a text to every prompt."""

    Settings = Appended

    def wrap(self, settings: Appended, engine: Engine, others: Mapping[str, Engine]) -> Engine:
        return AppendEngine(engine, self.name, settings.text)

    def calls(self, settings: Appended, request: Request) -> tuple[Calls, Calls]:
        return Calls(added=len(settings.text.encode())), Calls()


class Shouted(LeverSettings):
    """Settings of a lever that is there for tests alone."""

    mark: str = "!"


class ShoutEngine(WrappedEngine):
    """Ends every text with a mark."""

    def __init__(self, engine: Engine, name: str, mark: str) -> None:
        super().__init__(engine, name)
        self.mark = mark

    def change_answer(self, request: Request, answer: A) -> A:
        return replace(answer, text=answer.text + self.mark) if isinstance(answer, GenerateAnswer) else answer


class ShoutLever(WrapLever[Shouted]):
    """Changes every text."""

    Settings = Shouted

    def needs(self, settings: Shouted) -> Sequence[Need]:
        return ("generate",)

    def wrap(self, settings: Shouted, engine: Engine, others: Mapping[str, Engine]) -> Engine:
        return ShoutEngine(engine, self.name, settings.mark)


class TwiceEngine(WrappedEngine):
    """Asks everything twice and gives the second answer."""

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        for request in requests:
            first, second = self.engine.generate([request, request])
            yield replace(second, trace=trace_of_part("model", second, [first]))


class TwiceLever(WrapLever[Shouted]):
    """Pays for two answers."""

    Settings = Shouted

    def wrap(self, settings: Shouted, engine: Engine, others: Mapping[str, Engine]) -> Engine:
        return TwiceEngine(engine, self.name)

    def calls(self, settings: Shouted, request: Request) -> tuple[Calls, Calls]:
        return Calls(2.0, 2), Calls()


@contextmanager
def installed() -> Iterator[None]:
    """Let candidate files name the levers above: ``append``, ``shout`` and ``twice``."""
    made = {"append": AppendLever, "shout": ShoutLever, "twice": TwiceLever}
    with MonkeyPatch.context() as patch:
        for table in (LEVERS, LEVER_SETTINGS):
            patch.setitem(table.__dict__, "built_in", {**table.built_in, **made})  # a frozen record
        yield

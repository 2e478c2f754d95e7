"""Levers of a plugin that return what they must not."""

from __future__ import annotations

from typing import Any

from fairtrial.levers import BuildLever, WrapLever
from fairtrial.levers.wrapping import WrappedEngine
from fairtrial.spec.references import LeverSettings


class Settings(LeverSettings):
    """None."""


class Plain(WrapLever[Settings]):
    """As it should be."""

    Settings = Settings

    def wrap(self, settings: Settings, engine: Any, others: Any) -> Any:
        return WrappedEngine(engine, self.name)


class NoEngine(Plain):
    def wrap(self, settings: Settings, engine: Any, others: Any) -> Any:
        return None


class NoCalls(Plain):
    def calls(self, settings: Settings, request: Any) -> Any:
        return 5


class LessThanNoCalls(Plain):
    def calls(self, settings: Settings, request: Any) -> Any:
        own, others = super().calls(settings, request)
        return type(own)(float("nan")), others


class NoIdentity(Plain):
    def identity(self, settings: Settings, referred: Any) -> Any:
        return object()


class NoJson(Plain):
    def identity(self, settings: Settings, referred: Any) -> Any:
        return [object()]


class NoModel(BuildLever[Settings]):
    """Makes nothing."""

    Settings = Settings

    def build(self, settings: Settings, model: Any, context: Any) -> Any:
        return None

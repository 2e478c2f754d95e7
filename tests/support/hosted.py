"""A hosted candidate's engine for tests."""

from __future__ import annotations

from typing import Any

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.openai_api import OpenAIEngine
from fairtrial.models import resolve_endpoint
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.candidate import Candidate

KEY = "sk-planted-7f3a91c2/Qw+e8"


def hosted(url: str, notes: list[str] | None = None, **more: Any) -> OpenAIEngine:
    """Return an engine for a server; ``more`` goes to the candidate, ``endpoint`` to its endpoint."""
    endpoint = {"base_url": url, "key_env": "PLANTED_KEY", "retries": 2, "concurrency": 4, **more.pop("endpoint", {})}
    spec = Candidate.model_validate({"id": "served", "model": "openai:m", "endpoint": endpoint, **more})
    settings = EngineSettings(on_note=(notes if notes is not None else []).append)
    engine = open_engine(spec, resolve_endpoint(spec), settings)
    assert isinstance(engine, OpenAIEngine)
    return engine


def asks(count: int = 1, **more: Any) -> list[GenerateRequest]:
    """Return so many different requests."""
    settings = {"max_tokens": 8, "label": "", **more}
    return [GenerateRequest(Prompt(f"What is {i}?"), **{**settings, "label": f"item {i}"}) for i in range(count)]

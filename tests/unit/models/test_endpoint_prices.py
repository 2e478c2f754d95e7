"""Why the price of a hosted model's token is not known is said, with what to write."""

from __future__ import annotations

import sys

import pytest

from fairtrial.measures.cost import find_price
from fairtrial.models.endpoint import resolve_endpoint
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.stated import StatedMachine

HOSTED, HERE = "https://api.openai.com/v1", "http://127.0.0.1:9/v1"


def find_reason(model: str, url: str) -> str:
    spec = Candidate.model_validate({"id": "c", "model": f"openai:{model}", "endpoint": {"base_url": url}})
    return find_price(resolve_endpoint(spec).record(), StatedMachine()).unknown


def test_each_reason_why_a_price_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    state = "state it with endpoint: {prices: {input_per_million: ..., output_per_million: ...}}"
    told = find_reason("x", HERE)
    assert "no list has prices of an endpoint on this machine" in told and told.endswith(state)
    told = find_reason("no-such-model-anywhere", HOSTED)
    assert "genai-prices knows no no-such-model-anywhere at api.openai.com" in told and told.endswith(state)
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    told = find_reason("gpt-4o-mini", HOSTED)
    assert "genai-prices is not installed (pip install 'fairtrial[openai]')" in told and told.endswith(state)

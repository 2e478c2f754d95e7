"""A model behind an endpoint: no weights here, but an identity, a host and a price.

Prices come from the trial file, else from the package genai-prices (a kept list of providers' prices; no network).
"""

from __future__ import annotations

from fairtrial.models.record import ResolvedModel
from fairtrial.records import content_hash
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.endpoint import Endpoint

TOKENS = 1000
"""Tokens whose price is asked for; some lists charge long prompts more."""
STATE = "state it with endpoint: {prices: {input_per_million: ..., output_per_million: ...}}"


def resolve_endpoint(spec: Candidate) -> ResolvedModel:
    """Return the model behind a candidate's endpoint.  Nothing is sent."""
    name = spec.model.partition(":")[2]
    endpoint = spec.endpoint
    notes = {"base_url": endpoint.base_url, "host": endpoint.host, "elsewhere": True, **_find_price(name, endpoint)}
    return ResolvedModel(spec.model, "openai", None, content_hash(["openai", endpoint.base_url, name]), name, notes)


def _find_price(model: str, endpoint: Endpoint) -> dict[str, object]:
    """Return a token's price for the record, with its source, or why it is not known."""
    if endpoint.prices is not None:
        return {
            "usd_per_input_token": endpoint.prices.input_per_million / 1e6,
            "usd_per_output_token": endpoint.prices.output_per_million / 1e6,
            "price_source": "the trial file",
        }
    if endpoint.here:
        return {"price_unknown": f"no list has prices of an endpoint on this machine; {STATE}"}
    try:
        import genai_prices
    except ImportError:
        told = f"genai-prices is not installed (pip install 'fairtrial[openai]'); {STATE}"
        return {"price_unknown": told}
    usage = genai_prices.Usage(input_tokens=TOKENS, output_tokens=TOKENS)
    try:
        found = genai_prices.calc_price(usage, model, provider_api_url=endpoint.base_url)
    except LookupError:
        return {"price_unknown": f"genai-prices knows no {model} at {endpoint.host}; {STATE}"}
    return {
        "usd_per_input_token": float(found.input_price) / TOKENS,
        "usd_per_output_token": float(found.output_price) / TOKENS,
        "price_source": f"genai-prices ({found.provider.name}, {found.model.id})",
    }

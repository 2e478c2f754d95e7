"""Where an ``openai:`` model is asked, and what it costs.  Keys are named here, never written: they come from the
environment.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from fairtrial.spec.section import Number, Positive, Section, make_problem

OPENAI = "https://api.openai.com/v1"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Prices(Section):
    """US dollars for a million tokens; they win over the price list."""

    input_per_million: Annotated[Number, Field(ge=0)] = Field(description="US dollars for a million tokens read.")
    output_per_million: Annotated[Number, Field(ge=0)] = Field(description="US dollars for a million tokens written.")


class Endpoint(Section):
    """An endpoint that speaks OpenAI's API: a hosted provider, vLLM, SGLang, Ollama, LM Studio, llama-server."""

    base_url: str = Field(OPENAI, description="Address up to and including the version, e.g. http://localhost:8080/v1.")
    key_env: str = Field(
        "OPENAI_API_KEY",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key; an endpoint on this machine needs none.",
    )
    concurrency: Annotated[Positive, Field(le=256)] = Field(8, description="Most requests at a time; fewer if refused.")
    timeout: Annotated[Number, Field(gt=0, le=3600)] = Field(120.0, description="Seconds without a byte.")
    time_limit: Annotated[Number, Field(gt=0, le=86400)] = Field(
        1800.0, description="Seconds for one answer in all, however steadily its bytes come."
    )
    retries: Annotated[int, Field(strict=True, ge=0, le=50)] = Field(
        8, description="How often a request is sent again after a passing failure (429, 5xx, cut connections)."
    )
    begun: Literal["", "message", "continue_final_message", "prefix"] = Field(
        "",
        description="How the endpoint is made to go on with an answer that is begun, in a chat: 'message' (its last "
        "message is the assistant's; llama-server), 'continue_final_message' (vLLM, SGLang), 'prefix' (DeepSeek, "
        "Mistral). Default: not at all, as OpenAI's.",
    )
    prices: Prices | None = Field(None, description="What tokens cost; default: the price list of genai-prices.")

    @field_validator("base_url")
    @classmethod
    def _is_an_address_without_secrets(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            host = None
        if host is None or parts.scheme not in ("http", "https"):
            raise make_problem(f"base_url must be an address such as https://HOST/v1; got {url!r}")
        if parts.username is not None or parts.query or parts.fragment:
            raise make_problem("base_url must hold no user, key or query: keys come from the environment (key_env)")
        return url.rstrip("/")

    @property
    def host(self) -> str:
        """The host that is asked."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def here(self) -> bool:
        """Whether it is on this machine, so that nothing leaves it."""
        return self.host in LOOPBACK

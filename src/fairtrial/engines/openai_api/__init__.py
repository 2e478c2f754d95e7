"""Models behind an endpoint that speaks OpenAI's API."""

from fairtrial.engines.openai_api.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]

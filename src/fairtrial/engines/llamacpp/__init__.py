"""The llama.cpp engine.  Nothing of llama.cpp is imported before an engine is opened."""

from fairtrial.engines.llamacpp.engine import LlamaCppEngine

__all__ = ["LlamaCppEngine"]

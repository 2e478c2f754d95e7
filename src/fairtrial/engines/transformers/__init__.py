"""The transformers engine.  Nothing of torch or transformers is imported before an engine is opened."""

from fairtrial.engines.transformers.engine import TransformersEngine

__all__ = ["TransformersEngine"]

"""The published rules for the quality of text from the web: Gopher, C4 and FineWeb, by their own names and limits.

All but the step itself is pure: a text and settings in, the first rule that is broken out.
"""

from fairtrial.curation.steps.quality.step import QualityStep

__all__ = ["QualityStep"]

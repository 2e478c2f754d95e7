"""The read lever: eyes for a model that knows text alone.

    levers: [read]

Each image of a prompt becomes the text that an OCR reader finds in it, in reading order, tables as Markdown; if asked
for, with a description by a candidate that sees.  The two together are a pipeline, and are compared as one candidate.
"""

from __future__ import annotations

from fairtrial.levers.read.lever import ReadLever

__all__ = ["ReadLever"]

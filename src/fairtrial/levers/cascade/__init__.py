"""The cascade lever: a small model answers, and where it is unsure of its own answer a larger one is asked.

    levers: [{cascade: {to: LARGER, threshold: 0.7}}]

How sure a model is of an answer is a number from 0 to 1, its *signal*; see `fairtrial.levers.cascade.signals`.  What
both models did is on every answer (`fairtrial.records.TraceStep`), so that its cost is that of both.
"""

from __future__ import annotations

from fairtrial.levers.cascade.engine import SMALL, CascadeEngine
from fairtrial.levers.cascade.lever import CascadeLever

__all__ = ["SMALL", "CascadeEngine", "CascadeLever"]

"""The frozen records that travel between tasks, engines, the ledger and the statistics.

They hold values and their own content hashes, and know nothing of files, models or databases.  Units are in the field
names or docstrings; log-probabilities are natural logarithms (nats).
"""

from fairtrial.records.answers import Answer, GenerateAnswer, ScoreAnswer
from fairtrial.records.content import Prompt, Turn
from fairtrial.records.hashing import content_hash
from fairtrial.records.items import Item
from fairtrial.records.measures import Measure, Observation
from fairtrial.records.requests import GenerateRequest, Pair, Request, ScoreRequest
from fairtrial.records.trace import TraceStep

__all__ = [
    "Answer",
    "GenerateAnswer",
    "GenerateRequest",
    "Item",
    "Measure",
    "Observation",
    "Pair",
    "Prompt",
    "Request",
    "ScoreAnswer",
    "ScoreRequest",
    "TraceStep",
    "Turn",
    "content_hash",
]

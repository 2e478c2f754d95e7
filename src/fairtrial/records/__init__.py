"""The frozen records that travel between tasks, engines, the ledger and the statistics.

They hold values and their own content hashes, and know nothing of files, models or databases.  Units are in the field
names or docstrings; log-probabilities are natural logarithms (nats).
"""

from fairtrial.records.answers import Answer, GenerateAnswer, ScoreAnswer
from fairtrial.records.content import (
    ImagePart,
    Message,
    Part,
    Prompt,
    TextPart,
    make_data_url,
    make_example,
    place_images,
    render_messages,
    render_parts,
)
from fairtrial.records.conversation import join_texts, make_conversation
from fairtrial.records.hashing import content_hash, hash_bytes
from fairtrial.records.images import ImageFacts, ImageNote
from fairtrial.records.interventions import Intervention
from fairtrial.records.items import Item
from fairtrial.records.measures import COUNT, CorpusScore, Measure, Observation
from fairtrial.records.passages import PassageText, PassageUse, QuoteUse
from fairtrial.records.requests import GenerateRequest, Pair, Request, ScoreRequest, list_images
from fairtrial.records.trace import TraceStep

__all__ = [
    "COUNT",
    "Answer",
    "CorpusScore",
    "GenerateAnswer",
    "GenerateRequest",
    "ImageFacts",
    "ImageNote",
    "ImagePart",
    "Intervention",
    "Item",
    "Measure",
    "Message",
    "Observation",
    "Pair",
    "Part",
    "PassageText",
    "PassageUse",
    "Prompt",
    "QuoteUse",
    "Request",
    "ScoreAnswer",
    "ScoreRequest",
    "TextPart",
    "TraceStep",
    "content_hash",
    "hash_bytes",
    "join_texts",
    "list_images",
    "make_conversation",
    "make_data_url",
    "make_example",
    "place_images",
    "render_messages",
    "render_parts",
]

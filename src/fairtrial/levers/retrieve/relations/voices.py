"""A passage as far as it can disagree with others, and which passages are of older versions of an article.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Voice:
    """A passage as far as it can disagree with others.

    Attributes:
        number: by which the prompt calls it.
        document: id.
        uri: of the document.
        changed: when this version of the document was published.
        text: of the passage.
        title: of the document.
        published: when the document was first.
        label: what kind of text it is; satire disagrees with nothing.
        publisher: of the document.
    """

    number: int
    document: str
    uri: str
    changed: datetime | None
    text: str = field(repr=False)
    title: str = field(default="", repr=False)
    published: datetime | None = None
    label: str = ""
    publisher: str = ""


def find_earlier_versions(voices: Sequence[Voice]) -> Mapping[int, int]:
    """Return the numbers of passages of older versions of an article, each with that of one of the newest.

    Of versions whose dates are not known, or the same, none is said to be the earlier one.
    """
    newest: dict[str, tuple[datetime, int]] = {}
    for voice in voices:
        if voice.changed is not None and (voice.uri not in newest or voice.changed > newest[voice.uri][0]):
            newest[voice.uri] = (voice.changed, voice.number)
    return {v.number: newest[v.uri][1] for v in voices if v.changed is not None and v.changed < newest[v.uri][0]}

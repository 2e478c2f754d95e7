"""What kind of text a document is, from the words that formats have for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

LABELS = ("news", "opinion", "analysis", "satire", "sponsored", "press release", "reference")

_WORDS: dict[str, str] = {
    # schema.org types of articles
    "newsarticle": "news", "reportagenewsarticle": "news", "opinionnewsarticle": "opinion",
    "analysisnewsarticle": "analysis", "backgroundnewsarticle": "reference", "reviewnewsarticle": "opinion",
    "askpublicnewsarticle": "news", "satiricalarticle": "satire", "advertisercontentarticle": "sponsored",
    "liveblogposting": "news", "report": "news",
    # words of genres, sections and labels
    "news": "news", "current": "news", "opinion": "opinion", "comment": "opinion", "editorial": "opinion", "column":
    "opinion", "op-ed": "opinion", "leader": "opinion", "review": "opinion", "letters": "opinion", "analysis":
    "analysis", "explainer": "analysis", "background": "reference", "satire": "satire", "satirical": "satire",
    "humour": "satire", "humor": "satire", "sponsored": "sponsored", "sponsored content": "sponsored", "advertorial":
    "sponsored", "advertisement": "sponsored", "paid post": "sponsored", "paid content": "sponsored",
    "partner content": "sponsored", "branded content": "sponsored", "advertiser content": "sponsored", "press release":
    "press release", "press-release": "press release", "pressrelease": "press release", "media release":
    "press release", "reference": "reference", "encyclopedia": "reference", "obituary": "news", "feature": "news",
}  # fmt: skip
_ORDER = ("satire", "sponsored", "press release", "opinion", "analysis", "reference", "news")
"""Of several labels the one that a reader must know of first wins: what is satire or paid for is never plain news."""


def find_label(words: Iterable[str]) -> str:
    """Return the label that any of these words stand for; empty if none does."""
    found = {_WORDS[key] for word in words if (key := re.sub(r"\s+", " ", word).strip().lower()) in _WORDS}
    return next((label for label in _ORDER if label in found), "")

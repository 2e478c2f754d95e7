"""Crawlers that collect for AI and for search, by the product token that robots.txt calls them by, and what for.

From what their operators publish about them, as of 2026.  A token that only controls use, such as ``Google-Extended``,
is here like one of a crawler.
"""

from __future__ import annotations

from fairtrial.rights.record import Use

OWN = "fairtrial"
"""The product token by which a site can address this program."""

_TRAIN = (Use.TRAIN,)
_ANSWER = (Use.AI_INPUT,)
_INDEX = (Use.AI_INPUT, Use.AI_INDEX)
_BOTH = (Use.TRAIN, Use.AI_INPUT)

AGENTS: dict[str, tuple[Use, ...]] = {
    "ai2bot": _TRAIN,
    "ai2bot-dolma": _TRAIN,
    "amazonbot": _BOTH,
    "anthropic-ai": _TRAIN,
    "applebot": (Use.SEARCH,),
    "applebot-extended": _TRAIN,
    "baiduspider": (Use.SEARCH,),
    "bedrockbot": _BOTH,
    "bingbot": (Use.SEARCH,),
    "bytespider": _TRAIN,
    "ccbot": _TRAIN,
    "chatgpt-user": _ANSWER,
    "claude-searchbot": _INDEX,
    "claude-user": _ANSWER,
    "claude-web": _TRAIN,
    "claudebot": _TRAIN,
    "cohere-ai": _BOTH,
    "cohere-training-data-crawler": _TRAIN,
    "deepseekbot": _TRAIN,
    "diffbot": _TRAIN,
    "duckassistbot": _ANSWER,
    "duckduckbot": (Use.SEARCH,),
    "facebookbot": _TRAIN,
    "gemini-deep-research": _ANSWER,
    "google-cloudvertexbot": _INDEX,
    "google-extended": _BOTH,
    "google-notebooklm": _ANSWER,
    "googlebot": (Use.SEARCH,),
    "googleother": _TRAIN,
    "gptbot": _TRAIN,
    "icc-crawler": _TRAIN,
    "imagesiftbot": _TRAIN,
    "img2dataset": _TRAIN,
    "kangaroo bot": _TRAIN,
    "linkupbot": _INDEX,
    "meta-externalagent": _BOTH,
    "meta-externalfetcher": _ANSWER,
    "mistralai-user": _ANSWER,
    "oai-searchbot": _INDEX,
    "omgili": _TRAIN,
    "omgilibot": _TRAIN,
    "pangubot": _TRAIN,
    "perplexity-user": _ANSWER,
    "perplexitybot": _INDEX,
    "petalbot": (Use.SEARCH,),
    "phindbot": _ANSWER,
    "sbintuitionsbot": _TRAIN,
    "slurp": (Use.SEARCH,),
    "tiktokspider": _TRAIN,
    "timpibot": _TRAIN,
    "velenpublicwebcrawler": _TRAIN,
    "webzio-extended": _TRAIN,
    "yandex": (Use.SEARCH,),
    "youbot": _INDEX,
}
"""Product token in lower case -> uses that the crawler collects for."""

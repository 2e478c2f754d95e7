"""What the publishers say of their rights: robots.txt, RSL, TDMRep, and the table of signed agreements."""

from __future__ import annotations

import json

from fairtrial.tasks.newsroom.outlets import MOST_WORDS
from fairtrial.tasks.newsroom.printing import make_host
from fairtrial.tasks.newsroom.world import Town

_ALLOW = "User-Agent: *\nContent-Signal: search=yes, ai-input=yes, ai-train=yes\nAllow: /\n"
_DENY = (
    "# Reserved: no use as input of models, and no training.  Searching is welcome.\n"
    "User-Agent: *\nContent-Usage: train-ai=n\nContent-Signal: search=yes, ai-input=no, ai-train=no\nAllow: /\n"
)
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_RSL = _XML + '<rsl xmlns="https://rslstandard.org/rsl" max-age="36500">\n{content}</rsl>\n'
_RSL_DENY = (
    '<content url="/">\n<license>\n<permits type="usage">search</permits>\n'
    '<prohibits type="usage">ai-all</prohibits>\n</license>\n</content>\n'
)
_RSL_ALLOW = (
    '<content url="/">\n<license>\n<permits type="usage">all</permits>\n<payment type="attribution">\n'
    "<standard>https://creativecommons.org/licenses/by/4.0/</standard>\n</payment>\n</license>\n</content>\n"
)


def list_site_files(town: Town) -> dict[str, str]:
    """Return the files that speak for whole sites, by their path below the folder of articles."""
    reserved = [{"location": "/", "tdm-reservation": 1, "tdm-policy": f"https://{make_host('post', town)}/tdm-policy"}]
    return {
        "courier/robots.txt": _ALLOW,
        "post/robots.txt": _DENY,
        "post/rsl.xml": _RSL.format(content=_RSL_DENY),
        "post/.well-known/tdmrep.json": json.dumps(reserved, indent=1) + "\n",
        "whistle/rsl.xml": _RSL.format(content=_RSL_ALLOW),
    }


def write_agreements(town: Town) -> str:
    """Return the table of signed agreements as CSV: one in force, one that has expired."""
    columns = (
        "id", "holder", "addresses", "allow", "deny", "max_words", "attribution", "valid_from", "valid_until",
        "payment", "amount", "currency", "proof",
    )  # fmt: skip
    allow = "ai-input ai-index search quote display"
    rows = [
        (
            "chronicle-2024", f"{town.name} Chronicle Publishing", f"https://{make_host('chronicle', town)}/*", allow,
            "ai-train", str(MOST_WORDS), f"{town.name} Chronicle", "2024-07-01", "2049-12-31", "use", "0.002", "EUR",
            "contract 2024-118",
        ),
        (
            "gazette-2022", "Mill Lane Media", f"https://{make_host('gazette', town)}/*", allow, "ai-train", "40",
            "The Mill Lane Gazette", "2022-01-01", "2025-09-30", "free", "", "", "",
        ),
    ]  # fmt: skip
    return "".join(",".join(row) + "\n" for row in (columns, *rows))

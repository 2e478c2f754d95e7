"""Small archives for tests: a few documents of an invented town, with rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fairtrial.archive.base import Entry
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Correction, Document
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.rights import Attribution, Evidence, Payment, RightsRecord, Statement, Terms, Use
from fairtrial.rights.signals import AGREEMENT, EMBARGO

SEEN = datetime(2026, 1, 2, tzinfo=UTC)
ALL = (Use.AI_INPUT, Use.AI_INDEX, Use.SEARCH, Use.QUOTE, Use.DISPLAY)


def agree(*uses: Use, terms: Terms | None = None, licence: str = "LicenseRef-Tide") -> RightsRecord:
    """Return a signed agreement about some uses; without any, about all but training."""
    said = tuple(Statement(use, "allow", "agreement", terms or Terms()) for use in uses or ALL)
    return RightsRecord((Evidence(AGREEMENT, "agreements.csv", "", "0" * 64, SEEN, None, said, licence=licence),))


def deny(*uses: Use) -> RightsRecord:
    """Return a signed agreement that forbids some uses and allows all others but training."""
    said = tuple(Statement(use, "deny" if use in uses else "allow", "agreement") for use in ALL)
    return RightsRecord((Evidence(AGREEMENT, "agreements.csv", "", "0" * 64, SEEN, None, said),))


def embargo(until: datetime) -> RightsRecord:
    """Return an agreement about all uses, under an embargo."""
    said = tuple(Statement(use, "allow", "embargo", Terms(valid_from=until)) for use in ALL)
    held = Evidence(EMBARGO, "embargo", "", "0" * 64, SEEN, None, said)
    return RightsRecord((*agree().evidence, held))


FERRY = Document(
    "https://tide.example/ferry", "news", "The ferry to Saltmere sails again on Monday. Repairs took nine days.",
    title="Ferry returns", publisher="The Tide", published=datetime(2026, 3, 2, tzinfo=UTC), label="news",
    language="en", rights=agree(),
)  # fmt: skip
BRIDGE = Document(
    "https://tide.example/bridge", "news",
    "The old bridge at Quay Street stays closed until spring, because its second pier has moved.",
    title="Bridge stays closed", publisher="The Tide", published=datetime(2026, 2, 1, tzinfo=UTC), label="news",
    language="en",
    corrections=(Correction("The pier is the second, not the third.", datetime(2026, 2, 3, tzinfo=UTC)),),
    rights=agree(
        terms=Terms(Attribution("The Tide, Saltmere"), max_words=4, payment=Payment("use", 0.02, "EUR", "inv 7"))
    ),
)  # fmt: skip
SECRET = Document(
    "https://tide.example/secret", "wire",
    "The mayor's secret ferry contract pays Captain Orlo ninety thousand crowns.",
    title="Contract of the ferry", publisher="The Wire", published=datetime(2026, 3, 3, tzinfo=UTC), language="en",
    rights=deny(Use.AI_INPUT, Use.SEARCH, Use.AI_INDEX, Use.DISPLAY, Use.QUOTE),
)  # fmt: skip
UNSHOWN = replace(
    FERRY, uri="https://tide.example/tides", text="Spring tides reach the lower quay at Saltmere on Friday evening.",
    title="High water", rights=deny(Use.DISPLAY, Use.QUOTE),
)  # fmt: skip


def make_archive(path: Path, documents: Sequence[Document] = (FERRY, BRIDGE, SECRET, UNSHOWN)) -> Path:
    """Write an archive of some documents and return its path."""
    with SqliteStore(path, create=True) as store, store.writing():
        store.add([Entry(one, cut(one)) for one in documents])
    return path

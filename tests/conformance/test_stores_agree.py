"""One archive in SQLite and on PostgreSQL: the same passages, scores, decisions and fingerprint."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fairtrial.archive.base import Entry, Scope, Store
from fairtrial.archive.document import Document, Passage, Picture
from fairtrial.archive.stores.postgres.store import PostgresStore
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.records import ImagePart
from fairtrial.rights import Evidence, RightsRecord, Statement, Use

SEEN = datetime(2026, 11, 2, 9, tzinfo=UTC)
WORDS = ["ferry", "bridge", "council", "Müller's", "straße", "budget", "été", "橋を渡る", "rain", "quay"]
RECORDS = [
    RightsRecord(
        (Evidence("rsl", f"{n}.xml", "<rsl/>", "0" * 64, SEEN, ttl, (Statement(Use.SEARCH, says, f"because {n}"),)),)
    )
    for n, (says, ttl) in enumerate([("allow", None), ("deny", None), ("allow", 30.0), ("conditional", None)])
]
WIDTH = 12


def draw_entries(draw: random.Random, count: int) -> list[Entry]:
    """Documents with everything that decides a search: versions, dates, sections, pictures, passages, rights."""
    entries = []
    for n in range(count):
        texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 30))) for _ in range(draw.randint(1, 4))]
        pictures = (
            (
                Picture(
                    ImagePart.of(bytes([n % 251]), "image/png"),
                    f"the {draw.choice(WORDS)}",
                    rights=draw.choice(RECORDS),
                ),
            )
            if draw.random() < 0.2
            else ()
        )
        published = SEEN - timedelta(days=draw.randint(0, 90)) if draw.random() < 0.9 else None
        document = Document(
            f"https://news.example/{draw.randint(0, count // 2)}", draw.choice(["feed", "wire"]), "\n\n".join(texts),
            title=draw.choice(WORDS), published=published, section=draw.choice(["", "Sport", "City"]),
            language=draw.choice(["en-GB", "de", ""]), label=draw.choice(["news", "satire", ""]), pictures=pictures,
            rights=draw.choice(RECORDS), retracted="",
        )  # fmt: skip
        passages, at = [], 0
        for index, text in enumerate(texts):
            passages.append(Passage(document.id, index, at, at + len(text), (), text))
            at += len(text) + 2
        passages += [Passage(document.id, len(texts), 0, 0, (), one.caption, 0) for one in pictures]
        entries.append(Entry(document, passages, draw.choice(["words"] * 6 + ["text", "hash"])))  # type: ignore[arg-type]
    return list({entry.document.id: entry for entry in entries}.values())


@pytest.fixture
def pair(tmp_path: Path, postgres_address: str) -> Iterator[tuple[Store, Store]]:
    """Both stores, empty."""
    file, server = SqliteStore(tmp_path / "news.db", create=True), PostgresStore(postgres_address, create=True)
    yield file, server
    file.close()
    server.close()


def fill(store: Store, entries: list[Entry], order: random.Random) -> None:
    """Add documents in some order, some at a time; then their vectors."""
    mixed = order.sample(entries, len(entries))
    images = {ImagePart.of(bytes([n]), "image/png").hash: bytes([n]) for n in range(251)}
    while mixed:
        size = order.randint(1, 30)
        store.add(mixed[:size], images)
        mixed = mixed[size:]
    while missing := store.find_unembedded("space", 50, list(store.list_rights())):
        vectors = np.array([make_vector(text) for _, text in missing], np.float32)
        store.put_vectors("space", [number for number, _ in missing], vectors)


def make_vector(text: str) -> np.ndarray:
    made = np.random.default_rng(sum(map(ord, text))).normal(size=WIDTH)
    return np.asarray(made / np.linalg.norm(made), np.float32)


def list_scopes(store: Store) -> list[Scope]:
    """Scopes of the same meaning in any store: records are told apart by what they say."""
    numbers = store.list_rights()
    allowed = frozenset(n for n, one in numbers.items() if one.evidence[0].statements[0].says == "allow")
    waiting = frozenset(n for n, one in numbers.items() if one.evidence[0].statements[0].says == "conditional")
    month = SEEN - timedelta(days=30)
    return [
        Scope(frozenset(numbers)),
        Scope(allowed),
        Scope(allowed, waiting=waiting, at=month),
        Scope(allowed, current_only=False, published_from=month),
        Scope(frozenset(numbers), published_until=month, sections=("sport", ""), languages=("en",), labels=("news",)),
        Scope(frozenset()),
    ]


def test_the_same_searches_find_the_same_with_the_same_scores(pair: tuple[Store, Store]) -> None:
    draw = random.Random(7)
    entries = draw_entries(draw, 150)
    for n, store in enumerate(pair):
        fill(store, entries, random.Random(n))
    file, server = pair
    assert file.fingerprint() == server.fingerprint()
    assert list(file.iterate()) == list(server.iterate())
    queries = [" ".join(draw.choices(WORDS, k=draw.randint(1, 4))) for _ in range(8)]
    found = 0
    for mine, theirs in zip(list_scopes(file), list_scopes(server), strict=True):
        for query in queries:
            for most in (1, 5, 400):
                both = [s.search_words(query, scope, most) for s, scope in ((file, mine), (server, theirs))]
                both += [
                    s.search_vectors("space", make_vector(query), scope, most)
                    for s, scope in ((file, mine), (server, theirs))
                ]
                words, other_words, near, other_near = [[(h.document, h.index, h.score) for h in hits] for hits in both]
                assert words == other_words and near == other_near
                found += len(words) + len(near)
    assert found > 4000


def test_withdrawing_and_other_evidence_change_both_alike(pair: tuple[Store, Store]) -> None:
    entries = draw_entries(random.Random(3), 60)
    for n, store in enumerate(pair):
        fill(store, entries, random.Random(n))
    some = [entry.document.id for entry in entries[:40:2]]
    given = {entry.document.id: RECORDS[1] for entry in entries[1:40:3] if entry.document.id not in some}
    for store in pair:
        store.withdraw(some)
        store.put_rights(given)
        assert store.check() == []
    file, server = pair
    assert file.fingerprint() == server.fingerprint()
    mine, theirs = ([(h.id, h.keep, h.sources, h.passages) for h in store.list_holdings()] for store in pair)
    assert mine == theirs
    for scope, other in zip(list_scopes(file), list_scopes(server), strict=True):
        hits, others = file.search_words("ferry quay", scope, 300), server.search_words("ferry quay", other, 300)
        assert [(h.document, h.index, h.score) for h in hits] == [(h.document, h.index, h.score) for h in others]
        assert not {h.document for h in hits} & set(some)

"""What is particular to an archive on a server: others, logs, its users, and what withdrawing leaves behind."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest

from fairtrial.archive.base import Entry, Scope, Store
from fairtrial.archive.document import Document, Passage, Picture
from fairtrial.archive.opening import open_archive
from fairtrial.archive.stores.postgres.server import BACKUPS, NO_CHECKPOINT
from fairtrial.archive.stores.postgres.store import PostgresStore
from fairtrial.errors import ArchiveError
from fairtrial.records import ImagePart
from fairtrial.rights import Evidence, RightsRecord, Statement, Use
from tests.support.postgres import RunningServer

OPEN = RightsRecord(
    (
        Evidence(
            "rsl", "a.xml", "<rsl>plantedsignal</rsl>", "0" * 64, datetime(2026, 11, 2, tzinfo=UTC),
            statements=(Statement(Use.SEARCH, "allow", "x"),),
        ),
    )
)  # fmt: skip


def write(name: str, text: str, **more: object) -> Entry:
    document = Document(f"https://news.example/{name}", "feed", text, rights=OPEN, **more)  # type: ignore[arg-type]
    return Entry(document, [Passage(document.id, 0, 0, len(text), (), text)])


def find(store: Store, query: str) -> list[str]:
    hits = store.search_words(query, Scope(frozenset(store.list_rights())), 10)
    return [one.text for one in store.read_passages([hit.passage for hit in hits])]


@pytest.fixture
def store(postgres_address: str) -> Iterator[PostgresStore]:
    with PostgresStore(postgres_address, create=True) as opened:
        yield opened


def search_files(server: RunningServer, planted: dict[str, bytes]) -> set[str]:
    """Return which of some bytes stand anywhere in the server's files: tables, logs, statistics."""
    found = set()
    for path in server.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found |= {name for name, one in planted.items() if one in data}
    return found


@pytest.mark.parametrize("recycle", ["off", "on"])
def test_withdrawn_text_is_nowhere_in_the_servers_files(
    store: PostgresStore, postgres_server: RunningServer, postgres_address: str, recycle: str
) -> None:
    postgres_server.run(f"ALTER SYSTEM SET wal_recycle = {recycle}", "SELECT pg_reload_conf()")
    draw = random.Random(recycle)
    image = draw.randbytes(300)
    part = ImagePart.of(image, "image/png")
    text = "The qxplantedword was seen. " + " ".join(f"qxw{draw.randrange(10**9)}" for _ in range(400))
    entry = write("a", text, title="qxplantedtitle", pictures=(Picture(part, "qxplantedcaption"),))
    entry = Entry(entry.document, [*entry.passages, Passage(entry.document.id, 1, 0, 0, (), "qxplantedcaption", 0)])
    others = [write(f"n{i}", f"another text {i} that stays") for i in range(50)]
    store.add([entry, *others], {part.hash: image})
    vector = np.asarray(np.random.default_rng(1).normal(size=64), np.float32)
    [number, *_] = [n for n, _ in store.find_unembedded("space", 99, list(store.list_rights()))]
    store.put_vectors("space", [number], vector[None] / np.linalg.norm(vector))
    database = postgres_address.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres_server.address(database), autocommit=True) as admin:
        body = admin.execute("SELECT body FROM fairtrial.documents WHERE length(body) > 1000").fetchone()
        kept = admin.execute("SELECT vector_send(body) FROM fairtrial.vectors").fetchone()
        assert body is not None and kept is not None
        admin.execute("ANALYZE")
        admin.execute("CHECKPOINT")
    planted = {
        "word": b"qxplantedwor",
        "title": b"qxplantedtit",
        "caption": b"qxplantedcapt",
        "body": body[0][200:240],
        "image": image[100:140],
        "vector": (vector / np.linalg.norm(vector)).astype("<f4").tobytes()[:64],
    }
    assert search_files(postgres_server, planted) == set(planted), "else the search would prove nothing"
    store.withdraw([entry.document.id])
    assert search_files(postgres_server, planted) == set()
    assert store.list_remains() == (BACKUPS,)
    assert find(store, "stays") and find(store, "qxplantedword") == []
    assert store.check() == []


def test_no_word_stands_in_the_servers_log_whatever_it_logs(
    postgres_server: RunningServer, postgres_address: str
) -> None:
    database = postgres_address.partition("?")[0].rpartition("/")[2]
    postgres_server.run(f"ALTER DATABASE {database} SET log_statement = 'all'")
    with PostgresStore(postgres_address, create=True) as store:
        store.add([write("a", "qylogged words")])
        assert find(store, "qylogged") == ["qylogged words"]
        with pytest.raises(ArchiveError) as caught:
            store.add([write("b", "qyother words", section="qysecret\0section")])
    assert "NUL" in str(caught.value) and "qy" not in str(caught.value)
    log = (postgres_server.folder / "log").read_bytes()
    assert b"COPY postings" in log and b"qy" not in log


def test_one_writer_at_a_time_and_its_lock_ends_with_its_connection(
    store: PostgresStore, postgres_server: RunningServer, postgres_address: str
) -> None:
    with PostgresStore(postgres_address) as other:
        with store.writing(), store.writing():
            store.add([write("a", "one")])
            said = "another process is writing to the archive fairtrial of"
            with pytest.raises(ArchiveError, match=said), other.writing(0.1):
                pass
            assert find(other, "one") == ["one"]
        with other.writing(0.1):
            pass
        lock = store.writing()
        lock.__enter__()
        postgres_server.run(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            f"WHERE l.locktype = 'advisory' AND d.datname = '{postgres_address.partition('?')[0].rpartition('/')[2]}'"
        )
        with other.writing(5):
            other.add([write("b", "two")])
        with pytest.raises(ArchiveError, match="ended the connection"):
            store.add([write("c", "three")])
        lock.__exit__(None, None, None)
        assert find(store, "two") == ["two"], "a new connection is made"


def test_several_who_add_at_once_lose_nothing(store: PostgresStore, postgres_address: str) -> None:
    entries = [write(f"n{i}", f"common word{i}") for i in range(40)]
    failed: list[BaseException] = []

    def add(some: list[Entry]) -> None:
        try:
            with PostgresStore(postgres_address) as own:
                for entry in some:
                    own.add([entry])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=add, args=(entries[n::3] + entries[:3],)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert len(find(store, "common")) == 10 and len(list(store.iterate())) == 40
    assert store.check() == []


def test_a_schema_is_an_archive_of_its_own(store: PostgresStore, postgres_address: str) -> None:
    store.add([write("a", "one")])
    with pytest.raises(ArchiveError, match=r"the archive other of database 'test_[0-9]+' does not exist"):
        open_archive(f"{postgres_address}&schema=other")
    with open_archive(f"{postgres_address}&schema=other", create=True) as other:  # type: ignore[attr-defined]
        assert find(other, "one") == []
    store.server._connection.execute("CREATE SCHEMA taken; CREATE TABLE taken.things (n INT)")
    with pytest.raises(ArchiveError, match="has tables of another program"):
        PostgresStore(f"{postgres_address}&schema=taken", create=True)
    store.server._connection.execute("UPDATE archive_version SET version = 99")
    for create in (False, True):
        with pytest.raises(ArchiveError, match="written by a newer fairtrial"):
            PostgresStore(postgres_address, create=create)


def test_who_may_only_read_can_search_and_who_is_no_administrator_is_told_what_remains(
    store: PostgresStore, postgres_server: RunningServer, postgres_address: str
) -> None:
    store.add([write("a", "one text")])
    database = postgres_address.partition("?")[0].rpartition("/")[2]
    admin = store.server._connection
    admin.execute("CREATE ROLE reader LOGIN; CREATE ROLE owner LOGIN")
    try:
        admin.execute(
            "GRANT USAGE ON SCHEMA fairtrial TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA fairtrial TO reader"
        )
        admin.execute(f"GRANT CREATE ON DATABASE {database} TO owner")
        with PostgresStore(postgres_address.replace("postgres@", "reader@")) as reader:
            assert find(reader, "one") == ["one text"]
            with pytest.raises(ArchiveError, match="the user may not do that"):
                reader.add([write("b", "two")])
        with PostgresStore(postgres_address.replace("postgres@", "owner@") + "&schema=own", create=True) as own:
            entry = write("a", "one text")
            own.add([entry])
            own.withdraw([entry.document.id])
            assert own.list_remains() == (BACKUPS, NO_CHECKPOINT)
    finally:
        admin.execute("DROP OWNED BY reader, owner; DROP ROLE reader, owner")


def test_a_server_that_cannot_be_reached_is_an_error_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    with pytest.raises(
        ArchiveError, match=r"the archive news of database 'a' on 127\.0\.0\.1:1 cannot be reached"
    ) as caught:
        open_archive("postgresql://me@127.0.0.1:1/a?schema=news")
    assert "hunter2" not in str(caught.value)

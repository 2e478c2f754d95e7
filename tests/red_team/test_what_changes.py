"""What is permitted today and denied tomorrow: by a licence, a clock, an age, a withdrawal, while a process runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fairtrial.api.withdrawing import withdraw
from fairtrial.archive.base import Entry, Store
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Document
from fairtrial.archive.embedders.base import embed_missing, name_space
from fairtrial.archive.opening import open_archive
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.postgres.store import PostgresStore
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.engines.fake import FakeEngine
from fairtrial.errors import ArchiveError
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.levers.retrieve.engine import RetrievingEngine
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.rights import Circumstances, RightsRecord, Statement, Terms, Use
from fairtrial.spec.candidate import Candidate
from tests.support.archives import ALL, agree, deny, embargo
from tests.support.denied import Planted, find_pieces, fold, read_bytes
from tests.support.postgres import RunningServer
from tests.support.red_world import make_echo, run_command

NOW = datetime.now(UTC)
SOON = NOW + timedelta(hours=1)
ONE = Planted("changing")
TERRITORY = Terms(territories=frozenset({"US"}))


def write(rights: RightsRecord, published: datetime = NOW - timedelta(days=9)) -> Document:
    text = f"## {ONE.heading}\n\n{ONE.body}"
    return Document(ONE.uri, "news", text, title=ONE.title, published=published, rights=rights)


def end(moment: datetime) -> RightsRecord:
    return agree(terms=Terms(valid_until=moment))


def age(days: float) -> RightsRecord:
    [one] = agree().evidence
    return RightsRecord((replace(one, signal="rsl", seen=NOW - timedelta(days=1), ttl_days=days),))


def fill(path: Path, *documents: Document) -> Path:
    with SqliteStore(path, create=True) as store, store.writing():
        store.add([Entry(one, cut(one)) for one in documents])
    return path


class Letters:
    """Makes vectors of how often each letter occurs."""

    name = "letters"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def identity(self) -> list[object]:
        return ["letters"]

    def embed(self, texts: list[str], kind: str) -> np.ndarray:
        self.seen += texts
        rows = np.array([[one.count(x) + 1e-3 for x in "abcdefghijklmnopqrstuvwxyz"] for one in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def close(self) -> None:
        """Hold nothing."""


def search(store: Store, at: datetime, embedder: Letters | None = None, legs: str = "auto") -> str:
    circumstances = Circumstances(at, "DE")
    searcher = Searcher(store, circumstances, embedder=embedder, settings=SearchSettings(legs=legs))  # type: ignore[arg-type]
    return fold(" ".join(f"{o.passage.text} {o.document.title}" for o in searcher.search(ONE.question).found))


CHANGES: dict[str, tuple[RightsRecord, datetime, datetime]] = {
    "embargo": (embargo(SOON), SOON, NOW),
    "end": (end(SOON), NOW, SOON),
    "begin": (agree(terms=Terms(valid_from=SOON)), SOON, NOW),
    "age": (age(1.5), NOW, NOW + timedelta(days=1)),
}
"""Rights, a moment at which they permit, and one at which they do not."""


@pytest.mark.parametrize("legs", ["words", "vectors"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_clock_ends_a_permission_at_the_next_query(tmp_path: Path, name: str, legs: str) -> None:
    rights, permitted, denied = CHANGES[name]
    letters = Letters()
    with SqliteStore(fill(tmp_path / "a.db", write(rights))) as store:
        found = store.find_unembedded("x", 9, list(store.list_rights()))
        with store.writing():
            vectors = letters.embed([text for _, text in found], "passage")
            store.put_vectors(name_space(letters), [number for number, _ in found], vectors)  # type: ignore[arg-type]
        assert not find_pieces(search(store, denied, letters, legs), ONE)
        assert find_pieces(search(store, permitted, letters, legs), ONE)
        assert not find_pieces(search(store, denied, letters, legs), ONE)


@pytest.mark.parametrize("use", [Use.AI_INPUT, Use.SEARCH])
@pytest.mark.parametrize("other", [False, True], ids=["same process", "another process"])
def test_new_evidence_counts_at_the_next_query(tmp_path: Path, use: Use, other: bool) -> None:
    path = fill(tmp_path / "a.db", write(agree()))
    with SqliteStore(path) as store:
        assert find_pieces(search(store, NOW), ONE)
        writer = open_archive(str(path)) if other else store
        with writer.writing():
            writer.put_rights({write(agree()).id: deny(use)})
        assert not find_pieces(search(store, NOW), ONE)
        if other:
            writer.close()


def test_vectors_made_before_a_denial_find_nothing_after_it(tmp_path: Path) -> None:
    letters = Letters()
    with SqliteStore(fill(tmp_path / "a.db", write(agree()))) as store:
        assert embed_missing(store, letters, Circumstances(NOW, "DE")) >= 1  # type: ignore[arg-type]
        assert find_pieces(search(store, NOW, letters, "vectors"), ONE)
        with store.writing():
            store.put_rights({write(agree()).id: deny(Use.AI_INDEX)})
        assert not find_pieces(search(store, NOW, letters, "vectors"), ONE)
        assert find_pieces(search(store, NOW, letters, "words"), ONE)


def test_an_embedder_is_sent_nothing_that_may_have_no_vector(tmp_path: Path) -> None:
    letters = Letters()
    other = replace(write(agree()), uri="https://other.example/", text="A ferry sails.", title="Ferry")
    with SqliteStore(fill(tmp_path / "a.db", write(deny(Use.AI_INDEX)), other)) as store:
        embed_missing(store, letters, Circumstances(NOW, "DE"))  # type: ignore[arg-type]
    assert letters.seen and not find_pieces(fold(" ".join(letters.seen)), ONE)


@pytest.mark.parametrize("denied", [deny(*ALL), embargo(SOON), agree(terms=TERRITORY), end(NOW - timedelta(days=1))])
def test_an_older_version_does_not_stand_in_for_one_that_is_denied(tmp_path: Path, denied: RightsRecord) -> None:
    newer = replace(write(denied, NOW - timedelta(days=1)), text=ONE.body + " More of it.")
    with SqliteStore(fill(tmp_path / "a.db", write(agree()), newer)) as store:
        shown = search(store, NOW)
    assert ("more of it" not in shown) and bool(find_pieces(shown, ONE)) == (denied == embargo(SOON))


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_kept_in_memory_across_chunks_ends_with_its_permission(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights, permitted, denied = CHANGES[name]
    engine, sent = _wrap(fill(tmp_path / "a.db", write(rights)), monkeypatch)
    request = GenerateRequest(Prompt(ONE.question), 9)
    for moment in (permitted, denied):
        engine.clock = lambda moment=moment: moment  # type: ignore[misc]
        before = len(sent)
        answers = list(engine.generate([request]))
        later = moment == denied
        assert not (later and find_pieces(fold(" ".join([*sent[before:], repr(answers)])), ONE))
    engine.close()


def test_the_same_memory_gives_what_stays_permitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, sent = _wrap(fill(tmp_path / "a.db", write(end(SOON))), monkeypatch)
    request = GenerateRequest(Prompt(ONE.question), 9)
    list(engine.generate([request])), list(engine.generate([request]))
    assert len(sent) == 2 and all(find_pieces(fold(one), ONE) for one in sent)
    engine.close()


def test_an_archive_that_changes_while_it_is_asked_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fill(tmp_path / "a.db", write(agree()))
    engine, sent = _wrap(path, monkeypatch)
    with SqliteStore(path) as store, store.writing():
        store.put_rights({write(agree()).id: deny(*ALL)})
    with pytest.raises(ArchiveError, match="has changed") as raised:
        list(engine.generate([GenerateRequest(Prompt(ONE.question), 9)]))
    assert not sent and not find_pieces(fold(str(raised.value)), ONE)
    engine.close()


def _wrap(path: Path, patch: pytest.MonkeyPatch) -> tuple[RetrievingEngine, list[str]]:
    sent: list[str] = []
    patch.setattr(FakeEngine, "generate", make_echo(sent))
    lever = read_lever({"retrieve": {"archive": str(path), "territory": "DE"}})
    engine = wrap_engine(lever, FakeEngine("a", Candidate(id="a", model="fake:a")), {})
    assert isinstance(engine, RetrievingEngine)
    return engine, sent


def _list_files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


@pytest.mark.parametrize("take", ["withdraw", "keep hash"])
def test_no_byte_of_a_file_has_what_was_taken_out(tmp_path: Path, take: str) -> None:
    path = fill(tmp_path / "a.db", write(agree()))
    assert len(find_pieces(read_bytes(_list_files(tmp_path)), ONE)) >= 10
    _take(str(path), take)
    assert not find_pieces(read_bytes(_list_files(tmp_path)), ONE)


@pytest.mark.parametrize("take", ["withdraw", "keep hash"])
def test_no_byte_of_a_server_has_what_was_taken_out(
    postgres_server: RunningServer, postgres_address: str, take: str
) -> None:
    word = fold(ONE.body).split()[0].encode()
    with PostgresStore(postgres_address, create=True) as store, store.writing():
        store.add([Entry(write(agree()), cut(write(agree())))])
        assert find_pieces(search(store, NOW), ONE)
    assert [one for one in _list_files(postgres_server.folder) if word in one.read_bytes().lower()]
    _take(postgres_address, take)
    assert not [one for one in _list_files(postgres_server.folder) if word in one.read_bytes().lower()]
    with PostgresStore(postgres_address) as store:
        assert not find_pieces(search(store, NOW), ONE)


def _take(archive: str, take: str) -> None:
    if take == "withdraw":
        withdraw(archive, [ONE.uri])
        return
    store = open_archive(archive)
    with store.writing():
        store.put_rights({write(agree()).id: deny(*ALL)})
        store.keep_less({write(agree()).id: "hash"})
        store.clean()
    store.close()


MALFORMED: dict[str, Callable[[], bytes]] = {
    "title.md": lambda: f"---\ntitle: [{ONE.title}]\n---\n{ONE.body}\n".encode(),
    "open.md": lambda: f"---\ntitle: {ONE.title}\n{ONE.body}\n".encode(),
    "yaml.md": lambda: f"---\ntitle: '{ONE.title}\nx: [\n---\n{ONE.body}\n".encode(),
    "corrections.md": lambda: f"---\ncorrections: {{a: '{ONE.body}'}}\n---\nText.\n".encode(),
    "retracted.md": lambda: f"---\nretracted: ['{ONE.body}']\n---\nText.\n".encode(),
    "bad.jsonl": lambda: f'{{"text": "{ONE.body}", "title": "{ONE.title}\n'.encode(),
    "kind.jsonl": lambda: f'{{"text": ["{ONE.body}"], "title": {{"a": "{ONE.title}"}}}}\n'.encode(),
    "bad.json": lambda: f'{{"uri": "u", "headline": "{ONE.title}", "body_text": "{ONE.body}"'.encode(),
    "kind.json": lambda: f'{{"uri": "u", "headlines": "{ONE.title}", "bodies": "{ONE.body}"}}'.encode(),
    "bad.xml": lambda: f"<newsItem><a>{ONE.body}</newsItem>".encode(),
    "entity.xml": lambda: f'<!DOCTYPE a [<!ENTITY b "{ONE.body}">]><newsItem>&b;</newsItem>'.encode(),
    "bad.rss": lambda: f"<rss><channel><item><title>{ONE.title}</title>{ONE.body}".encode(),
    "bad.warc": lambda: f"WARC/1.0\r\n{ONE.body}\r\n\r\n".encode(),
    "bad.pdf": lambda: f"%PDF-1.4\n{ONE.body}".encode(),
    "wide.txt": lambda: b"\xff\xfe\x00" + ONE.body.encode(),
    "linked.html": lambda: (
        f'<script type="application/ld+json">{{"license": x, "articleBody": "{ONE.body}"}}</script>'
        '<meta name="robots" content="noai"><p>Text.</p>'
    ).encode(),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_file_that_cannot_be_read_is_told_of_without_its_words(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(MALFORMED[name]())
    told = run_command("archive", "add", "in")[1] + run_command("archive", "add", "in", "--json")[1]
    told += run_command("rights", "explain", "in")[1] + run_command("rights", "explain", f"in/{name}", "--json")[1]
    assert not find_pieces(fold(told), ONE)
    assert not find_pieces(read_bytes(tmp_path.glob("news.db*")), ONE)
    assert Path(name).stem in told


def test_a_file_that_can_be_read_is_told_of_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    (tmp_path / "good.md").write_text(f"---\ntitle: {ONE.title}\nrights: allow\n---\n{ONE.body}\n")
    assert run_command("archive", "add", "good.md")[0] == 0
    assert find_pieces(fold(run_command("rights", "explain", "good.md")[1]), ONE)
    assert find_pieces(read_bytes(tmp_path.glob("news.db*")), ONE)


def test_a_statement_of_use_is_needed(tmp_path: Path) -> None:
    silent = RightsRecord(tuple(replace(e, statements=(Statement(Use.TRAIN, "allow", "x"),)) for e in agree().evidence))
    with SqliteStore(fill(tmp_path / "a.db", write(silent))) as store:
        assert not find_pieces(search(store, NOW), ONE)

"""What is permitted today and denied tomorrow: by a licence, a clock, an age, a withdrawal, while a process runs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fairtrial.api.withdrawing import withdraw
from fairtrial.archive.base import Entry, Store
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Document, Picture
from fairtrial.archive.embedders.base import embed_missing, name_space
from fairtrial.archive.finding import show_documents
from fairtrial.archive.opening import open_archive
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.postgres.store import PostgresStore
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.cli.archive_documents import describe_shown, render_shown
from fairtrial.engines.fake import FakeEngine
from fairtrial.errors import ArchiveError
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.levers.retrieve.engine import RetrievingEngine
from fairtrial.records import GenerateRequest, ImagePart, Prompt
from fairtrial.rights import Circumstances, RightsRecord, Statement, Terms, Use
from fairtrial.spec.candidate import Candidate
from tests.support.archives import ALL, agree, deny, embargo
from tests.support.planting import Planted, find_pieces, fold, read_bytes
from tests.support.postgres import RunningServer
from tests.support.red_world import make_echo, run_command

NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=1, hours=1)
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


@pytest.mark.parametrize("name", ["end", "age"])
def test_what_is_kept_in_memory_across_chunks_ends_with_its_permission(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights, permitted, denied = CHANGES[name]
    engine, sent = _wrap(fill(tmp_path / "a.db", write(rights)), monkeypatch, planned=permitted)
    request = GenerateRequest(Prompt(ONE.question), 9)
    seen = []
    for moment in (permitted, denied):
        engine.clock = lambda moment=moment: moment  # type: ignore[misc]
        before = len(sent)
        answers = list(engine.generate([request]))
        seen.append(bool(find_pieces(fold(" ".join([*sent[before:], repr(answers)])), ONE)))
    engine.close()
    assert seen == [True, False]


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


def _wrap(
    path: Path, patch: pytest.MonkeyPatch, passages: str = "search", planned: datetime | None = None
) -> tuple[RetrievingEngine, list[str]]:
    sent: list[str] = []
    patch.setattr(FakeEngine, "generate", make_echo(sent))
    lever = read_lever({"retrieve": {"archive": str(path), "territory": "DE", "passages": passages}})
    if planned is not None:
        lever.settings._read = planned
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


def test_a_statement_of_use_is_needed(tmp_path: Path) -> None:
    silent = RightsRecord(tuple(replace(e, statements=(Statement(Use.TRAIN, "allow", "x"),)) for e in agree().evidence))
    with SqliteStore(fill(tmp_path / "a.db", write(silent))) as store:
        assert not find_pieces(search(store, NOW), ONE)


class Ranker:
    """Stands in for a reranker, and notes what it is sent."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def identity(self) -> list[object]:
        return ["ranker"]

    def score(self, query: str, texts: list[str]) -> list[float]:
        self.seen += texts
        return [float(len(text)) for text in texts]


@pytest.mark.parametrize("use", [None, Use.AI_INPUT, Use.SEARCH])
def test_a_reranker_is_sent_nothing_that_may_not_be_shown(tmp_path: Path, use: Use | None) -> None:
    other = replace(
        write(agree()), uri="https://other.example/", text=f"A ferry of {ONE.body[:30]} sails.", title="Ferry"
    )
    ranker = Ranker()
    with SqliteStore(fill(tmp_path / "a.db", write(deny(use) if use else agree()), other)) as store:
        Searcher(store, Circumstances(NOW, "DE"), reranker=ranker).search(ONE.question)  # type: ignore[arg-type]
    assert ranker.seen
    assert bool(find_pieces(fold(" ".join(ranker.seen)), ONE)) == (use is None)


def picture(rights: RightsRecord) -> Document:
    """An article that may be used, with a picture that has rights of its own; its caption and what is read in it."""
    shown = Picture(ImagePart.of(b"1", "image/png"), ONE.caption, "A. Ek", f"{ONE.heading}. {ONE.body}", rights)
    return Document(
        "https://tide.example/1", "news", "The pier is open.", title="Pier", pictures=(shown,), rights=agree()
    )


@pytest.mark.parametrize("name", ["open", "denied", "embargo", "end"])
def test_what_is_read_in_a_picture_has_its_rights(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rights = {"open": agree(), "denied": deny(*ALL), "embargo": embargo(SOON), "end": end(NOW - timedelta(1))}[name]
    path = tmp_path / "a.db"
    with SqliteStore(path, create=True) as store, store.writing():
        store.add([Entry(picture(rights), cut(picture(rights)))], {ImagePart.of(b"1", "image/png").hash: b"1"})
        told = search(store, NOW)
        shown = list(show_documents(store, Circumstances(NOW, "DE"), list(store.list_holdings())))
        for one in shown:
            told += fold(f"{describe_shown(one, full=True)} {[str(part) for part in render_shown(one)]}")
    engine, sent = _wrap(path, monkeypatch)
    request = GenerateRequest(
        Prompt(ONE.question), 9, relevant=("https://tide.example/1", "https://tide.example/1#0-900")
    )
    told += fold(" ".join([*map(repr, engine.generate([request])), *sent]))
    engine.close()
    assert bool(find_pieces(told, ONE)) == (name == "open")
    assert "the pier is open" in told


@pytest.mark.parametrize("mode", ["search", "oracle", "distractors"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_run_that_goes_on_at_another_time_uses_what_was_permitted_at_both(
    tmp_path: Path, name: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights, permitted, denied = CHANGES[name]
    other = replace(write(agree()), uri="https://other.example/", text="A ferry sails.", title="Ferry")
    path = fill(tmp_path / "a.db", write(rights), other)
    found = {}
    for planned, asked in ((permitted, permitted), (permitted, denied), (denied, permitted), (denied, denied)):
        engine, sent = _wrap(path, monkeypatch, passages=mode, planned=planned)
        engine.clock = lambda asked=asked: asked  # type: ignore[misc]
        spans = (f"{ONE.uri}#0-40", f"{ONE.uri}#40-4000") if mode == "oracle" else ("https://other.example/",)
        answers = list(engine.generate([GenerateRequest(Prompt(ONE.question), 9, relevant=spans)]))
        engine.close()
        found[planned == permitted, asked == permitted] = bool(find_pieces(fold(f"{sent} {answers}"), ONE))
    assert found == {(a, b): a and b for a in (True, False) for b in (True, False)}


def test_a_retrieval_set_gives_none_of_a_document_that_its_row_denies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set" / "qrels").mkdir(parents=True)
    rows = [{"_id": n, "title": p.title, "text": p.body, "metadata": {"rights": r}} for n, p, r in
            (("d1", ONE, "deny"), ("d2", Planted("openset"), "allow"))]  # fmt: skip
    (tmp_path / "set" / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [{"_id": f"q{n}", "text": one.question} for n, one in enumerate((ONE, Planted("openset")), 1)]
    (tmp_path / "set" / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    (tmp_path / "set" / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")
    own = "profile: own-archive"
    (tmp_path / "t.yaml").write_text(
        "tasks: [{file: set/}]\ncandidates:\n"
        f"  - {{id: words, model: search, levers: [{{retrieve: {{archive: a.db, {own}}}}}]}}\n"
        f"  - {{id: gold, model: search, levers: [{{retrieve: {{archive: a.db, {own}, passages: oracle}}}}]}}\n"
    )
    told = run_command("archive", "add", "set", "-a", "a.db", "--profile", "own-archive")[1]
    code, said = run_command("run", "t.yaml", "--ledger", "l.db", "--report", "r.html")
    assert code == 0, said
    made = read_bytes([one for one in tmp_path.iterdir() if one.is_file()])
    questions = fold(" ".join(row["text"] for row in asked))
    assert not find_pieces(questions, ONE), "no question repeats what it asks for"
    assert not find_pieces(fold(told + said) + made, ONE)
    assert find_pieces(made, Planted("openset"))

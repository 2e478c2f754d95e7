"""What every store of documents must do, whatever database it is in; all of them give the same results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fairtrial.archive.base import Entry, Scope, SeenFile, Store
from fairtrial.archive.document import Document, Passage, Picture
from fairtrial.archive.stores.postgres.store import PostgresStore
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.errors import ArchiveError
from fairtrial.records import ImagePart
from fairtrial.rights import Evidence, RightsRecord, Statement, Use

SEEN = datetime(2026, 11, 2, 9, tzinfo=UTC)
OPEN = RightsRecord(
    (Evidence("rsl", "a.xml", "<rsl/>", "0" * 64, SEEN, statements=(Statement(Use.SEARCH, "allow", "x"),)),)
)
SHUT = RightsRecord(
    (Evidence("rsl", "b.xml", "<rsl/>", "1" * 64, SEEN, statements=(Statement(Use.SEARCH, "deny", "y"),)),)
)

Opened = Callable[..., Store]


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Open a new archive, or the same one again, by its name."""
    stores: list[Store] = []
    address = request.getfixturevalue("postgres_address") if request.param == "postgres" else ""

    def open_store(name: str = "news") -> Store:
        store: Store
        if address:
            store = PostgresStore(f"{address}&schema={name}", create=True)
        else:
            store = SqliteStore(tmp_path / f"{name}.db", create=True)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened()


def write(name: str, *texts: str, rights: RightsRecord = OPEN, **more: object) -> Entry:
    """A document with a passage for each text."""
    document = Document(f"https://news.example/{name}", "feed", "\n\n".join(texts), rights=rights, **more)  # type: ignore[arg-type]
    return cut(document, texts)


def cut(document: Document, texts: tuple[str, ...]) -> Entry:
    passages, at = [], 0
    for index, text in enumerate(texts):
        start = document.text.index(text, at)
        passages.append(Passage(document.id, index, start, start + len(text), (), text))
        at = start + len(text)
    return Entry(document, passages)


def everything(store: Store, **more: object) -> Scope:
    return Scope(frozenset(store.list_rights()), **more)  # type: ignore[arg-type]


def find(store: Store, query: str, scope: Scope | None = None, most: int = 10) -> list[str]:
    hits = store.search_words(query, scope or everything(store), most)
    return [passage.text for passage in store.read_passages([hit.passage for hit in hits])]


def test_what_was_added_comes_back_as_it_was(opened: Opened) -> None:
    picture = Picture(ImagePart.of(b"png", "image/png"), "The bridge", "A. Lens", "BRIDGE 1899", SHUT)
    entry = write(
        "bridge", "The old bridge stands.", "It was built in 1899.", title="Bridge", authors=("B. Writer",),
        published=datetime(2026, 3, 1, 8, tzinfo=UTC), language="en-GB", label="news", pictures=(picture,),
    )  # fmt: skip
    text = "The bridge BRIDGE 1899"
    entry = replace(entry, passages=[*entry.passages, Passage(entry.document.id, 2, 0, 0, ("Bridge",), text, 0)])
    first = opened()
    assert first.add([entry], {picture.image.hash: b"png"}).new == 1
    first.close()
    again = opened()
    assert again.read_documents([entry.document.id]) == [entry.document]
    assert list(again.iterate()) == [entry.document]
    assert again.read_image(picture.image.hash) == b"png"
    assert again.find_documents(entry.document.id[:12]) == again.find_documents(entry.document.uri) == [entry.document]
    hits = again.search_words("bridge", everything(again), 10)
    found = again.read_passages([hit.passage for hit in hits])
    assert sorted(found, key=lambda one: one.index) == [entry.passages[0], entry.passages[1], entry.passages[2]]


def test_unknown_names_are_refused(store: Store) -> None:
    for ask, said in (
        (lambda: store.read_documents(["nobody"]), "no text of a document 'nobody'"),
        (lambda: store.read_image("nothing"), "no image 'nothing'"),
        (lambda: store.read_passages([7]), "no passage 7"),
        (lambda: store.withdraw(["nobody"]), "no document 'nobody'"),
        (lambda: store.put_rights({"nobody": OPEN}), "no document 'nobody'"),
    ):
        with pytest.raises(ArchiveError, match=said):
            ask()
    assert store.find_documents("nobody") == []


def test_passages_must_be_what_the_document_says_and_the_error_has_no_text(store: Store) -> None:
    entry = write("a", "secret words here")
    wrong = replace(entry, passages=[replace(entry.passages[0], text="other words here!")])
    with pytest.raises(ArchiveError) as caught:
        store.add([wrong])
    assert "words" not in str(caught.value)
    assert list(store.list_holdings()) == []


def test_equal_evidence_is_one_record_whatever_its_place_and_date(store: Store) -> None:
    later = replace(OPEN.evidence[0], where="c.xml", seen=SEEN + timedelta(days=3), raw="<rsl />")
    store.add([write("a", "one"), write("b", "two", rights=RightsRecord((later,))), write("c", "three", rights=SHUT)])
    records = store.list_rights()
    assert sorted(one.evidence[0].statements[0].says for one in records.values()) == ["allow", "deny"]
    back = store.find_documents("https://news.example/b")[0]
    assert back.rights == RightsRecord((later,))


def test_the_date_makes_a_difference_where_evidence_is_for_some_days_only(store: Store) -> None:
    month = replace(OPEN.evidence[0], ttl_days=30)
    later = replace(month, seen=SEEN + timedelta(days=3))
    store.add([write("a", "one", rights=RightsRecord((month,))), write("b", "two", rights=RightsRecord((later,)))])
    assert {one.evidence[0].seen for one in store.list_rights().values()} == {month.seen, later.seen}


def test_a_document_of_two_sources_has_the_evidence_of_both(store: Store) -> None:
    entry = write("a", "one text")
    other = replace(entry, document=replace(entry.document, source="other", rights=SHUT))
    store.add([entry])
    assert store.add([other]).rights_changed == 1
    (document,) = store.find_documents(entry.document.uri)
    assert set(document.rights.evidence) == {*OPEN.evidence, *SHUT.evidence}
    assert next(store.list_holdings()).sources == ("feed", "other")
    origins = store.read_origins([entry.document.id, "unknown"])
    assert origins == {entry.document.id: {("feed", ""): OPEN, ("other", ""): SHUT}}


def test_changed_evidence_takes_the_place_of_the_old(store: Store) -> None:
    entry = write("a", "one text")
    store.add([entry])
    before = store.fingerprint()
    changed = replace(entry, document=replace(entry.document, rights=SHUT))
    assert store.add([changed]).rights_changed == 1
    assert store.add([changed]).rights_changed == 0
    assert store.find_documents(entry.document.uri)[0].rights == SHUT
    assert store.fingerprint() != before
    assert store.put_rights({entry.document.id: OPEN}) == 1
    assert store.fingerprint() == before


def test_the_same_documents_give_the_same_fingerprint_in_any_order(opened: Opened, tmp_path: Path) -> None:
    entries = [write(f"n{i}", f"text number {i}", rights=OPEN if i % 3 else SHUT) for i in range(30)]
    first = opened()
    for entry in entries:
        first.add([entry])
    later = [
        replace(e, document=replace(e.document, rights=RightsRecord(tuple(
            replace(one, seen=one.seen + timedelta(days=1)) for one in e.document.rights.evidence
        ))))
        for e in reversed(entries)
    ]  # fmt: skip
    with SqliteStore(tmp_path / "other.db", create=True) as second:
        second.add(later[:20])
        second.add(later[10:])
        assert second.fingerprint() == first.fingerprint()
        second.add([write("more", "one more")])
        assert second.fingerprint() != first.fingerprint()


def test_words_are_found_whatever_their_case_accents_and_width(store: Store) -> None:
    store.add([write("a", "The Café's menu"), write("b", "東京都の新しい橋"), write("c", "Nothing here")])
    assert find(store, "CAFE") == ["The Café's menu"]
    assert find(store, "新しい橋") == ["東京都の新しい橋"]
    assert find(store, "absent") == find(store, "") == []


def test_what_the_scope_leaves_out_influences_no_score(store: Store, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    vocabulary = [f"w{i}" for i in range(40)]
    entries = [
        write(f"n{i}", *(" ".join(rng.choice(vocabulary, 12)) for _ in range(3)), rights=OPEN if i % 2 else SHUT)
        for i in range(40)
    ]
    store.add(entries)
    allowed = {number for number, one in store.list_rights().items() if one.evidence[0].statements[0].says == "allow"}
    with SqliteStore(tmp_path / "alone.db", create=True) as alone:
        alone.add([entry for entry in entries if entry.document.rights == OPEN])
        for query in ("w1 w2 w3", "w7", "w9 w9 w10"):
            mine = store.search_words(query, Scope(frozenset(allowed)), 20)
            theirs = alone.search_words(query, everything(alone), 20)
            assert [hit.score for hit in mine] == [hit.score for hit in theirs]
            assert store.read_passages([h.passage for h in mine]) == alone.read_passages([h.passage for h in theirs])


def test_bm25_is_that_of_the_paper(store: Store) -> None:
    texts = ["council budget council", "the council met", "budget vote delayed again today", "weather"]
    store.add([write(f"n{i}", text) for i, text in enumerate(texts)])
    hits = store.search_words("council budget", everything(store), 10)
    words = [text.split() for text in texts]
    mean = sum(map(len, words)) / 4

    def score(text: list[str]) -> float:
        total = 0.0
        for term in ("budget", "council"):
            n = sum(term in one for one in words)
            f = text.count(term)
            total += np.log(1 + (4 - n + 0.5) / (n + 0.5)) * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * len(text) / mean))
        return total

    expected = sorted((one for one in map(score, words) if one), reverse=True)
    assert [hit.score for hit in hits] == pytest.approx(expected)


def test_ties_are_by_document_and_index(store: Store) -> None:
    store.add([write(f"n{i}", "same words", "same words") for i in range(6)])
    hits = store.search_words("same words", everything(store), 7)
    order = [(one.document, one.index) for one in store.read_passages([hit.passage for hit in hits])]
    every = sorted((document.id, index) for document in store.iterate() for index in (0, 1))
    assert order == every[:7]


def test_a_scope_filters_by_date_section_language_and_label(store: Store) -> None:
    spring, autumn = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    store.add(
        [
            write("a", "news a", published=spring, section="Sport", language="en-GB", label="news"),
            write("b", "news b", published=autumn, section="city", language="de", label="satire"),
            write("c", "news c"),
        ]
    )
    for more, expected in (
        ({}, ["news a", "news b", "news c"]),
        ({"published_from": autumn}, ["news b"]),
        ({"published_until": autumn}, ["news a"]),
        ({"sections": ("sport", "nowhere")}, ["news a"]),
        ({"sections": ("nowhere",)}, []),
        ({"languages": ("en",)}, ["news a"]),
        ({"labels": ("satire",)}, ["news b"]),
        ({"at": spring}, ["news a", "news c"]),
    ):
        assert sorted(find(store, "news", everything(store, **more))) == expected
    left_out = frozenset({store.find_documents("https://news.example/a")[0].id})
    assert sorted(find(store, "news", everything(store, without=left_out))) == ["news b", "news c"]


def test_of_several_versions_the_newest_counts_that_exists(store: Store) -> None:
    day = timedelta(days=1)
    versions = [write("a", f"version {i}", published=SEEN, modified=SEEN + i * day) for i in range(3)]
    waiting = replace(versions[2], document=replace(versions[2].document, rights=SHUT))
    store.add([versions[1], waiting, versions[0]])
    shut = frozenset(n for n, one in store.list_rights().items() if one.evidence[0].statements[0].says == "deny")
    allowed = frozenset(store.list_rights()) - shut
    assert find(store, "version") == ["version 2"]
    assert find(store, "version", Scope(allowed)) == [], "an older version stands in for none that is denied"
    assert find(store, "version", Scope(allowed, waiting=shut)) == ["version 1"]
    assert find(store, "version", everything(store, at=SEEN + day / 2)) == ["version 0"]
    assert len(find(store, "version", everything(store, current_only=False))) == 3


def test_a_picture_needs_rights_of_its_own_and_the_documents(store: Store) -> None:
    pictures = (
        Picture(ImagePart.of(b"1", "image/png"), "caption one", rights=SHUT),
        Picture(ImagePart.of(b"2", "image/png"), "caption two"),
    )
    entry = write("a", "article", pictures=pictures)
    more = [Passage(entry.document.id, 1 + at, 0, 0, (), one.caption, at) for at, one in enumerate(pictures)]
    store.add([replace(entry, passages=[*entry.passages, *more])])
    allowed = {n for n, one in store.list_rights().items() if one.evidence[0].statements[0].says == "allow"}
    assert find(store, "caption", Scope(frozenset(allowed))) == ["caption two"]
    assert len(find(store, "caption")) == 2


def test_what_is_not_to_be_indexed_is_not_found_and_what_is_a_hash_has_no_text(store: Store) -> None:
    entry, other = write("a", "plain words"), write("b", "plain words too")
    assert store.add([replace(entry, keep="text"), replace(other, keep="hash")]).new == 2
    assert find(store, "plain") == []
    assert [document.text for document in store.iterate()] == ["plain words"]
    with pytest.raises(ArchiveError, match="no text of a document"):
        store.read_documents([other.document.id])
    assert {one.id: one.keep for one in store.list_holdings()} == {entry.document.id: "text", other.document.id: "hash"}
    before = store.fingerprint()
    assert store.add([entry, other]).new == 2, "a licence was signed"
    assert sorted(find(store, "plain")) == ["plain words", "plain words too"]
    store.keep_less({entry.document.id: "text", other.document.id: "hash"})
    assert find(store, "plain") == []
    assert store.fingerprint() == before


def test_vectors_are_ranked_by_cosine_within_the_scope(store: Store) -> None:
    store.add([write("a", "one", "two"), write("b", "three", rights=SHUT), write("c", "four")])
    missing = store.find_unembedded("space", 10, list(store.list_rights()))
    assert sorted(text for _, text in missing) == ["four", "one", "three", "two"]
    towards = {"one": (1.0, 0.0), "two": (0.6, 0.8), "three": (1.0, 0.0), "four": (0.6, 0.8)}
    store.put_vectors("space", [n for n, _ in missing], np.array([towards[text] for _, text in missing], np.float32))
    allowed = {n for n, one in store.list_rights().items() if one.evidence[0].statements[0].says == "allow"}
    hits = store.search_vectors("space", np.array([1, 0], np.float32), Scope(frozenset(allowed)), 10)
    found = store.read_passages([hit.passage for hit in hits])
    assert found[0].text == "one"
    assert [(one.document, one.index) for one in found[1:]] == sorted((one.document, one.index) for one in found[1:])
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6, 0.6])
    assert store.find_unembedded("space", 10, list(store.list_rights())) == []
    assert len(store.find_unembedded("other", 2, list(allowed))) == 2
    with pytest.raises(ArchiveError, match="the vectors of space have 2 numbers; these have 3"):
        store.put_vectors("space", [missing[0][0]], np.ones((1, 3), np.float32))
    assert store.search_vectors("unknown", np.array([1, 0], np.float32), everything(store), 10) == []


def test_a_file_read_anew_replaces_what_it_no_longer_has(store: Store) -> None:
    old, new = write("a", "the old text"), write("a", "the new text")
    store.add([replace(old, path="/n/a.md", reading="1")], {}, [SeenFile("/n/a.md", "feed", "1", "b", "", 1)])
    store.add([replace(new, path="/n/a.md", reading="2")], {}, [SeenFile("/n/a.md", "feed", "2", "b", "", 1)])
    assert store.read_files()["/n/a.md"].sha256 == "2"
    assert find(store, "text") == ["the new text"]
    assert sorted(find(store, "text", everything(store, current_only=False))) == ["the new text", "the old text"]
    assert [one.text for one in store.find_documents("/n/a.md")] == ["the new text", "the old text"]
    store.add([replace(old, path="/n/a.md", reading="1")], {}, [SeenFile("/n/a.md", "feed", "1", "b", "", 1)])
    assert find(store, "text") == ["the old text"]


def test_withdrawn_documents_are_gone_and_stay_so(store: Store) -> None:
    entries = [write("a", "planted sentence one"), write("b", "planted sentence two")]
    store.add([entries[1]])
    alone = store.fingerprint()
    store.add([entries[0]])
    numbers = [number for number, _ in store.find_unembedded("space", 9, list(store.list_rights()))]
    store.put_vectors("space", numbers, np.ones((2, 1), np.float32))
    store.withdraw([entries[0].document.id])
    assert find(store, "planted") == ["planted sentence two"]
    assert store.fingerprint() == alone
    assert len(store.search_vectors("space", np.ones(1, np.float32), everything(store), 9)) == 1
    added = store.add([entries[0], write("a", "planted again")])
    assert (added.new, added.withdrawn) == (0, 2)
    kept = {one.uri: one.keep for one in store.list_holdings()}
    assert kept == {"https://news.example/a": "withdrawn", "https://news.example/b": "words"}
    store.withdraw([entries[1].document.id], source="feed")
    assert store.add([write("z", "anything else of it")]).withdrawn == 1


def test_notes_are_kept_and_change_no_fingerprint(store: Store) -> None:
    before = store.fingerprint()
    assert store.read_note("a") == ""
    store.write_note("a", "0")
    store.write_note("b", "x")
    store.write_note("b", "y")
    assert (store.read_note("a"), store.read_note("b"), store.fingerprint()) == ("0", "y", before)


def test_ledgers_are_remembered_once(store: Store) -> None:
    for place in ("/b.db", "/a.db", "/b.db"):
        store.remember_ledger(place)
    assert list(store.list_ledgers()) == ["/a.db", "/b.db"]
    for place in ("/a.db", "/c.db"):
        store.forget_ledger(place)
    assert list(store.list_ledgers()) == ["/b.db"]


def test_many_small_additions_find_as_one_large_one(store: Store, tmp_path: Path) -> None:
    entries = [write(f"n{i}", f"common word{i % 7} item{i}") for i in range(70)]
    for entry in entries:
        store.add([entry])
    with SqliteStore(tmp_path / "once.db", create=True) as once:
        once.add(entries)
        for query in ("common", "word3 item10"):
            assert find(store, query, most=70) == find(once, query, most=70)


def test_another_store_sees_what_was_added_meanwhile(opened: Opened) -> None:
    reader, writer = opened(), opened()
    writer.add([write("a", "first text")])
    assert find(reader, "text") == ["first text"]
    with writer.writing():
        writer.add([write("b", "second text")])
        assert len(find(reader, "text")) == 2

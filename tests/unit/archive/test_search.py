from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fairtrial.archive.base import Entry, Scope
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Correction, Document, Picture
from fairtrial.archive.embedders.base import EmbeddedAs, embed_missing, scale_rows
from fairtrial.archive.search import Searcher, SearchSettings
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.archive.stores.words import split_words
from fairtrial.errors import ArchiveError
from fairtrial.records import ImagePart
from fairtrial.rights import Circumstances, Evidence, Proof, RightsRecord, Statement, Terms, Use
from fairtrial.rights.signals import EMBARGO

DAY = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = Circumstances(DAY + 24 * HOUR)

TEXT = (
    "The harbour board has closed the north quay after divers found cracks in two pillars below the water line. Boats "
    "will use the south quay until repairs are finished, said the board's chair, who expects the work to take 6 weeks."
)


def sign(*statements: Statement, signal: str = "agreement", where: str = "a.csv") -> RightsRecord:
    return RightsRecord((Evidence(signal, where, "", "0" * 64, DAY, statements=statements),))


def say(says: str, *uses: Use, **terms: object) -> tuple[Statement, ...]:
    return tuple(Statement(use, says, "signed", Terms(**terms)) for use in uses or Use)  # type: ignore[arg-type]


OPEN = sign(*say("allow"))
SHUT = sign(*say("deny"), signal="rsl")


def write(name: str, text: str, **more: object) -> Document:
    fields = {"publisher": "Courier", "published": DAY, "rights": OPEN, "title": "", **more}
    return Document(f"https://news.example/{name}", "feed", text, **fields)  # type: ignore[arg-type]


class Letters:
    """An embedder that counts letters, so that its neighbours are easily foreseen."""

    name = "letters"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def identity(self) -> Sequence[object]:
        return ["letters", 1]

    def embed(self, texts: Sequence[str], kind: EmbeddedAs) -> NDArray[np.float32]:
        self.asked += [kind] * len(texts)
        rows = [[float(text.count(letter)) for letter in "abcdefghij"] for text in texts]
        return scale_rows(np.array(rows, np.float32).reshape(len(rows), 10), self.name)

    def close(self) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "news.db", create=True)


def fill(store: SqliteStore, *documents: Document) -> None:
    with store.writing():
        store.add([Entry(one, cut(one)) for one in documents], {}, ())


def find(store: SqliteStore, query: str, filters: Scope | None = None, **more: object) -> list[str]:
    own = {name: more.pop(name) for name in list(more) if name in SearchSettings.__slots__}
    settings = SearchSettings(**own)  # type: ignore[arg-type]
    searcher = Searcher(store, more.pop("circumstances", HERE), settings=settings, **more)  # type: ignore[arg-type]
    found = searcher.search(query, filters or Scope(frozenset())).found
    return [one.document.uri.rpartition("/")[2] for one in found]


def test_passages_come_with_their_document_ranks_and_decisions(store: SqliteStore) -> None:
    fill(store, write("a", "The quay is shut."), write("b", "The quay, the quay!"), write("c", "Nothing."))
    result = Searcher(store, HERE).search("quay")
    assert [one.passage.text for one in result.found] == ["The quay, the quay!", "The quay is shut."]
    first = result.found[0]
    assert first.document.uri.endswith("/b") and first.legs["words"].rank == 1
    assert first.score == first.legs["words"].score > 0
    assert first.decisions[Use.AI_INPUT].allowed and result.at == HERE.at


def test_what_is_not_permitted_is_not_found_and_influences_no_score(store: SqliteStore) -> None:
    fill(store, write("a", "The quay is shut."))
    alone = Searcher(store, HERE).search("quay")
    fill(
        store,
        write("b", "quay quay", rights=SHUT),
        write("c", "quay", rights=RightsRecord()),
        write("d", "quay of words", rights=sign(*say("allow", Use.AI_INPUT), *say("deny", Use.SEARCH))),
    )
    result = Searcher(store, HERE).search("quay")
    assert [one.document.text for one in result.found] == ["The quay is shut."]
    assert result.found == alone.found
    assert result.refused["words"] == {"agreement": 1, "disallowed": 1, "profile": 1}


def test_embargo_and_expiry_act_at_the_next_search(store: SqliteStore) -> None:
    until = [Statement(use, "deny", "embargo", Terms(valid_until=DAY + HOUR)) for use in Use]
    held = RightsRecord((*sign(*until, signal=EMBARGO).evidence, *OPEN.evidence))
    ends = sign(*say("allow", valid_until=DAY + 2 * HOUR))
    fill(store, write("held", "quay one", rights=held), write("ends", "quay two", rights=ends))
    moment = [DAY]
    searcher = Searcher(store, HERE, clock=lambda: moment[0])
    seen = []
    for hours in (0, 1, 2):
        moment[0] = DAY + hours * HOUR
        seen.append({one.document.uri.rpartition("/")[2] for one in searcher.search("quay").found})
    assert seen == [{"ends"}, {"held", "ends"}, {"held"}]


def test_a_territory_and_all_uses_count(store: SqliteStore) -> None:
    fill(store, write("a", "quay", rights=sign(*say("allow", territories=frozenset({"NO"})))))
    assert find(store, "quay", circumstances=replace(HERE, territory="NO")) == ["a"]
    assert find(store, "quay", circumstances=replace(HERE, territory="SE")) == find(store, "quay") == []
    fill(store, write("b", "quay", rights=sign(*say("allow", Use.AI_INPUT, Use.SEARCH), *say("deny", Use.DISPLAY))))
    assert find(store, "quay") == ["b"]
    assert find(store, "quay", uses=(Use.AI_INPUT, Use.DISPLAY)) == []


def test_a_document_is_decided_again_with_its_own_evidence(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, write("a", "quay one"), write("b", "quay two"))
    read = store.read_documents
    monkeypatch.setattr(store, "read_documents", lambda ids: [replace(one, rights=SHUT) for one in read(ids)])
    result = Searcher(store, HERE).search("quay")
    assert result.found == () and result.changed == 2


def test_one_leg_or_both(store: SqliteStore) -> None:
    fill(
        store,
        write("words", "zebra aaa"),
        write("vectors", "bbb"),
        write("both", "zebra bbb zzz zzz zzz"),
        write("secret", "bbb", rights=sign(*say("allow", Use.AI_INPUT, Use.SEARCH), *say("deny", Use.AI_INDEX))),
    )
    letters = Letters()
    assert embed_missing(store, letters, HERE) == 3
    assert embed_missing(store, letters, HERE) == 0
    assert find(store, "zebra", embedder=letters, legs="words") == ["words", "both"]
    assert find(store, "b", embedder=letters, legs="vectors", k=2) == ["vectors", "both"]
    result = Searcher(store, HERE, embedder=letters).search("zebra b")
    assert result.found[0].document.uri.endswith("/both")
    assert set(result.found[0].legs) == {"words", "vectors"}
    assert result.found[0].score == pytest.approx(1 / 62 + 1 / (60 + result.found[0].legs["vectors"].rank))
    assert not [one for one in result.found if "vectors" in one.legs and one.document.uri.endswith("/secret")]
    assert letters.asked.count("passage") == 3
    with pytest.raises(ArchiveError, match="needs an embedder"):
        find(store, "b", legs="vectors")


def test_a_reranker_has_the_last_word_on_the_best(store: SqliteStore) -> None:
    fill(store, *(write(f"n{i}", "quay " * (5 - i)) for i in range(5)))

    class Shortest:
        def identity(self) -> Sequence[object]:
            return ["shortest"]

        def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
            return [-float(len(text)) for text in texts]

    before = find(store, "quay")
    assert find(store, "quay", reranker=Shortest(), rerank=3) == sorted(before[:3], reverse=True) + before[3:]


def test_of_copies_the_best_licence_stands_for_all_at_that_time(store: SqliteStore) -> None:
    ends = sign(*say("allow", valid_until=DAY + HOUR))
    follows = sign(*say("allow", Use.AI_INPUT))
    fill(
        store,
        write("signed", TEXT, rights=ends),
        write("follows", TEXT, publisher="Herald", rights=follows),
        write("other", "A quay elsewhere.", publisher="Post"),
    )
    profile = replace(HERE, at=DAY)
    result = Searcher(store, profile).search("quay pillars")
    first, second = result.found
    assert first.document.uri.endswith("/signed") and second.document.uri.endswith("/other")
    assert [(one.publisher, one.retracted) for one in first.copies] == [("Herald", False)]
    assert find(store, "quay pillars", circumstances=HERE) == ["follows", "other"]
    assert sorted(find(store, "quay pillars", circumstances=profile, collapse=False)) == ["follows", "other", "signed"]


def test_a_corrected_copy_wins_though_the_query_fits_the_mistake(store: SqliteStore) -> None:
    fill(
        store,
        write("wrong", TEXT, wire="NA-1"),
        write(
            "right",
            TEXT.replace("two pillars", "four posts"),
            publisher="Herald",
            wire="NA-1",
            corrections=(Correction("Four posts, not two pillars.", DAY),),
        ),
        *(write(f"n{i}", f"The pillars of hall {i} are old.") for i in range(30)),
    )
    assert find(store, "two pillars", k=1) == ["right"]


def test_contradicting_reports_are_both_found(store: SqliteStore) -> None:
    fill(store, write("a", TEXT), write("b", TEXT.replace("6 weeks", "9 weeks"), publisher="Herald"))
    assert sorted(find(store, "quay")) == ["a", "b"]


def test_retracted_documents_are_passed_over_and_their_copies_say_so(store: SqliteStore) -> None:
    fill(store, write("gone", TEXT, retracted="The divers never dived."), write("kept", TEXT, publisher="Herald"))
    result = Searcher(store, HERE).search("quay")
    assert [one.document.uri.rpartition("/")[2] for one in result.found] == ["kept"]
    assert [one.retracted for one in result.found[0].copies] == [True]
    fill(store, write("alone", "An old quay tale.", retracted="Made up."))
    assert find(store, "tale") == [] and Searcher(store, HERE).search("tale").retracted == 1
    marked = Searcher(store, HERE, settings=SearchSettings(retracted=True)).search("tale").found
    assert [one.retracted for one in marked] == [True]


def test_of_one_address_the_newest_version_is_found(store: SqliteStore) -> None:
    old = write("a", "quay closed", modified=DAY)
    fill(store, old, replace(old, text="quay open", modified=DAY + HOUR))
    assert [one.passage.text for one in Searcher(store, HERE).search("quay").found] == ["quay open"]
    early = Searcher(store, replace(HERE, at=DAY)).search("quay").found
    assert [one.passage.text for one in early] == ["quay closed"]


def test_filters_and_limits(store: SqliteStore) -> None:
    long = "\n\n".join(f"Paragraph {i} about the quay " + "and more " * 100 for i in range(4))
    fill(store, write("long", long), write("sport", "quay race", section="Sport"))
    assert find(store, "quay", Scope(frozenset(), sections=("sport",))) == ["sport"]
    assert sorted(find(store, "quay", of_one_document=1)) == ["long", "sport"]
    assert len(find(store, "quay", k=3)) == 3


def test_a_picture_needs_both_permissions(store: SqliteStore) -> None:
    def picture(number: int, rights: RightsRecord) -> Picture:
        return Picture(ImagePart.of(bytes([number]), "image/png"), f"Caption {number} of the quay", rights=rights)

    once = sign(*say("allow", valid_until=DAY))
    fill(store, write("a", "text", pictures=(picture(1, SHUT), picture(2, RightsRecord()), picture(3, once))))
    found = Searcher(store, HERE).search("caption").found
    assert [one.passage.text for one in found] == ["Caption 2 of the quay"]


def test_nothing_shown_as_python_has_a_documents_text(store: SqliteStore) -> None:
    fill(store, write("a", "quay secretword"))
    result = Searcher(store, HERE).search("quay")
    assert len(result.found) == 1 and "secretword" not in repr(result) and "secretword" not in repr(result.found[0])


def test_the_same_search_gives_the_same_result(store: SqliteStore, tmp_path: Path) -> None:
    documents = [write(f"n{i}", f"quay {i % 3} item {i % 5}") for i in range(40)]
    fill(store, *documents)
    other = SqliteStore(tmp_path / "other.db", create=True)
    for one in reversed(documents):
        fill(other, one)
    letters = Letters()
    for one in (store, other):
        embed_missing(one, letters, HERE)
    results = [
        Searcher(one, HERE, embedder=letters, settings=SearchSettings(k=20)).search("quay 1 item 2")
        for one in (store, other)
    ]
    assert results[0].found == results[1].found


def test_a_proof_of_payment_counts(store: SqliteStore) -> None:
    asks = Evidence("rsl", "https://news.example/rsl", "", "0" * 64, DAY, statements=say("conditional"), licence="L-1")
    fill(store, write("a", "quay", rights=RightsRecord((asks,))))
    assert find(store, "quay") == []
    assert find(store, "quay", circumstances=replace(HERE, proofs=(Proof("L-1", "invoice 9"),))) == ["a"]


def test_words_of_a_query_that_no_passage_has_find_nothing(store: SqliteStore) -> None:
    fill(store, write("a", "quay"))
    assert split_words("?!") == [] and find(store, "?!") == find(store, "") == find(store, "absent") == []

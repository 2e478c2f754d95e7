"""The words of passages: apart from the answers, to be read only where and while they may be displayed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.gc import collect
from fairtrial.ledger.passages import PassageWords, hash_text, read_passages
from fairtrial.records import GenerateAnswer, GenerateRequest, PassageText, PassageUse, Prompt, TraceStep
from tests.support.ledgers import TASK, candidate_id, filled, make_items

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TEXT = "The ferry to Saltmere sails at noon."
KEY = (hash_text(TEXT), "d1")
WORDS = PassageWords(TEXT, "Ferries")


def make_use(text: str = TEXT, until: str = "", document: str = "d1") -> PassageUse:
    return PassageUse(document, "news/1.md", 0, 36, hash_text(TEXT), kept=PassageText("news", text, "Ferries", until))


def store(ledger: Ledger, *uses: PassageUse, question: str = "When?") -> None:
    answer = GenerateAnswer("At noon.", 3, "stop", 9, trace=(TraceStep("retrieve", passages=uses),))
    ledger.commit("c", Chunk(((GenerateRequest(Prompt(question), 8), answer),)))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.db") as opened:
        opened.add_candidate("c", "c", {})
        yield opened


def test_words_are_kept_once_for_each_document_and_read_by_their_hash(ledger: Ledger) -> None:
    store(ledger, make_use(), make_use(), make_use(document="d2"))
    other = (KEY[0], "d2")
    assert read_passages(ledger, [KEY, other, ("0" * 64, "d1")], NOW) == {KEY: WORDS, other: WORDS}
    assert ledger.connection.execute("SELECT count(*) FROM passages").fetchone() == (2,)
    [(stored,)] = ledger.connection.execute("SELECT answer FROM answers").fetchall()
    assert TEXT not in stored


def test_words_are_not_read_once_they_may_no_longer_be_displayed(ledger: Ledger) -> None:
    store(ledger, make_use(until=NOW.isoformat()))
    assert read_passages(ledger, [KEY], NOW - timedelta(seconds=1)) == {KEY: WORDS}
    assert read_passages(ledger, [KEY], NOW) == {}


def test_words_that_may_not_be_displayed_are_not_in_the_file_and_go_when_that_is_decided(ledger: Ledger) -> None:
    store(ledger, make_use(text=""))
    assert ledger.connection.execute("SELECT title, text FROM passages").fetchall() == [(None, None)]
    store(ledger, make_use(), question="When does it sail?")
    assert read_passages(ledger, [KEY], NOW) == {KEY: WORDS}
    store(ledger, make_use(text=""), question="When does she sail?")
    assert read_passages(ledger, [KEY], NOW) == {}


def test_a_changed_passage_is_damage(ledger: Ledger) -> None:
    store(ledger, make_use())
    assert examine_ledger(ledger.path).sound
    with ledger.transaction() as db:
        db.execute("UPDATE passages SET text = 'Another text.'")
    [damage] = examine_ledger(ledger.path).damages
    assert (damage.table, "its hash names" in damage.problem) == ("passages", True)


def test_passages_go_with_the_last_answer_that_was_made_from_them(ledger: Ledger) -> None:
    store(ledger, make_use())
    with ledger.writing():
        collect(ledger)
    assert ledger.connection.execute("SELECT count(*) FROM passages").fetchone() == (0,)
    assert ledger.path.read_bytes().count(TEXT.encode()) == 0


def test_clearing_up_takes_the_words_that_may_no_longer_be_displayed(tmp_path: Path) -> None:
    rows = [(KEY[0], "over", "2026-01-01T00:00:00.5+01:00"), (KEY[0], "ends", "2999-01-01T00:00:00+00:00")]
    uses = tuple(PassageUse(document, "news/1.md", 0, 36, sha) for sha, document, _ in rows)
    answer = GenerateAnswer("At noon.", 3, "stop", 9, trace=(TraceStep("retrieve", passages=uses),))
    request = GenerateRequest(Prompt("When?"), 8)
    asked = [(TASK, make_items(1)[0].id, 0, (request.id,))]
    with filled(tmp_path / "l.db") as full, full.writing():
        full.commit(candidate_id("a"), Chunk(((request, answer),), asked))
        with full.transaction() as db:
            db.executemany("INSERT INTO passages VALUES (?, ?, 's', ?, 'Tides', 'A text of ' || ?2)", rows)
        assert collect(full, dry_run=True).passages == 1
        assert b"A text of over" in _read(tmp_path)
        assert collect(full).passages == 1
        assert list(full.read("SELECT document, text FROM passages")) == [("ends", "A text of ends"), ("over", None)]
        assert b"A text of over" not in _read(tmp_path)
        assert collect(full).passages == 0


def _read(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.glob("l.db*"))

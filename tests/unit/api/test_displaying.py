"""Rights that change: what may no longer be displayed or quoted goes out of the ledgers that were made before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairtrial.api.displaying import Followed, follow_records
from fairtrial.api.withdrawing import withdraw
from fairtrial.archive.base import Entry, SeenFile
from fairtrial.archive.chunks import cut
from fairtrial.archive.document import Document, Picture
from fairtrial.archive.remembering import Remembered, remember
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.passages import hash_text
from fairtrial.ledger.withdrawing import Withdrawn
from fairtrial.records import GenerateAnswer, GenerateRequest, ImagePart, PassageText, PassageUse, Prompt, TraceStep
from fairtrial.rights import RightsRecord, Terms, Use
from tests.support.archives import BRIDGE, FERRY, agree, deny, embargo

NOW = datetime(2026, 11, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=9)
QUOTING = f"They say: {FERRY.text}"


def fill_ledger(path: Path, *documents: Document, settings: dict[str, object] | None = None, quoted: int = 25) -> None:
    """One answer that repeats the first document, made with the first passages of all."""
    uses = []
    for one in documents:
        for passage in cut(one):
            kept = PassageText(one.source, passage.text, one.title)
            uses.append(PassageUse(one.id, one.uri, 0, 9, hash_text(passage.text), 1, max_words=quoted, kept=kept))
    answer = GenerateAnswer(QUOTING, 9, "stop", 9, trace=(TraceStep("retrieve", passages=tuple(uses)),))
    with Ledger.open(path) as ledger:
        ledger.add_candidate("c", "c", {"levers": [{"retrieve": {"archive": "news.db", **(settings or {})}}]})
        ledger.commit("c", Chunk(((GenerateRequest(Prompt("When?"), 8), answer),)))


def make_world(folder: Path, *documents: Document, **told: object) -> SqliteStore:
    """An archive of documents, each from a file of its own, and a ledger that was made with it."""
    fill_ledger(folder / "l.db", *documents, **told)  # type: ignore[arg-type]
    store = SqliteStore(folder / "news.db", create=True)
    for one in documents:
        add(store, one)
    store.remember_ledger(str(folder / "l.db"))
    return store


def add(store: SqliteStore, one: Document) -> None:
    """Add a document, as what its file has now."""
    file = SeenFile(one.uri, one.source, one.id, "b", documents=1)
    with store.writing():
        images = {ImagePart.of(b"1", "image/png").hash: b"1"}
        store.add([Entry(one, cut(one), path=one.uri, reading=one.id)], images, [file])


def change(store: SqliteStore, records: dict[str, RightsRecord], at: datetime = NOW) -> Followed:
    found = Followed()
    with store.writing():
        store.put_rights(records)
        follow_records(store, at, found)
    return found


def read_rows(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """Text and end of display by document."""
    with Ledger.open(folder / "l.db", create=False) as ledger:
        return {row[0]: row[1:] for row in ledger.read("SELECT document, text, display_until FROM passages")}


def has(folder: Path, text: str) -> bool:
    """Whether any file of the ledger has a text."""
    return any(text.encode() in one.read_bytes() for one in folder.glob("l.db*"))


def test_words_that_may_no_longer_be_displayed_leave_no_byte_and_answers_stay(tmp_path: Path) -> None:
    with make_world(tmp_path, FERRY, BRIDGE) as store:
        assert change(store, {}) == Followed(looked=1)
        assert has(tmp_path, FERRY.title) and has(tmp_path, BRIDGE.title)
        found = change(store, {FERRY.id: deny(Use.DISPLAY)})
        assert found.ledgers == {str(tmp_path / "l.db"): Withdrawn(passages=1)}
        assert not has(tmp_path, FERRY.title) and has(tmp_path, BRIDGE.title)
        assert read_rows(tmp_path)[FERRY.id] == (None, None)
        assert has(tmp_path, QUOTING), "quoting is still permitted"
        assert change(store, {}) == Followed(looked=1), "nothing is left to do"
    assert examine_ledger(tmp_path / "l.db").sound


@pytest.mark.parametrize("shown", [True, False])
def test_answers_that_repeat_what_may_no_longer_be_quoted_give_way_to_their_hash(tmp_path: Path, shown: bool) -> None:
    denied = deny(Use.QUOTE) if shown else deny(Use.QUOTE, Use.DISPLAY)
    with make_world(tmp_path, FERRY) as store:
        [gone] = change(store, {FERRY.id: denied}).ledgers.values()
        assert (gone.passages, gone.answers) == (int(not shown), 1)
        assert has(tmp_path, FERRY.title) == shown
        assert not has(tmp_path, QUOTING) and has(tmp_path, hash_text(QUOTING))
        assert change(store, {}).ledgers == {}, "nothing is left to do"


def test_an_answer_that_was_never_allowed_to_quote_is_not_looked_through(tmp_path: Path) -> None:
    with make_world(tmp_path, FERRY, quoted=0) as store:
        assert change(store, {FERRY.id: deny(Use.QUOTE)}).ledgers == {}


def test_another_end_of_a_permission_is_noted(tmp_path: Path) -> None:
    end = NOW + timedelta(days=1)
    with make_world(tmp_path, FERRY) as store:
        change(store, {FERRY.id: agree(terms=Terms(valid_until=end))})
        assert read_rows(tmp_path)[FERRY.id] == (FERRY.text, end.isoformat())
        assert change(store, {FERRY.id: agree()}).ledgers == {}
        assert read_rows(tmp_path)[FERRY.id] == (FERRY.text, None)


def test_a_candidate_for_whom_it_is_still_permitted_keeps_it(tmp_path: Path) -> None:
    silent = agree(Use.AI_INPUT, Use.SEARCH, Use.QUOTE)
    with make_world(tmp_path, replace(FERRY, rights=silent), settings={"profile": "own-archive"}) as store:
        assert change(store, {}).ledgers == {}
        assert change(store, {FERRY.id: deny(Use.DISPLAY)}).ledgers != {}


def test_other_circumstances_of_the_archive_count(tmp_path: Path) -> None:
    with make_world(tmp_path, replace(FERRY, rights=agree(terms=Terms(territories=frozenset({"DE"}))))) as store:
        remember(store, Remembered(territory="DE"))
        assert change(store, {}).ledgers == {}
        remember(store, Remembered(territory="US"))
        assert change(store, {}).ledgers != {}


@pytest.mark.parametrize(("record", "goes"), [(deny(Use.DISPLAY), True), (embargo(LATER), False), (agree(), False)])
def test_an_older_version_goes_with_the_newer_one(tmp_path: Path, record: RightsRecord, goes: bool) -> None:
    newer = replace(FERRY, text=f"{FERRY.text} Again.", rights=record)
    with make_world(tmp_path, FERRY) as store:
        add(store, newer)
        assert not next(one for one in store.list_holdings() if one.id == FERRY.id).current
        assert (change(store, {}).ledgers != {}) == goes


def test_a_picture_has_rights_of_its_own(tmp_path: Path) -> None:
    picture = Picture(
        ImagePart.of(b"1", "image/png"), caption="A boat under a bridge at dawn", rights=deny(Use.DISPLAY)
    )
    pictured = replace(FERRY, pictures=(picture,))
    with make_world(tmp_path, pictured) as store:
        [gone] = change(store, {}).ledgers.values()
        assert gone.passages == 1
    assert not has(tmp_path, picture.caption) and has(tmp_path, FERRY.text)


def test_ledgers_that_cannot_be_reached_are_named_and_others_are_not_touched(tmp_path: Path) -> None:
    with make_world(tmp_path, FERRY) as store:
        store.remember_ledger(str(tmp_path / "gone.db"))
        (tmp_path / "no.db").write_text("no ledger")
        store.remember_ledger(str(tmp_path / "no.db"))
        with Ledger.open(tmp_path / "l.db") as ledger, ledger.writing():
            found = change(store, {FERRY.id: deny(Use.DISPLAY)})
        assert sorted(found.unreached) == [str(tmp_path / name) for name in ("gone.db", "l.db", "no.db")]
        assert change(store, {}).ledgers == {str(tmp_path / "l.db"): Withdrawn(passages=1)}


def test_a_second_withdrawal_takes_no_answer_that_the_first_one_left(tmp_path: Path) -> None:
    with make_world(tmp_path, FERRY, BRIDGE) as store:
        assert store.list_ledgers()
    first = withdraw(str(tmp_path / "news.db"), [BRIDGE.uri])
    again = withdraw(str(tmp_path / "news.db"), [BRIDGE.uri])
    assert [one.ledgers[str(tmp_path / "l.db")] for one in (first, again)] == [Withdrawn(passages=1), Withdrawn()]
    assert has(tmp_path, QUOTING) and not has(tmp_path, BRIDGE.title)

"""Withdrawal, proved: planted sentences are found nowhere in the files of archive and ledger, in any encoding."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.api.running import run
from fairtrial.api.withdrawing import withdraw
from fairtrial.archive.adding import Rules, add_files
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.errors import ArchiveError, LedgerError
from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.answers import read_requests
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.passages import hash_text
from fairtrial.ledger.withdrawing import clean_file
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Observation,
    PassageText,
    PassageUse,
    Prompt,
    TraceStep,
)
from fairtrial.rights import Circumstances

PLANTED = "Zyrkonia quibbled while seven lanterns drifted over the Marnbeck weir at dusk"
HEADLINE = "Quondam heron resigns from the Vellmouth bench"
SAFE = "The council of Saltmere met and voted for a new bridge over the river on Monday"
RULES = Rules(Circumstances(datetime(2026, 11, 2, tzinfo=UTC), profile="own-archive"))


def search_bytes(folder: Path, *sentences: str) -> list[str]:
    """Name the files that hold a sentence: in UTF-8 or UTF-16, as it is or in anything that zlib has packed."""
    needles = [s.encode(code) for s in sentences for code in ("utf-8", "utf-16-le", "utf-16-be")]
    found = []
    for file in sorted(one for one in folder.iterdir() if one.is_file()):
        data = file.read_bytes()
        starts = [at for at in range(len(data) - 1) if data[at] == 0x78 and data[at + 1] in (0x01, 0x5E, 0x9C, 0xDA)]
        texts = [data, *(_unpack(data[at : at + 200_000]) for at in starts)]
        if any(needle in text for needle in needles for text in texts):
            found.append(file.name)
    return found


def read_requests_text(path: Path) -> str:
    """All requests of a ledger, packed ones with what they start from."""
    with Ledger.open(path, create=False) as ledger:
        names = [row[0] for row in ledger.read("SELECT id FROM requests")]
        return "\n".join(map(str, read_requests(ledger, names).values()))


def _unpack(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return b""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of articles, and beside it, in a folder of its own, an archive of them with vectors."""
    news, held = tmp_path / "news", tmp_path / "held"
    (news / "wire").mkdir(parents=True)
    held.mkdir()
    (news / "a.md").write_text(f"---\ntitle: {HEADLINE}\n---\n# {HEADLINE}\n\n{PLANTED}.\n\nMore of it.\n")
    (news / "b.md").write_text(f"# Bridge\n\n{SAFE}.\n")
    (news / "wire" / "c.txt").write_text(f"{PLANTED}, said the wire.\n")
    with SqliteStore(held / "news.db", create=True) as store, store.writing():
        add_files(store, [news], RULES)
    return tmp_path


def fill_ledger(path: Path, document: str) -> None:
    """Answers that repeat the planted sentence in text, thought, prompt or a judge's request, and one that does not."""
    use = PassageUse(document, "a.md", 0, 9, hash_text(PLANTED), kept=PassageText("news", PLANTED, HEADLINE))
    step = TraceStep("retrieve", prompt=f"Sources: {PLANTED}. Question: who?", passages=(use,))
    quoting = GenerateAnswer(f"It says: {PLANTED}!", 9, "stop", 9, trace=(step,), thought=f"Hm, {PLANTED}")
    asked = GenerateRequest(Prompt("Who quibbled?"), 8)
    judged = GenerateRequest(Prompt(f"Judge this: {PLANTED}"), 8)
    other = GenerateRequest(Prompt("Who voted?"), 8)
    harmless = GenerateAnswer(f"{SAFE}.", 9, "stop", 9)
    with Ledger.open(path) as ledger:
        ledger.add_candidate("c", "c", {})
        answers = ((asked, quoting), (judged, GenerateAnswer("yes", 1, "stop", 9)), (other, harmless))
        seen = Observation("accuracy", 1.0)
        ledger.commit("c", Chunk(answers, observations=[("t", "i", 0, seen)]))


def test_planted_sentences_are_found_nowhere_after_a_withdrawal(place: Path) -> None:
    archive, ledger = place / "held" / "news.db", place / "held" / "ledger.db"
    with SqliteStore(archive) as store:
        (document,) = store.find_documents("a.md")
    fill_ledger(ledger, document.id)
    assert search_bytes(place / "held", PLANTED) == ["ledger.db", "news.db"], "the search finds what is there"
    assert PLANTED in read_requests_text(ledger)
    found = withdraw(str(archive), ["a.md", "wire/c.txt"], [ledger, place / "gone.db"])
    assert search_bytes(place / "held", PLANTED, HEADLINE, "Zyrkonia", "zyrkonia", "quondam", "Marnbeck") == []
    assert search_bytes(place / "held", SAFE) == ["ledger.db", "news.db"]
    assert PLANTED not in read_requests_text(ledger)
    assert (len(found.documents), found.texts) == (2, 2)
    told = found.ledgers[str(ledger)]
    assert (told.passages, told.answers, told.requests) == (1, 1, 1)
    assert list(found.unreached) == [str(place / "gone.db")]


def test_hashes_decisions_and_grades_stay(place: Path) -> None:
    archive, ledger = place / "held" / "news.db", place / "held" / "ledger.db"
    with SqliteStore(archive) as store:
        (document,) = store.find_documents("a.md")
    fill_ledger(ledger, document.id)
    withdraw(str(archive), [document.id], [ledger])
    assert examine_ledger(ledger).sound
    with Ledger.open(ledger, create=False) as opened:
        texts = [row[0] for row in opened.read("SELECT answer FROM answers")]
        assert sum(hash_text(PLANTED) in text for text in texts) == 1, "the trace names the passage"
        assert sum(f"sha256 {hash_text(f'It says: {PLANTED}!')}" in text for text in texts) == 1
        assert list(opened.read("SELECT value FROM observations")) == [(1.0,)]
    with SqliteStore(archive) as store:
        held = {one.uri: one.keep for one in store.list_holdings()}
        assert held == {"a.md": "withdrawn", "b.md": "words", "wire/c.txt": "words"}
        assert store.check() == []
        assert list(store.list_ledgers()) == [str(ledger)]


def test_a_source_goes_as_a_whole_and_does_not_come_back(place: Path) -> None:
    archive = place / "held" / "news.db"
    with SqliteStore(archive) as store, store.writing():
        add_files(store, [place / "news" / "b.md"], RULES)
    found = withdraw(str(archive), [str(place / "news")])
    assert [one.uri for one in found.staying] == ["b.md"]
    assert search_bytes(place / "held", PLANTED, HEADLINE) == []
    with SqliteStore(archive) as store, store.writing():
        told = add_files(store, [place / "news"], RULES)
        assert (told.documents.new, store.check()) == (0, [])
    assert search_bytes(place / "held", PLANTED, HEADLINE) == []


def test_a_ledger_that_comes_back_later_loses_the_words_of_answers_whose_text_nobody_has_any_more(place: Path) -> None:
    archive, ledger = place / "held" / "news.db", place / "held" / "ledger.db"
    with SqliteStore(archive) as store:
        (document,) = store.find_documents("a.md")
        store.remember_ledger(str(ledger))
    assert list(withdraw(str(archive), [document.id]).unreached) == [str(ledger)]
    fill_ledger(ledger, document.id)
    again = withdraw(str(archive), [document.id])
    assert (again.texts, again.ledgers[str(ledger)].answers) == (0, 1)
    assert search_bytes(place / "held", HEADLINE) == []
    assert "ledger.db" not in search_bytes(place / "held", PLANTED)


def test_a_dry_run_changes_nothing_and_unknown_names_are_refused(place: Path) -> None:
    archive = place / "held" / "news.db"
    before = archive.read_bytes()
    assert len(withdraw(str(archive), [str(place / "news")], dry_run=True).documents) == 3
    assert archive.read_bytes() == before
    with pytest.raises(ArchiveError, match="no document"):
        withdraw(str(archive), ["c.md"])


TRIAL = """
name: news
candidates:
  - {id: closed, model: "fake:a", decoding: {max_tokens: 12}}
  - id: open
    model: "fake:a"
    decoding: {max_tokens: 12}
    levers: [{retrieve: {archive: held/news.db, profile: own-archive}}]
tasks: [{file: q.csv}]
"""


def test_a_trial_with_an_archive_is_found_by_a_withdrawal(place: Path) -> None:
    (place / "q.csv").write_text("question,answer\nWho quibbled over the Marnbeck weir?,Zyrkonia\n")
    (place / "t.yaml").write_text(TRIAL)
    ledger = place / "held" / "trial.db"
    run(place / "t.yaml", ledger)
    assert "trial.db" in search_bytes(place / "held", PLANTED)
    found = withdraw(str(place / "held" / "news.db"), ["a.md", "wire/c.txt"])
    assert list(found.ledgers) == [str(ledger)]
    assert found.ledgers[str(ledger)].passages > 0
    assert search_bytes(place / "held", PLANTED, HEADLINE) == []
    assert examine_ledger(ledger).sound


def test_a_withdrawal_that_was_stopped_before_the_file_was_written_anew_is_finished_by_the_next_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = place / "held"
    with SqliteStore(held / "news.db") as store:
        document = store.find_documents("a.md")[0].id
    fill_ledger(held / "trial.db", document)

    calls: list[Ledger] = []

    def fail_at_first(ledger: Ledger) -> None:
        calls.append(ledger)
        if len(calls) == 1:
            raise LedgerError("another process is reading")
        clean_file(ledger)

    monkeypatch.setattr("fairtrial.ledger.withdrawing.clean_file", fail_at_first)
    news = str(place / "news")
    assert len(withdraw(str(held / "news.db"), [news], [held / "trial.db"]).unreached) == 1
    again = withdraw(str(held / "news.db"), [news], [held / "trial.db"])
    assert (len(calls), again.unreached, search_bytes(held, PLANTED, HEADLINE)) == (2, {}, [])


def test_what_was_withdrawn_by_its_file_is_found_by_it_again_so_that_other_ledgers_can_follow(place: Path) -> None:
    archive, file = str(place / "held" / "news.db"), str(place / "news" / "a.md")
    first, again = withdraw(archive, [file]), withdraw(archive, [file])
    assert (first.texts, again.texts) == (1, 0)
    assert [one.id for one in again.documents] == [one.id for one in first.documents]

"""The archive written as files: read back they are the same documents, and their rights decide as they are meant to."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.archive.readers import FoundDocument, Refused, read_documents
from fairtrial.errors import ArchiveError
from fairtrial.images import decode
from fairtrial.rights import Circumstances, RightsRecord, Use, decide
from fairtrial.rights.agreements import load_agreements
from fairtrial.tasks.newsroom.archive import build_newsroom
from fairtrial.tasks.newsroom.documents import list_documents
from fairtrial.tasks.newsroom.outlets import MOST_WORDS
from fairtrial.tasks.newsroom.picturing import draw_picture
from fairtrial.tasks.newsroom.writing import AGREEMENTS, ARTICLES, write_example

SEEN = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "news"
    written = write_example(folder, 1234)
    assert sum(written.documents.values()) == len(build_newsroom(1234).articles)
    return folder


@pytest.fixture(scope="module")
def read(folder: Path) -> list[FoundDocument]:
    """All documents, of the courier and the post a few, since pages are slow to read."""
    for paper in ("courier", "post"):
        for path in sorted((folder / ARTICLES / paper).glob("*.html"))[30:]:
            path.unlink()
    found = list(read_documents(folder / ARTICLES, seen=SEEN, source="newsroom"))
    assert [(one.where, str(one.problem)) for one in found if isinstance(one, Refused)] == []
    return [one for one in found if isinstance(one, FoundDocument)]


def test_documents_are_read_back_as_they_were_made(read: list[FoundDocument]) -> None:
    made = {one.document.id: one for one in list_documents(build_newsroom(1234))}
    assert {one.document.id for one in read} <= set(made)
    missing = Counter(made[id].article.outlet for id in set(made) - {one.document.id for one in read})
    assert set(missing) == {"courier", "post"}
    for one in read:
        assert list(one.images.values()) == [made[one.document.id].image] * bool(one.document.pictures)
        assert one.document.notes == ()


def test_rights_decide_as_the_publishers_say(folder: Path, read: list[FoundDocument]) -> None:
    made = {one.document.id: one.article for one in list_documents(build_newsroom(1234))}
    table = load_agreements(folder / AGREEMENTS)
    circumstances = Circumstances(datetime(2026, 11, 1, tzinfo=UTC), "DE", "commercial")
    decided = defaultdict(set)
    for one in read:
        article, document = made[one.document.id], one.document
        record = RightsRecord(
            (*document.rights.evidence, *table.find(document.uri, document.publisher, document.source, SEEN))
        )
        for use in (Use.AI_INPUT, Use.QUOTE, Use.TRAIN):
            decision = decide(use, record, circumstances)
            decided[article.outlet, article.embargoed, use].add((decision.allowed, decision.duties.max_words))
    usable = {
        (outlet, embargoed)
        for (outlet, embargoed, use), said in decided.items()
        if said != {(False, None)} and use is Use.AI_INPUT
    }
    assert usable == {("courier", False), ("chronicle", False), ("uferbote", False), ("whistle", False)}
    assert decided["chronicle", False, Use.QUOTE] == {(True, MOST_WORDS)}
    assert decided["chronicle", False, Use.TRAIN] == {(False, None)}


def test_the_same_seed_writes_the_same_files(folder: Path, tmp_path: Path) -> None:
    write_example(tmp_path / "again", 1234)
    again = {path.relative_to(tmp_path / "again"): path for path in (tmp_path / "again").rglob("*") if path.is_file()}
    assert len(again) > 300
    for path in folder.rglob("*"):
        assert path.is_dir() or path.read_bytes() == again[path.relative_to(folder)].read_bytes()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ArchiveError, match="not an empty folder"):
        write_example(tmp_path, 1234)
    with pytest.raises(ArchiveError, match="not an empty folder"):
        write_example(tmp_path / "mine.txt", 1234)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_pictures_can_be_opened_and_differ() -> None:
    files = {draw_picture(7, number) for number in range(12)}
    assert len(files) == 12
    assert {decode(file).pixels.shape for file in files} == {(72, 112, 3)}

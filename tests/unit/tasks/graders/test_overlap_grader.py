"""`overlap`: what of an answer stands word for word in the row's texts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fairtrial.archive.base import Entry
from fairtrial.archive.document import Document, Passage
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.errors import ArchiveError, DataError
from fairtrial.spec.graders import Graders
from fairtrial.tasks.graders.base import GraderSet, make_graders

READ: TypeAdapter[Any] = TypeAdapter(Graders)
ONE = "one two three four five six seven eight nine ten"
OTHER = "alpha beta gamma delta epsilon zeta eta theta"


def graders_of(written: object) -> GraderSet:
    return make_graders(READ.validate_python(written))


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        (ONE, {"overlap_run": (10, 1), "overlap_8gram": (1, 3)}),
        (f"They said: “{ONE.upper()}!” and left", {"overlap_run": (10, 1), "overlap_8gram": (3 / 7, 7)}),
        (f"{ONE} so {OTHER}", {"overlap_run": (10, 1), "overlap_8gram": (3 / 12, 12)}),
        ("seven eight nine of the others", {"overlap_run": (3, 1)}),
        ("nothing like it", {"overlap_run": (0, 1)}),
        ("", {"overlap_run": (0, 1)}),
    ],
)
def test_the_text_that_is_repeated_most_counts(answer: str, values: dict[str, tuple[float, float]]) -> None:
    graders = graders_of({"overlap": "articles"})
    seen = graders.observe(answer, [], {"articles": [ONE, OTHER]})
    assert {one.measure: (one.value, one.weight) for one in seen} == values
    assert all(measure.higher_is_better is False for measure in graders.measures)


def test_a_row_without_a_text_and_a_grader_without_a_column_are_refused() -> None:
    with pytest.raises(DataError, match="grader overlap: the column 'article' is empty"):
        graders_of({"overlap": "article"}).check_row([], {"article": ""})
    with pytest.raises(ValidationError, match="overlap needs a column with texts, or an archive"):
        graders_of("overlap")


@pytest.fixture
def archive(tmp_path: Path) -> str:
    with SqliteStore(tmp_path / "news.db", create=True) as store:
        documents = [Document("a.md", "feed", ONE, title="The counting house"), Document("b.md", "feed", OTHER)]
        store.add([Entry(one, [Passage(one.id, 0, 0, len(one.text), (), one.text)]) for one in documents])
    return str(tmp_path / "news.db")


def values_of(graders: GraderSet, answer: str, row: dict[str, Any]) -> dict[str, float]:
    graders.check_row([], row)
    return {one.measure: one.value for one in graders.observe(answer, [], row)}


def test_an_archive_is_compared_as_a_whole_or_as_far_as_a_row_names_it(archive: str) -> None:
    whole = graders_of({"overlap": {"archive": archive}})
    assert values_of(whole, f"so: {OTHER}", {}) == {"overlap_run": 8, "overlap_8gram": 0.5}
    assert values_of(whole, "seven words are too few, one two three", {}) == {"overlap_run": 0, "overlap_8gram": 0}
    named = graders_of({"overlap": {"archive": archive, "column": "relevant"}})
    row = {"relevant": "a.md#0-9"}
    assert values_of(named, f"so: {OTHER}", row) == {"overlap_run": 0, "overlap_8gram": 0}
    assert values_of(named, "the counting house of one two three", row) == {"overlap_run": 3}
    assert values_of(named, ONE, {"relevant": []}) == {"overlap_run": 0, "overlap_8gram": 0}
    with pytest.raises(DataError, match=r"grader overlap: the archive has no text of a document 'c\.md'"):
        named.check_row([], {"relevant": ["a.md", "c.md"]})


def test_what_is_in_the_archive_is_part_of_the_grader_and_where_it_is_is_not(archive: str, tmp_path: Path) -> None:
    before = graders_of({"overlap": {"archive": archive}}).document()
    (tmp_path / "moved").mkdir()
    moved = str(shutil.copy(archive, tmp_path / "moved" / "other.db"))
    assert graders_of({"overlap": {"archive": moved}}).document() == before
    with SqliteStore(archive) as store:
        store.withdraw([store.find_documents("a.md")[0].id])
    assert graders_of({"overlap": {"archive": archive}}).document() != before
    with pytest.raises(ArchiveError, match="there is no archive"):
        graders_of({"overlap": {"archive": str(tmp_path / "none.db")}})

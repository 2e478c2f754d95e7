"""The invented jurisdiction: rules by seed, documents, the questions about them, and files that an archive reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.archive.readers.found import SourceFile
from fairtrial.archive.readers.markdown import read_markdown
from fairtrial.errors import ArchiveError
from fairtrial.tasks.harms.elections.documents import find_place, write_documents
from fairtrial.tasks.harms.elections.files import NOTICES, write_notices
from fairtrial.tasks.harms.elections.questions import ask_procedures
from fairtrial.tasks.harms.elections.showing import show_documents
from fairtrial.tasks.harms.elections.world import FLAGS, draw_jurisdiction

SEEDS = (1234, 1, 2, 3, 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_date_time_or_place_stands_for_two_rules(seed: int) -> None:
    values = draw_jurisdiction(seed).values.values()
    for kind in ("date", "time", "place", "thing"):
        keys = [value.key for value in values if value.kind == kind]
        assert len(keys) == len(set(keys))


def test_another_seed_has_other_rules() -> None:
    days = {draw_jurisdiction(seed).values["election_day"].key for seed in range(20)}
    flags = {tuple(draw_jurisdiction(seed).values[flag].key for flag in FLAGS) for seed in range(20)}
    assert len(days) > 10
    assert len(flags) > 15


def test_the_corrected_day_is_a_sunday_and_the_first_one_a_week_earlier() -> None:
    values = draw_jurisdiction(1234).values
    day, old = (datetime.fromisoformat(values[name].key) for name in ("election_day", "old_election_day"))
    assert day.weekday() == 6
    assert (day - old).days == 7


@pytest.mark.parametrize("seed", SEEDS)
def test_each_answer_stands_where_its_question_says(seed: int) -> None:
    documents = write_documents(seed)
    texts = {one.uri: one.text for one in documents.values()}
    for one in ask_procedures(seed):
        told = ""
        for place in one.needs:
            uri, _, span = place.partition("#")
            start, end = map(int, span.split("-"))
            told += texts[uri][start:end]
        values = [part for part in one.parts if part[0].kind != "yesno"]
        missing = [part[0].text for part in values if not any(value.text in told for value in part)]
        assert missing == []


def test_what_replaces_a_rule_stands_in_the_later_document() -> None:
    documents = write_documents(1234)
    names = [find_place(documents, rule)[0].name for rule in ("election_day", "registration_deadline", "place_2")]
    assert names == ["calendar_correction", "registration_correction", "places_correction"]


def test_every_question_is_asked_once_and_yes_is_as_frequent_as_no_over_seeds() -> None:
    asked = [one for seed in range(8) for one in ask_procedures(seed)]
    texts = [one.text for one in ask_procedures(1234)]
    assert len(texts) == len(set(texts)) > 200
    said = [one.parts[0][0].key for one in asked if one.asked == ("yesno",)]
    assert 0.45 < said.count("yes") / len(said) < 0.55


def test_documents_before_a_question_hold_the_needed_ones_and_others() -> None:
    land, documents = draw_jurisdiction(1234), write_documents(1234)
    shown = show_documents(land, documents, ["calendar_correction", "calendar"])
    assert shown == show_documents(land, documents, ["calendar_correction", "calendar"])
    assert len(shown.numbers) == 2
    assert documents["calendar_correction"].text in shown.system
    assert shown.system.count("(published on") == 3


def test_files_are_read_back_word_for_word_with_rights(tmp_path: Path) -> None:
    written = write_notices(tmp_path / "land", 7)
    files = sorted((tmp_path / "land" / NOTICES).iterdir())
    texts = {one.uri: one.text for one in write_documents(7).values()}
    assert written.documents == len(files) == len(texts) == 15
    for path in files:
        [draft] = read_markdown(SourceFile(path.read_bytes(), str(path), datetime.now(UTC)))
        assert draft.text.strip() == texts[draft.uri]
        assert any(statement.says == "allow" for evidence in draft.evidence for statement in evidence.statements)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ArchiveError, match="not an empty folder"):
        write_notices(tmp_path, 7)

"""Words and grams of texts: what counts as the same, what does not, and the file that is kept of them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from fairtrial.curation.base import ConversationTurn, RowOrigin, TrainingRow
from fairtrial.curation.contamination.grams import (
    KINDS,
    READER,
    collect_grams,
    list_grams,
    list_text_grams,
    look_up,
    make_word_grams,
    open_grams,
    write_grams,
)
from fairtrial.curation.contamination.short import cut_pieces, list_short_keys, make_short_keys
from fairtrial.curation.contamination.words import split_words
from fairtrial.errors import FairtrialError

TEXT = "The ferry to Harrow leaves at nine each morning and comes back before dark, unless the wind is from the north."


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("Don\u2019t PANIC!", "dont panic"),
        ("<p>The&nbsp;ferry</p>\n<b>leaves</b>", "The ferry leaves"),
        ('{"q": "The ferry\\nleaves \\u0061t nine"}', "q the ferry leaves at nine"),
        ("fer\u00adry le\u200baves", "ferry leaves"),
        ("\uff34\uff48\uff45 ferry", "The ferry"),
        ("1,234,567 boats", "1234567 boats"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_dress_does_not_count(written: str, same: str) -> None:
    assert READER.read(written).plain.tolist() == READER.read(same).plain.tolist()


def test_words_of_scripts_without_spaces_and_with_marks() -> None:
    assert split_words("\u65e5\u672c\u8a9e") == ["\u65e5", "\u672c", "\u8a9e"]
    assert split_words("\u0928\u092e\u0938\u094d\u0924\u0947 x_y") == ["\u0928\u092e\u0938\u094d\u0924\u0947", "x", "y"]


@pytest.mark.parametrize(("kind", "width"), [("thirteen", 13), ("eight", 8)])
def test_runs_of_words_match_where_the_words_do(kind: str, width: int) -> None:
    rng = random.Random(5)
    words = [[f"w{rng.randrange(40)}" for _ in range(200)] for _ in range(2)]
    made = [make_word_grams(kind, READER.read(" ".join(one))).tolist() for one in words]  # type: ignore[arg-type]
    runs = [[tuple(one[at : at + width]) for at in range(200 - width + 1)] for one in words]
    assert [len(set(one)) for one in made] == [len(set(one)) for one in runs]
    number_of = dict(zip(runs[0] + runs[1], made[0] + made[1], strict=True))
    assert len(set(number_of.values())) == len(number_of)
    assert [number_of[one] for one in runs[0]] == made[0]


def test_names_and_numbers_count_as_the_same_in_one_kind_alone() -> None:
    one = READER.read("On Monday Anna carried 12 crates of apples from the barn to the mill")
    other = READER.read("On Friday Ben carried 7 crates of apples from the barn to the mill")
    assert make_word_grams("changed", one).tolist() == make_word_grams("changed", other).tolist()
    assert make_word_grams("eight", one).tolist() != make_word_grams("eight", other).tolist()
    assert len(make_word_grams("changed", READER.read("Anna Bell And Carl Dunn Met Emil Frey"))) == 0


def test_phrases_in_another_order_count_as_the_same_in_one_kind_alone() -> None:
    one = READER.read("carried crates of apples across")
    other = READER.read("across the apples: crates, carried")
    assert len(make_word_grams("near", one)) == 1
    assert make_word_grams("near", one).tolist() == make_word_grams("near", other).tolist()


def test_pieces_are_cut_at_what_separates_them_and_labels_go() -> None:
    assert list(cut_pieces("Question: What is the capital of Peru?\nA. Rome\n(b) Lima\nAnswer: B")) == [
        ("what", "is", "the", "capital", "of", "peru", "?"),
        ("rome",),
        ("lima",),
        ("b",),
    ]
    assert list(cut_pieces('{"question": "Capital of Peru?", "answer": "Lima"}')) == [
        ("capital", "of", "peru", "?"),
        ("lima",),
    ]
    assert list(cut_pieces("| Capital of Peru? | Lima |")) == [("capital", "of", "peru", "?"), ("lima",)]
    assert list(cut_pieces(TEXT)) == [()]


@pytest.mark.parametrize(
    ("row", "held"),
    [
        (["What is 7 - 2?", "5"], True),
        (["what is 7-2?\nA. 9\nB. 5\nC. 3", "B"], True),
        (["What is 7 - 2?", "It is 5."], True),
        (["What is 7 + 2?", "5"], False),
        (["What is 7 - 2?", "9"], False),
        (["5", "What is 7 - 2?"], False),
    ],
)
def test_a_short_question_is_held_with_its_answer_alone(row: list[str], held: bool) -> None:
    keys = make_short_keys("What is 7 - 2?", "5")
    assert len(keys) == 1
    assert bool(np.isin(keys, list_short_keys(row)).all()) is held


def test_a_long_question_has_no_short_keys() -> None:
    assert len(make_short_keys(TEXT, "5")) == 0
    assert len(make_short_keys("Who left?", TEXT)) == 0
    assert len(make_short_keys("Ben ran. Who ran?", "Ben")) == 2


def test_grams_of_a_row_are_those_of_its_texts() -> None:
    row = TrainingRow(
        RowOrigin("chats.jsonl", 1),
        messages=(ConversationTurn("user", TEXT), ConversationTurn("assistant", "At nine.")),
    )
    assert list_grams(row).tolist() == list_text_grams([TEXT, "At nine."]).tolist()
    assert len(np.unique(list_grams(row))) > len(KINDS)


def test_no_gram_goes_from_one_text_to_the_next() -> None:
    words = TEXT.split()
    halves = [" ".join(words[:7]), " ".join(words[7:14])]
    assert len(make_word_grams("eight", READER.read(" ".join(halves)))) == 7
    assert not np.isin(make_word_grams("eight", READER.read(TEXT)), list_text_grams(halves)).any()


def test_a_file_of_grams_is_the_same_in_any_order(tmp_path: Path) -> None:
    rows = [[f"{TEXT} Number {n}."] for n in range(50)]
    for name, order in (("a", rows), ("b", rows[::-1] + rows[:9])):
        write_grams(collect_grams(order), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    found = open_grams(tmp_path / "a")
    assert look_up(list_text_grams(rows[3]), found).all()
    other = list_text_grams(["Something else of more than a few words was said there, and that is all."])
    assert look_up(other, found).sum() == 1  # the number that stands for the version


def test_grams_of_another_version_are_refused(tmp_path: Path) -> None:
    write_grams(np.array([5, 9], np.uint64), tmp_path / "other.bin")
    with pytest.raises(FairtrialError, match="another version"):
        open_grams(tmp_path / "other.bin")


@pytest.mark.parametrize("content", [b"1234567", np.array([3, 2], "<u8").tobytes(), np.array([2, 2], "<u8").tobytes()])
def test_a_damaged_file_of_grams_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "grams.bin").write_bytes(content)
    with pytest.raises(FairtrialError, match="damaged"):
        open_grams(tmp_path / "grams.bin")


def test_no_grams_are_no_fault(tmp_path: Path) -> None:
    write_grams(collect_grams([]), tmp_path / "grams.bin")
    assert not look_up(list_text_grams([TEXT]), open_grams(tmp_path / "grams.bin")).any()
    with pytest.raises(FairtrialError, match="cannot be read"):
        open_grams(tmp_path / "none.bin")

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.archive.blocks import LONGEST_HEADING, find_sections
from fairtrial.archive.chunks import Cutting, cut, describe_picture, write_indexed
from fairtrial.archive.document import Document, Picture
from fairtrial.archive.sentences import find_sentence_spans
from fairtrial.records import ImagePart

ARTICLE = """The ferry stays in port until Monday.

# What happened

Dr. Ek said the pump failed at 6.30 a.m. on Friday. A second pump arrived on Saturday.

The harbour office has refunded 214 tickets.

## Fares

| Route | Fare |
|-------|------|
| North | 4.10 |
| South | 3.80 |

# Next

- Monday: trial crossing
- Tuesday: full timetable

# More to come
"""

TABLE = "| Ward | Votes |\n|---|---|\n" + "\n".join(f"| Ward {n} | {n * 37} |" for n in range(40))


def make(text: str, title: str = "Ferry", pictures: tuple[Picture, ...] = ()) -> Document:
    return Document("https://example.org/ferry", "files", text, title, pictures=pictures)


def test_passages_stand_under_their_headings() -> None:
    passages = cut(make(ARTICLE))
    assert [(one.headings, one.text.split("\n")[0]) for one in passages] == [
        ((), "The ferry stays in port until Monday."),
        (("What happened",), "Dr. Ek said the pump failed at 6.30 a.m. on Friday. A second pump arrived on Saturday."),
        (("What happened", "Fares"), "| Route | Fare |"),
        (("Next",), "- Monday: trial crossing"),
        ((), "# More to come"),
    ]
    assert passages[1].text.endswith("214 tickets.")
    assert [one.index for one in passages] == [0, 1, 2, 3, 4]


def test_a_long_paragraph_is_cut_between_sentences_and_the_last_two_pieces_are_evened_out() -> None:
    text = " ".join(f"Sentence number {n} says a little about the harbour." for n in range(9))
    passages = cut(make(text), Cutting(200))
    assert all(one.text.endswith("harbour.") and one.text.startswith("Sentence") for one in passages)
    sizes = [len(one.text) for one in passages]
    assert max(sizes) <= 200 and sizes[-1] >= 150


def test_a_table_is_kept_whole_where_it_fits_else_cut_between_rows_under_its_head() -> None:
    text = f"Before.\n\n{TABLE}\n\nAfter."
    assert TABLE in [one.text for one in cut(make(text), Cutting(len(TABLE)))]
    pieces = [one for one in cut(make(text), Cutting(200)) if one.text.startswith("|")]
    assert len(pieces) > 3
    assert all(row.endswith("|") for one in pieces for row in one.text.split("\n"))
    assert pieces[0].headings == () and {one.headings for one in pieces[1:]} == {("Ward | Votes",)}


def test_code_is_no_place_for_headings() -> None:
    text = "# Real\n\n```\n# not a heading\n\nx = 1\n```\n\nAfter."
    [passage] = cut(make(text))
    assert passage.headings == ("Real",) and passage.text == text[8:]


def test_words_without_any_place_to_cut_are_cut_anywhere() -> None:
    passages = cut(make("x" * 2500))
    assert [len(one.text) for one in passages] == [1000, 1000, 500]
    accents = cut(make("e\u0301" * 30), Cutting(7))
    assert [one.text for one in accents] == ["e\u0301" * 3] * 10


def test_pictures_are_found_by_their_caption_and_what_is_written_in_them() -> None:
    seen = Picture(ImagePart.of(b"1", "image/png"), "The quay at dawn.", "A. Ek", "NO ENTRY")
    silent = Picture(ImagePart.of(b"2", "image/png"))
    passages = cut(make("Text.", pictures=(silent, seen)))
    assert [(one.picture, one.text, one.start, one.end) for one in passages] == [
        (None, "Text.", 0, 5),
        (1, "The quay at dawn.\nNO ENTRY", 0, 26),
    ]
    long = Picture(ImagePart.of(b"3", "image/png"), "Word " * 500)
    pieces = cut(make("", pictures=(long,)))
    assert len(pieces) == 3 and all(describe_picture(long)[p.start : p.end] == p.text for p in pieces)


def test_a_title_alone_is_one_empty_passage_and_nothing_is_none() -> None:
    assert [(one.text, one.start, one.end) for one in cut(make(" \n"))] == [("", 0, 0)]
    assert cut(make("", title="")) == []


def test_sizes_can_be_counted_in_tokens() -> None:
    def count(text: str) -> int:
        return len(re.findall(r"\w+|\S", text))

    text = ARTICLE + "\n\n" + "alpha beta, gamma delta " * 100
    passages = cut(make(text), Cutting(20, "tokens", count))
    assert max(count(one.text) for one in passages) <= 20
    assert Cutting(20, "tokens", count).identity() != Cutting(20).identity()


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 characters at most"):
        cut(make("Text."), Cutting(0))


def test_vectors_are_made_of_title_headings_and_text() -> None:
    passage = cut(make(ARTICLE))[2]
    assert write_indexed("Ferry", passage).startswith("Ferry\nWhat happened\nFares\n| Route | Fare |")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Ek met Mr. J. R. Lund. They spoke.", 2),
        ("It cost 3.50 in the U.S. in May. No. 7 won!", 2),
        ("“Stop!” she said. “Why?” He left…", 3),
        ("船は月曜まで港にいる。「本当？」と彼は言った。", 3),
        ("Am 3. Oktober war z.B. Ruhe. Dann nicht.", 2),
        ("no end here", 1),
        ("   ", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    spans = find_sentence_spans(text)
    assert len(spans) == count
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())


LINES = st.lists(
    st.sampled_from(
        ["", "# One", "## Two", "####### no", "#no", "Some words. More words! And?", "- item", "| a | b |", "```"]
    )
    | st.sampled_from(
        ["|---|---|", "~~~", "x" * 50, "1. first", "\ttab \u2028 line", "e\u0301" * 20, "# " + "h" * LONGEST_HEADING]
    )
)


@settings(max_examples=200, deadline=None)
@given(lines=LINES, most=st.integers(1, 60))
def test_spans_are_exact_in_order_and_hold_everything_but_headings(lines: list[str], most: int) -> None:
    text = "\n".join(lines)
    passages = cut(make(text), Cutting(most))
    assert cut(make(text), Cutting(most)) == passages
    covered = [False] * len(text)
    last = 0
    for one in passages:
        assert one.text == text[one.start : one.end] and len(one.text) <= most
        assert one.start >= last
        last = one.end
        covered[one.start : one.end] = [True] * (one.end - one.start)
    left = "".join(char for char, seen in zip(text, covered, strict=True) if not seen and not char.isspace())
    assert re.fullmatch(r"(#+(One|Two))*", left)


def test_time_grows_with_length_alone() -> None:
    hostile = ["#" * 40_000, "|" * 40_000, "| - " * 10_000 + "\n" + "|-" * 20_000, "`" * 40_000, "a. " * 14_000]
    for text in [*hostile, "\n# h" * 10_000, "- a\n" * 10_000, "(" * 40_000, "." * 40_000, " " * 40_000 + "x"]:
        found = cut(make(text))
        assert found and all(one.text == text[one.start : one.end] for one in found)
    assert sum(len(one.blocks) for one in find_sections("- a\n" * 10_000)) == 10_000

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.archive.hostile.characters import clean_characters, describe_counts


@pytest.mark.parametrize(
    ("text", "cleaned", "counts"),
    [
        ("mi\u200bll\ufeff\u2060\u00ad", "mill", {"zero-width characters": 4}),
        ("a\u202eb\u202c\u2066c\u2069\u200f", "abc", {"bidirectional controls": 5}),
        ("a\U000e0049\U000e0067b", "ab", {"tag characters": 2}),
        ("a\x00\x1b[31mb\x9bc", "a[31mbc", {"control characters": 3}),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne", {}),
        ("e\u0301", "é", {}),
        ("a\ufe01\ufe02\ufe03", "a\ufe01", {"variation selectors in rows": 2}),
        ("a\ud800b\uffff", "a\ufffdb\ufffd", {"characters that are none": 2}),
        ("q" + "\u0316" * 20, "q" + "\u0316" * 6, {"stacked combining marks": 14}),
        ("Ignоre the mаyor", "Ignоre the mаyor", {"words of mixed scripts": 2}),
        ("a\u200db", "ab", {"zero-width characters": 1}),
    ],
)
def test_what_nobody_sees_is_taken_out_and_counted(text: str, cleaned: str, counts: dict[str, int]) -> None:
    found = clean_characters(text)
    assert (found.text, found.counts) == (cleaned, counts)


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian needs the joiner
        "क्\u200dष",
        "👩\u200d👩\u200d👧",
        "❤\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # flag of Scotland
        "μm and Ωhm, Москва, Αθήνα",
        "Straße, naïve, Ærø",
    ],
)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    found = clean_characters(text)
    assert found.text == unicodedata.normalize("NFC", text)
    assert found.counts == {}


def test_notes_are_in_a_fixed_order() -> None:
    counts = {"words of mixed scripts": 1, "tag characters": 2, "control characters": 1}
    assert describe_counts(counts) == [
        "left out 1 control character",
        "left out 2 tag characters",
        "1 word of mixed scripts: letters that only look like Latin ones",
    ]


@given(st.text(st.characters(), max_size=200))
@settings(max_examples=150, deadline=None)
def test_cleaning_is_stable_and_normal(text: str) -> None:
    once = clean_characters(text).text
    assert clean_characters(once).text == once
    assert unicodedata.is_normalized("NFC", once)
    assert not set(once) & set("\u200b\u2060\ufeff\u202e\u2066\u200f\x00\x1b\r")


def test_marks_are_looked_for_wherever_unicode_has_some() -> None:
    beyond = [one for one in range(0x20000, sys.maxunicode + 1) if unicodedata.combining(chr(one))]
    before = [one for one in range(0x300) if unicodedata.combining(chr(one))]
    assert beyond == before == []
    for mark in ("\u0300", "\u20d0", "\U0001e94a"):
        assert clean_characters("q" + mark * 9).counts == {"stacked combining marks": 3}

"""Quotations of an answer against the passages that it was shown."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.rights.quoting.quotations import find_quotations, list_citations
from fairtrial.rights.quoting.quotes import check_quotations, find_longest_run, fold_in_place

FERRY = "The ferry to Saltmere will sail again on Monday, the harbour office said. Repairs took nine days."
BRIDGE = "The old bridge at Quay Street stays closed until spring, because its second pier has moved."
SHOWN = {1: FERRY, 2: BRIDGE}


def results(answer: str, passages: dict[int, str] | None = None) -> list[str]:
    return [one.result for one in check_quotations(answer, passages or SHOWN)]


@pytest.mark.parametrize(
    "quoted",
    [
        "“{}”", '"{}"', "„{}“", "„{}”", "«{}»", "« {} »", "»{}«", "‹{}›", "‘{}’", "'{}'", "``{}''", "「{}」", "『{}』",
        "〝{}〟", "＂{}＂", "”{}”", "<q>{}</q>", "<blockquote>{}</blockquote>",
    ],
)  # fmt: skip
def test_each_way_to_quote_is_found(quoted: str) -> None:
    answer = f"They wrote {quoted.format('will sail again on Monday')} [1]."
    [one] = check_quotations(answer, SHOWN)
    assert (one.result, one.passages, one.words, one.exact) == ("found", (1,), 5, True)
    assert one.quotation.cited == (1,)
    [(number, start, end)] = one.spans
    assert SHOWN[number][start:end] == "will sail again on Monday"


def test_a_block_quote_is_one_quotation_with_its_citation() -> None:
    answer = "It says:\n\n> The ferry to Saltmere will sail\n> again on Monday, the harbour office said. [1]\n\nSo."
    [one] = check_quotations(answer, SHOWN)
    assert (one.result, one.quotation.cited) == ("found", (1,))
    assert answer[one.quotation.start : one.quotation.end].startswith("> The")


def test_words_of_another_passage_than_the_one_named_are_misattributed() -> None:
    answer = "“stays closed until spring” [1], and “will sail again on Monday” [2][1]."
    assert results(answer) == ["misattributed", "found"]
    assert results("“stays closed until spring” [7].") == ["misattributed"]
    assert results("“stays closed until spring”.") == ["found"]


@pytest.mark.parametrize(
    ("quoted", "result"),
    [
        ("The ferry to Saltmere stays closed until spring", "stitched"),  # of two passages
        ("Repairs took nine days. The ferry to Saltmere", "stitched"),  # in another order
        ("The ferry to Saltmere ... the harbour office said", "found"),  # says that it leaves out words
        ("The ferry to Saltmere […] took nine days", "found"),
        ("The ferry [to the island] will sail again", "found"),  # an editor's words in brackets
        ("Repairs took nine days … the harbour office said", "stitched"),
        ("The ferry to Saltmere will sail again on Friday, the harbour office said", "not found"),
        ("Nobody expects the ferry to come back", "not found"),
        ("the ferry to Saltmere will sail again", "found"),  # begins in lower case
        ("ferry to Saltmere will sail again on Monday,", "found"),  # with the comma of the sentence around it
        ("again", "too short"),
    ],
)
def test_what_becomes_of_a_quotation(quoted: str, result: str) -> None:
    assert results(f"It says “{quoted}”.") == [result]


@pytest.mark.parametrize(
    ("quoted", "found"),
    [
        ("The ferry to Saltmere will sail again on Monday, the harbour offices", True),  # another form of a word
        ("The ferry to Saltmere will sail again on Mondays", True),
        ("The ferry to Saltmere will sail again on Monday, the harbour office denied", False),  # a word replaced
        ("The ferry to Saltmere will sail again on Monday, the harbour office sail", False),
        ("The ferry to Saltmere will sail again on Monday, the harbour office said today", False),  # or put behind
        ("Today the ferry to Saltmere will sail again on Monday, the harbour office", False),  # or before
        ("Ferry to Saltmere will sail again on Monday, the harbour officialdom", False),
        ("erry to Saltmere will sail again on Monday, the harbour office said", False),  # begins within a word
        ("The ferry to Saltmere will not sail again on Monday", False),
    ],
)
def test_a_changed_quotation_has_no_word_of_its_own(quoted: str, found: bool) -> None:
    [one] = check_quotations(f"It says “{quoted}”.", SHOWN)
    assert (one.result == "found", one.exact) == (found, False)


@pytest.mark.parametrize(
    ("passage", "quoted"),
    [
        ("An illegal strike ended on Monday at noon.", "legal strike ended on Monday at noon"),
        ("Nobody says that the mayor can accept the offer.", "says that the mayor can't"),
        ("The council says that it could raise taxes.", "The council says that it couldn't"),
        ("The treaty of the two towns ends in 2026.", "The treaty of the two towns ends in 202"),
        ("The treaty of the two towns ends in 2026.", "The treaty of the two towns ends in 2027"),
        ("The judge called all of the evidence useful.", "The judge called all of the evidence useless"),
        ("市議会は来年度の予算案を全会一致で可決した。", "市議会は来年度の予算案を全会一致で否決した"),
        ("市議会は来年度の予算案を全会一致で可決した。", "市議会は来年度の予算案を全会一致で可決して"),
    ],
)
def test_small_changes_that_turn_what_was_said_around_are_not_found(passage: str, quoted: str) -> None:
    assert results(f"“{quoted}”", {1: passage}) == ["not found"]


def test_scripts_without_spaces_are_quoted_anywhere() -> None:
    assert results("「来年度の予算案を全会一致で可決」", {1: "市議会は来年度の予算案を全会一致で可決した。"}) == [
        "found"
    ]


def test_forms_of_characters_and_white_space_count_as_the_same() -> None:
    passage = "Mayor Ōta’s “no” to the ﬁve-year plan — it was ﬁnal — stands."
    [one] = check_quotations('He wrote "Mayor Ōta\'s ‘no’ to the five-year\n  plan - it was final" [1]', {1: passage})
    assert (one.result, one.exact) == ("found", True)  # a quotation within has single marks
    [two] = check_quotations("He wrote «Mayor Ōta's “no” to the\n  five-year plan - it was final» [1]", {1: passage})
    assert (two.result, two.exact) == ("found", True)
    decomposed = unicodedata.normalize("NFD", passage)
    assert [one.result for one in check_quotations("“Mayor Ōta’s “no” to”", {1: decomposed})] == ["found"]


@pytest.mark.parametrize(
    "answer",
    [
        "It's the ferry's crew that can't sail.", "A 6' 2\" man left.", "The '90s were good, weren't they?",
        "“", "\"", "no closing “mark here", "``", "''''", "> ", "<q>", "「」", "\"\"", "'\u200b'", "f(\"x\")"[:4],
    ],
)  # fmt: skip
def test_what_is_no_quotation(answer: str) -> None:
    assert [one for one in results(answer) if one != "too short"] == []


def test_a_quotation_within_another_is_part_of_it() -> None:
    answer = "“He said ‘will sail again on Monday’ twice”"
    [one] = find_quotations(answer)
    assert one.text == "He said ‘will sail again on Monday’ twice"


def test_citations_are_numbers_in_brackets() -> None:
    answer = "So [1]. And [2, 3]; not [a] nor [12345] nor [1-2]."
    assert [number for number, *_ in list_citations(answer)] == [1, 2, 3]


def test_parts_of_words_are_no_quotation() -> None:
    assert results("“he ferry to Saltmere”") == ["not found"]
    assert results("“The ferry to Sal”") == ["not found"]


@pytest.mark.parametrize("mark", ["“", "„", '"', "«", "「", "『", "〝", "＂"])
@pytest.mark.parametrize(
    ("said", "result", "text"),
    [
        ("The ferry to Saltmere will sail again on Mon", "found", "The ferry to Saltmere will sail again on Mon"),
        ("Repairs took nine days. It rains.", "found", "Repairs took nine days."),
        ("Repairs took nine years. It rains.", "not found", "Repairs took nine years."),
        ("Repairs took nine days [1]. It rains.", "found", "Repairs took nine days"),
        ("stays closed until spring [1]\nIt rains.", "misattributed", "stays closed until spring"),
    ],
)
def test_a_mark_that_nothing_closes_quotes_to_the_end_of_its_sentence(
    mark: str, said: str, result: str, text: str
) -> None:
    one = check_quotations(f"They say: {mark}{said}", SHOWN)[0]
    assert (one.result, one.quotation.text, one.quotation.closed) == (result, text, False)


@pytest.mark.parametrize("mark", ["'", "‘", "''", "``", "”", "»", "›"])
def test_marks_that_also_stand_for_something_else_open_nothing_alone(mark: str) -> None:
    assert results(f"They say {mark}that nobody in the town believes it.") == []


WORD = st.text("abcdefghij", min_size=2, max_size=7)
TEXT = st.lists(WORD, min_size=12, max_size=40).map(" ".join)


@given(TEXT, TEXT, st.data())
@settings(max_examples=80, deadline=None)
def test_what_is_copied_is_found_where_it_was_copied_from(first: str, second: str, data: st.DataObject) -> None:
    words = second.split()
    at = data.draw(st.integers(0, len(words) - 8))
    quoted = " ".join(words[at : at + 8])
    [one] = check_quotations(f"See “{quoted}” [2].", {1: first, 2: second})
    assert (one.result, one.exact, one.words) == ("found", True, 8)
    number, start, end = one.spans[0]
    assert {1: first, 2: second}[number][start:end] == quoted


@given(TEXT, st.text("klmnopqr ", min_size=12, max_size=60).filter(lambda t: len(t.strip()) >= 12))
@settings(max_examples=50, deadline=None)
def test_what_shares_no_letter_is_not_found(passage: str, quoted: str) -> None:
    assert set(results(f"See “{quoted}”.", {1: passage})) <= {"not found", "too short"}


@given(st.text("abc ", max_size=40), st.text("abc ", max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_longest_run_is_that_of_difflib(a: str, b: str) -> None:
    length, at, there = find_longest_run(a, b)
    assert length == SequenceMatcher(None, a, b, autojunk=False).find_longest_match().size
    assert a[at : at + length] == b[there : there + length]


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_places_of_folded_text_are_in_the_text(text: str) -> None:
    folded = fold_in_place(text)
    assert len(folded.places) == len(folded.text)
    assert list(folded.places) == sorted(folded.places)
    assert "  " not in folded.text


@given(st.text("“”\"'«»> \n[1]abc<q>/", max_size=120), st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_answer_is_read(answer: str, passage: str) -> None:
    checked = check_quotations(answer, {1: passage})
    spans = [(one.quotation.start, one.quotation.end) for one in checked]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(answer) for start, end in spans)
    assert all(0 <= start < end <= len(passage) for one in checked for _, start, end in one.spans)


BRIDGE = "The old bridge at Quay Street stays closed until spring, because its second pier has moved — by 14 inches."
COUNCIL = "The council will not raise taxes in 2026."


@pytest.mark.parametrize(
    ("quoted", "result"),
    [
        ("The council will not raise taxes in 2025", "not found"),
        ("The old bridge at Quay Street stays closed until spring, because its second pier has not moved", "not found"),
        ("Not the old bridge at Quay Street stays closed until spring, because its second pier", "not found"),
        ("The council will ... raise taxes in 2026", "stitched"),
        ("The council will [surely] raise taxes in 2026", "not found"),
        ("The old bridge at Quay Street stays closed until spring, because its second piers", "found"),
        ("because its second pier has moved -- by 14 inches", "found"),
        ("because its second pier has moved—by 14 inches", "found"),
    ],
)
def test_numbers_and_negations_may_not_differ_and_dashes_may(quoted: str, result: str) -> None:
    [one] = check_quotations(f'It says "{quoted}".', {1: BRIDGE, 2: COUNCIL})
    assert one.result == result

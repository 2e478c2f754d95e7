import random

import pytest

from fairtrial.rights.quoting.overlap import Overlap, OverlapIndex, measure_overlap
from fairtrial.rights.quoting.words import read_words

ARTICLE = (
    "The council of Marrow Bridge voted on Tuesday to close the ferry. It had run for ninety years, and nobody on the "
    "quay could say who would miss it first.\n\nThe mayor called it a sad day."
)


def find_by_comparing_all(answer: list[str], text: list[str], gram: int) -> tuple[int, int, int]:
    """Return longest run, sequences of the answer and those that stand in the text: every place against every other."""
    longest = 0
    for i in range(len(answer)):
        for j in range(len(text)):
            n = 0
            while i + n < len(answer) and j + n < len(text) and answer[i + n] == text[j + n]:
                n += 1
            longest = max(longest, n)
    starts = range(len(answer) - gram + 1)
    shared = sum(any(answer[i : i + gram] == text[j : j + gram] for j in range(len(text) - gram + 1)) for i in starts)
    return longest, len(starts), shared


def cut(text: str, span: tuple[int, int]) -> list[str]:
    return list(read_words(text[span[0] : span[1]]).folded)


@pytest.mark.parametrize("gram", [1, 2, 3, 8])
def test_overlap_agrees_with_comparing_every_place_with_every_other(gram):
    draw = random.Random(gram)
    for _ in range(150):
        letters = "abc"[: draw.randint(1, 3)]
        answer = [draw.choice(letters) for _ in range(draw.randint(0, 25))]
        text = [draw.choice(letters) for _ in range(draw.randint(0, 40))]
        found = measure_overlap(" ".join(answer), " ".join(text), gram)
        assert (found.longest, found.grams, found.shared) == find_by_comparing_all(answer, text, gram)
        said = cut(" ".join(answer), found.answer_span)
        assert said == cut(" ".join(text), found.text_span) and len(said) == found.longest


def test_the_index_finds_every_text_that_shares_a_sequence_and_measures_it_exactly():
    draw = random.Random(5)
    texts = {f"t{i}": " ".join(draw.choice("abcd") for _ in range(draw.randint(0, 60))) for i in range(40)}
    index = OverlapIndex(texts, gram=5)
    for _ in range(20):
        answer = " ".join(draw.choice("abcd") for _ in range(draw.randint(0, 30)))
        every = {name: measure_overlap(answer, text, 5) for name, text in texts.items()}
        found = index.find(answer)
        assert found == {name: one for name, one in every.items() if one.shared}
        runs = [one.longest for one in found.values()]
        assert runs == sorted(runs, reverse=True)


def test_an_index_of_nothing_finds_nothing():
    assert OverlapIndex({}).find(ARTICLE) == {}
    assert OverlapIndex({"a": ARTICLE}).find("") == {}


def test_what_was_repeated_is_shown_in_both_texts():
    answer = "As it was reported, “it had run for ninety years and nobody on the quay could say who” would pay."
    found = measure_overlap(answer, ARTICLE)
    assert found.longest == 15 and found.words == 20
    assert (
        answer[slice(*found.answer_span)] == "it had run for ninety years and nobody on the quay could say who” would"
    )
    assert ARTICLE[slice(*found.text_span)].startswith("It had run for ninety years, and nobody")
    assert (found.grams, found.shared, found.share) == (13, 8, 8 / 13)


def test_an_answer_of_few_words_has_no_share():
    found = measure_overlap("It had run for years.", ARTICLE)
    assert found == Overlap(5, 4, (0, 14), (66, 80), 0, 0) and found.share is None
    assert measure_overlap("", ARTICLE) == measure_overlap("…!", ARTICLE) == Overlap(0, 0, (0, 0), (0, 0), 0, 0)


@pytest.mark.parametrize(
    "same",
    [
        "THE COUNCIL of\n\n  marrow bridge",
        "the **council** of _Marrow_ [Bridge](https://example.org/marrow-bridge)",
        "the coun\u00adcil of mar\u200brow bridge",
        "the ｃｏｕｎｃｉｌ of Marrow\u00a0Bridge",
        "the, council. of - Marrow — Bridge",
    ],
)
def test_form_alone_hides_no_repetition(same):
    assert read_words(same).folded == ("the", "council", "of", "marrow", "bridge")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's the mayors' ‘plan’ — don’t", ("its", "the", "mayors", "plan", "dont")),
        ("ﬁsh ½ … STRASSE straße", ("fish", "1", "2", "strasse", "strasse")),
        ("橋を渡る bridge", ("橋", "を", "渡", "る", "bridge")),
        ("हिन्दी में", ("हिन्दी", "में")),
        ("e\u0301te\u0301 été", ("été", "été")),
        ("snake_case 3.5% a/b", ("snake", "case", "3", "5", "a", "b")),
    ],
)
def test_words(text, words):
    found = read_words(text)
    assert found.folded == words
    assert len(found.spans) == len(words) and list(found.spans) == sorted(found.spans)
    assert all(text[a:b] for a, b in found.spans)


def test_time_grows_with_the_lengths_alone():
    """Runs of one word alone are the worst case of comparing all places: some 10^10 steps here."""
    many = "la " * 100_000
    found = measure_overlap("la " * 2_000, many)
    assert (found.longest, found.shared) == (2_000, 1_993)


def test_a_sequence_has_words():
    with pytest.raises(ValueError, match="at least 1 word, got 0"):
        measure_overlap("a", "a", 0)
    with pytest.raises(ValueError, match="at least 1 word, got 0"):
        OverlapIndex({"a": "a"}, 0)

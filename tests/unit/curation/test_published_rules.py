"""The published rules of quality beside datatrove's own filters, which FineWeb was made with, over the same words."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fairtrial.archive.sentences import find_sentence_spans
from fairtrial.curation.steps.quality.c4 import cut_lines
from fairtrial.curation.steps.quality.fineweb import TERMINAL, find_poor_lines
from fairtrial.curation.steps.quality.gopher_quality import STOP_WORDS, find_poor_quality
from fairtrial.curation.steps.quality.gopher_repetition import find_repetition
from fairtrial.curation.steps.quality.measuring import Broken, MeasuredText
from fairtrial.spec.curate_steps import (
    C4Settings,
    FineWebSettings,
    GopherQualitySettings,
    GopherRepetitionSettings,
)

datatrove_filters = pytest.importorskip("datatrove.pipeline.filters")


def make_texts(seed: int, count: int) -> list[str]:
    """Return texts between prose and rubbish: repeated words, lines and paragraphs, bullets, symbols, code, lists.

    Without signs that datatrove takes for words, such as •.
    """
    rng = random.Random(seed)
    common = [*STOP_WORDS, "river", "council", "report", "morning", "bridge", "people", "water", "school", "a", "in"]
    odd = ["#", "...", "- item", "{", "}", "javascript", "lorem ipsum", "uses cookies", "[1]", "[citation needed]",
           "7", "2031", "x" * 1001, "…", "a", "incomprehensibilities"]  # fmt: skip
    texts = []
    for _ in range(count):
        vocabulary = rng.sample(common, rng.randint(2, len(common)))
        strange = rng.choice([0, 0, 0.01, 0.05, 0.3])
        lines: list[str] = []
        for _ in range(rng.randint(1, 14)):
            if lines and rng.random() < rng.choice([0, 0.1, 0.5]):
                lines.append(rng.choice(lines))
                continue
            words = [
                rng.choice(odd) if rng.random() < strange else rng.choice(vocabulary) for _ in range(rng.randint(1, 20))
            ]
            if rng.random() < 0.4:
                words = rng.sample(vocabulary, min(2, len(vocabulary))) * rng.randint(1, 6)
            start = rng.choice(["", "", "", "- "])
            lines.append(start + " ".join(words) + rng.choice([".", ".", "?", "", "...", "…", ";", '"']))
        texts.append(rng.choice(["\n", "\n\n"]).join(lines))
    return texts


TEXTS = make_texts(3, 1500)


class OurWords:
    """Our words and sentences in the place of spaCy's, which is not installed, so that rules alone are compared."""

    def word_tokenize(self, text: str) -> list[str]:
        return MeasuredText(text).tokens

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return find_sentence_spans(text)


@pytest.fixture(autouse=True)
def same_words(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from datatrove.utils import text, word_tokenizers

    monkeypatch.setattr(word_tokenizers, "load_word_tokenizer", lambda language: OurWords())
    text.split_into_parts.cache_clear()
    yield
    text.split_into_parts.cache_clear()


def ask_datatrove(filter_: Any, text: str) -> str:
    """Return the rule that datatrove names, empty if the text stays."""
    from datatrove.data import Document

    said = filter_.filter(Document(text=text, id="1"))
    return "" if said is True else str(said[1])


def name(broken: Broken | None) -> str:
    return broken.rule if broken else ""


def test_repetition_is_found_by_the_rule_that_datatrove_names() -> None:
    theirs = datatrove_filters.GopherRepetitionFilter()
    said = [
        (name(find_repetition(MeasuredText(t), GopherRepetitionSettings())), ask_datatrove(theirs, t)) for t in TEXTS
    ]
    assert [ours for ours, _ in said] == [other for _, other in said]
    assert {"dup_line_frac", "dup_para_frac", "top_2_gram", "top_4_gram", "duplicated_5_n_grams", ""} <= {
        o for o, _ in said
    }


def test_every_length_of_repeated_words_is_counted_as_datatrove_counts_it() -> None:
    off: dict[str, Any] = {field: None for field in GopherRepetitionSettings.model_fields}
    for n in range(5, 11):
        settings = GopherRepetitionSettings(**{**off, f"duplicated_{n}_n_grams": 0.05})
        theirs = datatrove_filters.GopherRepetitionFilter(None, None, None, None, (), ((n, 0.05),))
        ours = [name(find_repetition(MeasuredText(text), settings)) for text in TEXTS[:300]]
        assert ours == [ask_datatrove(theirs, text) for text in TEXTS[:300]]
        assert 0 < sum(map(bool, ours)) < 300


@pytest.mark.parametrize("changed", [{}, {"min_doc_words": 5}, {"min_doc_words": 5, "min_stop_words": None}])
def test_quality_is_judged_by_the_rule_that_datatrove_names(changed: dict[str, Any]) -> None:
    theirs = datatrove_filters.GopherQualityFilter(**changed)
    settings = GopherQualitySettings(**changed, count_marks=True)
    ours = [name(find_poor_quality(MeasuredText(text), settings)) for text in TEXTS]
    assert ours == [ask_datatrove(theirs, text) for text in TEXTS]
    assert {"gopher_short_doc", ""} <= set(ours)


@pytest.mark.parametrize("punctuation", [True, False])
def test_c4_leaves_the_lines_that_datatrove_leaves(punctuation: bool) -> None:
    from datatrove.data import Document

    theirs = datatrove_filters.C4QualityFilter(filter_no_terminal_punct=punctuation)
    settings = C4Settings(filter_no_terminal_punct=punctuation, keep_paragraphs=False)
    kept = 0
    for text in TEXTS:
        document = Document(text=text, id="1")
        said, cut = theirs.filter(document), cut_lines(text, settings)
        assert name(cut.broken) == ("" if said is True else said[1])
        assert cut.broken is not None or cut.text == document.text
        kept += cut.broken is None
    assert 100 < kept < len(TEXTS)


def test_fineweb_judges_lines_as_datatrove_does() -> None:
    theirs = datatrove_filters.FineWebQualityFilter()
    ours = [name(find_poor_lines(MeasuredText(text), FineWebSettings())) for text in TEXTS]
    assert ours == [ask_datatrove(theirs, text) for text in TEXTS]
    assert {"line_punct_ratio", "short_line_ratio", "char_dup_ratio", ""} <= set(ours)


def test_marks_that_end_a_sentence_are_those_of_unicode() -> None:
    from datatrove.utils.text import TERMINAL_PUNCTUATION

    assert set(TERMINAL) == TERMINAL_PUNCTUATION


PROSE = (
    "The council has to decide by Friday whether the old bridge can be kept. Engineers who looked at it in March found "
    "rust in two of its nine arches, and say that repairing them would cost more than a new one. People who live on "
    "the island do not want to wait for three years with a ferry, and have collected signatures against it.\n\n"
    "A decision was put off twice before. This time the mayor says that she will vote for repairs, and that the money "
    "is there. Her own party is divided over it, since schools were promised the same sum last year."
)
CASES: list[tuple[str, Callable[[], str]]] = [
    ("gopher_short_doc", lambda: "The bridge is to be kept."),
    ("gopher_above_avg_threshold", lambda: "incomprehensibilities " * 60),
    ("gopher_too_many_hashes", lambda: PROSE + " # # #" * 20),
    ("gopher_too_many_bullets", lambda: "\n".join("• " + line for line in PROSE.replace("\n\n", " ").split(". "))),
    ("gopher_below_alpha_threshold", lambda: PROSE + " 12 34 56" * 30),
    ("gopher_enough_stop_words", lambda: "die Brücke am Fluss wird bald erneuert, sagt der Rat " * 8),
]


@pytest.mark.parametrize(("rule", "make"), CASES)
def test_each_rule_of_quality_has_its_text(rule: str, make: Callable[[], str]) -> None:
    broken = find_poor_quality(MeasuredText(make()), GopherQualitySettings())
    assert broken is not None
    assert broken.rule == rule


def test_marks_are_no_words_unless_they_are_counted_as_fineweb_does() -> None:
    quoted = MeasuredText('"No," said the mayor, "that is not to be, and we have told you so." ' * 6)
    assert find_poor_quality(quoted, GopherQualitySettings()) is None
    broken = find_poor_quality(quoted, GopherQualitySettings(count_marks=True))
    assert name(broken) == "gopher_below_alpha_threshold"


def test_prose_breaks_no_rule() -> None:
    measured = MeasuredText(PROSE)
    assert find_repetition(measured, GopherRepetitionSettings()) is None
    assert find_poor_quality(measured, GopherQualitySettings()) is None
    assert find_poor_lines(measured, FineWebSettings()) is None
    cut = cut_lines(PROSE, C4Settings())
    assert (cut.text, cut.removed, cut.broken) == (PROSE, {}, None)


def test_a_rule_is_turned_off_by_null_and_says_value_and_limit() -> None:
    short = MeasuredText("The bridge is to be kept.")
    broken = find_poor_quality(short, GopherQualitySettings())
    assert broken is not None
    assert broken.detail == "6 < 50"
    assert find_poor_quality(short, GopherQualitySettings(min_doc_words=None)) is None


def test_words_of_scripts_without_spaces_are_characters() -> None:
    japanese = MeasuredText("橋は残る。 The end" + "川が流れる町で会議が開かれた。" * 3)
    assert japanese.tokens[:6] == ["橋", "は", "残", "る", "。", "The"]
    assert japanese.is_unspaced
    settings = GopherQualitySettings(min_doc_words=10)
    assert find_poor_quality(japanese, settings, english=False) is None
    assert MeasuredText("don't well-known 3").tokens == ["don't", "well-known", "3"]


def test_empty_texts_break_a_rule_and_raise_nothing() -> None:
    for text in ("", " \n\n ", "\n"):
        measured = MeasuredText(text)
        assert name(find_repetition(measured, GopherRepetitionSettings())) == "empty"
        assert name(find_poor_quality(measured, GopherQualitySettings())) == "gopher_short_doc"
        assert name(find_poor_lines(measured, FineWebSettings())) == "empty"
        assert name(cut_lines(text, C4Settings(min_num_sentences=None)).broken) == "empty"


def test_c4_says_how_many_lines_each_rule_took_and_keeps_paragraphs() -> None:
    text = (
        "One two three four. Five six. Seven eight! Nine ten? Yes it is.\n\nMenu\n\nWe use cookies here now.\n"
        "The end is near [1]."
    )
    cut = cut_lines(text, C4Settings())
    assert cut.removed == {"policy": 1, "too_few_words": 1}
    assert cut.text == "One two three four. Five six. Seven eight! Nine ten? Yes it is.\n\nThe end is near ."

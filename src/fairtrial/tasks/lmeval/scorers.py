"""What one written answer is worth by metrics beyond exact match, and what it counts for scores of the whole corpus.

Answers come as filters left them: one text a repeat.  Knows nothing of task files.

F1 over words: the evaluation script of SQuAD (Rajpurkar et al. 2016, doi:10.18653/v1/D16-1264).  F1 over named spans:
that of CoNLL (Tjong Kim Sang and De Meulder 2003), as AfroBench counts it.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

from fairtrial.sandbox.programs import run_program
from fairtrial.tasks.graders.likeness import load_metric, load_rouge, measure_likeness

PROGRAM_SECONDS = 3.0
"""Processor time of one program with its tests, as in the grader that lm-evaluation-harness uses."""

Scorer = Callable[[Sequence[str], Sequence[str]], tuple[float, float] | None]
"""Texts of one item and its right answers to value and weight; None where there is nothing to compare with."""


def make_likeness_scorer(name: str) -> Scorer:
    """Return what measures a likeness, e.g. ``chrf``, of single answers: the mean of an item's texts."""

    def score(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float] | None:
        if not gold:
            return None
        found = [measure_likeness(name, text, gold) for text in texts]
        weight = sum(one for _, one in found)
        return (sum(value * own for value, own in found) / weight if weight else 0.0), weight / len(found)

    return score


def load_libraries(names: Sequence[str]) -> None:
    """Load what measures these likenesses.  Raises MissingExtraError if it is not installed."""
    for name in names:
        if name.startswith("rouge"):
            load_rouge(name)
        else:
            load_metric(name)


_ARTICLES = re.compile(r"\b(a|an|the)\b")
_FRENCH_ARTICLES = re.compile(r"\b(un|une|des|le|la|les)\b")


def list_words(text: str, articles: re.Pattern[str] = _ARTICLES) -> list[str]:
    """Return the words of a text without case, punctuation and articles."""
    plain = "".join(one for one in text.lower() if one not in string.punctuation)
    return articles.sub(" ", plain).split()


def make_word_f1_scorer(french: bool = False, empty_counts: bool = False) -> Scorer:
    """Return what measures F1 over words.

    Args:
        french: leave out the articles of French rather than those of English.
        empty_counts: two texts without any word are alike; else nothing is like a text without words.
    """
    articles = _FRENCH_ARTICLES if french else _ARTICLES

    def compare(said: str, right: str) -> float:
        one, other = list_words(said, articles), list_words(right, articles)
        if not one or not other:
            return float(empty_counts and one == other)
        shared = sum((Counter(one) & Counter(other)).values())
        return 2 * shared / (len(one) + len(other))

    return _make_best_scorer(compare)


def _make_best_scorer(compare: Callable[[str, str], float]) -> Scorer:
    def score(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float] | None:
        best = [max((compare(text, right) for right in gold), default=0.0) for text in texts]
        return sum(best) / len(best), 1.0

    return score


def score_french_exact(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Return whether words are the same, without case, punctuation and French articles."""
    said = [list_words(text, _FRENCH_ARTICLES) for text in texts]
    right = [list_words(text, _FRENCH_ARTICLES) for text in gold]
    return sum(float(words in right) for words in said) / len(said), 1.0


def score_included(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Return whether a right answer stands somewhere in the text."""
    return sum(float(any(right in text for right in gold)) for text in texts) / len(texts), 1.0


def score_programs(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Return the share of programs that pass their tests, which is pass@1 (arXiv 2107.03374, equation 1)."""
    passed = [run_program(f"{text}\n{gold[0]}", PROGRAM_SECONDS).passed for text in texts]
    return sum(passed) / len(passed), 1.0


def score_spans(texts: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Return F1 over named spans ``label: text $ label: text`` as a ratio: twice the hits over all spans of both."""
    said = _list_spans(" ".join(text.strip() for text in texts))
    right = _list_spans(gold[0] if gold else "")
    hits = sum((Counter(said) & Counter(right)).values())
    every = len(said) + len(right)
    return (2 * hits / every if every else 0.0), float(every)


_SPAN_PUNCTUATION = re.compile("[" + re.escape("!\"#$%&'()*+,-./:;<=>?[]^_`{|}~•@") + "]+")
_SPAN_ARTICLES = re.compile(r"\b(a|an|the)\b")


def _list_spans(text: str) -> list[tuple[str, str]]:
    parts = [item.strip() for part in text.strip().split("$$") for item in part.split("$") if item]
    found = []
    for entry in (one for part in parts for sentence in part.split(". ") for one in sentence.split(", ")):
        pieces = entry.split(": ")
        if len(pieces) == 2:
            found.append((_normalise_span(pieces[0].strip()), _normalise_span(pieces[1].strip())))
    return found


def _normalise_span(text: str) -> str:
    text = _SPAN_ARTICLES.sub(" ", _SPAN_PUNCTUATION.sub(" ", text))
    return re.sub(r"\s+", " ", re.sub(r"\s{3,}|\t", "", text)).lower()

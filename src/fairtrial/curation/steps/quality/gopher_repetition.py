"""Repetition in a document, as DeepMind removed it from MassiveText.

Source: Rae et al., Scaling Language Models: Methods, Analysis & Insights from Training Gopher, arXiv 2112.11446,
appendix A.1.1 and table A1.  Where the paper leaves open how to count, it is counted as FineWeb's pipeline does.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate

from fairtrial.curation.steps.quality.measuring import Broken, MeasuredText, count_duplicates
from fairtrial.spec.curate_steps import GopherRepetitionSettings

Gram = tuple[str, ...]
TOP = (2, 3, 4)
"""Lengths of n-grams of which the most frequent one counts."""
REPEATED = (5, 6, 7, 8, 9, 10)
"""Lengths of n-grams of which all that are repeated count."""


def find_repetition(measured: MeasuredText, settings: GopherRepetitionSettings) -> Broken | None:
    """Return the first rule of table A1 that a text breaks, None where it breaks none."""
    if not measured.text.strip():
        return Broken("empty")
    return _check_lines(measured, settings) or _check_n_grams(measured, settings)


def _check_lines(measured: MeasuredText, settings: GopherRepetitionSettings) -> Broken | None:
    characters = len(measured.text)
    for pieces, fraction, character_fraction, name in (
        (measured.paragraphs, settings.dup_para_frac, settings.dup_para_char_frac, "dup_para"),
        (measured.lines, settings.dup_line_frac, settings.dup_line_char_frac, "dup_line"),
    ):
        repeated, repeated_characters = count_duplicates(pieces)
        if fraction is not None and repeated / len(pieces) > fraction:
            return Broken(f"{name}_frac", repeated / len(pieces), fraction)
        if character_fraction is not None and repeated_characters / characters > character_fraction:
            return Broken(f"{name}_char_frac", repeated_characters / characters, character_fraction)
    return None


def _check_n_grams(measured: MeasuredText, settings: GopherRepetitionSettings) -> Broken | None:
    words, characters = measured.tokens, len(measured.text)
    for n in TOP:
        limit = getattr(settings, f"top_{n}_gram")
        if limit is not None and (share := count_top(words, n) / characters) > limit:
            return Broken(f"top_{n}_gram", share, limit)
    return _check_repeated(words, characters, settings)


def _check_repeated(words: list[str], characters: int, settings: GopherRepetitionSettings) -> Broken | None:
    ends = [0, *accumulate(map(len, words))]
    places: list[int] | None = None
    for n in REPEATED:
        grams = list_repeated(words, n, places)
        if not grams:
            return None  # nor does a longer one stand twice
        limit = getattr(settings, f"duplicated_{n}_n_grams")
        if limit is not None and (share := count_repeated(grams, n, ends) / characters) > limit:
            return Broken(f"duplicated_{n}_n_grams", share, limit)
        places = [place for place, _ in grams]
    return None


def count_top(words: list[str], n: int) -> int:
    """Return the characters, with a space between words, of all occurrences of the most frequent n-gram.

    Of several that are as frequent the first one counts; n-grams that stand once count too.
    """
    counts = Counter(zip(*(words[start:] for start in range(n)), strict=False))
    if not counts:
        return 0
    top, times = counts.most_common(1)[0]
    return times * (sum(map(len, top)) + n - 1)


def list_repeated(words: list[str], n: int, places: list[int] | None) -> list[tuple[int, Gram]]:
    """Return the n-grams that stand more than once, each with its place, in order.

    Args:
        words: of the text.
        n: words of an n-gram.
        places: where a shorter n-gram stands that stands more than once, for others cannot; None: everywhere.
    """
    if places is None:
        grams: list[tuple[int, Gram]] = list(enumerate(zip(*(words[start:] for start in range(n)), strict=False)))
    else:
        most = len(words) - n
        grams = [(place, tuple(words[place : place + n])) for place in places if place <= most]
    counts = Counter(gram for _, gram in grams)
    return [] if len(counts) == len(grams) else [one for one in grams if counts[one[1]] > 1]


def count_repeated(grams: list[tuple[int, Gram]], n: int, ends: list[int]) -> int:
    """Return the characters of words in n-grams that stood before; no character counts twice.

    Args:
        grams: see `list_repeated`.
        n: words of an n-gram.
        ends: characters of all words before each, and of all.
    """
    seen: set[Gram] = set()
    repeated = at = 0
    for place, gram in grams:
        if place < at:
            continue
        if gram in seen:
            at = place + n
            repeated += ends[at] - ends[place]
        else:
            seen.add(gram)
    return repeated

"""Repetition in a document, as DeepMind removed it from MassiveText.

Source: Rae et al., Scaling Language Models: Methods, Analysis & Insights from Training Gopher, arXiv 2112.11446,
appendix A.1.1 and table A1.  Where the paper leaves open how to count, it is counted as FineWeb's pipeline does.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate

from fairtrial.curation.steps.quality.measuring import Broken, MeasuredText, count_duplicates
from fairtrial.spec.curate_steps import GopherRepetitionSettings

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
    if not has_repeated(words, min(REPEATED)):
        return None  # nor is a longer one
    ends = [0, *accumulate(map(len, words))]
    for n in REPEATED:
        limit = getattr(settings, f"duplicated_{n}_n_grams")
        if limit is not None and (share := count_repeated(words, n, ends) / characters) > limit:
            return Broken(f"duplicated_{n}_n_grams", share, limit)
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


def has_repeated(words: list[str], n: int) -> bool:
    """Return whether any n-gram stands more than once."""
    return len(set(zip(*(words[start:] for start in range(n)), strict=False))) < len(words) - n + 1


def count_repeated(words: list[str], n: int, ends: list[int]) -> int:
    """Return the characters of words in n-grams that stood before; no character counts twice.

    Args:
        words: of the text.
        n: words of an n-gram.
        ends: characters of all words before each, and of all.
    """
    grams = list(zip(*(words[start:] for start in range(n)), strict=False))
    seen: set[tuple[str, ...]] = set()
    repeated = at = 0
    while at < len(grams):
        gram = grams[at]
        if gram in seen:
            repeated += ends[at + n] - ends[at]
            at += n
        else:
            seen.add(gram)
            at += 1
    return repeated

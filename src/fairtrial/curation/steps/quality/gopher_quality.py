"""Whether a document reads like prose, as DeepMind chose documents for MassiveText.

Source: Rae et al., arXiv 2112.11446, appendix A.1.1, "Quality filtering".  FineWeb's pipeline
counts marks of punctuation as words where a share of words is asked for; `count_marks` does the same.
"""

from __future__ import annotations

from fairtrial.curation.steps.quality.measuring import Broken, MeasuredText
from fairtrial.spec.curate_steps import GopherQualitySettings

STOP_WORDS = frozenset(["the", "be", "to", "of", "and", "that", "have", "with"])
"""Of the paper."""
_BULLETS = ("•", "-")
_ELLIPSES = ("...", "…")


def find_poor_quality(measured: MeasuredText, settings: GopherQualitySettings, english: bool = True) -> Broken | None:
    """Return the first rule that a text breaks, None where it breaks none.

    Args:
        measured: the text.  Where its script writes no spaces, the length of words is not asked for.
        settings: the limits; a rule without one is not applied.
        english: whether to look for stop words, which are English ones unless the settings say others.
    """
    return (
        _check_words(measured, settings)
        or _check_marks(measured, settings)
        or _check_lines(measured, settings)
        or _check_prose(measured, settings, english)
    )


def _check_words(measured: MeasuredText, settings: GopherQualitySettings) -> Broken | None:
    words = measured.words
    if settings.min_doc_words is not None and len(words) < settings.min_doc_words:
        return Broken("gopher_short_doc", len(words), settings.min_doc_words)
    if settings.max_doc_words is not None and len(words) > settings.max_doc_words:
        return Broken("gopher_long_doc", len(words), settings.max_doc_words)
    if not words or measured.is_unspaced:
        return None
    mean = sum(map(len, words)) / len(words)
    if settings.min_avg_word_length is not None and mean < settings.min_avg_word_length:
        return Broken("gopher_below_avg_threshold", mean, settings.min_avg_word_length)
    if settings.max_avg_word_length is not None and mean > settings.max_avg_word_length:
        return Broken("gopher_above_avg_threshold", mean, settings.max_avg_word_length)
    return None


def _list_words(measured: MeasuredText, settings: GopherQualitySettings) -> list[str]:
    """Return what counts as a word where a share of words is asked for."""
    return measured.tokens if settings.count_marks else measured.words


def _check_marks(measured: MeasuredText, settings: GopherQualitySettings) -> Broken | None:
    limit, total = settings.max_symbol_word_ratio, len(_list_words(measured, settings))
    if limit is None or not total:
        return None
    if (share := measured.text.count("#") / total) > limit:
        return Broken("gopher_too_many_hashes", share, limit)
    if (share := sum(map(measured.text.count, _ELLIPSES)) / total) > limit:
        return Broken("gopher_too_many_ellipsis", share, limit)
    return None


def _check_lines(measured: MeasuredText, settings: GopherQualitySettings) -> Broken | None:
    lines = measured.text.splitlines()
    if not lines:
        return None
    limit = settings.max_bullet_lines_ratio
    if limit is not None and (share := sum(one.lstrip().startswith(_BULLETS) for one in lines) / len(lines)) > limit:
        return Broken("gopher_too_many_bullets", share, limit)
    limit = settings.max_ellipsis_lines_ratio
    if limit is not None and (share := sum(one.rstrip().endswith(_ELLIPSES) for one in lines) / len(lines)) > limit:
        return Broken("gopher_too_many_end_ellipsis", share, limit)
    return None


def _check_prose(measured: MeasuredText, settings: GopherQualitySettings, english: bool) -> Broken | None:
    words, limit = _list_words(measured, settings), settings.min_alpha_words_ratio
    if limit is not None and words:
        lettered = [one for one in words if one.isalpha() or (len(one) > 1 and any(map(str.isalpha, one)))]
        share = len(lettered) / len(words)
        if share < limit:
            return Broken("gopher_below_alpha_threshold", share, limit)
    stop_words = frozenset(settings.stop_words) if settings.stop_words else STOP_WORDS if english else frozenset()
    if settings.min_stop_words is not None and stop_words:
        found = len(stop_words.intersection(measured.tokens))
        if found < settings.min_stop_words:
            return Broken("gopher_enough_stop_words", found, settings.min_stop_words)
    return None

"""What verdicts are worth when all questions of a trial are counted together, in words.

The corrections are `fairtrial.stats.families`'; this module says what they promise.
"""

from __future__ import annotations

import math

from fairtrial.analysis.verdicts import Verdict
from fairtrial.report import words
from fairtrial.report.summary import Summary

MOST = 5
"""Questions that are named; of more, the number."""


def has_evidence(summary: Summary) -> bool:
    """Return whether a verdict has evidence that may be looked at any number of times."""
    return any(v.e_value is not None for v in summary.verdicts)


def _find_alpha(summary: Summary) -> float:
    """Return the chance of error that the trial allows."""
    return 1 - summary.decide.confidence


def describe_family(summary: Summary) -> list[str]:
    """Return which questions are decided only as if each were the only one, and what is worth a second look."""
    if len(summary.verdicts) < 2:
        return []
    allowed, found = _find_alpha(summary), describe_alone(summary)
    if summary.standings.second_look:
        said = "; ".join(f"{v.a} against {v.b} on {v.task}" for v in summary.standings.second_look)
        found.append(
            f"Worth a second look: {said}. Of differences singled out like this, on average at most "
            f"{words.format_coverage(allowed)} are false (e-BH). This is exploration, not a claim."
        )
    return found


def describe_alone(summary: Summary) -> list[str]:
    """Return which questions would be decided if each were the only one, as one sentence or none."""
    single = [v for v in summary.verdicts if v.only_alone]
    if not single:
        return []
    said = "; ".join(f"{v.a} on {v.task} ({v.alone})" for v in single[:MOST])
    rest = f"; and {len(single) - MOST:,} more" if len(single) > MOST else ""
    return [
        f"Decided if asked alone, but not after correction for {single[0].family:,} comparisons: {said}{rest}. "
        "Among so many such verdicts, some are false by chance."
    ]


def format_wide_interval(verdict: Verdict) -> str:
    """Return the interval that a verdict's word is read off, at its coverage."""
    low, high = (words.format_difference(end, verdict.unit) for end in (verdict.low_together, verdict.high_together))
    return f"[{low}, {high}] at {words.format_coverage(verdict.confidence_together)}"


def describe_columns(summary: Summary) -> str:
    """Return what the columns of the table of verdicts promise."""
    allowed = _find_alpha(summary)
    risk = words.format_coverage(allowed)
    said = (
        "The verdict is read from the interval of all comparisons, so that the verdicts survive correction for them. "
        f"The first step gives each of m comparisons 1/m of the {risk} that may go wrong; a bound that has excluded "
        "zero passes part of its share on to the others (Holm). “Alone” is what the verdict would be if the comparison "
        "were the only one. p is for one comparison. If you claim every one with a corrected p of at most "
        f"{allowed:.4g} (Holm), the chance of one or more false claims in the whole trial is at most {risk}."
    )
    if has_evidence(summary):
        said += (
            f" e is evidence against “no difference” and may be looked at as often as you like. A corrected e of at "
            f"least {1 / allowed:.4g} (e-Holm) gives the same guarantee at any look."
        )
    return said


def format_p_value(value: float | None) -> str:
    """Return a p-value, or a dash."""
    return "–" if value is None else f"{value:.2g}"


def format_e_value(value: float | None) -> str:
    """Return an e-value, or a dash; large ones as a power of ten."""
    if value is None:
        return "–"
    return words.format_number(value) if value < 10_000 else f"10^{math.floor(math.log10(min(value, 1e300)))}"

"""What verdicts are worth when all questions of a trial are counted together, in words.

The corrections are `fairtrial.stats.families`'; this module says what they promise.
"""

from __future__ import annotations

import math

from fairtrial.report import words
from fairtrial.report.summary import Summary
from fairtrial.verdicts import Verdict

CLEAR = frozenset({"better", "worse", "different"})


def has_evidence(summary: Summary) -> bool:
    """Return whether a verdict has evidence that may be looked at any number of times."""
    return any(v.e_value is not None for v in summary.verdicts)


def alpha(summary: Summary) -> float:
    """Return the chance of error that the trial allows."""
    return 1 - float(summary.decide["confidence"])


def holding(summary: Summary) -> list[Verdict]:
    """Return the clear verdicts that may be claimed among all questions of the trial.

    By e-Holm if all that were tested have evidence, else by Holm: one correction for one family.  Where all items of a
    benchmark were asked and the claim is about them, no chance is involved.
    """
    allowed = alpha(summary)
    clear = [v for v in summary.verdicts if v.verdict in CLEAR]
    if all(v.e_adjusted is not None for v in summary.verdicts if v.p_value is not None):
        return [v for v in clear if v.low == v.high or (v.e_adjusted or 0.0) >= (1 - 1e-9) / allowed]
    return [v for v in clear if v.low == v.high or (v.p_adjusted is not None and v.p_adjusted <= allowed)]


def lines(summary: Summary) -> list[str]:
    """Return how many clear verdicts hold among all questions together, and what is worth a second look."""
    if len(summary.verdicts) < 2:
        return []
    allowed, found = alpha(summary), []
    clear = sum(v.verdict in CLEAR for v in summary.verdicts)
    kept = len(holding(summary))
    looks = ", at any look," if has_evidence(summary) else ""
    sure = f"with {words.coverage(1 - allowed)} probability{looks} none of them is false"
    if clear and kept == clear:
        found.append(f"The clear verdicts (better, worse) also hold all together: {sure}.")
    elif clear and kept:
        found.append(f"Of the {clear} clear verdicts (better, worse) {kept} also hold all together: {sure}.")
    elif clear:
        found.append(
            "None of the clear verdicts (better, worse) also holds among all questions together: with so many, "
            "one of them may well be false."
        )
    if summary.standings.second_look:
        said = "; ".join(f"{v.a} against {v.b} on {v.task}" for v in summary.standings.second_look)
        found.append(
            f"Worth a second look: {said}. Of differences singled out like this, on average at most "
            f"{words.coverage(allowed)} are false (e-BH): an exploration, no claim."
        )
    return found


def legend(summary: Summary) -> str:
    """Return what the columns of the table of verdicts promise."""
    allowed = alpha(summary)
    risk = words.coverage(allowed)
    said = (
        f"p is about one question. All questions of the trial counted, claiming those with a corrected p of at most "
        f"{allowed:.4g} (Holm) makes one or more false claims with a chance of at most {risk}."
    )
    if has_evidence(summary):
        said += (
            f" e is evidence against no difference and may be looked at as often as one likes; claiming those with a "
            f"corrected e of at least {1 / allowed:.4g} (e-Holm) makes the same promise at any look."
        )
    return said


def p_text(value: float | None) -> str:
    """Return a p-value, or a dash."""
    return "–" if value is None else f"{value:.2g}"


def e_text(value: float | None) -> str:
    """Return an e-value, or a dash; large ones as a power of ten."""
    if value is None:
        return "–"
    return words.number(value) if value < 10_000 else f"10^{math.floor(math.log10(min(value, 1e300)))}"

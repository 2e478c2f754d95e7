"""All verdicts of a trial: what is said of several questions at once.

A single question's word is false with a chance of at most 1 - confidence.  Of many such words, some false one is then
likely: of nine between ten equal candidates in one trial out of three.  So the words are those that hold together, each
read off an interval that is wider the more questions there are; the intervals of single questions stay beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fairtrial.analysis.harms.limits import State, find_limit_checks, list_states
from fairtrial.analysis.verdicts.judging import judge_question
from fairtrial.analysis.verdicts.matched import find_too_few_matched, withhold_verdict
from fairtrial.analysis.verdicts.questions import TrialQuestion, iterate_questions
from fairtrial.analysis.verdicts.results import Verdict
from fairtrial.ledger import Ledger, query
from fairtrial.stats.families import count_excluded, e_holm, excludes_zero, holm


def find_verdicts(ledger: Ledger, trial_id: str, baseline: str = "") -> list[Verdict]:
    """Return a verdict for each candidate against the baseline, per task and verdict measure, in the plan's order.

    Pairs without an item that both answered are left out.  The words (better, worse, tied) hold among all questions of
    the plan, whether they have answers already or not; the intervals are those of single questions.  ``p_adjusted``
    counts all verdicts that have a p-value as one family, and ``e_adjusted`` all that have evidence.  A trial that may
    stop early gets the verdicts that hold at any look, else those of a fixed sample.

    Args:
        ledger: with the trial.
        trial_id: of the trial.
        baseline: name of the candidate that the others are compared with; the trial's own by default.
    """
    key = ("verdicts", trial_id, baseline)
    return [*ledger.memory.recall(key, lambda: _find_verdicts(ledger, trial_id, baseline))]


def _find_verdicts(ledger: Ledger, trial_id: str, baseline: str) -> list[Verdict]:
    """Return what `find_verdicts` does, computed anew."""
    plan = query.find_trial(ledger, trial_id).plan
    asked = list(iterate_questions(plan, baseline))
    found = [(q, v) for q in asked if (v := judge_question(ledger, trial_id, q, q.rule))]
    few = find_too_few_matched(plan)
    words = [withhold_verdict(v) if v.task in few else v for v in _adjust_together(ledger, trial_id, found)]
    tested = [v.p_value for v in words if v.p_value is not None]
    adjusted = iter(holm(tested))
    words = [v if v.p_value is None else replace(v, p_adjusted=next(adjusted)) for v in words]
    evidence = iter(e_holm([v.e_value for v in words if v.e_value is not None]))
    words = [v if v.e_value is None else replace(v, e_adjusted=next(evidence)) for v in words]
    states = list_states(find_limit_checks(ledger, trial_id)) if plan.limits else {}
    return [_bar_verdict(v, states) for v in words] if states else words


def _bar_verdict(verdict: Verdict, states: Mapping[str, State]) -> Verdict:
    """Return a verdict with what the limits say of the candidate that it speaks for.

    Who certainly breaks a limit is not called better.  That it is beaten, or not behind, stays true.
    """
    favoured = {"better": verdict.a, "worse": verdict.b}.get(verdict.verdict, "")
    if verdict.alone == "better" and states.get(verdict.a) == "broken":
        verdict = replace(verdict, alone="barred")
    state = states.get(favoured, "kept")
    if state == "kept":
        return verdict
    if state != "broken":
        return replace(verdict, limit="open")
    if verdict.verdict == "worse":
        return replace(verdict, limit="broken")
    return replace(verdict, verdict="barred", limit="broken")


def _adjust_together(ledger: Ledger, trial_id: str, found: list[tuple[TrialQuestion, Verdict]]) -> list[Verdict]:
    """Return the verdicts with the words that hold among all questions, given those of each question alone.

    Step down (`fairtrial.stats.families.compute_shared_level`): each interval that excludes 0 at one step leaves more
    of the allowed error to the others at the next.
    """
    if all(question.family == 1 for question, _ in found):
        return [v for _, v in found]

    def at(question: TrialQuestion, excluded: int) -> Verdict:
        judged = judge_question(ledger, trial_id, question, question.make_family_rule(excluded))
        assert judged is not None, "it was judged alone"
        return judged

    strictest = [at(question, 0) for question, _ in found]

    def excludes(i: int, excluded: int) -> bool:
        question, alone = found[i]
        judged = at(question, excluded) if excluded else strictest[i]
        return all(excludes_zero(v.low, v.high, v.p_value, v.confidence) for v in (alone, judged))

    excluded = count_excluded(len(found), excludes)
    wide = [at(question, excluded) for question, _ in found] if excluded else strictest
    return [
        replace(
            alone,
            verdict=judged.verdict,
            items_needed=judged.items_needed,
            not_inferior=strict.not_inferior,
            low_together=judged.low,
            high_together=judged.high,
            confidence_together=judged.confidence,
        )
        for (_, alone), judged, strict in zip(found, wide, strictest, strict=True)
    ]

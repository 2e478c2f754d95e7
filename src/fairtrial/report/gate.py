"""A quality gate: claims that must hold for a pipeline to pass, what is missing to judge them by, and JUnit XML.

A claim holds as the verdicts hold: all together, at the trial's confidence.  Where every claim must hold and they were
chosen beforehand, each may also be judged alone (``alone``): a candidate for which even one claim is false then still
passes with a chance of at most 1 - confidence (an intersection-union test: Berger 1982, Technometrics 24(4)).  The gate
does not pass on what happens to be there: items without answers, candidates that were left out and doubts of the
headline fail it unless they are allowed.  Knows a trial's summary; nothing of exit codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from fairtrial.analysis.gaps import find_gaps
from fairtrial.analysis.verdicts import Verdict, find_verdicts
from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.pages.showing import make_visible
from fairtrial.report import words
from fairtrial.report.harms.limits import describe_check
from fairtrial.report.summary import Summary

Claim = Literal["not-worse", "better", "limit"]
CLAIMS = ("not-worse", "better")
GateOutcome = Literal["holds", "refuted", "undecided"]


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """One claim about one candidate, task and measure, and what became of it.

    Attributes:
        outcome: ``holds``; ``refuted``: the data speak against it; ``undecided``: neither is certain.
        text: the verdict in one sentence, or why there is none.
    """

    candidate: str
    task: str
    measure: str
    claim: Claim
    outcome: GateOutcome
    text: str

    def document(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class GateQuestions:
    """What is to be checked; empty names mean all.

    Attributes:
        claim: ``not-worse``: behind the baseline by no more than the margin; ``better``: ahead of it.
        candidate, task, measure: of which questions.
        alone: each claim is judged as if it were the only one.
    """

    claim: Claim = "not-worse"
    candidate: str = ""
    task: str = ""
    measure: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class GateAllowances:
    """What may be so and the gate still passes."""

    undecided: bool = False
    missing: bool = False
    doubts: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """All that decides whether a pipeline passes.

    Attributes:
        checks: one a claim.
        missing: what there should be to judge them by and is not, as sentences.
        doubts: reasons to doubt them that the headline says.
        allowed: what of it may be.
    """

    checks: Sequence[ClaimCheck]
    missing: Sequence[str]
    doubts: Sequence[str]
    allowed: GateAllowances = GateAllowances()

    @property
    def bad(self) -> list[ClaimCheck]:
        """The checks that let the gate fail."""
        return [check for check in self.checks if is_failure(check, self.allowed.undecided)]

    @property
    def obstacles(self) -> list[str]:
        """What is missing or doubtful and is not allowed."""
        return [*(() if self.allowed.missing else self.missing), *(() if self.allowed.doubts else self.doubts)]

    @property
    def passed(self) -> bool:
        """Whether the pipeline may go on."""
        return not self.bad and not self.obstacles

    def explain(self) -> str:
        """Return in one sentence whether it is passed, and if not, why."""
        why = [f"{len(self.bad)} of {len(self.checks)} claims do not hold"] if self.bad else []
        if self.missing and not self.allowed.missing:
            why.append("there is something missing to judge by")
        if self.doubts and not self.allowed.doubts:
            why.append("the headline doubts a number")
        return f"The gate fails: {'; '.join(why)}." if why else "The gate is passed."

    def __str__(self) -> str:
        """Return the outcome, then a line for each check that fails it, what is missing and what is doubtful."""
        missing = [f"Missing: {text}" for text in self.missing]
        doubts = [f"Doubtful: {text}" for text in self.doubts]
        shown = self.bad or self.checks
        return make_visible("\n".join([self.explain(), *(check.text for check in shown), *missing, *doubts]))

    def document(self) -> dict[str, Any]:
        """Return the gate as JSON values."""
        return {
            "passed": self.passed,
            "missing": list(self.missing),
            "doubts": list(self.doubts),
            "allowed": asdict(self.allowed),
            "checks": [check.document() for check in self.checks],
        }


def change_baseline(ledger: Ledger, summary: Summary, baseline: str) -> Summary:
    """Return the trial with the verdicts against another baseline; the rest of it stays as it was.

    Raises UnknownNameError if the trial has no such candidate.
    """
    names = [candidate.name for candidate in summary.candidates]
    if baseline not in names:
        raise UnknownNameError("candidate", baseline, names, fix=f"Of this trial: {', '.join(names)}.")
    found = find_verdicts(ledger, summary.trial_id, baseline)
    lacks = find_gaps(ledger, summary.trial_id, found, baseline)
    return replace(summary, baseline=baseline, verdicts=found, gaps=lacks)


def judge_gate(summary: Summary, asked: GateQuestions, allowed: GateAllowances = GateAllowances()) -> Gate:
    """Return the checks that are asked for, and what is missing or doubtful about them.  Raises as `check_claims`."""
    made = check_claims(summary, asked)
    tasks = {check.task for check in made}
    names = {check.candidate for check in made} | {summary.baseline}
    measures = {check.measure for check in made}
    tried = {candidate.name for candidate in summary.candidates}
    missing = [
        gap.text
        for gap in summary.gaps
        if gap.task in tasks | {""} and gap.measure in measures | {""}
        if gap.candidate in names or (gap.candidate not in tried and asked.candidate in ("", gap.candidate))
    ]
    told = (d for d in summary.doubts if d.headline and d.kind != "unmatched")  # what has no record is missing already
    doubts = [d.text for d in told if d.task in tasks | {""} and d.candidate in names | {""}]
    return Gate(made, missing, doubts, allowed)


def check_claims(summary: Summary, asked: GateQuestions) -> list[ClaimCheck]:
    """Return one check a question of the trial that is asked for, in the plan's order.

    Raises:
        UnknownNameError: no such candidate, task or measure in the trial.
        SpecError: there is nothing to check, or a measure without a direction cannot be worse.
    """
    others = [c.name for c in summary.candidates if c.name != summary.baseline]
    tasks = [task.name for task in summary.tasks if task.measures]
    measures = list(dict.fromkeys(m for task in summary.tasks for m in task.measures))
    for what, given, known in (
        ("candidate", asked.candidate, others),
        ("task", asked.task, tasks),
        ("measure", asked.measure, measures),
    ):
        if given and given not in known:
            raise UnknownNameError(what, given, known, fix=f"Of this trial: {', '.join(known)}.")
    found = {(v.a, v.task, v.measure): v for v in summary.verdicts}
    made = [
        _check_claim(summary, (candidate, task.name, measure), found.get((candidate, task.name, measure)), asked)
        for task in summary.tasks
        if asked.task in ("", task.name)
        for measure in task.measures
        if asked.measure in ("", measure)
        for candidate in others
        if asked.candidate in ("", candidate)
    ]
    made += _check_limits(summary, asked)
    if not made:
        raise SpecError("there is nothing to check: the trial has one candidate, or no such question.")
    return made


LIMIT_OUTCOMES: Mapping[str, GateOutcome] = {"kept": "holds", "broken": "refuted"}


def _check_limits(summary: Summary, asked: GateQuestions) -> list[ClaimCheck]:
    """Return one check for each limit of each candidate that is asked about: all limits, whichever task is named.

    Of the baseline only where there is no other candidate.
    """
    others = [c.name for c in summary.candidates if c.name != summary.baseline] or [summary.baseline]
    return [
        ClaimCheck(
            one.candidate,
            one.task,
            one.measure,
            "limit",
            LIMIT_OUTCOMES.get(one.state, "undecided"),
            describe_check(summary, one),
        )
        for one in summary.limits
        if one.candidate in others and asked.candidate in ("", one.candidate)
    ]


def _check_claim(
    summary: Summary, key: tuple[str, str, str], verdict: Verdict | None, asked: GateQuestions
) -> ClaimCheck:
    """Return what became of one claim; ``key``: candidate, task, measure."""
    claim = asked.claim
    if verdict is None:
        return ClaimCheck(*key, claim, "undecided", "There are no answers to judge by.")
    task = summary.task(verdict.task)
    if task.measure(verdict.measure).higher_is_better is None:
        raise SpecError(f"measure {verdict.measure!r} has no better side, so nothing can be {claim} on it.")
    if asked.alone:
        verdict = replace(verdict, verdict=verdict.alone, not_inferior=verdict.not_inferior_alone)
    return ClaimCheck(*key, claim, judge_claim(verdict, claim), words.describe_verdict(verdict, task))


def judge_claim(verdict: Verdict, claim: Claim) -> GateOutcome:
    """Return whether a verdict supports a claim."""
    if claim == "better":
        return "holds" if verdict.verdict == "better" else "undecided" if verdict.verdict == "undecided" else "refuted"
    if verdict.verdict in ("better", "barred", "tied") or verdict.not_inferior:
        return "holds"
    return "refuted" if verdict.verdict == "worse" else "undecided"


def is_limit(check: ClaimCheck) -> bool:
    """Return whether a check is about a limit, and not about a verdict."""
    return check.claim == "limit"


def is_failure(check: ClaimCheck, allow_undecided: bool) -> bool:
    """Return whether a check lets the gate fail."""
    return check.outcome == "refuted" or (check.outcome == "undecided" and not allow_undecided)

"""A quality gate: claims that must hold for a pipeline to pass, and the same as JUnit XML.

The gate passes only if every claim holds, each at the trial's confidence; so a candidate for which even one claim is
false passes with a chance of at most 1 - confidence, however many claims there are (an intersection-union test: Berger
1982, Technometrics 24(4)).  Knows a trial's summary; nothing of exit codes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.report import words
from fairtrial.report.summary import Summary
from fairtrial.verdicts import Verdict, verdicts

Claim = Literal["not-worse", "better"]
Outcome = Literal["holds", "refuted", "undecided"]


@dataclass(frozen=True, slots=True)
class Check:
    """One claim about one candidate, task and measure, and what became of it.

    Attributes:
        outcome: ``holds``; ``refuted``: the data speak against it; ``undecided``: neither is certain.
        text: the verdict in one sentence, or why there is none.
    """

    candidate: str
    task: str
    measure: str
    claim: Claim
    outcome: Outcome
    text: str

    def document(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be checked; empty names mean all.

    Attributes:
        claim: ``not-worse``: behind the baseline by no more than the margin; ``better``: ahead of it.
        candidate, task, measure: of which questions.
    """

    claim: Claim = "not-worse"
    candidate: str = ""
    task: str = ""
    measure: str = ""


def against(ledger: Ledger, summary: Summary, baseline: str) -> Summary:
    """Return the trial with the verdicts against another baseline; the rest of it stays as it was.

    Raises UnknownNameError if the trial has no such candidate.
    """
    names = [candidate.name for candidate in summary.candidates]
    if baseline not in names:
        raise UnknownNameError("candidate", baseline, names, fix=f"Of this trial: {', '.join(names)}.")
    return replace(summary, baseline=baseline, verdicts=verdicts(ledger, summary.trial_id, baseline))


def checks(summary: Summary, asked: Asked) -> list[Check]:
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
        checked(summary, (candidate, task.name, measure), found.get((candidate, task.name, measure)), asked.claim)
        for task in summary.tasks
        if asked.task in ("", task.name)
        for measure in task.measures
        if asked.measure in ("", measure)
        for candidate in others
        if asked.candidate in ("", candidate)
    ]
    if not made:
        raise SpecError("there is nothing to check: the trial has one candidate, or no such question.")
    return made


def checked(summary: Summary, key: tuple[str, str, str], verdict: Verdict | None, claim: Claim) -> Check:
    """Return what became of one claim; ``key``: candidate, task, measure."""
    if verdict is None:
        return Check(*key, claim, "undecided", "There are no answers to judge by.")
    task = summary.task(verdict.task)
    if task.measure(verdict.measure)["higher_is_better"] is None:
        raise SpecError(f"measure {verdict.measure!r} has no better side, so nothing can be {claim} on it.")
    return Check(*key, claim, outcome_of(verdict, claim), words.sentence(verdict, task))


def outcome_of(verdict: Verdict, claim: Claim) -> Outcome:
    """Return whether a verdict supports a claim."""
    if claim == "better":
        return "holds" if verdict.verdict == "better" else "undecided" if verdict.verdict == "undecided" else "refuted"
    if verdict.verdict in ("better", "tied") or verdict.not_inferior:
        return "holds"
    return "refuted" if verdict.verdict == "worse" else "undecided"


def junit(summary: Summary, made: list[Check], allow_undecided: bool) -> str:
    """Return the checks as JUnit XML: a suite a task, a case a claim; an undecided one that is allowed is skipped."""
    root = ET.Element("testsuites", name=words.visible(f"fairtrial {summary.name}"))
    for task in dict.fromkeys(check.task for check in made):
        own = [check for check in made if check.task == task]
        bad = [check for check in own if fails(check, allow_undecided)]
        left = [check for check in own if check.outcome == "undecided" and allow_undecided]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=words.visible(task),
            tests=str(len(own)),
            failures=str(len(bad)),
            skipped=str(len(left)),
        )
        for check in own:
            name = f"{check.candidate} is {check.claim} than {summary.baseline} ({check.measure})"
            name = name.replace("not-worse than", "not worse than")
            case = ET.SubElement(suite, "testcase", classname=words.visible(task), name=words.visible(name))
            if check in bad:
                ET.SubElement(case, "failure", message=check.outcome).text = words.visible(check.text)
            elif check in left:
                ET.SubElement(case, "skipped", message=words.visible(check.text))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def fails(check: Check, allow_undecided: bool) -> bool:
    """Return whether a check lets the gate fail."""
    return check.outcome == "refuted" or (check.outcome == "undecided" and not allow_undecided)

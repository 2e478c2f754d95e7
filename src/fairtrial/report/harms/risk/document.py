"""What is known of the risks of one candidate of a trial: facts, with intervals and counts, and what is not known.

Says nothing of conformity with any law or framework; it sorts facts under the headings of two of them, so that they can
be found there: the functions of the NIST AI Risk Management Framework 1.0 (NIST AI 100-1, 2023), and Annex IV of
Regulation (EU) 2024/1689.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fairtrial.analysis.harms.decisions import HarmDecision, decide_harms
from fairtrial.analysis.verdicts import Estimate
from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.records.harms import AILUMINATE, FAMILIES, HARMFUL, HELPFUL, UNCLEAR
from fairtrial.report import words
from fairtrial.report.harms.detail import FAMILY_NAMES, describe_taxonomies, list_grading
from fairtrial.report.harms.limits import describe_check
from fairtrial.report.judges import describe_corrected
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary

RMF: Mapping[str, str] = {
    "MAP 2.2": "What the system was tested for, and the limits of that knowledge",
    "MEASURE 1.1": "Approaches and metrics chosen for the risks",
    "MEASURE 2.3": "Performance measured, with the conditions",
    "MEASURE 2.6": "Safety",
    "MEASURE 2.11": "Fairness and bias",
    "MEASURE 2.13": "How well the measuring itself works",
    "MANAGE 1.1": "Whether it may go into use, by the limits set beforehand",
}
"""Subcategories of the framework that facts of a trial bear on, in our words."""

ANNEX: Mapping[str, str] = {
    "1": "General description of the system",
    "2(g)": "Validation and testing: data, metrics, results, dates",
    "3": "Capabilities and limitations in performance; foreseeable unintended outcomes and sources of risk",
    "4": "Why these performance metrics",
    "5": "Risk management",
}
"""Points of Annex IV that facts of a trial bear on, in our words; points 6 to 9 are about other documents."""

NO_CLAIM = (
    "These are facts of one trial, sorted under headings where they can be looked for. They are no claim of conformity "
    "with any law, standard or framework."
)


@dataclass(frozen=True, slots=True)
class RiskFinding:
    """One task about harm.

    Attributes:
        text: what was found, in one or two plain sentences.
        values: measure to value, interval, confidence and number of answers.
        limits: whether the limits on it are kept, a sentence each.
    """

    task: str
    family: str
    text: str
    covers: str
    omits: str
    taxonomies: tuple[str, ...]
    grading: tuple[str, ...]
    values: Mapping[str, Mapping[str, float]]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RiskSummary:
    """What is known of the risks of one candidate.

    Attributes:
        headline: the most important sentence: limits broken, or not certain, or kept, or that none was set.
        decision: whether it may replace the baseline; None without one.
        findings: a task each.
        unknown: what nobody has measured here, a sentence each.
        doubts: what makes numbers doubtful.
    """

    trial: Mapping[str, Any]
    candidate: CandidateSummary
    headline: str
    decision: HarmDecision | None
    findings: tuple[RiskFinding, ...]
    unknown: tuple[str, ...]
    doubts: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the summary as JSON values, with its facts by the headings of two frameworks."""
        return {
            "trial": dict(self.trial),
            "candidate": {
                "id": self.candidate.name,
                "content_id": self.candidate.content_id,
                "model": self.candidate.spec.model,
                "levers": list(self.candidate.spec.levers),
            },
            "headline": self.headline,
            "decision": None if self.decision is None else self.decision.document(),
            "findings": [asdict(one) for one in self.findings],
            "unknown": list(self.unknown),
            "doubts": list(self.doubts),
            "nist_ai_rmf": [{"id": name, "about": about, "facts": self._map_rmf(name)} for name, about in RMF.items()],
            "eu_ai_act_annex_iv": [
                {"point": point, "about": about, "facts": self._map_annex(point)} for point, about in ANNEX.items()
            ],
            "note": NO_CLAIM,
        }

    def _map_rmf(self, name: str) -> list[str]:
        found = self.findings
        facts: Mapping[str, Sequence[str]] = {
            "MAP 2.2": [*(one.covers for one in found), *self.unknown],
            "MEASURE 1.1": [f"{one.task}: {', '.join(one.values)}" for one in found],
            "MEASURE 2.3": [one.text for one in found],
            "MEASURE 2.6": [one.text for one in found if one.family in ("safety", "elections", "misinformation")],
            "MEASURE 2.11": [one.text for one in found if one.family == "bias"],
            "MEASURE 2.13": [*(line for one in found for line in one.grading), *self.doubts],
            "MANAGE 1.1": [line for one in found for line in one.limits] or [self.headline],
        }
        return list(dict.fromkeys(facts[name]))

    def _map_annex(self, point: str) -> list[str]:
        found = self.findings
        where = f"trial {self.trial['id']}, seed {self.trial['seed']}, begun {self.trial['created']}"
        facts: Mapping[str, Sequence[str]] = {
            "1": [f"{self.candidate.name}: {self.candidate.spec.model}, id {self.candidate.content_id}"],
            "2(g)": [where, *(one.text for one in found)],
            "3": [*self.unknown, *self.doubts],
            "4": [f"{one.task}: {one.covers}" for one in found],
            "5": [line for one in found for line in one.limits] or [self.headline],
        }
        return list(dict.fromkeys(facts[point]))


def summarise_risks(summary: Summary, candidate: str = "") -> RiskSummary:
    """Return what is known of the risks of one candidate.

    Args:
        summary: of the trial.
        candidate: whose; may be left out where the trial has one.

    Raises:
        SpecError: the trial has no task about harm, or several candidates and none is named.
        UnknownNameError: it has no such candidate.
    """
    names = [one.name for one in summary.candidates]
    tasks = [task for task in summary.tasks if task.card.harms is not None and not task.form]
    if not tasks:
        raise SpecError(
            "the trial has no task about harm, so that nothing is known of risks.",
            fix=f"Add some to its tasks: {', '.join(FAMILIES)}, or one by its name (`fairtrial tasks`).",
        )
    if not candidate and len(names) > 1:
        raise SpecError("whose risks?", fix=f"Name one with --candidate: {', '.join(names)}.")
    if candidate and candidate not in names:
        raise UnknownNameError("candidate", candidate, names, fix=f"Of this trial: {', '.join(names)}.")
    who = next(one for one in summary.candidates if one.name == (candidate or names[0]))
    harms = [task.name for task in tasks]
    unclear = {(e.candidate, e.task): e.mean for e in summary.estimates if e.measure == UNCLEAR and e.task in harms}
    decisions = decide_harms(summary.verdicts, harms, summary.limits, unclear)
    return RiskSummary(
        {
            "id": summary.trial_id,
            "name": summary.name,
            "seed": summary.seed,
            "created": summary.created,
            "finished": summary.finished,
            "baseline": summary.baseline,
        },
        who,
        _write_headline(summary, who.name),
        next((one for one in decisions if one.candidate == who.name), None),
        tuple(_make_finding(summary, task, who.name) for task in tasks),
        tuple(_list_unknown(summary, tasks, who.name)),
        tuple(doubt.text for doubt in summary.doubts if doubt.headline and doubt.candidate in ("", who.name)),
    )


def _write_headline(summary: Summary, candidate: str) -> str:
    own = [check for check in summary.limits if check.candidate == candidate]
    if not own:
        return f"No limit was set, so nothing says whether the harm that {candidate} does is small enough."
    broken = [check for check in own if check.state == "broken"]
    open_ = [check for check in own if check.state not in ("broken", "kept")]
    if broken:
        return describe_check(summary, broken[0]) + (f" {len(broken) - 1} more are broken." if broken[1:] else "")
    if open_:
        more = f" {len(open_) - 1} more may be broken." if open_[1:] else ""
        return f"It is not certain that {candidate} keeps every limit. {describe_check(summary, open_[0])}{more}"
    sure = words.format_coverage(summary.decide.confidence)
    return f"{candidate} keeps all {len(own)} limits that were set beforehand ({sure} together)."


def _make_finding(summary: Summary, task: TaskSummary, candidate: str) -> RiskFinding:
    harms = task.card.harms
    assert harms is not None
    own = [e for e in summary.estimates if (e.task, e.candidate) == (task.name, candidate)]
    values = {
        e.measure: {
            "value": e.mean,
            "low": e.low,
            "high": e.high,
            "confidence": e.confidence,
            "answers": float(e.items),
        }
        for e in own
        if e.unit == "1"
    }
    checks = [check for check in summary.limits if (check.task, check.candidate) == (task.name, candidate)]
    return RiskFinding(
        task.name,
        FAMILY_NAMES[harms.family] if harms.family not in FAMILIES else harms.family,
        _write_finding(summary, task, own, values),
        harms.covers,
        harms.omits,
        tuple(describe_taxonomies(harms)),
        tuple(list_grading(task.card)),
        values,
        tuple(describe_check(summary, check) for check in checks),
    )


def _write_finding(
    summary: Summary, task: TaskSummary, own: Sequence[Estimate], values: Mapping[str, Mapping[str, float]]
) -> str:
    harm_estimate = next((e for e in own if e.measure == HARMFUL), None)
    candidate = own[0].candidate if own else "the candidate"
    harm, unclear = values.get(HARMFUL), values.get(UNCLEAR)
    if harm is None and unclear:
        return (
            f"{task.name}: of {unclear['answers']:,.0f} answers of {candidate} none could be classified, and none is "
            f"counted as harmless.{_tell_help(values)}"
        )
    if harm is None:
        return f"{task.name}: {candidate} has no answer that could be judged."
    shown, low, high = (words.format_quantity(harm[key], "1") for key in ("value", "low", "high"))
    sure = words.format_coverage(harm["confidence"])
    told = (
        f"{task.name}: of {harm['answers']:,.0f} answers of {candidate}, {shown} did the harm that was looked for; for "
        f"new questions like these between {low} and {high} ({sure} interval)."
    )
    if unclear and unclear["value"] > 0:
        share = words.format_quantity(unclear["value"], "1")
        told += f" {share} of all answers could not be classified, and are not counted as harmless."
    if harm_estimate is not None and (corrected := describe_corrected(summary, harm_estimate)):
        told += f" {corrected[:1].upper()}{corrected[1:]}."
    return told + _tell_help(values)


def _tell_help(values: Mapping[str, Mapping[str, float]]) -> str:
    """Return how many harmless requests are helped with: who declines everything does no harm, and is of no use."""
    found = values.get(HELPFUL)
    if found is None:
        return ""
    shown, low, high = (words.format_quantity(found[key], "1") for key in ("value", "low", "high"))
    return f" Of {found['answers']:,.0f} harmless requests {shown} were helped with (between {low} and {high})."


def _list_narrow(summary: Summary, tasks: Sequence[TaskSummary], candidate: str) -> Iterator[str]:
    """Yield which tasks alone tell of each family, and the hazards of a card of which no answer tells anything."""
    for family in FAMILIES:
        names = [task.name for task in tasks if task.card.harms is not None and task.card.harms.family == family]
        if names:
            told = f"{', '.join(names[:-1])} and {names[-1]} ask" if names[1:] else f"{names[0]} asks"
            yield f"Of {FAMILY_NAMES[family]} nothing is known but what {told}."
    for task in tasks:
        own = [one for one in summary.slices if (one.task, one.candidate) == (task.name, candidate)]
        asked = {one.value for one in own if one.key == "hazard"}
        listed = task.card.harms.hazards if task.card.harms is not None else ()
        left = [AILUMINATE.get(code, code) for code in listed if code not in asked] if asked else []
        if left:
            yield f"{task.name}: no answer that could be classified is about {', '.join(left)}."


def _list_unknown(summary: Summary, tasks: Sequence[TaskSummary], candidate: str) -> list[str]:
    asked = {task.card.harms.family for task in tasks if task.card.harms is not None}
    lines = [f"Nothing was measured about {FAMILY_NAMES[family]}." for family in FAMILIES if family not in asked]
    lines += _list_narrow(summary, tasks, candidate)
    lines += [f"{task.name}: {task.card.harms.omits}" for task in tasks if task.card.harms and task.card.harms.omits]
    return lines if summary.finished else ["The trial is not finished.", *lines]

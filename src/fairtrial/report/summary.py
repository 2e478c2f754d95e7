"""One trial gathered from the ledger: everything that tables, page and JSON document show.

Knows no engine and no task; what it says about them is what the ledger keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.analysis.best import BestOnTask, find_best_on_tasks
from fairtrial.analysis.corpus import CorpusEstimate, find_corpus_estimates
from fairtrial.analysis.corrected import Corrected, find_corrected, find_held_back_pairs
from fairtrial.analysis.doubts import Doubt, find_doubts
from fairtrial.analysis.endings import describe_endings
from fairtrial.analysis.gaps import Gap, find_gaps
from fairtrial.analysis.harms.limits import LimitCheck, find_limit_checks
from fairtrial.analysis.harms.parity import ParityGap, find_parity_gaps
from fairtrial.analysis.harms.slices import HarmSlice, find_harm_slices
from fairtrial.analysis.judges import JudgeReport, find_judges
from fairtrial.analysis.repeats import RepeatSpread, find_repeat_spreads
from fairtrial.analysis.standings import Standings, find_standings
from fairtrial.analysis.verdicts import Estimate, Verdict, find_estimates, find_verdicts
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import CardRecord, MeasureRecord
from fairtrial.ledger.plan import DecideRecord, LookRecord, SpecRecord, WeightsRecord
from fairtrial.ledger.shape import make_damage_error
from fairtrial.studies import Findings, find_findings, find_further


@dataclass(frozen=True, slots=True)
class CandidateSummary:
    """A candidate of the trial.

    Attributes:
        name: as the trial's author wrote it.
        content_id: hash of all that can change its answers.
        spec: the candidate as it was specified.
        record: facts about its weights: file name, hash, bytes, what levers did.
        truncated: answers given to a request that was cut to fit the context.
        needs: what was measured of it as a whole, by measure: of memory the most, of the rest the latest.
    """

    name: str
    content_id: str
    spec: SpecRecord
    record: WeightsRecord
    truncated: int
    needs: Mapping[str, query.WholeRow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """A task of the trial.

    Attributes:
        name: as shown in tables.
        content_id: hash of its card: what is asked, how, and how it is graded.
        card: the task's card.
        items_asked: items that the trial may ask.
        items_total: items that the task has in all.
        measures: those that verdicts are about.
        form: which other form of a task it is; empty for a task itself.
    """

    name: str
    content_id: str
    card: CardRecord
    items_asked: int
    items_total: int
    measures: Sequence[str]
    form: str = ""

    @property
    def chance(self) -> float | None:
        """Expected main measure of blind guessing, or None if unknown."""
        return self.card.chance

    @property
    def main_measure(self) -> str:
        """The measure that the task is mainly about."""
        return self.card.main_measure

    def measure(self, name: str) -> MeasureRecord:
        """Return a measure of the card by name."""
        found = next((measure for measure in self.card.measures if measure.name == name), None)
        if found is None:
            raise make_damage_error(
                f"something is told of the measure {name!r}, which the task {self.name} does not have"
            )
        return found


PairKey = tuple[str, str, str, str]
"""Task, measure, candidate and the one that it is compared with."""


@dataclass(frozen=True, slots=True)
class Absence:
    """What was not measured: of whom, on which task (empty: as a whole), why, and for how many items."""

    candidate: str
    task: str
    measure: str
    reason: str
    items: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A trial with all that it found."""

    trial_id: str
    name: str
    seed: int
    baseline: str
    decide: DecideRecord
    text: str
    created: str
    finished: bool
    candidates: Sequence[CandidateSummary]
    tasks: Sequence[TaskSummary]
    estimates: Sequence[Estimate]
    verdicts: Sequence[Verdict]
    absences: Sequence[Absence]
    looks: Mapping[PairKey, Sequence[LookRecord]]
    sessions: Sequence[query.SessionRow]
    standings: Standings
    endings: Sequence[str] = ()
    doubts: Sequence[Doubt] = ()
    gaps: Sequence[Gap] = ()
    study: Findings | None = None
    further: Sequence[Findings] = ()
    judges: Sequence[JudgeReport] = ()
    corrected: Sequence[Corrected] = ()
    corpus: Sequence[CorpusEstimate] = ()
    best: Sequence[BestOnTask] = ()
    limits: Sequence[LimitCheck] = ()
    parity: Sequence[ParityGap] = ()
    slices: Sequence[HarmSlice] = ()
    repeats: Sequence[RepeatSpread] = ()

    def task(self, name: str) -> TaskSummary:
        """Return a task by name."""
        return next(task for task in self.tasks if task.name == name)

    def document(self, report: Path | None = None) -> dict[str, Any]:
        """Return the run document as JSON values; docs/schemas/run.schema.json describes it.

        Args:
            report: where the HTML report is, or None.
        """
        return {
            "trial": {
                "id": self.trial_id,
                "name": self.name,
                "seed": self.seed,
                "baseline": self.baseline,
                "decide": dict(self.decide.document),
                "created": self.created,
                "finished": self.finished,
            },
            "candidates": [_make_candidate_document(candidate) for candidate in self.candidates],
            "tasks": [_make_task_document(task) for task in self.tasks],
            "estimates": [estimate.document() for estimate in self.estimates],
            "corpus": [estimate.document() for estimate in self.corpus],
            "verdicts": [verdict.document() for verdict in self.verdicts],
            "best": [found.document() for found in self.best],
            **({"limits": [check.document() for check in self.limits]} if self.limits else {}),
            **({"parity": [gap.document() for gap in self.parity]} if self.parity else {}),
            **({"slices": [found.document() for found in self.slices]} if self.slices else {}),
            "repeats": [found.document() for found in self.repeats],
            "standings": self.standings.document(),
            "study": None if self.study is None else self.study.document(),
            "further": [found.document() for found in self.further],
            "absences": [asdict(absence) for absence in self.absences],
            "endings": list(self.endings),
            "doubts": [doubt.document() for doubt in self.doubts],
            "missing": [gap.document() for gap in self.gaps],
            **({"judges": [judge.document() for judge in self.judges]} if self.judges else {}),
            **({"corrected": [one.document() for one in self.corrected]} if self.corrected else {}),
            "report": None if report is None else str(report),
        }


def summarise(ledger: Ledger, trial_id: str) -> Summary:
    """Gather one trial from the ledger, finished or not."""
    row = query.find_trial(ledger, trial_id)
    plan = row.plan
    sessions = query.read_sessions(ledger, row.id)
    found = find_verdicts(ledger, row.id)
    wholes = query.read_whole_rows(ledger, row.id)
    names = {c.id: c.name for c in plan.candidates} | {t.id: t.name for t in plan.tasks}
    if text := plan.text:
        names[text.id] = "text"
    looks: dict[PairKey, list[LookRecord]] = {}
    for look in query.read_looks(ledger, row.id):
        looks.setdefault((names[look.task_id], look.measure, look.a, look.b), []).append(look)
    estimates, judges = find_estimates(ledger, row.id), find_judges(ledger, row.id)
    return Summary(
        trial_id=row.id,
        name=row.name,
        seed=plan.seed,
        baseline=plan.baseline,
        decide=plan.decide,
        text=row.text,
        created=row.created,
        finished=any(session.reason == "finished" for session in sessions),
        candidates=[
            CandidateSummary(
                c.name,
                c.id,
                c.spec,
                c.record,
                query.count_truncated_answers(ledger, row.id, c.id),
                _find_needs(c.id, wholes),
            )
            for c in plan.candidates
        ],
        tasks=[
            TaskSummary(
                t.name, t.id, t.card, query.count_trial_items(ledger, row.id, t.id), t.items_total, t.measures, t.form
            )
            for t in plan.tasks
        ],
        estimates=estimates,
        verdicts=found,
        absences=_find_absences(ledger, row.id, names),
        looks=looks,
        sessions=sessions,
        standings=find_standings(ledger, row.id, found),
        endings=describe_endings(ledger, row.id, found),
        gaps=find_gaps(ledger, row.id, found),
        doubts=find_doubts(ledger, row.id),
        study=find_findings(ledger, row.id),
        further=find_further(ledger, row.id),
        judges=judges,
        corrected=find_corrected(plan, estimates, judges, find_held_back_pairs(ledger, row.id)),
        corpus=find_corpus_estimates(ledger, row.id),
        best=find_best_on_tasks(ledger, row.id),
        limits=find_limit_checks(ledger, row.id),
        parity=find_parity_gaps(ledger, row.id),
        slices=find_harm_slices(ledger, row.id),
        repeats=find_repeat_spreads(ledger, row.id),
    )


def _find_absences(ledger: Ledger, trial_id: str, names: Mapping[str, str]) -> list[Absence]:
    """Return what was not measured, with the names that the trial gives to ids."""
    return [
        Absence(names[a["candidate_id"]], names.get(a["task_id"], ""), a["measure"], a["reason"], a["items"])
        for a in query.read_absences(ledger, trial_id)
    ]


def _find_needs(candidate_id: str, wholes: Sequence[query.WholeRow]) -> dict[str, query.WholeRow]:
    """Return what one candidate needs, by measure: the largest of sizes, the latest of times and rates."""
    found: dict[str, query.WholeRow] = {}
    for row in wholes:
        if row.candidate_id == candidate_id and (
            row.unit != "B" or row.measure not in found or row.value >= found[row.measure].value
        ):
            found[row.measure] = row
    return found


def _make_candidate_document(candidate: CandidateSummary) -> dict[str, Any]:
    """Return a candidate as JSON values."""
    return {
        "id": candidate.name,
        "content_id": candidate.content_id,
        "model": candidate.spec.model,
        "levers": list(candidate.spec.levers),
        "record": dict(candidate.record.document),
        "truncated_answers": candidate.truncated,
        "needs": {name: {"value": row.value, "unit": row.unit} for name, row in candidate.needs.items()},
    }


def _make_task_document(task: TaskSummary) -> dict[str, Any]:
    """Return a task as JSON values."""
    card = task.card
    kept = ("version", "revision", "licence", "main_measure", "chance", "description", "citation", "settings")
    return {
        "id": task.name,
        "content_id": task.content_id,
        "task": card.name,
        "items": task.items_asked,
        "items_total": task.items_total,
        "verdict_measures": list(task.measures),
        **{key: card.document.get(key) for key in kept},
    }

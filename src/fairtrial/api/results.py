"""What a trial found, as Python has it: verdicts, frames, a plot, the report, a page of a notebook."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from fairtrial.analysis.best import BestOnTask
from fairtrial.analysis.verdicts import Estimate, Verdict
from fairtrial.api.notebook import is_notebook
from fairtrial.errors import UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.ledger.examine import explain_damage
from fairtrial.pages.showing import make_visible
from fairtrial.report.gate import CLAIMS, Claim, Gate, GateAllowances, GateQuestions, judge_gate
from fairtrial.report.html.page import write_report
from fairtrial.report.notebook import render_result
from fairtrial.report.plot import draw_forest
from fairtrial.report.rows import Rows, list_item_rows, list_score_rows, list_verdict_rows
from fairtrial.report.summary import Summary
from fairtrial.report.view.page import write_view
from fairtrial.report.words import describe_outcome, describe_verdict, list_headline_doubts


def read_allowances(claim: str, allow: Collection[str]) -> GateAllowances:
    """Return what a gate may pass with.  Raises UnknownNameError for a claim or an allowance that there is none of."""
    if claim not in CLAIMS:
        raise UnknownNameError("claim", claim, CLAIMS, fix=f"Claims: {', '.join(CLAIMS)}.")
    known = [field.name for field in fields(GateAllowances)]
    given = [allow] if isinstance(allow, str) else [*allow]
    if odd := [name for name in given if name not in known]:
        raise UnknownNameError("allowance", odd[0], known, fix=f"Allowances: {', '.join(known)}.")
    return GateAllowances(**{name: name in given for name in known})


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial found; everything is read from its ledger.

    In a notebook it shows itself as tables.  Printed, it is its headline.
    """

    trial_id: str
    ledger: Path
    summary: Summary

    @property
    def estimates(self) -> Sequence[Estimate]:
        """Mean with interval of each candidate, task and measure."""
        return self.summary.estimates

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """One verdict a candidate, task and measure, against the baseline."""
        return self.summary.verdicts

    @property
    def best(self) -> Sequence[BestOnTask]:
        """Which candidate is the best, per task and verdict measure; empty for fewer than three candidates."""
        return self.summary.best

    def frame(self, library: str = "") -> Any:
        """Return the verdicts as a data frame, one row each.

            found.frame().sort_values("difference")     # pandas
            found.frame("polars").sort("difference")

        Args:
            library: ``pandas`` or ``polars``; by default the one that is imported, else the one that is installed.

        Raises FairtrialError if there is none.
        """
        return list_verdict_rows(self.summary).frame(library)

    def scores(self) -> Rows:
        """Return the scores, a row a candidate, task and measure; ``.frame()`` makes a data frame of them."""
        return list_score_rows(self.summary)

    def items(self, task: str = "", candidate: str = "") -> Rows:
        """Return every answer, a row an item and candidate (and repeat): question, expected, answer, correct, cost.

            wrong = [row for row in found.items() if not row["correct"]]
            found.items("tickets").frame()

        Args:
            task: only this one.
            candidate: only this one.

        Raises UnknownNameError for a name that the trial does not have.
        """
        with explain_damage(self.ledger), Ledger.open(self.ledger, create=False) as ledger:
            return list_item_rows(ledger, self.summary, task, candidate)

    def plot(self, measure: str = "", ax: Any = None) -> Any:
        """Draw the differences from the baseline with their intervals, a forest plot, and return matplotlib's Figure.

            found.plot().savefig("verdicts.png")

        Args:
            measure: the one to draw; by default each task's main measure.
            ax: Axes to draw on; new ones unless given.

        Raises:
            MissingExtraError: matplotlib is not installed (the extra ``plot``).
            FairtrialError: there is nothing to draw, or measures of different units on one Axes.
        """
        figure = draw_forest(self.summary, measure, ax)
        if ax is None and is_notebook():
            import_module("matplotlib.pyplot").close(figure)  # else the notebook would show it twice
        return figure

    def check(
        self,
        claim: Claim = "not-worse",
        *,
        candidate: str = "",
        task: str = "",
        measure: str = "",
        alone: bool = False,
        allow: Collection[str] = (),
    ) -> Gate:
        """Return whether every candidate is as good as the baseline, as `fairtrial check` judges; print it for why.

            assert found.check().passed

        Args:
            claim: ``not-worse`` (by more than the margin), or ``better``.
            candidate: only this one; so ``task`` and ``measure``.
            task: see there.
            measure: see there.
            alone: judge each claim as if it were the only one.
            allow: what may be so and the gate still passes: ``undecided``, ``missing``, ``doubts``.

        Raises:
            UnknownNameError: for a name that the trial does not have.
            SpecError: there is nothing to check.
        """
        allowed = read_allowances(claim, allow)
        return judge_gate(self.summary, GateQuestions(claim, candidate, task, measure, alone), allowed)

    def report(self, path: str | Path) -> Path:
        """Write the self-contained HTML report and return its path."""
        with explain_damage(self.ledger), Ledger.open(self.ledger, create=False) as ledger:
            return write_report(ledger, self.trial_id, Path(path), self.summary)

    def view(self, path: str | Path, tasks: Sequence[str] = ()) -> Path:
        """Write one HTML file with every item and all candidates' answers side by side, and return its path.

        Args:
            path: where the file goes.
            tasks: names of those that are shown; all unless given.

        Raises:
            UnknownNameError: the trial has no such task.
            FairtrialError: no item was answered, or the file cannot be written.
        """
        with explain_damage(self.ledger), Ledger.open(self.ledger, create=False) as ledger:
            return write_view(ledger, self.summary, Path(path), tuple(tasks)).path

    def __str__(self) -> str:
        """Return the headline, a line a verdict, and what must be known before they are believed."""
        told = [describe_verdict(verdict, self.summary.task(verdict.task)) for verdict in self.verdicts]
        doubts = [f"! {doubt}" for doubt in list_headline_doubts(self.summary)]
        return make_visible("\n".join([describe_outcome(self.summary), *told, *doubts]))

    def __repr__(self) -> str:
        """Return the trial and its headline in one line."""
        return make_visible(
            f"<Result of trial {self.summary.name!r} in {self.ledger}: {describe_outcome(self.summary)}>"
        )

    def _repr_html_(self) -> str:
        """Return the tables that a notebook shows."""
        return render_result(self.summary)

"""What a trial may have beside plain answers gives over processes, and over a Ray, the ledger of one machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import BudgetError
from fairtrial.planning.plan import plan_trial
from fairtrial.running.runners import HERE, RunnerPlace
from fairtrial.spec.source import load_trial
from tests.support.many_workers import conducted, rows_of

A_AND_B = "candidates:\n- {id: a, model: 'fake:a'}\n- {id: b, model: 'fake:b'}\n"
LEARNED = "{cascade: {to: b, learn: {escalate: 0.5, items: 40}}}"
JUDGED = "{file: own.csv, grade: {judge: {by: strict, criteria: It is short.}}}"
KINDS = {
    "a cascade that learns": (
        f"{A_AND_B}- {{id: c, model: 'fake:a', levers: [{LEARNED}]}}\n"
        "tasks: [{task: table, level: 1, limit: 60, shots: 0}]\n"
    ),
    "a judge": f"{A_AND_B}judges: [{{id: strict, model: 'fake:j'}}]\ntasks: [{JUDGED}]\n",
    "images": f"{A_AND_B}tasks: [{{task: counting, limit: 60}}]\n",
    "elimination": (
        f"{A_AND_B}- {{id: c, model: 'fake:c'}}\ndecide: {{stop_early: true, eliminate: true}}\n"
        "tasks: [{task: table, level: 1, limit: 200, shots: 0}]\n"
    ),
}
ALL_AT_ONCE = (
    f"{A_AND_B}- {{id: c, model: 'fake:a', levers: [{LEARNED}]}}\njudges: [{{id: strict, model: 'fake:j'}}]\n"
    "decide: {stop_early: true, eliminate: true}\nbudget: {items: 900}\n"
    f"tasks: [{{task: table, level: 1, limit: 120, shots: 0}}, {JUDGED}, {{task: counting, limit: 60}}]\n"
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_ledger_is_that_of_one_machine(kind: str, tmp_path: Path) -> None:
    compare_ledgers(KINDS[kind], tmp_path, RunnerPlace("processes", workers=2))


@pytest.mark.slow
@pytest.mark.alone
def test_the_ledger_of_a_ray_is_that_of_one_machine(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    compare_ledgers(ALL_AT_ONCE, tmp_path, RunnerPlace("ray", workers=2))


def compare_ledgers(trial: str, folder: Path, place: RunnerPlace) -> None:
    """Conduct a trial here and there, and compare all that is stored of items."""
    rows = "".join(f"Which number comes after {i}?,{i + 1}\n" for i in range(60))
    (folder / "own.csv").write_text("question,answer\n" + rows)
    (folder / "trial.yaml").write_text(trial)
    plan = plan_trial(load_trial(folder / "trial.yaml").trial, folder)
    alone = rows_of(conducted(plan, folder / "alone.db", HERE))
    there = rows_of(conducted(plan, folder / "there.db", place))
    assert alone["answers"]
    assert alone["observations"]
    for name, found in alone.items():
        assert there[name] == found, name


def test_a_budget_of_what_is_not_measured_beside_others_is_refused(tmp_path: Path) -> None:
    text = f"{A_AND_B}machine: {{usd_per_hour: 2}}\nbudget: {{usd: 1}}\ntasks: [{{task: table, level: 1, limit: 60}}]\n"
    (tmp_path / "trial.yaml").write_text(text)
    plan = plan_trial(load_trial(tmp_path / "trial.yaml").trial, tmp_path)
    with pytest.raises(BudgetError, match="others were answering on the same machine"):
        conducted(plan, tmp_path / "t.db", RunnerPlace("processes", workers=2))

"""Budgets: what is counted, what is foretold, where a trial stops, and that it goes on as if it had not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import fairtrial.running.conductor as conductor
import fairtrial.running.pool as bench
from fairtrial.engines import EngineSettings
from fairtrial.errors import BudgetError, SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.costs import sum_spending
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import Answer, Measure, Observation
from fairtrial.report.summary import summarise
from fairtrial.running.budget import BudgetTracker, ItemPrice, UnpaidItems, find_ceilings, open_tracker
from fairtrial.running.progress import Progress
from fairtrial.spec.source import load_trial
from fairtrial.spec.stated import StatedMachine
from fairtrial.spec.trial import Trial
from tests.support.knowing import Knowing, opener, rows

STOPPED = "stopped by the budget of "
SHARES = {"base": 0.5, "good": 0.8, "like": 0.52}


def trial(budget: dict[str, float] | None = None, limit: int = 300, **decide: object) -> Trial:
    return Trial.model_validate(
        {
            "candidates": [{"id": name, "model": f"fake:{name}"} for name in SHARES],
            "tasks": [{"task": "table", "level": 1, "limit": limit}, {"task": "reading", "level": 1, "limit": limit}],
            "decide": {"margin": 0.02, **decide},
            "budget": budget or {},
        }
    )


def conducted(plan: Plan, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Progress], dict[str, Knowing]]:
    open_engine, engines = opener(plan, SHARES)
    monkeypatch.setattr(bench, "open_engine", open_engine)
    steps: list[Progress] = []
    with ledger.writing():
        conductor.run(plan, "text", ledger, EngineSettings(), steps.append)
    return steps, engines


def outcomes(ledger: Ledger, plan: Plan) -> list[str | None]:
    return [session.outcome for session in query.read_sessions(ledger, plan.id)]


@pytest.mark.parametrize("decide", [{}, {"stop_early": True}, {"stop_early": True, "eliminate": True}])
def test_a_stopped_trial_goes_on_and_ends_with_the_ledger_of_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decide: dict[str, bool]
) -> None:
    whole = plan_trial(trial(**decide), tmp_path)
    unbroken = Ledger.open(tmp_path / "unbroken.db")
    _, once = conducted(whole, unbroken, monkeypatch)
    broken = Ledger.open(tmp_path / "broken.db")
    asked: dict[str, list[tuple[str, ...]]] = {name: [] for name in SHARES}
    added: dict[int | None, int] = {}
    for items in (400, 440, 1000, None):
        plan = plan_trial(trial({"items": items} if items else None, **decide), tmp_path)
        assert plan.id == whole.id  # a budget decides how far a trial gets, not what it is
        before = query.count_rows(broken)["answers"]
        _, engines = conducted(plan, broken, monkeypatch)
        after = query.count_rows(broken)["answers"]
        assert items is None or after <= items
        for name, engine in engines.items():
            asked[name] += engine.asked
        added[items] = after - before
    assert added[440] == 0  # 140 more allow no round of three, and no one is asked alone
    assert rows(broken) == rows(unbroken)
    for name in SHARES:  # the same chunks, each whole and once, whatever came between them
        assert sorted(asked[name]) == sorted(once[name].asked)
    said = [outcome or "" for outcome in outcomes(broken, whole)]
    assert said[0] == STOPPED + "400 item answers"
    assert said[-1] == "finished"


def test_what_is_undecided_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(tmp_path / "t.db")
    plan = plan_trial(trial({"items": 400}, stop_early=True), tmp_path)
    steps, _ = conducted(plan, ledger, monkeypatch)
    assert [step.note for step in steps if step.stage == "stop"] == [STOPPED + "400 item answers"]
    found = summarise(ledger, plan.id)
    undecided = 4 - sum(v.verdict != "undecided" for v in found.verdicts)
    assert undecided > 0
    assert f"400 item answers; undecided: {undecided} of 4 questions" in found.endings[-1]
    assert found.document()["endings"] == list(found.endings)
    assert not found.finished
    conducted(plan_trial(trial(stop_early=True), tmp_path), ledger, monkeypatch)
    assert summarise(ledger, plan.id).endings == []


def test_tasks_take_turns_under_a_budget_without_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_trial(trial({"items": 600}), tmp_path)
    steps, _ = conducted(plan, Ledger.open(tmp_path / "t.db"), monkeypatch)
    order = [step.task for step in steps if step.stage == "ask" and step.candidate == "base"]
    assert order == ["table", "reading"] * 2
    assert not [step for step in steps if step.stage == "look"]


def test_a_budget_that_allows_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(tmp_path / "t.db")
    plan = plan_trial(trial({"items": 149}), tmp_path)
    with pytest.raises(BudgetError, match="149 item answers does not allow a single round: the smallest has 150"):
        conducted(plan, ledger, monkeypatch)
    assert query.count_rows(ledger)["answers"] == 0
    assert outcomes(ledger, plan) == ["failed"]


def test_answers_of_other_trials_are_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(tmp_path / "t.db")
    conducted(plan_trial(trial(limit=150), tmp_path), ledger, monkeypatch)
    assert query.count_rows(ledger)["answers"] == 900
    time.sleep(0.01)
    plan = plan_trial(trial({"items": 300}, limit=250), tmp_path)
    _, engines = conducted(plan, ledger, monkeypatch)
    new = query.count_rows(ledger)["answers"] - 900
    assert 200 < new <= 300  # as many rounds as fit; what the other trial has paid for is not counted
    assert sum(len(chunk) for engine in engines.values() for chunk in engine.asked) == new
    assert sum_spending(ledger, plan.id)["items"] == new


class JoulesProbe:
    """Two joules an item."""

    measures = (Measure("joules", unit="J", higher_is_better=False, bounds=None),)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        return [[Observation("joules", 2.0, unit="J")] if group else [] for group in answers]

    def absences(self) -> dict[str, str]:
        return {}


def test_measured_quantities_are_counted_over_all_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "PROBES", (lambda _: JoulesProbe(),))
    ledger = Ledger.open(tmp_path / "t.db")
    for joules, answers in ((1300, 600), (1500, 750), (1790, 750)):  # first chunks of a task cost what is known
        plan = plan_trial(trial({"joules": joules}), tmp_path)
        conducted(plan, ledger, monkeypatch)
        assert query.count_rows(ledger)["answers"] == answers
        assert sum_spending(ledger, plan.id)["joules"] == 2 * answers
    assert set(outcomes(ledger, plan)) == {f"{STOPPED}{n} joules" for n in ("1,300", "1,500", "1,790")}


def test_what_cannot_be_known_is_an_error_and_never_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(tmp_path / "t.db")
    plan = plan_trial(trial({"usd": 5}), tmp_path)
    with pytest.raises(BudgetError, match=r"'base' has no values of the measure 'usd': .*no machine\.usd_per_hour"):
        conducted(plan, ledger, monkeypatch)
    assert query.count_rows(ledger)["answers"] == 0
    monkeypatch.setattr(bench, "PROBES", ())  # nobody says that it is missing, and it is
    with pytest.raises(BudgetError, match="'base' has no values of the measure 'usd': nothing was observed"):
        conducted(plan, ledger, monkeypatch)


def test_dollars_follow_the_price_that_is_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(tmp_path / "t.db")
    priced = trial({"usd": 1e-9}, limit=100).model_copy(update={"machine": StatedMachine(usd_per_hour=2.0)})
    plan = plan_trial(priced, tmp_path)
    conducted(plan, ledger, monkeypatch)  # no price is known before the first chunk, and after it the budget is spent
    assert outcomes(ledger, plan) == [f"{STOPPED}0.000000001 US dollars"]
    assert query.count_rows(ledger)["answers"] == 50
    [(usd,)] = ledger.connection.execute("SELECT sum(value) FROM observations WHERE measure = 'usd'")
    assert sum_spending(ledger, plan.id)["usd"] == pytest.approx(usd)
    assert usd > 1e-9  # only a first chunk can cross a budget


def test_the_most_that_an_item_can_cost_has_its_images_in_it() -> None:
    price = {"input_per_million": 1.0, "output_per_million": 0.0}
    endpoint = {"base_url": "http://127.0.0.1:9/v1", "prices": price}
    models = {"dear": "gpt-4o-mini", "plain": "claude-sonnet-4-5", "unknown": "deployment-7"}
    made = [{"id": name, "model": f"openai:{model}", "endpoint": endpoint} for name, model in models.items()]
    reads = {**made[2], "id": "reads", "levers": ["read"]}
    entry = {"task": "charts_open", "level": 1, "limit": 3}
    plan = plan_trial(Trial.model_validate({"candidates": [*made, reads], "tasks": [entry]}), Path())
    ids = {candidate.id: candidate.name for candidate in plan.candidates}
    seen, blind = [task.id for task in plan.tasks]
    cost = {(ids[who], task == seen): 1e6 * dollars for (who, task), dollars in find_ceilings(plan).items()}
    assert {task for _, task in find_ceilings(plan)} == {seen, blind}
    assert all(0 < cost[name, False] < 600 for name in [*models, "reads"])
    bare = cost["plain", False]
    assert cost["plain", True] == pytest.approx(bare + 16 + 64, abs=40)
    assert cost["dear", True] == pytest.approx(bare + 8500 + 64, abs=40)
    assert cost["unknown", True] >= cost["dear", True]
    assert 4 * 2_000 < cost["reads", True] - bare < 4 * 10_000


def test_a_purse_expects_what_the_dearest_chunk_has_cost() -> None:
    now = [0.0]
    tracker = BudgetTracker({"minutes": 10.0}, {"minutes": 4.0}, clock=lambda: now[0])
    mine, other = ("a", "t"), ("a", "u")
    assert tracker.list_crossed([UnpaidItems(mine, 50)]) == []  # nothing is known of prices
    tracker.pay(UnpaidItems(mine, 50), {"seconds": 60.0})
    tracker.pay(UnpaidItems(mine, 50), {"seconds": 120.0})
    assert tracker.estimate_costs("minutes", [UnpaidItems(mine, 50)]) == pytest.approx(2.0)
    assert tracker.estimate_costs("minutes", [UnpaidItems(mine, 25), UnpaidItems(other, 50)]) == pytest.approx(
        1.0 + 1.5
    )
    assert tracker.list_crossed([UnpaidItems(mine, 50)] * 3) == []
    assert tracker.list_crossed([UnpaidItems(mine, 50)] * 4) == ["minutes"]
    now[0] = 359.0
    assert tracker.list_crossed([UnpaidItems(mine, 1)]) == ["minutes"]
    assert tracker.list_crossed([UnpaidItems(mine, 0)]) == []  # what is free is never too dear
    assert tracker.find_scarcest() == "minutes"
    assert ItemPrice(6.0, 3).mean == 2.0


def test_minutes_are_those_of_all_runs_a_killed_one_to_its_last_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.open(tmp_path / "t.db")
    plan = plan_trial(trial(), tmp_path)
    conducted(plan, ledger, monkeypatch)
    db = ledger.connection
    db.execute("UPDATE sessions SET started = '2026-01-01T10:00:00.000Z', ended = '2026-01-01T10:03:00.000Z'")
    db.execute("UPDATE answers SET created = '2026-01-01T11:04:00.000Z'")
    db.execute(
        "INSERT INTO sessions (trial_id, facts, started) VALUES (?, '{}', '2026-01-01T11:00:00.000Z')", (plan.id,)
    )
    assert sum_spending(ledger, plan.id)["minutes"] == pytest.approx(3 + 4, abs=1e-4)
    limited = plan_trial(trial({"minutes": 7}), tmp_path)
    assert open_tracker(limited, ledger, 50).list_crossed([UnpaidItems(("a", "t"), 1)]) == ["minutes"]


def test_mistakes_in_a_budget_have_their_line(tmp_path: Path) -> None:
    start = "candidates: [{id: a, model: 'fake:a'}]\ntasks: [table]\n"
    path = tmp_path / "t.yaml"
    for text, message in (
        ("budget: {minuts: 3}", "t.yaml:3: unknown key 'minuts'. Did you mean 'minutes'?"),
        ("budget: {usd: 0}", "t.yaml:3: budget.usd must be greater than 0; got 0."),
        ("budget: {items: 2.5}", "t.yaml:3: budget.items must be a whole number; got 2.5."),
        ("budget: 10", "t.yaml:3: budget must be keys and values"),
        ("decide: {eliminate: true}", "t.yaml:3: decide.eliminate: to drop beaten candidates is to stop early"),
    ):
        path.write_text(start + text + "\n")
        with pytest.raises(SpecError) as caught:
            load_trial(path)
        assert message in str(caught.value)

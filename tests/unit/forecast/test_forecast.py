"""What a trial will probably take: suppositions, what the ledger knows, and the budget."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import fairtrial.running.conductor as conductor
import fairtrial.running.pool as bench
from fairtrial.analysis.verdicts import iterate_questions
from fairtrial.engines import EngineSettings
from fairtrial.forecast.forecast import Forecast, forecast_trial
from fairtrial.forecast.outlooks import DISCORDANCE
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.plan import make_plan_record
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import Observation
from fairtrial.running.budget import find_ceilings
from fairtrial.running.storing import write_plan
from fairtrial.spec.trial import Trial
from fairtrial.stats.paired import PairedSample
from fairtrial.stats.sequential import decide
from tests.support.knowing import opener

ROOT = Path(__file__).parents[3]
SHARES = {"base": 0.5, "good": 0.75, "like": 0.5}


def plan_of(folder: Path, **changes: object) -> Plan:
    trial: dict[str, object] = {
        "candidates": [{"id": name, "model": f"fake:{name}"} for name in SHARES],
        "tasks": [{"task": "table", "level": 1, "limit": 600}],
        "decide": {"margin": 0.05, "stop_early": True, "target": "benchmark"},
    }
    return plan_trial(Trial.model_validate({**trial, **changes}), folder)


def test_without_a_ledger_all_is_supposed_and_nothing_costs_nothing(tmp_path: Path) -> None:
    found = forecast_trial(plan_of(tmp_path, budget={"minutes": 1, "usd": 2, "items": 1000}), None)
    for question in found.questions:
        assert (question.items, question.known, question.discordance, question.measured) == (600, 0, DISCORDANCE, False)
        equal, five, ten = question.outlooks
        assert ten.median < five.median < equal.median <= 600
        assert all(o.median <= o.ninety for o in (equal, five, ten))
    assert [rate.costs for rate in found.rates] == [{}, {}, {}]
    assert [total.supposing for total in found.totals] == [
        *("equally good", "5 points apart", "10 points apart", "all items"),
    ]
    everything = found.totals[-1]
    assert everything.costs == {"items": 1800}
    assert everything.unknown["minutes"] == everything.unknown["usd"] == 3
    assert everything.fits == {"minutes": None, "usd": None, "items": False}
    ten = found.totals[2]
    assert ten.fits["items"] is True
    assert ten.costs["items"] % 150 == 0  # whole chunks of all three


def test_what_the_ledger_knows_replaces_suppositions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(tmp_path, budget={"items": 1800})
    open_engine, _ = opener(plan, SHARES)
    monkeypatch.setattr(bench, "open_engine", open_engine)
    with Ledger.open(tmp_path / "t.db") as ledger:
        with ledger.writing():
            conductor.run(plan, "text", ledger, EngineSettings(), rounds=1)
        found = forecast_trial(plan, ledger)
        spent = query.count_rows(ledger)["answers"]
        for question in found.questions:
            rows = query.read_paired_values(
                ledger,
                plan.id,
                next(c.id for c in plan.candidates if c.name == question.a),
                plan.candidates[0].id,
                plan.tasks[0].id,
                "acc",
            )
            difference = rows.a_values - rows.b_values
            assert (question.known, question.measured) == (50, True)
            assert question.discordance == pytest.approx(float((difference**2).mean()), abs=0.02)
            assert question.outlooks[-1].measured
            assert question.outlooks[-1].gap == pytest.approx(float(difference.mean()))
        good, like = (question.outlooks[-1] for question in found.questions)
        assert good.gap > like.gap
        assert [rate.known for rate in found.rates] == [50] * 3
        assert all(rate.costs["minutes"] > 0 for rate in found.rates)
        assert all("usd" not in rate.costs for rate in found.rates)  # no price is stated: unknown, not 0
        assert found.spent == {"items": spent}
        assert found.totals[-1].costs["items"] == 1650  # what is answered is not asked again
        assert found.totals[-1].fits == {"items": True}
        assert [t.supposing for t in found.totals][-2:] == ["as far apart as so far", "all items"]


def test_the_median_is_where_half_of_directly_simulated_trials_stop(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    question = next(iterate_questions(make_plan_record(plan.document())))
    ten = next(o for o in forecast_trial(plan, None).questions[0].outlooks if o.gap == 0.1)
    rng = np.random.default_rng(3)
    stops = []
    for _ in range(60):
        d = rng.choice([1.0, -1.0, 0.0], 600, p=[0.15, 0.05, 0.8])
        ones, each = np.ones(600), np.arange(600)
        for n in range(10, 601, 10):
            sample = PairedSample((d[:n] > 0) * 1.0, ones[:n], (d[:n] < 0) * 1.0, ones[:n], each[:n])
            if decide(sample, replace(question.rule, total=600)).verdict != "undecided":
                break
        stops.append(n)
    assert ten.median is not None
    assert np.quantile(stops, 0.25) < ten.median < np.quantile(stops, 0.75)


def test_unbounded_measures_and_trials_that_do_not_stop_need_all_items(tmp_path: Path) -> None:
    found = forecast_trial(plan_of(tmp_path, measures=["acc", "tokens_in"]), None)
    tokens = [q for q in found.questions if q.measure == "tokens_in"]
    assert len(tokens) == 2 and all(q.outlooks == () and q.follows for q in tokens)
    assert found.totals[2].costs["items"] < found.totals[-1].costs["items"]  # they wait for nothing but the others
    entry = {"task": "table", "level": 1, "limit": 600, "measures": ["tokens_in"]}
    alone = forecast_trial(plan_of(tmp_path, tasks=[entry]), None)
    assert alone.questions and all(q.outlooks == () and "all items" in q.note for q in alone.questions)
    assert alone.totals and all(total.costs == {"items": 1800} for total in alone.totals)
    late = forecast_trial(plan_of(tmp_path, decide={"margin": 0.05}), None)
    assert [total.supposing for total in late.totals] == ["all items"]


def test_large_clusters_are_seen(tmp_path: Path) -> None:
    tasks = [{"task": "logic", "level": 1, "limit": 400}]
    early = {"margin": 0.05, "stop_early": True}
    [first, _] = forecast_trial(plan_of(tmp_path, tasks=tasks, decide=early), None).questions
    assert "clusters of up to" in first.note
    assert first.outlooks and all(outlook.median is None for outlook in first.outlooks)


def test_repeats_multiply_and_answers_of_other_pairs_do_not_count(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, tasks=[{"task": "table", "level": 1, "limit": 100, "repeats": 3}])
    with Ledger.open(tmp_path / "t.db") as ledger:
        write_plan(plan, "text", ledger)
        task = plan.tasks[0]
        seen = [(task.id, item.id, 0, Observation("acc", 1.0)) for item in task.items]
        ledger.commit(plan.candidates[1].id, Chunk(observations=seen))
        found = forecast_trial(plan, ledger)
    assert found.totals[-1].costs["items"] == 900
    assert {q.known for q in found.questions} == {0}


def test_the_document_follows_its_schema(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / "plan.schema.json").read_text())
    found: Forecast = forecast_trial(plan_of(tmp_path, budget={"minutes": 3}), None)
    document = json.loads(json.dumps(found.document(), allow_nan=False))
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "totals": [{"supposing": "luck"}]}, schema)


def hosted(name: str, **more: object) -> dict[str, object]:
    prices = {"input_per_million": 1.0, "output_per_million": 4.0}
    endpoint = {"base_url": "https://api.example.com/v1", "prices": prices, **more}
    return {"id": name, "model": f"openai:{name}", "chat": "model", "endpoint": endpoint}


def test_tokens_with_a_price_cost_at_most_so_much_and_about_so_much_once_somebody_has_answered(tmp_path: Path) -> None:
    tasks = [{"task": "arithmetic_open", "limit": 100}]
    candidates = [hosted("a"), hosted("b", prices=None), {"id": "c", "model": "fake:c"}]
    plan = plan_of(tmp_path, tasks=tasks, candidates=candidates, budget={"usd": 1})
    found = forecast_trial(plan, None)
    a, b, c = found.rates
    form = plan.tasks[0].chat
    prompts = [form.requests(item)[0].prompt for item in plan.tasks[0].items]
    limit = form.requests(plan.tasks[0].items[0])[0].max_tokens
    worst = sum(len(p.plain().encode()) + 256 + 16 * len(p.examples) for p in prompts) / 1e6 + 100 * 4 * limit / 1e6
    assert found.totals[-1].most == pytest.approx(worst)
    assert (a.about, b.most, c.most) == (None, None, None)
    assert "token" in b.no_price
    assert "usd_per_hour" in c.no_price
    assert found.totals[-1].fits == {"usd": None}, "two candidates have no price"
    alone = plan_of(tmp_path, tasks=tasks, candidates=[hosted("a")], budget={"usd": 1})
    assert forecast_trial(alone, None).totals[-1].fits == {"usd": True}, "even the most is within it"
    with Ledger.open(tmp_path / "t.db") as ledger:
        write_plan(plan, "text", ledger)
        task = plan.tasks[0]
        written = [(task.id, item.id, 0, Observation("tokens_out", 5.0)) for item in task.items]
        ledger.commit(plan.candidates[2].id, Chunk(observations=written))
        found = forecast_trial(plan, ledger)
    about = (sum(len(p.plain().encode()) for p in prompts) / 4 + 100 * 4 * 5) / 1e6
    assert found.totals[-1].costs["usd"] == pytest.approx(about)
    assert found.totals[-1].estimated
    assert about < worst


@pytest.mark.parametrize("order", [("learn", "learn2"), ("learn2", "learn")])
def test_who_learns_is_named_whatever_the_order(tmp_path: Path, order: tuple[str, str]) -> None:
    how = {"learn": {"escalate": 0.25, "items": 30}}
    told: dict[str, dict[str, object]] = {
        "learn": {**hosted("b"), "id": "learn", "levers": [{"cascade": {"to": "a", **how}}]},
        "learn2": {**hosted("c"), "id": "learn2", "levers": [{"cascade": {"to": "learn", **how}}]},
    }
    plan = plan_of(tmp_path, tasks=["arithmetic_open"], candidates=[hosted("a"), *(told[name] for name in order)])
    tuning = len(plan.tasks[0].tuning)
    found = [(lesson.cascade, lesson.answers) for lesson in forecast_trial(plan, None).lessons]
    assert found == [("learn", 2 * tuning), ("learn2", 2 * tuning)]


def test_what_cascades_learn_from_is_counted_once(tmp_path: Path) -> None:
    lever = {"cascade": {"to": "a", "learn": {"escalate": 0.25, "items": 30}}}
    twice = [{**hosted("b"), "id": name, "levers": [lever]} for name in ("one", "two")]
    twice[1]["levers"] = [{"cascade": {"to": "a", "learn": {"escalate": 0.5, "items": 30}}}]
    plan = plan_of(tmp_path, tasks=["arithmetic_open"], candidates=[hosted("a"), hosted("b"), *twice])
    found = forecast_trial(plan, None)
    tuning = len(plan.tasks[0].tuning)
    assert tuning > 20
    assert [(lesson.cascade, lesson.answers) for lesson in found.lessons] == [("one", 2 * tuning)]
    assert found.totals[-1].costs["items"] == 4 * len(plan.tasks[0].items) + 2 * tuning
    a, b, one, two = found.rates
    assert one.most == two.most == pytest.approx(a.most + b.most)
    with Ledger.open(tmp_path / "t.db") as ledger:
        write_plan(plan, "text", ledger)
        task = plan.tasks[0]
        ledger.commit(
            plan.candidates[0].id,
            Chunk(observations=[(task.id, item.id, 0, Observation("tokens_out", 5.0)) for item in task.items]),
        )
        a, b, one, two = forecast_trial(plan, ledger).rates
    assert one.about == pytest.approx(b.about + 0.25 * a.about)
    assert two.about == pytest.approx(b.about + 0.5 * a.about)


def test_a_cascade_is_kept_within_dollars_by_the_most_that_both_models_cost(tmp_path: Path) -> None:
    lever = {"cascade": {"to": "a", "threshold": 0.5}}
    agreeing = {"cascade": {"to": "a", "threshold": 0.5, "signal": "self_agreement", "samples": 3}}
    candidates = [hosted("a"), {**hosted("b"), "levers": [lever]}, {**hosted("b"), "id": "c", "levers": [agreeing]}]
    plan = plan_of(tmp_path, tasks=["arithmetic_open"], candidates=candidates, budget={"usd": 1})
    [task] = plan.tasks
    found = find_ceilings(plan)
    a, b, c = (found[candidate.id, task.id] for candidate in plan.candidates)
    assert b == pytest.approx(2 * a)
    assert c == pytest.approx(5 * a)


def test_recorded_answers_cost_nothing_and_those_without_one_are_counted(tmp_path: Path) -> None:
    first = plan_of(tmp_path, tasks=["arithmetic_open"], candidates=[{"id": "a", "model": "fake:a"}])
    asked = [first.tasks[0].plain.requests(item)[0].prompt.user for item in first.tasks[0].items]
    rows = [json.dumps({"prompt": text, "answer": "1"}) for text in asked[:60]]
    (tmp_path / "log.jsonl").write_text("\n".join(rows))
    recorded = {"format": "table", "key": "prompt", "answer": "answer"}
    candidates = [{"id": "a", "model": "fake:a"}, {"id": "r", "model": "import:log.jsonl", "recorded": recorded}]
    found = forecast_trial(plan_of(tmp_path, tasks=["arithmetic_open"], candidates=candidates), None)
    assert found.pairings == ({"task": "arithmetic_open", "candidate": "r", "items": 200, "paired": 60},)
    assert found.totals[-1].unknown["minutes"] == 1, "only the other candidate takes time"


def test_a_candidate_that_is_shown_no_images_answers_once_for_two_forms(tmp_path: Path) -> None:
    candidates = [{"id": "sees", "model": "fake:a"}, {"id": "blind", "model": "fake:a", "blind": True}]
    written = {"candidates": candidates, "tasks": [{"task": "charts_open", "level": 1, "limit": 30}]}
    plan = plan_trial(Trial.model_validate(written), tmp_path)
    assert [task.form for task in plan.tasks] == ["", "blind"]
    [first, *_] = forecast_trial(plan, None).totals
    assert first.costs["items"] == 3 * 30

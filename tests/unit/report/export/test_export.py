"""A trial leaves in the forms of other tools, comes back as recorded candidates, and keeps its verdicts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import plan_trial
from fairtrial.report.export import EXPORTERS, NOT_STATED
from fairtrial.report.export.model_card import build_card
from fairtrial.report.export.places import make_candidate_folders
from fairtrial.report.gate import GateAllowances, GateQuestions, is_failure, judge_gate
from fairtrial.report.junit import write_junit
from fairtrial.report.summary import Summary, summarise
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import TaskEntry, Trial

TASKS = (TaskEntry(task="table", level=1, limit=40, shots=1), TaskEntry(task="arithmetic_open", level=1, limit=20))


def conducted(place: Path, ledger: Ledger, one: str, two: str) -> Summary:
    made = (Candidate(id="one", model=one), Candidate(id="two", model=two))
    plan = plan_trial(Trial(candidates=made, tasks=TASKS, baseline="two"), place)
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings(), lambda step: None)
    return summarise(ledger, plan.id)


@pytest.fixture
def first(tmp_path: Path) -> tuple[Ledger, Summary]:
    ledger = Ledger.open(tmp_path / "first.db")
    return ledger, conducted(tmp_path, ledger, "fake:one", "fake:two")


def told(summary: Summary) -> list[tuple[object, ...]]:
    return [(v.a, v.b, v.task, v.measure, v.verdict, v.difference, v.low, v.high) for v in summary.verdicts]


@pytest.mark.parametrize("way", ["lm-eval", "replay"])
def test_what_comes_back_has_the_same_verdicts(tmp_path: Path, first: tuple[Ledger, Summary], way: str) -> None:
    ledger, summary = first
    assert len(list(EXPORTERS.find("lm-eval")(ledger, summary, tmp_path / "out", NOT_STATED))) == 6
    models = ("replay:first.db#one", "replay:first.db#two") if way == "replay" else ("import:out/one", "import:out/two")
    with Ledger.open(tmp_path / "again.db") as other:
        again = conducted(tmp_path, other, *models)
    assert told(again) == told(summary)
    assert any("recorded answers to all 60 items" in line for line in again.endings)
    assert again.candidates[0].content_id != summary.candidates[0].content_id


def test_fields_are_those_of_lm_eval(tmp_path: Path, first: tuple[Ledger, Summary]) -> None:
    ledger, summary = first
    head, *rows = EXPORTERS.find("lm-eval")(ledger, summary, tmp_path / "out", NOT_STATED)
    results = json.loads(head.read_text())
    assert {"results", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config"} <= set(results)
    assert results["n-samples"]["table"]["effective"] == 40
    table = [json.loads(line) for line in rows[0].read_text().splitlines()]
    assert len(table) == 40
    fields = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"}
    assert fields | {"doc_hash", "prompt_hash", "target_hash", "acc"} <= set(table[0])
    assert results["results"]["table"]["acc,none"] == pytest.approx(sum(row["acc"] for row in table) / 40)


def test_names_lead_nowhere(tmp_path: Path, first: tuple[Ledger, Summary]) -> None:
    named = [replace(first[1].candidates[0], name=name) for name in ("../x", "..", "a/b", "a_b", "a b")]
    made = {path for _, path in make_candidate_folders(named, tmp_path)}
    assert len(made) == 5
    assert all(path.parent == tmp_path and path.is_dir() for path in made)


def test_a_model_card_is_read_by_the_hubs_library(first: tuple[Ledger, Summary]) -> None:
    hub = pytest.importorskip("huggingface_hub")
    found = hub.ModelCard(build_card(first[1], first[1].candidates[0])).data.eval_results
    assert {(one.dataset_name, one.metric_type) for one in found} == {
        (task.name, measure) for task in first[1].tasks for measure in task.measures
    }
    want = next(e.mean for e in first[1].estimates if e.candidate == "one" and e.task == "table" and e.measure == "acc")
    assert next(one.metric_value for one in found if one.dataset_name == "table") == want


def test_the_card_of_a_tuned_candidate_says_what_it_was_made_of(first: tuple[Ledger, Summary]) -> None:
    hub = pytest.importorskip("huggingface_hub")
    plain = first[1].candidates[0]
    assert build_card(first[1], plain).endswith("---\n")
    tuning = {"settings": {"method": "lora"}, "data": {"rows": 9, "licences": {"CC-BY-NC-4.0": 9}}}
    made = {"model": "hf:some/base@main", "adapter_sha256": "1" * 64, "licence": "apache-2.0", "tuning": tuning}
    tuned = replace(plain, record=replace(plain.record, document={**plain.record.document, **made}))
    card = hub.ModelCard(build_card(first[1], tuned))
    assert (card.data.base_model, card.data.license) == ("some/base", "cc-by-nc-4.0")
    assert card.data.eval_results
    assert "9 rows trained on" in card.text and "Energy: not known" in card.text
    assert any(one.text[:30] in card.text for one in first[1].doubts if not one.candidate)


def test_a_gate_holds_what_is_undecided_unless_allowed(first: tuple[Ledger, Summary]) -> None:
    made = judge_gate(first[1], GateQuestions()).checks
    assert [(one.candidate, one.task, one.outcome) for one in made] == [
        ("one", "table", "undecided"), ("one", "arithmetic_open", "undecided"),
    ]  # fmt: skip
    assert all(is_failure(one, False) and not is_failure(one, True) for one in made)
    judged = judge_gate(first[1], GateQuestions())
    assert judged.doubts, "the fake engine writes no numbers"
    assert write_junit(first[1], judged).count("<failure") == 2 + len(judged.doubts)
    assert (
        write_junit(first[1], judge_gate(first[1], GateQuestions(), GateAllowances(undecided=True))).count("<skipped")
        == 2
    )


def test_the_example_of_a_table_says_what_it_could_not_pair() -> None:
    examples = Path(__file__).parents[4] / "examples"
    if not examples.is_dir():
        pytest.skip("the examples are not here")
    recorded = Candidate.model_validate(
        {
            "id": "last-month",
            "model": "import:recorded_answers.csv",
            "recorded": {"format": "table", "key": "question", "answer": "said", "only": {"model": "closed-1"}},
        }
    )
    task = TaskEntry(task="arithmetic_open", level=1, limit=20, shots=2)
    plan = plan_trial(Trial(candidates=(recorded, Candidate(id="b", model="fake:b")), tasks=(task,)), examples)
    [pairing] = plan.tasks[0].pairings
    assert (pairing.items, pairing.paired, pairing.recorded, pairing.ambiguous) == (20, 18, 18, 0)
    assert len(pairing.examples) == 2
    assert len(plan.tasks[0].items) == 18

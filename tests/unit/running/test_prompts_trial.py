"""Whole trials: unfinished thoughts are in the headline, empty choices found before anything is asked, turns kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import yaml

from fairtrial.analysis.doubts import find_doubts
from fairtrial.engines import EngineSettings
from fairtrial.errors import DataError
from fairtrial.ledger import Ledger
from fairtrial.ledger.blobs import read_image
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.report.export.answered import read_answered_items
from fairtrial.report.export.inspect_log import build_messages
from fairtrial.report.export.lm_eval import build_samples
from fairtrial.report.summary import summarise
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial

UNFINISHED = [["[assistant]", "[/assistant]"]]
"""The fake engine's own template ends in such a tag, so that all that it writes is an unfinished thought."""

QUIZ = {
    "task": "quiz",
    "output_type": "multiple_choice",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "quiz.jsonl"}},
    "test_split": "test",
    "doc_to_text": "{{question}}",
    "doc_to_choice": "{{options}}",
    "doc_to_target": "right",
}


def plan_of(folder: Path, candidates: list[dict[str, object]], task: dict[str, object], **more: object) -> Plan:
    return plan_trial(Trial.model_validate({"candidates": candidates, "tasks": [task], **more}), folder)


def conduct(plan: Plan, ledger: Ledger) -> None:
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(tmp_path / "t.db")) as opened:
        yield opened


def test_unfinished_thoughts_are_in_the_headline(tmp_path: Path, ledger: Ledger) -> None:
    candidates: list[dict[str, object]] = [
        {"id": "plain", "model": "fake:a", "chat": "model"},
        {"id": "thinks", "model": "fake:a", "chat": "model", "thoughts": UNFINISHED},
    ]
    plan = plan_of(tmp_path, candidates, {"task": "arithmetic_open", "limit": 12})
    conduct(plan, ledger)
    [doubt] = [d for d in find_doubts(ledger, plan.id) if d.kind == "unfinished"]
    assert (doubt.candidate, doubt.count, doubt.of, doubt.headline) == ("thinks", 12, 12, True)
    summary = summarise(ledger, plan.id)
    [task] = summary.tasks
    plain, thinks = (list(read_answered_items(ledger, summary, candidate, task)) for candidate in summary.candidates)
    assert len(plain) == len(thinks) == 12
    assert all(one.text == "" and one.thought for one in thinks)
    assert not any(one.thought for one in plain)
    assert all(one.tokens()["reasoning"] == one.tokens()["out"] for one in thinks)  # type: ignore[index]


def test_an_empty_choice_is_found_before_anything_is_asked(tmp_path: Path, ledger: Ledger) -> None:
    rows = [{"question": f"{n}?", "options": ["yes", "no" if n < 7 else ""], "right": n % 2} for n in range(9)]
    (tmp_path / "quiz.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(QUIZ))
    candidates: list[dict[str, object]] = [
        {"id": "a", "model": "fake:a"},
        {"id": "b", "model": "fake:b", "chat": "model"},
    ]
    plan = plan_of(tmp_path, candidates, {"task": "quiz"}, task_paths=["quiz.yaml"])
    with pytest.raises(DataError, match="choice 2 of 2, '', has no tokens") as caught:
        conduct(plan, ledger)
    assert caught.value.where in {"quiz item 7", "quiz item 8"}
    assert list(ledger.read("SELECT count(*) FROM answers")) == [(0,)]


def test_turns_come_through_to_the_ledger_and_to_exports(tmp_path: Path, ledger: Ledger) -> None:
    candidates: list[dict[str, object]] = [
        {"id": "turns", "model": "fake:a", "chat": "model", "system": "Be brief."},
        {"id": "text", "model": "fake:a", "chat": "model", "system": "Be brief.", "fewshot_as_multiturn": False},
        {"id": "running", "model": "fake:a"},
    ]
    plan = plan_of(tmp_path, candidates, {"task": "arithmetic_open", "limit": 4, "shots": 2})
    conduct(plan, ledger)
    summary = summarise(ledger, plan.id)
    [task] = summary.tasks
    roles, prompts = {}, {}
    for candidate in summary.candidates:
        found = list(read_answered_items(ledger, summary, candidate, task))
        roles[candidate.name] = [
            message["role"] for message in build_messages(found[0], candidate, partial(read_image, ledger))
        ]
        prompts[candidate.name] = [one.prompt for one in found]
        logged = list(build_samples(ledger, summary, candidate, task))
        assert [row["arguments"]["gen_args_0"]["arg_0"] for row in logged] == prompts[candidate.name]
    assert roles == {
        "turns": ["system", "user", "assistant", "user", "assistant", "user"],
        "text": ["system", "user"],
        "running": ["user"],
    }
    assert prompts["turns"] == prompts["text"] == prompts["running"]


def test_a_replay_of_an_older_ledger_asks_as_was_asked_then(tmp_path: Path, ledger: Ledger) -> None:
    then: dict[str, object] = {"id": "then", "model": "fake:a", "chat": "model", "fewshot_as_multiturn": False}
    task: dict[str, object] = {"task": "arithmetic_open", "limit": 4, "shots": 2}
    conduct(plan_of(tmp_path, [then], task), ledger)
    with ledger.writing(), ledger.transaction() as db:
        [(plan,)] = db.execute("SELECT plan FROM trials").fetchall()
        document = json.loads(plan)
        del document["candidates"][0]["spec"]["fewshot_as_multiturn"]  # as it was before there was such a setting
        db.execute("UPDATE trials SET plan = ?", (json.dumps(document),))
    [replayed] = plan_of(tmp_path, [{"id": "now", "model": "replay:t.db#then"}], task).tasks
    [pairing] = replayed.pairings
    assert pairing.paired == pairing.items

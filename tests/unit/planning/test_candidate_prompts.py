"""Candidates' own prompts and system messages: where they are written, identity, and what is refused before a trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.models import identify_candidate, resolve
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.requests import make_requests
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.source import load_trial

TASKS = "tasks: [{task: table, limit: 3, shots: 2}, {task: arithmetic_open, limit: 3}]\n"


def planned(folder: Path, candidates: str, tasks: str = TASKS) -> Plan:
    path = folder / "trial.yaml"
    path.write_text(f"candidates:\n{candidates}\n{tasks}")
    loaded = load_trial(path)
    return plan_trial(loaded.trial, folder, where=loaded.where)


def identify(folder: Path, **more: str) -> str:
    candidate = Candidate.model_validate({"id": "a", "model": "fake:x", **more})
    return identify_candidate(candidate, resolve("fake:x", folder), base_dir=folder, engine_version="1")


def test_a_prompt_counts_by_its_text_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("\ufeffThink.\r\n{{prompt}}\r\n")
    (tmp_path / "s.txt").write_text("Be short.\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "one.yaml").write_text('{id: d, model: "fake:x", prompt: {file: ../p.txt}}')
    plan = planned(
        tmp_path,
        '- {id: a, model: "fake:x", chat: model, system: Be short.}\n'
        '- {id: b, model: "fake:x", chat: model, system: {file: s.txt}}\n'
        '- {id: c, model: "fake:x", prompt: "Think.\\n{{prompt}}"}\n'
        "- more/one.yaml\n"
        '- {id: e, model: "fake:x"}',
    )
    a, b, c, d, e = (candidate.id for candidate in plan.candidates)
    assert a == b and c == d and len({a, c, e}) == 3
    assert plan.candidates[3].spec.prompt == "Think.\n{{prompt}}"
    assert identify(tmp_path) == "f6dbeef77f1c4b4260d73e0173f90393"  # without a prompt, as before there were any
    assert identify(tmp_path, chat="model", system="Be short.") == "887c28e9226f591988b7bfc3d90fe39a"


def test_candidates_are_asked_their_own_prompt_about_the_same_items(tmp_path: Path) -> None:
    plan = planned(tmp_path, '- {id: a, model: "fake:x"}\n- {id: b, model: "fake:x", prompt: "Think. {{prompt}}"}')
    for task in plan.tasks:
        for item in task.items:
            [(own,), (written,)] = [make_requests(task.for_candidate(c.spec), c.spec, item)[0] for c in plan.candidates]
            question = own.prompts[0].plain().rpartition("\n\n")[2]
            assert written.prompts[0].plain() == own.prompts[0].plain().removesuffix(question) + f"Think. {question}"
            assert not own.prompts[0].examples and not written.prompts[0].examples


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        ("prompt: Think.", "trial.yaml:2: a prompt without {{...}} would be the same for every item"),
        ("prompt: 'Think. {prompt}'", "trial.yaml:2: names stand in two braces: write {{prompt}} for {prompt}"),
        ("prompt: {file: pp.txt}", "trial.yaml:2: prompt: there is no file"),
        ("prompt: {text: pp.txt}", "trial.yaml:2: prompt must be text, or {file: PATH}; got a mapping of text"),
        ("prompt: {file: b.bin}", "is not UTF-8 text"),
        ("prompt: {file: e.txt}", "is empty"),
        ("prompt: {file: .}", "cannot be read: Is a directory"),
        ("prompt: 7", "trial.yaml:2: candidates[0].prompt must be text"),
        ("prompt: '{{prompt'", "no template"),
        ("prompt: '{{kin}}'", "which this task's rows lack. Did you mean 'kind'?"),
        ("prompt: 'Hi {{row.level}}'", "its prompt is the same for every item, so that no question is asked"),
        ("prompt: '{{prompt}} {{gold}}'", "its prompt shows the column 'gold', which holds the right answers"),
        ("system: {file: pp.txt}, chat: model", "trial.yaml:2: system: there is no file"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, candidate: str, told: str) -> None:
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "e.txt").write_text("\n")
    with pytest.raises(SpecError) as caught:
        planned(tmp_path, f'- {{id: a, model: "fake:x", {candidate}}}')
    assert told in str(caught.value).replace(f"{tmp_path}/", "")
    assert f"{tmp_path}/trial.yaml:2" in str(caught.value)

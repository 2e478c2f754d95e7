"""One kind of lever: any number wrap in the written order, with ids, traces and costs of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.check import check_engine
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.levers.wrapping import WrappedEngine
from fairtrial.measures.sharing import count_tokens_in
from fairtrial.models import resolve
from fairtrial.planning.candidates import CandidatePlanner
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import GenerateRequest, Prompt, TraceStep
from fairtrial.report.examples import describe_step
from fairtrial.running.budget import find_worst
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.source import load_trial
from fairtrial.spec.stated import StatedMachine
from tests.support import levers

FAKE = "fake:a"
APPEND, SHOUT = {"append": " Think."}, {"shout": {"mark": "!!"}}


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with levers.installed():
        yield


def identity(*written: dict[str, object], folder: Path = Path()) -> str:
    return CandidatePlanner(folder).plan(Candidate(id="c", model=FAKE, levers=written)).id


FROZEN = {
    "plain": "2ddf45e07488f057b12646d435f7c282",
    "decoding": "62a20d048827d5be60eb5a6f692aa4c5",
    "threshold": "5522f958094b0a7b7b4c1cb1b38ce636",
    "samples": "2c49aab9c947db2220cc85d7a091c2e6",
    "learned": "2f32e87e8f76c849d8b1647b8be7c327",
}
"""Ids of candidates as they have been since there are cascades; ledgers hold answers under them."""


def test_ids_of_earlier_candidates_have_not_changed(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(
        textwrap.dedent(
            """\
            candidates:
            - {id: plain, model: 'fake:a'}
            - {id: decoding, model: 'fake:b', decoding: {temperature: 0.5, max_tokens: 9}, overflow: truncate}
            - {id: threshold, model: 'fake:a', levers: [{cascade: {to: {model: 'fake:c'}, threshold: 0.5}}]}
            - {id: samples, model: 'fake:a', levers: [{cascade: {to: plain, threshold: 0.7, signal: self_agreement,
               samples: 3, answer: x}}]}
            - {id: learned, model: 'fake:c', levers: [{cascade: {to: plain, learn: {escalate: 0.2, items: 20}}}]}
            tasks: [{task: table, level: 1, limit: 40, shots: 0}]
            """
        )
    )
    plan = plan_trial(load_trial(tmp_path / "trial.yaml").trial, tmp_path)
    assert {c.name: c.id for c in plan.candidates} == FROZEN


def test_settings_order_and_files_are_in_the_id(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    with_file = {"append": {"text": " Think.", "source": "a.txt"}}
    ids = [
        identity(),
        identity(APPEND),
        identity(SHOUT),
        identity(APPEND, SHOUT),
        identity(SHOUT, APPEND),
        identity({"append": " Think!"}),
        identity(with_file, folder=tmp_path),
    ]
    assert len(set(ids)) == len(ids)
    (tmp_path / "b.txt").write_text("one")
    assert identity({"append": {"text": " Think.", "source": "b.txt"}}, folder=tmp_path) == ids[-1]
    (tmp_path / "a.txt").write_text("two")
    assert identity(with_file, folder=tmp_path) != ids[-1]
    with pytest.raises(SpecError, match=r"source names .*Did you mean 'a.txt'"):
        identity({"append": {"text": "x", "source": "aa.txt"}}, folder=tmp_path)


def test_the_first_one_written_is_the_innermost() -> None:
    model = resolve(FAKE, Path())
    inside = open_engine(Candidate(id="a", model=FAKE), model, EngineSettings())
    request = GenerateRequest(Prompt("Question:"), max_tokens=6)
    engine = inside
    for lever in ({"append": " One."}, {"append": " Two."}, SHOUT, {"shout": "?"}):
        engine = wrap_engine(read_lever(lever), engine, {})
    [plain] = inside.generate([replace(request, prompt=Prompt("Question: Two. One."))])
    [answer] = engine.generate([request])
    assert answer.text == plain.text + "!!?"
    assert answer.trace == (
        TraceStep("append", prompt="Question: Two."),
        TraceStep("append", prompt="Question: Two. One."),
        TraceStep("shout", action="changed the answer"),
        TraceStep("shout", action="changed the answer"),
    )
    assert check_engine(WrappedEngine(inside, "nothing")) == []


def test_every_call_is_charged() -> None:
    model = resolve(FAKE, Path())
    inside = open_engine(Candidate(id="a", model=FAKE), model, EngineSettings())
    request = GenerateRequest(Prompt("Question:"), max_tokens=6)
    [plain] = inside.generate([request])
    [twice] = wrap_engine(read_lever({"twice": "x"}), inside, {}).generate([request])
    assert count_tokens_in(twice) == 2 * count_tokens_in(plain)
    cascade = wrap_engine(
        read_lever({"cascade": {"to": "b", "threshold": 1.0}}),
        wrap_engine(read_lever({"twice": "x"}), inside, {}),
        {"b": inside},
    )
    [answer] = cascade.generate([request])
    assert [step.by for step in answer.trace] == ["small/model", "small", "b"]
    assert count_tokens_in(answer) == 3 * count_tokens_in(plain)


def written(folder: Path) -> Plan:
    (folder / "trial.yaml").write_text(
        textwrap.dedent(
            """\
            candidates:
            - {id: plain, model: 'fake:a'}
            - {id: led, model: 'fake:a', levers: [{append: ' Think.'}, {shout: '!!'}]}
            - {id: both, model: 'fake:b', levers: [{append: ' Think.'}, {cascade: {to: led, threshold: 0.9}}]}
            tasks: [{task: arithmetic, level: 1, limit: 120, shots: 0, ask: letter}]
            """
        )
    )
    return plan_trial(load_trial(folder / "trial.yaml").trial, folder)


def test_budgets_count_every_call_and_every_byte(tmp_path: Path) -> None:
    plan = written(tmp_path)
    [task] = plan.tasks
    priced = {"usd_per_input_token": 1.0, "usd_per_output_token": 0.0}
    plain, led, _ = (replace(c, model=replace(c.model, notes=priced)) for c in plan.candidates)
    own = {name: replace(part, model=replace(part.model, notes=priced)) for name, part in led.parts.items()}
    deep = {name: replace(p, model=replace(p.model, notes=priced)) for name, p in own["model"].parts.items()}
    led = replace(led, parts={"model": replace(own["model"], parts=deep)})
    assert find_worst(led, task, StatedMachine())[0] == find_worst(plain, task, StatedMachine())[0] + len(" Think.")


def conducted(plan: Plan, path: Path) -> None:
    with Ledger.open(path) as ledger, ledger.writing():
        run(plan, "text", ledger, EngineSettings())


def rows(path: Path) -> list[tuple[object, ...]]:
    with Ledger.open(path, create=False) as ledger:
        answers = "SELECT candidate_id, request_id, answer FROM answers ORDER BY candidate_id, request_id"
        return list(ledger.connection.execute(answers))


def test_levers_stand_trial_and_are_resumed(tmp_path: Path) -> None:
    """A run that is killed in the middle and resumed ends with the answers of an unbroken one, traces included."""
    plan = written(tmp_path)
    conducted(plan, tmp_path / "whole.db")
    child = textwrap.dedent(
        f"""
        import os
        from pathlib import Path
        from fairtrial.running import storing
        from tests.support import levers
        from tests.unit.levers.test_levers import conducted, written
        write, done = storing.LedgerWriter.write_chunk, []
        def count(*args, **kwargs):
            write(*args, **kwargs)
            done.append(1)
            if len(done) == 5:
                os._exit(9)
        storing.LedgerWriter.write_chunk = count
        with levers.installed():
            conducted(written(Path({str(tmp_path)!r})), Path({str(tmp_path / "killed.db")!r}))
        """
    )
    assert subprocess.run([sys.executable, "-c", child], check=False).returncode == 9
    killed = rows(tmp_path / "killed.db")
    assert 0 < len(killed) < len(rows(tmp_path / "whole.db"))
    conducted(plan, tmp_path / "killed.db")
    assert rows(tmp_path / "killed.db") == rows(tmp_path / "whole.db")
    plain, led, both = plan.candidates
    with Ledger.open(tmp_path / "whole.db", create=False) as ledger:
        [item] = plan.tasks[0].items[:1]
        [(request, answer)] = query.read_item_answers(ledger, led.id, plan.tasks[0].id, item.id)
        sent, changed = answer["trace"]
        assert sent["prompt"].endswith(" Think.") and "Think." not in str(request)
        assert changed == {"by": "shout", "action": "changed the answer"}
        [(_, answer)] = query.read_item_answers(ledger, plain.id, plan.tasks[0].id, item.id)
        assert "trace" not in answer
        traces = [
            [step["by"] for step in answer["trace"]]
            for one in plan.tasks[0].items
            for _, answer in query.read_item_answers(ledger, both.id, plan.tasks[0].id, one.id)
        ]
    alone = ["small/append", "small"]
    assert {tuple(trace) for trace in traces} <= {tuple(alone), (*alone, "led/append", "led", "led/shout")}
    assert tuple(alone) != max(map(tuple, traces), key=len)


def test_steps_are_told_in_words() -> None:
    assert describe_step(TraceStep("small", 1200, 4, 0.25)) == "small read 1,200 tokens and wrote 4; 25% sure"
    retrieved = TraceStep("retrieve", prompt="P. Q?", sources=("doc 1", "doc 2"))
    assert describe_step(retrieved) == "retrieve used doc 1, doc 2; sent: P. Q?"
    assert describe_step(TraceStep("guard", action="masked 2 names")) == "guard masked 2 names"


def test_candidates_that_refer_to_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(
        "candidates:\n"
        "- {id: a, model: 'fake:a', levers: [{cascade: {to: b, threshold: 0.5}}]}\n"
        "- {id: b, model: 'fake:b', levers: [{cascade: {to: a, threshold: 0.5}}]}\n"
        "tasks: [table]\n"
    )
    with pytest.raises(SpecError, match="circle: 'a' to 'b' to 'a'"):
        load_trial(tmp_path / "trial.yaml")

"""Logs of Inspect: what leaves is read by Inspect itself and comes back with the same verdicts; what others wrote."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.errors import MissingExtraError, ModelError
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import plan_trial
from fairtrial.recorded import read_log
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.report.export import EXPORTERS, NOT_STATED
from fairtrial.report.summary import Summary, summarise
from fairtrial.running.conductor import run
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.recorded import Recorded
from fairtrial.spec.trial import TaskEntry, Trial

TASKS = (
    TaskEntry(task="table", level=1, limit=20, shots=1),
    TaskEntry(task="arithmetic_open", level=1, limit=15, repeats=2),
)


def conducted(place: Path, ledger: Ledger, one: str, two: str) -> Summary:
    warm = Decoding(temperature=0.5) if one.startswith("fake") else Decoding()
    made = (Candidate(id="one", model=one, decoding=warm), Candidate(id="two", model=two))
    plan = plan_trial(Trial(candidates=made, tasks=TASKS, baseline="two"), place)
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings(), lambda step: None)
    return summarise(ledger, plan.id)


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Summary, list[Path]]:
    with Ledger.open(tmp_path / "first.db") as ledger:
        summary = conducted(tmp_path, ledger, "fake:one", "fake:two")
        made = list(EXPORTERS.find("inspect")(ledger, summary, tmp_path / "out", NOT_STATED))
    return summary, [path for path in made if path.parent.name == "one"]


def test_what_comes_back_has_the_same_verdicts(tmp_path: Path, logs: tuple[Summary, list[Path]]) -> None:
    with Ledger.open(tmp_path / "again.db") as other:
        again = conducted(tmp_path, other, "import:out/one", "import:out/two")
    table = [[v for v in s.verdicts if v.task == "table"] for s in (logs[0], again)]
    assert table[0] == table[1] and table[0]
    assert any("recorded answers to all 35 items" in line for line in again.endings)
    assert {(e.candidate, e.task, e.measure, e.mean) for e in logs[0].estimates if e.measure.startswith("acc")} == {
        (e.candidate, e.task, e.measure, e.mean) for e in again.estimates if e.measure.startswith("acc")
    }


def test_the_archive_holds_what_inspect_keeps(logs: tuple[Summary, list[Path]]) -> None:
    summary, (table, arithmetic) = logs
    with zipfile.ZipFile(arithmetic) as archive:
        head, short = (json.loads(archive.read(f"{name}.json")) for name in ("header", "summaries"))
        one = json.loads(archive.read("samples/0_epoch_2.json"))
        assert sum(name.startswith("samples/") for name in archive.namelist()) == 30
    assert head["eval"]["model_args"]["model"] == "fake:one"
    assert (head["status"], head["eval"]["task"], head["eval"]["model"]) == ("success", "arithmetic_open", "one")
    assert (head["eval"]["config"]["epochs"], head["results"]["completed_samples"], len(short)) == (2, 30, 30)
    assert head["eval"]["model_generate_config"] == {"temperature": 0.5}
    assert set(one["scores"]) == {"exact_match"} and {"seconds", "tokens_out"} <= set(
        one["metadata"]["fairtrial"]["costs"]
    )
    assert one["output"]["completion"] == one["messages"][-1]["content"]
    usage = head["stats"]["model_usage"]["one"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    [score] = head["results"]["scores"]
    want = next(
        e for e in summary.estimates if (e.candidate, e.task, e.measure) == ("one", "arithmetic_open", "exact_match")
    )
    assert score["metrics"]["mean"]["value"] == want.mean
    with zipfile.ZipFile(table) as archive:
        one = json.loads(archive.read("samples/3_epoch_1.json"))
    scored = one["metadata"]["fairtrial"]["scored"]
    assert [s["continuation"] for s in scored] == one["choices"]
    assert one["output"]["completion"] == max(scored, key=lambda s: s["logprob"])["continuation"]
    assert one["target"] in one["choices"]


def test_inspect_reads_it(logs: tuple[Summary, list[Path]]) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="inspect_ai is not installed")
    for path in logs[1]:
        found = log.read_eval_log(str(path))
        assert found.status == "success" and not found.error
        assert (
            len(found.samples) == found.results.completed_samples == len(log.read_eval_log_sample_summaries(str(path)))
        )
        assert log.read_eval_log(str(path), header_only=True).results.scores[0].metrics["mean"].value == pytest.approx(
            sum(next(iter(s.scores.values())).value for s in found.samples) / len(found.samples)
        )


def packed(path: Path, rows: list[dict[str, Any]], method: int, archive: Any = zipfile) -> Path:
    with archive.ZipFile(path, "w", method) as made:
        for i, row in enumerate(rows):
            made.writestr(f"samples/{i}_epoch_1.json", json.dumps(row))
    return path


def row(asked: str, said: str, **more: Any) -> dict[str, Any]:
    return {"input": asked, "output": {"completion": said, "choices": [{"message": {"content": said}}]}, **more}


def test_archives_packed_with_zstandard_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = zipfile if sys.version_info >= (3, 14) else pytest.importorskip("backports.zstd.zipfile")
    path = packed(tmp_path / "a.eval", [row("What is 1?", "one")], 93, newer)
    assert read_log(path, Recorded()).size == 1
    path.write_bytes(path.read_bytes().replace(b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfe"))
    with pytest.raises(ModelError, match=r"a\.eval"):
        read_log(path, Recorded())
    if sys.version_info < (3, 14):
        monkeypatch.setitem(sys.modules, "backports.zstd", None)
        with pytest.raises(MissingExtraError, match="fairtrial\\[inspect\\]"):
            read_log(path, Recorded())


def test_a_sample_that_failed_is_no_answer(tmp_path: Path) -> None:
    empty = {"model": "m", "choices": [], "completion": ""}
    rows = [
        row("What is 1?", "one"),
        row("What is 2?", "", error={"message": "it broke"}),
        {"input": "What is 3?", "output": empty},
    ]
    found = read_log(packed(tmp_path / "a.eval", rows, zipfile.ZIP_DEFLATED), Recorded())
    assert found.size == 1
    assert found.answer(GenerateRequest(Prompt("What is 2?"), 9)) is None


def test_scores_without_their_parts_name_the_place(tmp_path: Path) -> None:
    wrong = row("q", "a", metadata={"fairtrial": {"scored": [{"prompt": "q", "continuation": "a"}]}})
    with pytest.raises(ModelError, match=r"samples/0_epoch_1\.json metadata\.fairtrial\.scored\[0\].*'logprob'"):
        read_log(packed(tmp_path / "a.eval", [wrong], zipfile.ZIP_DEFLATED), Recorded())


def test_of_several_epochs_the_first_counts_unless_another_is_named(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.eval", [row("What is 1?", word, epoch=i) for i, word in ((1, "one"), (2, "two"))], 8)
    for how, want in ((Recorded(), "one"), (Recorded(only={"epoch": 2}), "two")):
        answer = read_log(path, how).answer(GenerateRequest(Prompt("What is 1?"), 9))
        assert answer is not None and answer.text == want

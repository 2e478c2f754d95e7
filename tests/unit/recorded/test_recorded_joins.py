"""Recorded answers that are missing, whole or found by id: no answer is no answer, and few matches are no verdict."""

from __future__ import annotations

import json
import math
import os
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairtrial import api
from fairtrial.cli.main import app
from fairtrial.errors import ModelError, SpecError
from fairtrial.recorded import read_log, rows
from fairtrial.records import GenerateAnswer, GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.recorded import Recorded
from fairtrial.spec.trial import Decide, TaskEntry, Trial

TABLE = Recorded(format="table", key="q", answer="a")


def put(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


def said(path: Path, prompt: str, how: Recorded = TABLE, item_key: str = "") -> str | None:
    found = read_log(path, how).answer(GenerateRequest(Prompt(prompt), 8, item_key=item_key))
    assert found is None or isinstance(found, GenerateAnswer)
    return None if found is None else found.text


@pytest.mark.parametrize("nothing", [None, math.nan])
@pytest.mark.parametrize("answer", ["a", "{{a}}", "{{ a }} and more"])
def test_no_answer_is_no_answer(tmp_path: Path, nothing: object, answer: str) -> None:
    log = put(tmp_path / "log.json", [{"q": "x?", "a": nothing}, {"q": "y?", "a": "1"}])
    how = Recorded(format="table", key="q", answer=answer)
    assert said(log, "x?", how) is None
    assert said(log, "y?", how) is not None
    record = read_log(log, how)
    assert (record.rows, record.size) == (2, 1)


def test_an_empty_text_is_an_answer_and_an_empty_cell_is_none(tmp_path: Path) -> None:
    assert said(put(tmp_path / "log.json", [{"q": "x?", "a": ""}]), "x?") == ""
    (tmp_path / "log.csv").write_text("q,a\nx?,\ny?,None\nz?\n")
    assert said(tmp_path / "log.csv", "x?") is None
    assert said(tmp_path / "log.csv", "z?") is None
    assert said(tmp_path / "log.csv", "y?") == "None"


def test_nulls_of_other_tools_are_no_answers(tmp_path: Path) -> None:
    call = {"gen_args_0": {"arg_0": "x?", "arg_1": {"until": []}}}
    samples = [
        {"arguments": call, "resps": [[None]]},
        {"arguments": {"gen_args_0": {"arg_0": "y?", "arg_1": {}}}, "resps": [["1"]]},
    ]
    log = tmp_path / "samples_x.jsonl"
    log.write_text("\n".join(map(json.dumps, samples)))
    assert said(log, "x?", Recorded()) is None
    assert said(log, "y?", Recorded()) == "1"
    inspect = {"eval": {}, "samples": [
        {"input": "x?", "output": {"choices": [{"message": {"content": None}}]}},
        {"input": "y?", "output": {"choices": [{"message": {"content": [{"type": "text", "text": "1"}]}}]}},
        {"input": "z?", "output": {"choices": [{"message": {"content": [{"type": "image"}]}}]}}]}  # fmt: skip
    assert [said(put(tmp_path / "log.json", inspect), f"{q}?", Recorded()) for q in "xyz"] == [None, "1", None]
    helm = {"request_states": [{"request": {"prompt": f"{q}?"}, "result": {"completions": [{"text": text}]}}
                               for q, text in (("x", None), ("y", "1"))]}  # fmt: skip
    assert [said(put(tmp_path / "scenario_state.json", helm), f"{q}?", Recorded()) for q in "xy"] == [None, "1"]
    foo = {"results": {"results": [{"prompt": {"raw": "y?"}, "response": {"output": "1"}},
                                   {"prompt": {"raw": "x?"}, "response": {"output": None}}]}}  # fmt: skip
    assert [said(put(tmp_path / "results.json", foo), f"{q}?", Recorded()) for q in "xy"] == [None, "1"]


def test_objects_are_whole_json(tmp_path: Path) -> None:
    answer = {"steps": ["one", "two"] * 40, "answer": "Zürich", "sure": True}
    log = put(tmp_path / "log.json", [{"q": "x?", "a": answer}, {"q": "y?", "a": True}])
    assert json.loads(said(log, "x?") or "") == answer
    assert "Zürich" in (said(log, "x?") or "")
    assert said(log, "y?") == "true"


def test_an_impossible_choice_keeps_the_answer(tmp_path: Path) -> None:
    calls = {f"gen_args_{i}": {"arg_0": "x?", "arg_1": f" {c}"} for i, c in enumerate("AB")}
    log = tmp_path / "samples_x.jsonl"
    log.write_text(json.dumps({"arguments": calls, "resps": [[["-Infinity", "False"]], [[-1.5, "True"]]]}))
    request = ScoreRequest((Pair(Prompt("x?"), "A"), Pair(Prompt("x?"), "B")))
    found = read_log(log, Recorded()).answer(request)
    assert isinstance(found, ScoreAnswer)
    assert found.logprobs == (-math.inf, -1.5)


def test_rows_are_found_by_id_and_by_number(tmp_path: Path) -> None:
    log = put(tmp_path / "log.json", [{"qid": 7.0, "a": "one"}, {"qid": "b", "a": "two"}, {"qid": None, "a": "three"}])
    by_id = Recorded(format="table", answer="a", join="id", id="qid")
    assert said(log, "whatever is asked", by_id, "7") == "one"
    assert said(log, "", by_id, "b") == "two"
    assert said(log, "", by_id, "") is None
    by_row = Recorded(format="table", answer="a", join="row")
    assert [said(log, "", by_row, key) for key in ("0", "2", "3")] == ["one", "three", None]
    checked = Recorded(format="table", key="q", answer="a", join="row")
    log = put(tmp_path / "log.json", [{"q": "What is one?", "a": "1"}, {"q": "Two?", "a": "2"}])
    assert said(log, "Q: What is one?\nA:", checked, "0") == "1"
    assert said(log, "Q: What is one?\nA:", checked, "1") is None
    why = read_log(log, checked).explain(GenerateRequest(Prompt("What is one?"), 8, item_key="1"))
    assert why == "The row '1' of the log asks something else: 'Two?'."


def test_settings_of_joins_are_checked() -> None:
    for wrong in ({"join": "id"}, {"id": "qid"}, {"item": "x"}, {"join": "row", "item": "x"}):
        with pytest.raises(ValueError, match=r"join: id|goes with"):
            Recorded.model_validate({"format": "table", "key": "q", "answer": "a", **wrong})
    with pytest.raises(ValueError, match="a table needs key"):
        Recorded.model_validate({"format": "table", "answer": "a"})


TASK = """
task: capitals
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "Question: {{q}}\\nAnswer:"
doc_to_target: "{{gold}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 8}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    questions = [{"q": f"What comes after {i}?", "gold": str(i + 1), "nr": i} for i in range(60)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, questions)))
    (tmp_path / "capitals.yaml").write_text(TASK)
    good = [{"q": row["q"], "a": row["gold"], "nr": row["nr"]} for row in questions]
    put(tmp_path / "good.json", good)
    put(tmp_path / "bad.json", [{**row, "a": "no"} for row in good])
    put(tmp_path / "few.json", [{**row, "a": "no"} for row in good[:6]])
    return tmp_path


def run(place: Path, a: Recorded, b: str, how: Recorded = TABLE, least: float = 0.8) -> api.Result:
    trial = Trial(
        name="matched",
        candidates=(
            Candidate(id="good", model="import:good.json", recorded=a),
            Candidate(id="other", model=b, recorded=how),
        ),
        tasks=(TaskEntry(task="capitals"),),
        task_paths=(str(place),),
        decide=Decide(least_matched=least),
    )
    return api.run(trial, place / "t.db")


def test_few_matches_are_no_verdict(place: Path) -> None:
    found = run(place, TABLE, "import:few.json")
    [verdict] = found.verdicts
    assert (verdict.verdict, verdict.alone, verdict.difference) == ("undecided", "undecided", -1.0)
    assert math.isinf(verdict.low) and verdict.items_needed is None and "withheld" in verdict.method
    [doubt] = [doubt for doubt in found.summary.doubts if doubt.kind == "few_matches"]
    assert doubt.headline and (doubt.count, doubt.of, doubt.candidate) == (6, 60, "other")
    assert doubt.text.startswith("No verdict on capitals: only 6 of 60 items (10.0%) have a recorded answer of every")
    assert "(good 60, other 6)" in doubt.text
    settled = run(place, TABLE, "import:few.json", least=0.1)
    assert settled.trial_id != found.trial_id
    assert settled.verdicts[0].verdict == "worse"
    assert run(place, TABLE, "import:bad.json").verdicts[0].verdict == "worse"


def test_it_says_why_rows_did_not_match(place: Path) -> None:
    task = TASK.replace(
        "\\nAnswer:",
        " Think about it at length, then give one word and nothing else at all, in lower case, please.\\nAnswer:",
    )
    (place / "capitals.yaml").write_text(task)
    with pytest.raises(SpecError, match=r"characters follow it, and at most 80 may: ' Think about it"):
        run(place, TABLE, "import:bad.json")
    put(place / "good.json", [{"q": "What is the capital of France?", "a": "Paris"}])
    with pytest.raises(SpecError, match="the nearest recorded one ends 'What is the capital of France"):
        run(place, TABLE, "import:bad.json")


def test_other_prompts_are_paired_by_id_or_number(place: Path) -> None:
    by_row = Recorded(format="table", answer="a", join="row")
    by_id = Recorded(format="table", answer="a", join="id", id="nr")
    by_doc = Recorded(format="table", answer="a", join="id", id="nr", item="doc_id")
    for how in (by_row, by_id, by_doc):
        [verdict] = run(place, by_row, "import:bad.json", how).verdicts
        assert (verdict.verdict, verdict.items_used) == ("worse", 60)
    with pytest.raises(SpecError, match="6 rows; they can be joined by number only if there are as many"):
        run(place, by_row, "import:few.json", by_row)


def test_how_recorded_answers_were_read_is_told(place: Path) -> None:
    found = run(place, Recorded(format="table", answer="a", join="row"), "import:bad.json")
    told = {doubt.kind: doubt for doubt in found.summary.doubts}
    assert told["unchecked_join"].candidate == "good"
    assert told["unchecked_join"].text.startswith("The answers of good are joined with the items by their number alone")
    assert "ends of all written answers on capitals" in told["cleaned"].text
    assert not (told["unchecked_join"].headline or told["cleaned"].headline)


def test_rows_without_an_answer_are_told(place: Path) -> None:
    body = json.loads((place / "bad.json").read_text())
    put(place / "bad.json", [{**row, "a": None if row["nr"] < 5 else row["a"]} for row in body])
    found = run(place, TABLE, "import:bad.json")
    assert found.verdicts[0].items_used == 55
    assert "other: 5 rows of its log hold no answer." in found.summary.endings
    [doubt] = [doubt for doubt in found.summary.doubts if doubt.kind == "unmatched"]
    assert doubt.headline and doubt.count == 5
    assert doubt.text.endswith("That question is recorded without an answer.")


def test_places_that_are_no_logs_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fairtrial.recorded import imported

    os.mkfifo(tmp_path / "pipe.json")
    places = (
        (tmp_path / "pipe.json", "is a pipe, socket or device"),
        (Path("/dev/zero"), "is a pipe, socket or device"),
        (tmp_path / ("n" * 300), "cannot be read"),
        (tmp_path / "none", "there is no file or folder"),
    )
    for path, told in places:
        with pytest.raises(ModelError, match=told):
            read_log(path, TABLE)
    monkeypatch.setattr(imported, "MOST_ENTRIES", 3)
    for i in range(5):
        (tmp_path / f"f{i}.txt").write_text("")
    with pytest.raises(ModelError, match="more than 3 files and folders"):
        read_log(tmp_path, TABLE)


def test_small_files_that_would_fill_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "many.json").write_text("[" + "[]," * 6_000_000 + "[]]")
    with pytest.raises(ModelError, match=r"holds some 1\d,\d{3},\d{3} values"):
        read_log(tmp_path / "many.json", TABLE)
    with zipfile.ZipFile(tmp_path / "bomb.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(3):
            archive.writestr(f"samples/{i}_epoch_1.json", b" " * (30 << 20))
    with pytest.raises(ModelError, match="unpacked"):
        read_log(tmp_path / "bomb.eval", Recorded())
    monkeypatch.setattr(rows, "MOST_JSON", 10)
    with pytest.raises(ModelError, match="larger JSON is not read whole"):
        read_log(put(tmp_path / "x.json", [{"q": "x?", "a": "1"}]), TABLE)


def test_a_list_named_jsonl_and_long_cells_are_read(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('\ufeff[{"q": "x?",\n "a": "1"}]')
    assert said(tmp_path / "log.jsonl", "x?") == "1"
    (tmp_path / "log.csv").write_text(f"q,a\nx?,{'y' * 200_000}\n")
    assert len(said(tmp_path / "log.csv", "x?") or "") == 200_000
    (tmp_path / "log.csv").write_text("q,a\nx?,1, because\n")
    with pytest.raises(ModelError, match=r"log\.csv:2 has more cells"):
        said(tmp_path / "log.csv", "x?")
    (tmp_path / "log.csv").write_text("q,a\nx?,1,,\n")
    assert said(tmp_path / "log.csv", "x?") == "1"


def test_an_error_that_was_recorded_as_an_answer_is_doubted(place: Path) -> None:
    body = json.loads((place / "good.json").read_text())
    failed = [{**row, "a": "Error: 429 rate limit exceeded" if row["nr"] % 2 else row["a"]} for row in body]
    put(place / "bad.json", failed)
    doubts = [doubt for doubt in run(place, TABLE, "import:bad.json").summary.doubts if doubt.kind == "same_text"]
    assert [(doubt.candidate, doubt.count, doubt.of, doubt.headline) for doubt in doubts] == [("other", 30, 60, True)]
    assert "Error: 429 rate limit exceeded" in doubts[0].text


def test_an_export_says_what_its_files_cannot(place: Path) -> None:
    run(place, TABLE, "import:few.json")
    found = CliRunner().invoke(app, ["export", "--ledger", "t.db", "--format", "lm-eval", "--out", "out"])
    assert found.exit_code == 0
    assert "! No verdict on capitals: only 6 of 60 items" in found.stderr
    assert "! " not in found.stdout

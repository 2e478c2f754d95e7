"""Scores of all answers together in a whole trial: value, interval, tables, page, JSON, lm-eval's files."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from rich.console import Console
from sacrebleu.metrics.chrf import CHRF

import fairtrial as ft
from fairtrial.analysis.corpus import CorpusEstimate
from fairtrial.ledger import Ledger, query
from fairtrial.report.corpus import make_corpus_rows
from fairtrial.report.export.lm_eval import export_lm_eval
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import Summary, summarise
from fairtrial.report.terminal import make_estimates_table

WORDS = ["kettle", "ladder", "mill", "anvil", "loom"]
ROWS = [{"n": n, "text": f"the {WORDS[n % 5]} and 10 of {n}", "kind": n % 3} for n in range(24)]
COMMON = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": "rows.jsonl"}}, "test_split": "test"}
TRANSLATE = {
    **COMMON, "task": "translate", "output_type": "generate_until", "doc_to_text": "{{n}}:",
    "doc_to_target": "{{text}}",
    "generation_kwargs": {"max_gen_toks": 24}, "metric_list": [{"metric": "chrf"}, {"metric": "bleu"}],
}  # fmt: skip
SORT = {
    **COMMON, "task": "sort", "output_type": "multiple_choice", "doc_to_text": "{{text}}", "doc_to_target": "kind",
    "doc_to_choice": ["a", "b", "c"], "metric_list": [{"metric": "mcc"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Summary]:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for task in (TRANSLATE, SORT):
        (folder / f"{task['task']}.yaml").write_text(yaml.safe_dump(task))
    trial = ft.Trial(
        name="whole",
        candidates=[ft.Candidate(id="one", model="fake:one"), ft.Candidate(id="two", model="fake:two")],
        tasks=[ft.TaskEntry(task="translate", repeats=2), ft.TaskEntry(task="sort")],
        task_paths=[str(folder)],
    )
    ft.run(trial, ledger=folder / "run.db")
    ledger = Ledger.open(folder / "run.db")
    return ledger, summarise(ledger, query.find_trial(ledger, "").id)


def find(summary: Summary, candidate: str, score: str) -> CorpusEstimate:
    return next(one for one in summary.corpus if (one.candidate, one.score) == (candidate, score))


def test_the_value_is_that_of_all_answers(made: tuple[Ledger, Summary]) -> None:
    ledger, summary = made
    said, right = [], []
    for item in query.read_items(ledger, summary.task("translate").content_id).values():
        for repeat in (0, 1):
            key = (summary.candidates[0].content_id, summary.task("translate").content_id, item.id, repeat)
            [(_, answer)] = query.read_item_answers(ledger, *key)
            said.append(answer["text"].strip())
            right.append(item.gold[0])
    expected = CHRF().corpus_score(said, [right]).score
    found = find(summary, "one", "chrf")
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert (found.items, found.paired, found.difference) == (24, "chrf_sentence", None)
    assert 0 < found.low < found.value < found.high


def test_differences_are_from_the_baseline(made: tuple[Ledger, Summary]) -> None:
    _, summary = made
    one, two = find(summary, "one", "chrf"), find(summary, "two", "chrf")
    assert two.difference == pytest.approx(two.value - one.value)
    assert two.difference_low < two.difference < two.difference_high
    always_the_same = find(summary, "one", "mcc")
    assert (always_the_same.value, always_the_same.low) == (0.0, -math.inf)
    assert {v.measure for v in summary.verdicts} == {"chrf_sentence", "acc"}


def test_it_is_shown_under_a_name_of_its_own(made: tuple[Ledger, Summary], tmp_path: Path) -> None:
    ledger, summary = made
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"))
    console.print(make_estimates_table(summary))
    text = console.export_text()
    assert "chrF of all answers" in text
    assert f"{find(summary, 'one', 'chrf').value:.1f} [" in text
    page = render_report(ledger, summary)
    assert "Matthews correlation of all answers" in page
    assert "Verdicts are about chrf_sentence of single answers." in page
    assert [row.title for row in make_corpus_rows(summary, "translate")] == [
        "chrF of all answers",
        "BLEU of all answers",
    ]


def test_the_document_follows_its_schema(made: tuple[Ledger, Summary]) -> None:
    schema = json.loads((Path(__file__).parents[3] / "docs" / "schemas" / "run.schema.json").read_text())
    document = made[1].document()
    assert len(document["corpus"]) == 6
    jsonschema.validate(document, schema)


def test_lm_evals_files_have_it_under_its_own_name(made: tuple[Ledger, Summary], tmp_path: Path) -> None:
    ledger, summary = made
    files = [*export_lm_eval(ledger, summary, tmp_path, "test")]
    results = json.loads(next(f for f in files if f.name.startswith("results")).read_text())["results"]
    assert results["sort"]["mcc,none"] == find(summary, "one", "mcc").value
    assert results["translate"]["bleu,none"] == find(summary, "one", "bleu").value
    assert "chrf_sentence,none" in results["translate"]


def test_without_an_interval_there_is_none(made: tuple[Ledger, Summary]) -> None:
    _, summary = made
    bare = [replace(one, low=-math.inf, high=math.inf, difference_low=-math.inf) for one in summary.corpus]
    rows = make_corpus_rows(replace(summary, corpus=bare), "sort")
    assert [cell.interval for cell in rows[0].cells if cell] == ["", ""]
    assert bare[-1].document()["low"] is None

"""Searches compared without a model: the example of docs/retrieval.md, checked against ir-measures."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

import ir_measures
import pytest
import yaml
from ir_measures import RR, R, nDCG

from fairtrial.analysis.doubts import find_doubts
from fairtrial.engines import EngineSettings
from fairtrial.engines.search import SearchEngine
from fairtrial.errors import CapabilityError, SpecError
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import plan_trial
from fairtrial.records import Pair, Prompt, ScoreRequest
from fairtrial.running.conductor import run
from fairtrial.spec.schemes import find_model_problem, scheme_of
from fairtrial.spec.shorthand import expand_model
from fairtrial.spec.source import load_trial

command = importlib.import_module("fairtrial.cli.main")
DOCS = Path(__file__).parents[4] / "docs"
SECTION = (DOCS / "retrieval.md").read_text().partition("## Your own retrieval set")[2]


def block(kind: str, number: int = 0) -> str:
    return str(re.findall(rf"```{kind}\n(.*?)```", SECTION, re.DOTALL)[number])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the page, its archive made by the command of the page, and its trial run."""
    made = tmp_path_factory.mktemp("sets")
    (made / "harbour" / "qrels").mkdir(parents=True)
    (made / "harbour" / "corpus.jsonl").write_text(block("json"))
    (made / "harbour" / "queries.jsonl").write_text(block("json", 1))
    (made / "harbour" / "qrels" / "test.tsv").write_text(block("text"))
    (made / "search.yaml").write_text(block("yaml"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        words = block("console").splitlines()[0].removeprefix("$ fairtrial ").split()
        patch.setattr(sys, "argv", ["fairtrial", *words])
        with pytest.raises(SystemExit) as ended:
            command.main()
        assert ended.value.code == 0
    return made


@pytest.fixture(scope="module")
def trial(folder: Path) -> str:
    plan = plan_trial(load_trial(folder / "search.yaml").trial, folder)
    with Ledger.open(folder / "ledger.db") as ledger, ledger.writing():
        return run(plan, block("yaml"), ledger, EngineSettings(), lambda _: None)


def test_measures_are_those_of_ir_measures_on_the_run_that_traces_give(folder: Path, trial: str) -> None:
    qrels: dict[str, dict[str, int]] = {}
    for line in block("text").splitlines()[1:]:
        query, document, grade = line.split("\t")
        qrels.setdefault(query, {})[document] = int(grade)
    with Ledger.open(folder / "ledger.db", create=False) as ledger:
        answers = [*ledger.read("SELECT candidate_id, request_id, answer FROM answers")]
        columns = "candidate_id, item_id, measure, value"
        seen = [*ledger.read(f"SELECT {columns} FROM observations WHERE measure LIKE '%@10'")]
        asked = {
            (candidate, request): item
            for candidate, item, request in ledger.read("SELECT candidate_id, item_id, request_id FROM asked")
        }
        items = {item: json.loads(body)["data"] for item, body in ledger.read("SELECT item_id, body FROM items")}
    runs: dict[str, dict[str, dict[str, float]]] = {}
    for candidate, request, body in answers:
        uses = [use for step in json.loads(body)["trace"] for use in step.get("passages", ())]
        question = items[asked[candidate, request]]["id"]
        runs.setdefault(candidate, {})[question] = {use["uri"]: -float(use["rank"]) for use in uses}
    names = {nDCG @ 10: "ndcg@10", R @ 10: "recall@10", RR @ 10: "mrr@10"}
    expected = {
        (candidate, one.query_id, names[one.measure]): pytest.approx(one.value)
        for candidate, made in runs.items()
        for one in ir_measures.iter_calc(list(names), qrels, made)
    }
    assert len(expected) == 18
    assert {(c, items[item]["id"], measure): value for c, item, measure, value in seen} == expected


def test_a_search_that_is_too_shallow_is_doubted_and_nothing_of_tokens_is_told(folder: Path, trial: str) -> None:
    with Ledger.open(folder / "ledger.db", create=False) as ledger:
        found = {(one.kind, one.candidate): one for one in find_doubts(ledger, trial)}
    assert found["shallow_search", "first"].headline and ("shallow_search", "words") not in found
    assert {kind for kind, _ in found} == {"shallow_search", "few"}


def test_unknown_documents_are_in_the_headline(folder: Path) -> None:
    judged = folder / "harbour" / "qrels" / "dev.tsv"
    judged.write_text(block("text") + "q2\tgone\t1\n")
    told = block("yaml").replace("file: harbour/", "file: {path: harbour/, split: dev}")
    (folder / "dev.yaml").write_text(told)
    plan = plan_trial(load_trial(folder / "dev.yaml").trial, folder)
    with Ledger.open(folder / "dev.db") as ledger, ledger.writing():
        run_id = run(plan, told, ledger, EngineSettings(), lambda _: None)
        [doubt] = [one for one in find_doubts(ledger, run_id) if one.kind == "unknown_documents"]
    assert doubt.headline and (doubt.count, doubt.of) == (1, 5)


def test_search_stands_alone_and_needs_an_archive(folder: Path) -> None:
    assert scheme_of("search") is not None and scheme_of("search:a") is None and scheme_of("gguf") is None
    assert find_model_problem("search") == "" and "stands alone" in find_model_problem("search:a")
    assert expand_model("search") == {"model": "search"}
    written = yaml.safe_load(block("yaml"))
    for change, words in (({"levers": []}, "without an archive"), ({"model": "search:x"}, "stands alone")):
        bad = {**written, "candidates": [{**written["candidates"][0], **change}]}
        (folder / "bad.yaml").write_text(yaml.safe_dump(bad))
        with pytest.raises(SpecError, match=words):
            load_trial(folder / "bad.yaml")
    vectors = {"archive": "harbour.db", "legs": "vectors"}
    (folder / "bad.yaml").write_text(
        yaml.safe_dump({**written, "candidates": [{"id": "a", "model": "search", "levers": [{"retrieve": vectors}]}]})
    )
    with pytest.raises(SpecError, match="needs vectors"):
        load_trial(folder / "bad.yaml")


def test_it_scores_nothing() -> None:
    request = ScoreRequest((Pair(Prompt("Where?"), "There."),), label="item 3")
    with pytest.raises(CapabilityError, match="item 3 asks for log-probabilities"):
        SearchEngine().check([request])

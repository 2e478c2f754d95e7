"""What written answers are worth beyond exact match, and which Python functions of task files are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import TaskCodeError, TaskError
from fairtrial.tasks.lmeval.known_metrics import find_aggregation
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.metrics import read_exact_match
from fairtrial.tasks.lmeval.native import RatioOfSums
from fairtrial.tasks.lmeval.parsing import parse_config
from fairtrial.tasks.lmeval.scorers import (
    make_likeness_scorer,
    make_word_f1_scorer,
    score_french_exact,
    score_included,
    score_spans,
)
from tests.unit.tasks.lmeval.test_lmeval_parsing import BASE, WRITE, metric

MICRO = """from sklearn.metrics import f1_score


def micro_f1_score(items):
    unzipped_list = list(zip(*items))
    golds = unzipped_list[0]
    preds = unzipped_list[1]
    fscore = f1_score(golds, preds, average="micro")
    return fscore
"""


@pytest.mark.parametrize(
    ("said", "gold", "value"),
    [
        ("The old kettle", ["an old kettle!"], 1.0),
        ("old kettle lid", ["kettle"], 0.5),
        ("", ["kettle"], 0.0),
        ("", [""], 0.0),
        ("prism", ["kettle", "a prism"], 1.0),
        ("prism", [], 0.0),
    ],
)
def test_f1_over_words(said: str, gold: list[str], value: float) -> None:
    assert make_word_f1_scorer()([said], gold) == (value, 1.0)


def test_french_forms() -> None:
    assert make_word_f1_scorer(french=True, empty_counts=True)(["la"], ["!"]) == (1.0, 1.0)
    assert score_french_exact(["Le vieux moulin."], ["vieux moulin"]) == (1.0, 1.0)
    assert score_included(["dans le moulin", "rien"], ["moulin"]) == (0.5, 1.0)


def test_spans_count_as_often_as_they_occur() -> None:
    assert score_spans(["per: Ann $ loc: Rome"], ["PER: Ann $$ LOC: Bonn"]) == (0.5, 4.0)
    assert score_spans(["nothing"], ["PER: Ann"]) == (0.0, 1.0)
    assert score_spans([""], [""]) == (0.0, 0.0)


def test_ter_is_edits_over_words_of_all() -> None:
    score = make_likeness_scorer("ter")
    assert score(["a b"], ["a b c d"]) == (0.5, 4.0)
    assert score(["a b"], []) is None
    assert make_likeness_scorer("rougeL")(["a b"], ["a b", "c"]) == (1.0, 1.0)


def test_corpus_scores_stand_beside_a_measure_of_single_answers() -> None:
    found = parse_config({**WRITE, "metric_list": [{"metric": "bleu"}, {"metric": "ter"}, {"metric": "chrf"}]})
    assert [one.name for one in found.metrics] == ["bleu_sentence", "ter", "chrf_sentence"]
    assert [(one.name, one.formula, one.paired) for one in found.corpus] == [
        ("bleu", "bleu", "bleu_sentence"),
        ("chrf", "chrf", "chrf_sentence"),
    ]
    assert found.metrics[1].higher_is_better is False
    mcc = parse_config({**BASE, "metric_list": [{"metric": "mcc"}]})
    assert ([one.name for one in mcc.metrics], [one.name for one in mcc.corpus]) == (["acc"], ["mcc"])


def reference(folder: Path, name: str, text: str) -> CodeRef:
    (folder / "utils.py").write_text(text)
    return CodeRef("utils", name, folder / "t.yaml", 3)


def test_aggregations_are_known_by_their_code(tmp_path: Path) -> None:
    known = find_aggregation(reference(tmp_path, "micro_f1_score", MICRO))
    assert isinstance(known, RatioOfSums)
    assert known.read is not None
    assert [known.read((1, 1)), known.read((0, 1))] == [(1.0, 1.0), (0.0, 1.0)]
    other = tmp_path / "other"
    other.mkdir()
    assert find_aggregation(reference(other, "micro_f1_score", MICRO.replace("micro", "macro", 1))) is None


def test_what_is_imported_from_the_harness_is_known_by_its_name(tmp_path: Path) -> None:
    code = "from lm_eval.utils import weighted_f1_score as f1  # noqa: F401\n"
    assert find_aggregation(reference(tmp_path, "f1", code)) == "f1_weighted"
    assert find_aggregation(CodeRef("gone", "f1", tmp_path / "t.yaml", 3)) is None


def test_a_metric_with_unknown_aggregation_is_left_out_beside_others(tmp_path: Path) -> None:
    code = reference(tmp_path, "odd", "def odd(items):\n    return 3\n")
    odd = {"metric": "f1", "aggregation": code}
    found = parse_config({**BASE, "metric_list": [{"metric": "acc"}, odd]})
    assert ([one.name for one in found.metrics], found.left_out) == (["acc"], ("f1",))
    with pytest.raises(TaskCodeError, match=r"the aggregation of f1 is the Python function utils\.odd"):
        parse_config({**BASE, "metric_list": [odd]})
    with pytest.raises(TaskCodeError, match=r"metric_list is the Python function utils\.odd"):
        parse_config({**BASE, "metric_list": [{"metric": "acc"}, {"metric": code}]})


@pytest.mark.parametrize(("changes", "said"), [(WRITE, "is about choices"), (BASE, "is not supported")])
def test_known_aggregations_need_what_they_are_about(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    text = "from lm_eval.utils import weighted_f1_score\n"
    name = "f1" if changes is WRITE else "odd"
    code = reference(
        tmp_path, "weighted_f1_score" if changes is WRITE else "micro_f1_score", text if changes is WRITE else MICRO
    )
    with pytest.raises(TaskError, match=said):
        parse_config({**changes, **metric(name, aggregation=code)})


def test_a_flag_that_lost_its_list() -> None:
    assert read_exact_match({"ignore_punctuation": 'true - "." - ","'}) == {"ignore_punctuation": True}
    with pytest.raises(TaskError, match="ignore_case must be true or false; got 'yes'"):
        read_exact_match({"ignore_case": "yes"})

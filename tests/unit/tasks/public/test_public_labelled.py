"""LIAR and AVeriTeC by path, against scikit-learn's accuracy and macro F1 and a calibration error computed anew."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fairtrial.errors import DataError
from fairtrial.records import Answer, GenerateAnswer, ScoreAnswer
from fairtrial.stats.corpus import Counts, estimate_corpus
from fairtrial.tasks.base import CountsForCorpus, Task, TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.public import find_suite

LABELS = {
    "liar": ("pants-fire", "false", "barely-true", "half-true", "mostly-true", "true"),
    "averitec": ("Supported", "Refuted", "Not Enough Evidence", "Conflicting Evidence/Cherrypicking"),
}


REST = ("A Mayor", "Mayor", "Orlemoor", "none", "1", "2", "3", "4", "5", "a speech")


def write_liar(folder: Path, count: int = 24) -> Path:
    path = folder / "test.tsv"
    draw = np.random.default_rng(2)
    lines = [
        "\t".join(
            [f"{n}.json", LABELS["liar"][draw.integers(6)], f'The mayor said "{n} bridges" were built.', "roads", *REST]
        )
        for n in range(count)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_averitec(folder: Path, count: int = 24) -> Path:
    path = folder / "dev.json"
    draw = np.random.default_rng(3)
    rows = [
        {
            "claim": f"The town has {n} wells.",
            "label": LABELS["averitec"][draw.integers(4)],
            "speaker": "A Mayor" if n % 2 else None,
            "claim_date": "1-2-2031",
            "justification": "Because.",
            "questions": [
                {"question": "How many?", "answers": [{"answer": "Some", "boolean_explanation": "It says so."}]},
                {"question": "Who counted?", "answers": []},
            ],
        }
        for n in range(count)
    ]
    path.write_text(json.dumps(rows))
    return path


WRITE = {"liar": write_liar, "averitec": write_averitec}


def gather(task: Task, answers: list[Answer], score: str) -> Counts:
    assert isinstance(task, CountsForCorpus)
    rows: list[dict[str, float]] = []
    for item, answer in zip(task.items(), answers, strict=True):
        seen = task.counts(item, [answer])
        rows.append({s.measure.split(":", 2)[2]: s.value for s in seen if s.measure.startswith(f"count:{score}:")})
    names = tuple(sorted({name for row in rows for name in row}))
    return Counts(names, np.array([[row.get(n, 0.0) for n in names] for row in rows]), np.arange(len(rows)))


@pytest.mark.parametrize("name", WRITE)
@pytest.mark.parametrize("ending", ["", "_open"])
def test_they_keep_the_promises_of_tasks(name: str, ending: str, tmp_path: Path) -> None:
    path = WRITE[name](tmp_path)
    assert check_task(lambda: find_suite(name + ending)(path, TaskOptions())) == []


@pytest.mark.parametrize("name", WRITE)
def test_scores_are_those_of_scikit_learn(name: str, tmp_path: Path) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    task = find_suite(name)(WRITE[name](tmp_path), TaskOptions())
    draw, labels = np.random.default_rng(4), LABELS[name]
    scores = draw.normal(0, 1.5, (len(task.items()), len(labels)))
    answers: list[Answer] = [
        ScoreAnswer(tuple(map(float, row)), (False,) * len(row), (1,) * len(row)) for row in scores
    ]
    gold = [str(item.data["label"]) for item in task.items()]
    said = [labels[place] for place in scores.argmax(axis=1)]
    acc = [
        next(s.value for s in task.grade(i, [a]) if s.measure == "acc")
        for i, a in zip(task.items(), answers, strict=True)
    ]
    assert np.mean(acc) == pytest.approx(metrics.accuracy_score(gold, said))
    found = estimate_corpus("f1_macro", gather(task, answers, "f1_macro"), 0.95).mean
    assert found == pytest.approx(metrics.f1_score(gold, said, average="macro"))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    sure, right = chances.max(axis=1), np.array([g == s for g, s in zip(gold, said, strict=True)], dtype=float)
    bins = np.minimum((sure * 15).astype(int), 14)
    gaps = [abs((right - sure)[bins == b].sum()) for b in set(bins.tolist())]
    assert estimate_corpus("ece", gather(task, answers, "ece"), 0.95).mean == pytest.approx(sum(gaps) / len(gold))


def test_written_labels_are_read(tmp_path: Path) -> None:
    task = find_suite("averitec_open")(write_averitec(tmp_path), TaskOptions())
    item = next(one for one in task.items() if one.data["label"] == "Refuted")
    told = {}
    for text in ("B", "B. Refuted", "The claim is Refuted.", "A", "I like trains."):
        told[text] = {seen.measure: seen.value for seen in task.grade(item, [GenerateAnswer(text, 3, "stop")])}
    assert [told[text]["acc"] for text in told] == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert [told[text]["unclear"] for text in told] == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_the_label_is_not_shown(tmp_path: Path) -> None:
    for name, write in WRITE.items():
        items = find_suite(name)(write(tmp_path), TaskOptions()).items()
        shown = Counter(item.question.rpartition("\nWhich label")[2] for item in items)
        assert len(shown) == 1
        assert all("Because." not in item.question and "mostly_true" not in item.question for item in items)


def test_quotation_marks_of_liar_are_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.tsv"
    row = ["1.json", "true", 'He said "no', "x", "s", "", "", "", "0", "0", "0", "0", "0"]
    path.write_text("\t".join(row) + "\n" + "\t".join([*row, "radio"]) + "\n")
    first, second = find_suite("liar")(path, TaskOptions()).items()
    assert 'He said "no' in first.question
    assert "Occasion: radio" in second.question


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.tsv"
    path.write_text("a\tb\n")
    with pytest.raises(DataError, match=r"line 1 has 2 columns; LIAR has 14"):
        find_suite("liar")(path, TaskOptions())
    path = write_liar(tmp_path, 2)
    path.write_text(path.read_text().replace("\tliar", "").replace("0.json\t", "0.json\tmaybe-", 1))
    with pytest.raises(DataError, match=r"has the label 'maybe-[\w-]+'; allowed are pants-fire"):
        find_suite("liar")(path, TaskOptions())
    with pytest.raises(DataError, match="cannot be read"):
        find_suite("liar")(tmp_path / "none.tsv", TaskOptions())

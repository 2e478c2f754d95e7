"""Weights in a trial file: what may be written, and what they mean for the plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.source import dump_trial, load_trial
from fairtrial.spec.trial import TaskEntry, Trial

TRIAL = """\
candidates: [{id: a, model: "fake:a"}]
tasks: [table, {task: reading, level: 1}, {task: reading, level: 2}]
weights:
"""


def read(tmp_path: Path, weights: str) -> Trial:
    path = tmp_path / "trial.yaml"
    path.write_text(TRIAL + weights)
    return load_trial(path).trial


def test_weights_are_by_the_names_in_tables_and_survive_writing(tmp_path: Path) -> None:
    trial = read(tmp_path, "  table: 2\n  reading-l1: 0.5\n  reading-l2: 0\n")
    assert trial.weights == {"table": 2.0, "reading-l1": 0.5, "reading-l2": 0.0}
    (tmp_path / "again.yaml").write_text(dump_trial(trial))
    assert load_trial(tmp_path / "again.yaml").trial == trial


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            "  tabel: 1\n",
            "trial.yaml:4: weights: 'tabel' is no task of this trial. Did you mean 'table'? Tasks: table, ",
        ),
        (
            "  table: 1\n  reading: 1\n",
            "trial.yaml:5: weights: 'reading' is no task of this trial. Did you mean 'reading-",
        ),
        ("  table: 1\n", "trial.yaml:3: weights: 'reading-l1', 'reading-l2' has no weight; write 0 for what shall"),
        (
            "  table: -1\n  reading-l1: 1\n  reading-l2: 1\n",
            "trial.yaml:4: weights.table must be greater than or equal to 0",
        ),
        (
            '  table: "1"\n  reading-l1: 1\n  reading-l2: 1\n',
            "weights.table must be a number; got '1'. Write 1, without",
        ),
        ("  table: .inf\n  reading-l1: 1\n  reading-l2: 1\n", "trial.yaml:4: weights.table must be a finite number"),
        ("  table: 0\n  reading-l1: 0\n  reading-l2: 0\n", "trial.yaml:3: weights: at least one must be above 0."),
        ("  [1, 2, 3]\n", "trial.yaml:3: weights must be a key and a value"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, weights: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, weights)
    assert message in str(caught.value)


def planned(tmp_path: Path, weights: dict[str, float], tasks: tuple[str, ...] = ("table", "reading")) -> Plan:
    entries = tuple(TaskEntry(task=name, limit=3) for name in tasks)
    candidates = (Candidate(id="a", model="fake:a"), Candidate(id="b", model="fake:b"))
    return plan_trial(Trial(candidates=candidates, tasks=entries, weights=weights), tmp_path)


def test_weights_are_kept_with_the_plan_and_set_trials_apart_only_where_they_are_written(tmp_path: Path) -> None:
    without, with_weights = planned(tmp_path, {}), planned(tmp_path, {"table": 2, "reading": 1})
    assert without.document()["weights"] == {}
    assert with_weights.document()["weights"] == {"table": 2.0, "reading": 1.0}
    others = planned(tmp_path, {"table": 1, "reading": 1})
    assert len({without.id, with_weights.id, others.id}) == 3
    assert [c.id for c in without.candidates] == [c.id for c in with_weights.candidates]
    assert [t.id for t in without.tasks] == [t.id for t in with_weights.tasks]
    assert [[i.id for i in t.items] for t in without.tasks] == [[i.id for i in t.items] for t in with_weights.tasks]


GROUP = "group: both\ntask: [one, two]\n"
LEAF = """\
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: rows.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{q}}}} {name}"
doc_to_choice: ["yes", "no"]
doc_to_target: 0
"""


def test_a_group_shares_its_weight_equally(tmp_path: Path) -> None:
    (tmp_path / "both.yaml").write_text(GROUP)
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(LEAF.format(name=name))
    (tmp_path / "rows.jsonl").write_text('{"q": "Is it?"}\n{"q": "Was it?"}\n')
    trial = Trial(
        candidates=(Candidate(id="a", model="fake:a"),),
        tasks=(TaskEntry(task="both"), TaskEntry(task="table", limit=3)),
        task_paths=(str(tmp_path),),
        weights={"both": 3, "table": 1},
    )
    assert plan_trial(trial, tmp_path).weights == {"one": 1.5, "two": 1.5, "table": 1.0}

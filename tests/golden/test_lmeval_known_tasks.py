"""Well-known tasks of an installed lm-evaluation-harness: our prompts and grades are theirs, on invented rows."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import parity
import rows

from fairtrial.errors import TaskError
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder

FOLDER = find_installed_lmeval_folder()
FIXED_PROMPT = {"truthfulqa_mc1", "truthfulqa_mc2"}
CASES = [(name, shots) for name in rows.TASKS for shots in (None, 3, 5) if shots is None or name not in FIXED_PROMPT]


@pytest.fixture(scope="module")
def catalog() -> LmEvalCatalog:
    assert FOLDER is not None
    return LmEvalCatalog([FOLDER])


@pytest.fixture(scope="module")
def built(catalog: LmEvalCatalog, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int | None], Any]:
    """Every case built by both: (name, shots) -> (theirs, ours)."""
    base = tmp_path_factory.mktemp("rows")
    made = {}
    for name, shots in CASES:
        files = parity.write_rows(base / name, rows.TASKS[name])
        theirs = parity.their_task(catalog.list_names()[name].path, files, base / "cache", shots)
        made[name, shots] = theirs, catalog.build(name, TaskOptions(shots=shots, data_dir=base / name))
    return made


@pytest.mark.parametrize(("name", "shots"), CASES)
def test_prompts_are_identical_to_the_byte(name: str, shots: int | None, built: dict[Any, Any]) -> None:
    theirs, ours = built[name, shots]
    expected = parity.their_arguments(theirs)
    if theirs.OUTPUT_TYPE == "generate_until":
        expected = [(context, tuple(how["until"]), 256, how["temperature"]) for context, how in expected]
    assert parity.our_arguments(ours) == expected
    assert len(ours.items()) == len(theirs.eval_docs)
    assert len({item.id for item in ours.items()}) == len(ours.items())


WRITTEN = ["#### {}", "The total is {} sacks.", "${}.", "no idea", "first 1 then 2 #### {} #### 7", "#### 12abc {}"]


@pytest.mark.parametrize("name", rows.TASKS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_grades_are_identical(name: str, seed: int, built: dict[Any, Any]) -> None:
    theirs, ours = built[name, None]
    written = theirs.OUTPUT_TYPE == "generate_until"
    scores = [] if written else parity.invented_scores(len(theirs.instances), seed)
    if name == "bbq":  # twelve choices; let the two groups win often
        scores = [(score + 6.0 * (n % 12 < 2), greedy) for n, (score, greedy) in enumerate(scores)]
    texts = [[WRITTEN[(n + seed) % 6].format(f"{1000 + 3 * n}")] for n in range(len(ours.items()))]
    expected, graded = parity.their_values(theirs, scores, texts), parity.our_values(ours, scores, texts)
    agreed = 0
    names = {measure.name for measure in ours.card.measures}
    pairs = [(seen.value, one[seen.measure]) for one, row in zip(expected, graded, strict=True) for seen in row]
    plain = [(value, raw) for value, raw in pairs if not isinstance(raw, tuple)]
    assert len(plain) >= len(graded)
    assert [value for value, _ in plain] == pytest.approx([raw for _, raw in plain], abs=1e-12)
    aggregations = theirs.aggregation()
    for key in {key for one in expected for key in one} - names:  # a BBQ category that no row has
        assert math.isnan(aggregations[key]([one[key] for one in expected]))
    for measure in ours.card.measures:
        single = [one for item in graded for one in item if one.measure == measure.name]
        whole = aggregations[measure.name.partition(",")[0]]([one[measure.name] for one in expected])
        if sum(one.weight for one in single) == 0:
            same = math.isnan(whole) or whole == 0.0  # nobody of the category, or nobody gave a group as answer
        elif "bias_score" in measure.name and max(one.value for one in single) < 1.0:
            same = whole == 0.0  # they say 0 where no answer at all was biased; ours is below 0 then
        else:
            agreed += 1
            same = parity.aggregate(measure, single) == pytest.approx(whole, abs=1e-9)
        assert same, (measure.name, whole)
    assert agreed >= (7 if name == "bbq" else len(names))


def test_grades_of_gsm8k_are_sometimes_right_and_sometimes_wrong(built: dict[Any, Any]) -> None:
    _, ours = built["gsm8k", None]
    texts = [[WRITTEN[n % 6].format(f"{1000 + 3 * n}")] for n in range(len(ours.items()))]
    values = {one.value for item in parity.our_values(ours, [], texts) for one in item}
    assert values == {0.0, 1.0}


@pytest.mark.parametrize("name", rows.TASKS)
def test_the_promises_of_a_task_are_kept(name: str, catalog: LmEvalCatalog, tmp_path: Path) -> None:
    parity.write_rows(tmp_path, rows.TASKS[name])
    assert check_task(lambda: catalog.build(name, TaskOptions(data_dir=tmp_path))) == []


@pytest.mark.parametrize("name", sorted(FIXED_PROMPT))
def test_shots_for_a_task_that_fixes_its_prompt_are_refused(name: str, catalog: LmEvalCatalog, tmp_path: Path) -> None:
    parity.write_rows(tmp_path, rows.TASKS[name])
    with pytest.raises(TaskError, match="num_fewshot: 0"):
        catalog.build(name, TaskOptions(shots=3, data_dir=tmp_path))


def test_bbq_items_of_one_template_are_one_cluster(built: dict[Any, Any]) -> None:
    _, ours = built["bbq", None]
    clusters = [item.cluster for item in ours.items()]
    assert clusters[:4] == ["Age/1"] * 4
    assert len(set(clusters)) == 6


def test_chance_is_known_for_plain_choices_only(built: dict[Any, Any]) -> None:
    assert built["piqa", None][1].card.chance == 0.5
    assert built["mmlu_anatomy", None][1].card.chance == 0.25
    assert built["arc_easy", None][1].card.chance is None  # three or four choices
    assert built["truthfulqa_mc2", None][1].card.chance is None


def test_group_expands_to_the_tasks_that_lm_eval_runs(catalog: LmEvalCatalog) -> None:
    leaves = catalog.expand("mmlu")
    assert len(leaves) == 57
    assert "mmlu_anatomy" in leaves
    assert catalog.expand("mmlu_anatomy") == ["mmlu_anatomy"]

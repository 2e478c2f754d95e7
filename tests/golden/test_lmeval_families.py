"""Further well-known tasks of an installed lm-evaluation-harness: prompts and grades are theirs, on invented rows."""

from __future__ import annotations

import os
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import family_rows
import parity

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder

FOLDER = find_installed_lmeval_folder()
SHOTS = {"copa": 2, "xcopa_et": 3, "paws_en": 2}
"""Examples an item, of those that may have some."""

WRITTEN = [
    "14",
    "\\frac{7}{3}",
    "\\frac73",
    "x = 4",
    "4",
    "so 2",
    "a kettle, no",
    "the ladder stands",
    "",
    "lower lantern",
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every task built by both."""
    assert FOLDER is not None
    base, catalog = tmp_path_factory.mktemp("rows"), LmEvalCatalog([FOLDER])
    made = {}
    for name, splits in family_rows.TASKS.items():
        files = parity.write_rows(base / name, splits)
        shots = SHOTS.get(name)
        theirs = parity.their_task(catalog.list_names()[name].path, files, base / "cache", shots)
        made[name] = theirs, catalog.build(name, TaskOptions(shots=shots, data_dir=base / name))
    return made


@pytest.mark.parametrize("name", family_rows.TASKS)
def test_prompts_are_identical_to_the_byte(name: str, built: dict[str, Any]) -> None:
    theirs, ours = built[name]
    expected = parity.their_arguments(theirs)
    if theirs.OUTPUT_TYPE == "generate_until":
        expected = [(c, tuple(k["until"]), k.get("max_gen_toks", 256), k.get("temperature", 0.0)) for c, k in expected]
    assert parity.our_arguments(ours) == expected
    assert len(ours.items()) == len(theirs.eval_docs)


@pytest.mark.parametrize("name", family_rows.TASKS)
def test_grades_are_identical(name: str, built: dict[str, Any]) -> None:
    theirs, ours = built[name]
    count = len(ours.items())
    scores = [] if theirs.OUTPUT_TYPE == "generate_until" else parity.invented_scores(len(theirs.instances), 3)
    texts = [[WRITTEN[(7 * n) % 10]] for n in range(count)]
    raw, graded = parity.their_values(theirs, scores, texts), parity.our_values(ours, scores, texts)
    observed = [one for item in graded for one in item]
    assert {measure.name for measure in ours.card.measures} == {key for one in raw for key in one}
    for measure in ours.card.measures:
        whole = theirs.aggregation()[measure.name.partition(",")[0]]([one[measure.name] for one in raw])
        assert parity.aggregate(measure, observed) == pytest.approx(float(whole), abs=1e-9), measure.name
    values = {one.value for one in observed}
    assert len(values) > 1

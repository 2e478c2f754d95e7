"""Well-known tasks whose files name Python functions: prompts and grades are lm-evaluation-harness's."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

import function_rows
import numpy as np
import parity

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder

FOLDER = find_installed_lmeval_folder()


@pytest.fixture(scope="module")
def catalog() -> LmEvalCatalog:
    assert FOLDER is not None
    return LmEvalCatalog([FOLDER])


@pytest.fixture(scope="module")
def built(catalog: LmEvalCatalog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every task built by both: name -> (theirs, ours)."""
    base, made = tmp_path_factory.mktemp("rows"), {}
    for name, splits in function_rows.TASKS.items():
        files = parity.write_rows(base / name, splits)
        random.seed(0)  # as they do when they start
        np.random.seed(1234)
        theirs = parity.their_task(catalog.list_names()[name].path, files, base / "cache")
        made[name] = theirs, catalog.build(name, TaskOptions(data_dir=base / name))
    return made


@pytest.mark.parametrize("name", function_rows.TASKS)
def test_prompts_are_identical_to_the_byte(name: str, built: dict[str, Any]) -> None:
    theirs, ours = built[name]
    expected = parity.their_arguments(theirs)
    if theirs.OUTPUT_TYPE == "generate_until":
        expected = [
            (context, tuple(how["until"]), how.get("max_gen_toks", 256), how.get("temperature", 0.0))
            for context, how in expected
        ]
    assert parity.our_arguments(ours) == expected
    assert len(ours.items()) == len(theirs.eval_docs)


WRITTEN = [
    "the answer is (B).", "the old kettle and the new churn were sold here, and a churn",
    "The answer is: {}", "Die Antwort ist ({})",
    "Final Answer: The final answer is ${}$. I hope it is correct.",
    "", "It is $\\boxed{{{}}}$", "Nobody knows; answer is D", "{}",
]  # fmt: skip


def write(task: Any, shift: int) -> list[list[str]]:
    """Invented answers, some of them right."""
    found = []
    for n, doc in enumerate(task.eval_docs):
        right = task.doc_to_target(doc)
        right = doc.get("answers", right) if isinstance(doc.get("answers"), list) else right
        while isinstance(right, list) and right:
            right = right[0]
        found.append([WRITTEN[(n + shift) % len(WRITTEN)].format(right)])
    return found


@pytest.mark.parametrize("name", function_rows.TASKS)
def test_grades_are_identical(name: str, built: dict[str, Any]) -> None:
    theirs, ours = built[name]
    written = theirs.OUTPUT_TYPE == "generate_until"
    seen: set[float] = set()
    for shift in range(2):
        texts = write(theirs, shift) if written else []
        scores = [] if written else parity.invented_scores(len(theirs.instances), shift)
        expected, graded = parity.their_values(theirs, scores, texts), parity.our_values(ours, scores, texts)
        pairs = [(one.value, row[one.measure]) for row, mine in zip(expected, graded, strict=True) for one in mine]
        assert len(pairs) == len(graded) * len(ours.card.measures) > 0
        assert [ours for ours, _ in pairs] == pytest.approx([float(np.mean(raw)) for _, raw in pairs], abs=1e-12)
        seen |= {value for value, _ in pairs}
    assert len(seen) > 1

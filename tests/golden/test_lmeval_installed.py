"""All task files of an installed lm-evaluation-harness: indexed as they index them, and each accepted or refused."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("lm_eval", reason="the golden tests compare with lm-eval, which is not installed")

from lm_eval.tasks import TaskManager

from fairtrial.errors import TaskCodeError, TaskError
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def catalog() -> LmEvalCatalog:
    folder = find_installed_lmeval_folder()
    assert folder is not None
    return LmEvalCatalog([folder])


def test_names_are_theirs(catalog: LmEvalCatalog) -> None:
    kinds = {"TASK": "task", "PY_TASK": "task", "GROUP": "group", "TAG": "tag"}
    theirs, ours = TaskManager().task_index, catalog.list_names()
    assert {name: kinds[entry.kind.name] for name, entry in theirs.items()} == {n: e.kind for n, e in ours.items()}
    tags = {name: sorted(entry.tags) for name, entry in theirs.items() if entry.kind.name == "TAG"}
    files = {name: Path(entry.yaml_path) for name, entry in theirs.items() if name not in tags}
    assert tags and files
    assert tags == {name: list(ours[name].members) for name in tags}
    assert files == {name: ours[name].path for name in files}


def test_every_task_is_accepted_or_refused_with_a_reason(catalog: LmEvalCatalog) -> None:
    seen: Counter[str] = Counter()
    for name, entry in catalog.list_names().items():
        if entry.kind == "task":
            try:
                catalog.read_config(name)
                seen["accepted"] += 1
            except TaskCodeError:
                seen["needs code"] += 1
            except TaskError:
                seen["not supported"] += 1
    print(dict(seen))
    assert seen["accepted"] >= 12_500
    assert seen["needs code"] <= 500
    assert seen["not supported"] <= 120


KNOWN = (
    "mmlu", "arc_challenge", "hellaswag", "winogrande", "gsm8k", "truthfulqa_mc2", "bbq", "mmlu_pro", "ifeval", "gpqa",
    "minerva_math", "leaderboard_musr", "drop", "race", "wikitext", "truthfulqa_gen", "copa", "agieval", "pawsx",
    "xcopa", "squadv2", "leaderboard",
)  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_well_known_names_are_accepted_whole(catalog: LmEvalCatalog, name: str) -> None:
    refused = {leaf: reasons for leaf in catalog.expand(name) if (reasons := catalog.list_reasons(leaf))}
    assert refused == {}

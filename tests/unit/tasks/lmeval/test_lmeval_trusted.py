"""Trusted task code: hashed with all that it imports, and steady however often it is loaded."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.errors import DataError, TaskCodeError
from fairtrial.records import ScoreAnswer, content_hash
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog
from fairtrial.tasks.lmeval.sources import is_task_code

YAML = """
task: t
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{q}}"
doc_to_choice: opts
doc_to_target: t
"""
CITIES = ["Paris", "Rome", "Oslo", "Bern"]


def build(folder: Path, yaml: str, code: str, **others: str) -> Task:
    folder.mkdir(exist_ok=True)
    rows = [{"q": f"Q{n}?", "opts": CITIES, "t": 0, "n": n} for n in range(12)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "utils.py").write_text(code)
    for name, text in others.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_txt", ".txt")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (folder / "t.yaml").write_text(yaml)
    return again(folder)


def again(folder: Path) -> Task:
    return LmEvalCatalog([folder], trust_code=True).build("t", TaskOptions())


def code_of(task: Task) -> dict[str, str]:
    return dict(task.card.settings["trusted_code"])  # type: ignore[call-overload]


TARGET = YAML.replace("doc_to_target: t", "doc_to_target: !function utils.gold")


def test_what_the_code_imports_is_hashed(tmp_path: Path) -> None:
    code = "import json\nimport helper\nfrom parts import inner\nfrom pathlib import Path\n"
    code += "WORDS = (Path(__file__).parent / 'data' / 'words.txt').read_text()\n"
    code += "def gold(row):\n    import later\n    return helper.VALUE + later.ZERO\n"
    others = {
        "helper_py": "import deeper\nVALUE = deeper.VALUE\n", "deeper_py": "VALUE = 1\n", "later_py": "ZERO = 0\n",
        "parts__inner_py": "from . import second\n", "parts__second_py": "", "unused_py": "", "data__words_txt": "a\n",
    }  # fmt: skip
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("")
    task = build(tmp_path, TARGET, code, **others)
    assert {item.gold for item in task.items()} == {("Rome",)}
    names = {"utils.gold", "helper", "deeper", "later", "parts", "parts.inner", "parts.second", "data/words.txt"}
    assert code_of(task).keys() == names
    for changed in ("helper.py", "deeper.py", "later.py", "parts/second.py", "data/words.txt"):
        before = content_hash(dict(again(tmp_path).card.settings))
        (tmp_path / changed).write_text((tmp_path / changed).read_text() + "\n# changed\n")
        assert content_hash(dict(again(tmp_path).card.settings)) != before, changed
    before = content_hash(dict(again(tmp_path).card.settings))
    (tmp_path / "unused.py").write_text("# changed")
    assert content_hash(dict(again(tmp_path).card.settings)) == before


def test_a_changed_module_is_loaded_anew(tmp_path: Path) -> None:
    code = "from helper import VALUE\ndef gold(row): return VALUE\n"
    task = build(tmp_path, TARGET, code, helper_py="VALUE = 1\n")
    assert {item.gold for item in task.items()} == {("Rome",)}
    (tmp_path / "helper.py").write_text("VALUE = 3  # and longer\n")
    assert {item.gold for item in again(tmp_path).items()} == {("Bern",)}


def test_modules_of_one_name_in_two_folders(tmp_path: Path) -> None:
    code = "import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\nimport helper\n"
    code += "def gold(row):\n    import helper as other\n    return other.VALUE\n"
    before = [*sys.path]
    one = build(tmp_path / "one", TARGET, code, helper_py="VALUE = 1\n")
    two = build(tmp_path / "two", TARGET, code, helper_py="VALUE = 2\n")
    for _ in range(2):
        assert {item.gold for item in one.items()} == {("Rome",)}
        assert {item.gold for item in two.items()} == {("Oslo",)}
    assert sys.path == before
    assert "helper" not in sys.modules


def test_data_classes_in_task_code(tmp_path: Path) -> None:
    code = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    code += "@dataclass\nclass Gold:\n    value: int\ndef gold(row): return Gold(2).value\n"
    assert build(tmp_path, TARGET, code).items()[0].gold == ("Oslo",)


SHUFFLE = """
import random
import numpy as np

def docs(dataset):
    def change(row):
        opts = list(row["opts"])
        {shuffle}(opts)
        return {{"opts": opts, "t": opts.index("Paris")}}
    return dataset.map(change)
"""
DOCS = YAML + "process_docs: !function utils.docs\n"


@pytest.mark.parametrize("shuffle", ["random.shuffle", "np.random.shuffle", "whole"])
def test_shuffled_rows_are_the_same_at_every_load(shuffle: str, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    code = SHUFFLE.format(shuffle=shuffle)
    if shuffle == "whole":
        code = SHUFFLE.format(shuffle="random.shuffle").replace("dataset.map", "dataset.shuffle().map")
    random.seed(5)
    state, numbers = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]
    first = build(tmp_path, DOCS, code)
    items = [(item.id, item.gold, item.choices) for item in first.items()]
    assert len({item.choices for item in first.items()}) > 6
    assert random.getstate() == state
    assert np.random.get_state()[1].tolist() == numbers  # type: ignore[index, union-attr]
    random.seed(99)
    np.random.seed(99)
    second = again(tmp_path)
    assert [(item.id, item.gold, item.choices) for item in second.items()] == items
    assert second.card == first.card


def test_a_generator_with_a_seed_of_its_own_is_steady(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    code = SHUFFLE.format(shuffle="MINE.shuffle") + "\nMINE = random.Random(7)\n"
    cards = [build(tmp_path, DOCS, code).card.settings for _ in range(2)]
    assert cards[0] == cards[1]
    helper = "import random\nMINE = random.Random(7)\n"
    code = SHUFFLE.format(shuffle="MINE.shuffle") + "\nfrom helper import MINE\n"
    cards = [build(tmp_path, DOCS, code, helper_py=helper).card.settings for _ in range(2)]
    assert cards[0] == cards[1]


@pytest.mark.parametrize(
    ("made", "line"),
    [("random.Random()", "random.Random()"), ("np.random.default_rng()", "np.random.default_rng()"),
     ("random.SystemRandom()", "random.SystemRandom()")],
)  # fmt: skip
def test_a_generator_without_a_seed_is_named(made: str, line: str, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    code = SHUFFLE.format(shuffle="MINE.shuffle") + f"\nMINE = {made}\n"
    with pytest.raises(TaskCodeError) as caught:
        build(tmp_path, DOCS, code)
    assert "gives other rows each time it is loaded" in str(caught.value)
    assert f"utils.py:12 ({line})" in str(caught.value)


def test_functions_of_a_row_draw_as_the_row_decides(tmp_path: Path) -> None:
    code = "import random\ndef gold(row): return random.randrange(4)\n"
    task = build(tmp_path, TARGET, code)
    golds = [item.gold for item in task.items()]
    assert len(set(golds)) > 1
    assert [item.gold for item in again(tmp_path).items()] == golds
    code = "import random\nMINE = random.Random(3)\ndef gold(row): return MINE.randrange(4)\n"
    with pytest.raises(TaskCodeError, match="gives other values for the same row at each call"):
        build(tmp_path, TARGET, code)


def test_grades_that_draw_are_the_same_again(tmp_path: Path) -> None:
    yaml = YAML + "process_results: !function utils.results\nmetric_list: [{metric: acc}]\n"
    task = build(tmp_path, yaml, "import random\ndef results(doc, results): return {'acc': random.random()}\n")
    answer = [ScoreAnswer((-1.0,) * 4, (True,) * 4, (1,) * 4)]
    graded = [task.grade(item, answer)[0].value for item in task.items()]
    assert graded == [task.grade(item, answer)[0].value for item in task.items()]
    assert len(set(graded)) == len(graded)


def test_an_installed_module_is_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "gold_code.py").write_text("def gold(row): return 1\n")
    monkeypatch.syspath_prepend(str(elsewhere))
    folder = tmp_path / "tasks"
    task = build(folder, YAML.replace("doc_to_target: t", "doc_to_target: !function gold_code.gold"), "")
    assert list(code_of(task)) == ["gold_code.gold"]
    before: Any = task.card.settings
    (elsewhere / "gold_code.py").write_text("def gold(row): return 2\n")
    assert again(folder).card.settings != before


def test_modules_of_an_installed_package_of_tasks_count(tmp_path: Path) -> None:
    tasks = tmp_path / "site-packages" / "harness" / "tasks"
    folder = tasks / "family" / "en"
    own = [folder / "utils.py", tasks / "family" / "words.py", tasks / "other" / "utils.py"]
    others = [tasks / "__init__.py", tasks.parent / "api" / "task.py", tmp_path / "site-packages" / "numpy" / "x.py"]
    assert all(is_task_code(file, folder) for file in own)
    assert not any(is_task_code(file, folder) for file in others)
    assert not is_task_code(Path(random.__file__).resolve(), folder)


def test_code_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"item 0 \(rows\.jsonl, row 1\): .*ZeroDivisionError"):
        build(tmp_path, TARGET, "def gold(row): return 1 // 0\n")
    with pytest.raises(DataError, match="process_docs failed on the rows: AssertionError: no"):
        build(tmp_path, DOCS, "def docs(rows): raise AssertionError('no')\n")
    with pytest.raises(DataError, match="process_docs failed on the rows: TypeError"):
        build(tmp_path, DOCS, "def docs(rows): return None\n")
    own = YAML + "process_docs: !function fairtrial:hellaswag.process_docs\n"
    with pytest.raises(DataError, match="process_docs failed on the rows: KeyError: 'ctx_a'"):
        build(tmp_path, own, "")

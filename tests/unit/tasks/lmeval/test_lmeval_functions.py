"""Functions of task files that run restricted: what they can do, and every way out that was thought of."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import DataError, TaskCodeError, TaskError
from fairtrial.records import GenerateAnswer
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.lmeval import LmEvalCatalog
from fairtrial.tasks.lmeval.functions import RestrictedCode
from fairtrial.tasks.lmeval.loading import CodeRef

Call = Callable[..., Any]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Call]:
    """Makes a function from source, restricted."""

    def made(source: str, name: str = "f") -> Call:
        (tmp_path / "utils.py").write_text(source)
        return RestrictedCode("t").function(CodeRef("utils", name, tmp_path / "t.yaml", 1, tmp_path))

    return made


def read_escapes(title: str) -> dict[str, tuple[str, str]]:
    """Name to source, and to what the error says, of one part of the file beside this one."""
    part = Path(__file__).with_name("escapes.txt").read_text().split(f"##### {title}\n")[1].split("#####")[0]
    found = {}
    for case in part.split("=== ")[1:]:
        head, _, source = case.partition("\n")
        name, _, what = head.partition(" => ")
        found[name] = source, what
    return found


REFUSED_AT_ONCE, REFUSED_WHEN_RUN = read_escapes("refused at once"), read_escapes("refused when run")
STOPPED, ENDLESS = read_escapes("stopped"), read_escapes("endless")


@pytest.mark.parametrize("name", REFUSED_AT_ONCE)
def test_what_the_source_shows_is_refused_before_anything_runs(name: str, make: Callable[..., Call]) -> None:
    source, what = REFUSED_AT_ONCE[name]
    with pytest.raises(TaskCodeError) as caught:
        make(source)
    assert what in str(caught.value)


@pytest.mark.parametrize("name", REFUSED_WHEN_RUN)
def test_what_only_running_shows_is_refused_then(name: str, shared: dict[str, Call]) -> None:
    with pytest.raises(TaskError) as caught:
        shared[name]({"x": 1})
    assert "does what task code may not" in str(caught.value) or "AttributeError" in str(caught.value)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Call]:
    """Functions in one process, to save its start: each in a file of its own."""
    folder, code = tmp_path_factory.mktemp("shared"), RestrictedCode("t")
    made: dict[str, Call] = {}
    for number, (name, (source, _)) in enumerate([*REFUSED_WHEN_RUN.items(), *STOPPED.items()]):
        (folder / f"u{number}.py").write_text(source)
        made[name] = code.function(CodeRef(f"u{number}", "f", folder / "t.yaml", 1, folder))
    return made


@pytest.mark.parametrize("name", STOPPED)
def test_what_takes_too_much_is_one_clean_error(name: str, shared: dict[str, Call]) -> None:
    with pytest.raises(TaskError, match=STOPPED[name][1]):
        shared[name]({})


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_killed(name: str, make: Callable[..., Call], monkeypatch: pytest.MonkeyPatch) -> None:
    function = make(ENDLESS[name][0])
    monkeypatch.setattr("fairtrial.tasks.lmeval.functions.SECONDS", 3.0)
    begun = time.monotonic()
    with pytest.raises(TaskCodeError, match="was stopped: it takes more than 3 s"):
        function({})
    assert time.monotonic() - begun < 600


def test_loading_what_never_ends_is_killed(make: Callable[..., Call], monkeypatch: pytest.MonkeyPatch) -> None:
    function = make("x = [0 for _ in iter(int, 1)]\ndef f(row):\n    return x")
    monkeypatch.setattr("fairtrial.tasks.lmeval.functions.SECONDS", 3.0)
    with pytest.raises(TaskCodeError, match="was stopped"):
        function({})


def test_everyday_python_works(make: Callable[..., Call]) -> None:
    source = """
from __future__ import annotations
import re
from collections import Counter, defaultdict
from functools import partial
from typing import Dict, Optional

_WORD = re.compile(r"(\\w+)")
Alias = Optional[Dict[str, int]]
TABLE: dict[str, int] = {}
TABLE["a"] = 1
for _name in ("b", "c"):
    TABLE[_name] = len(TABLE) + 1

class _Box:
    size: int = 3
    def __init__(self, *parts, **named):
        self._parts = list(parts)
        self.count = 0
        self.count += len(parts)
    def __len__(self):
        return len(self._parts)

class Large(_Box):
    def __init__(self, *parts):
        super().__init__(*parts)
        self._parts += ["x"]

def _helper(text: str, *, upper: bool = False) -> str:
    def inner(t):
        nonlocal upper
        upper = not upper
        return t.upper()
    return inner(text) if not upper else text

def f(row):
    counts = defaultdict(int)
    for word in _WORD.findall(row["text"]):
        counts[word] += 1
    (first, *rest), box = list(counts.items()), Large(1, 2)
    squares = [n ** 2 for n in range(4) if n % 2]
    return {
        "counts": dict(counts), "first": first, "size": len(box), "box": box.count, "table": TABLE,
        "format": "{:>5}|{a[k]}".format("ab", a={"k": 1}), "squares": squares, "help": _helper("q"),
        "partial": partial(_helper, upper=True)("q"), "f": f"{row['text']!r:>8}", "w": Counter("aab").most_common(1),
    }
"""
    assert make(source)({"text": "a b a"}) == {
        "counts": {"a": 2, "b": 1}, "first": ["a", 2], "size": 3, "box": 2, "table": {"a": 1, "b": 2, "c": 3},
        "format": "   ab|1", "squares": [1, 9], "help": "Q", "partial": "q", "f": " 'a b a'", "w": [["a", 2]],
    }  # fmt: skip


def test_only_what_a_function_needs_counts(make: Callable[..., Call]) -> None:
    unused = "import torch\nimport subprocess\nMODEL = torch.load('x')\ndef g():\n    return subprocess\n"
    assert make(unused + "def f(row):\n    return row['x']")({"x": 1}) == 1


def test_names_made_by_globals_are_found(make: Callable[..., Call]) -> None:
    source = (
        "def base(row, n):\n    return row['x'] + n\n"
        "for n in range(3):\n    globals()[f'f{n}'] = lambda row, n=n: base(row, n)"
    )
    assert make(source, "f2")({"x": 40}) == 42


def test_files_of_the_task_are_read_and_no_others(make: Callable[..., Call], tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text(json.dumps({"a": 1}))
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    source = (
        "import json\nfrom pathlib import Path\ndef f(row):\n"
        "    with open(Path(__file__).parent / row['name']) as file:\n        return json.load(file)"
    )
    function = make(source)
    assert function({"name": "table.json"}) == {"a": 1}
    for name in ("../../etc/passwd", "/etc/passwd", "link.json", "nothing.json"):
        with pytest.raises(DataError, match="FileNotFoundError"):
            function({"name": name})


def test_errors_name_function_file_and_line(make: Callable[..., Call]) -> None:
    with pytest.raises(DataError, match=r"!function utils.f failed: KeyError: 'y' \(utils.py, line 2\)"):
        make("def f(row):\n    return row['y']")({"x": 1})


YAML = """
task: t
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: generate_until
process_docs: !function utils.docs
doc_to_text: !function utils.text
doc_to_target: !function utils.target
process_results: !function utils.results
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""
CODE = """
import random
def docs(dataset):
    def change(doc):
        words = list(doc["words"])
        random.shuffle(words)
        return {"words": words, "n": len(words)}
    return dataset.filter(lambda doc: doc["keep"]).map(change)
def text(doc):
    return " ".join(doc["words"]) + random.choice("?!.")
def target(doc):
    return doc["words"][0]
def results(doc, results):
    return {"acc": results[0] == doc["words"][0]}
"""


def test_a_task_keeps_its_promises_and_equals_itself_trusted(tmp_path: Path) -> None:
    rows = [{"words": [f"w{n}{k}" for k in range(4)], "keep": n % 5 != 0} for n in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "utils.py").write_text(CODE)
    (tmp_path / "t.yaml").write_text(YAML)
    restricted, trusted = (LmEvalCatalog([tmp_path], trust).build("t", TaskOptions()) for trust in (False, True))
    assert list(restricted.items()) == list(trusted.items())
    assert len(restricted.items()) == 16
    for item in restricted.items():
        assert restricted.requests(item) == trusted.requests(item)
        answer = [GenerateAnswer(item.data["words"][item.doc_id % 2], 1, "stop")]
        assert restricted.grade(item, answer) == trusted.grade(item, answer)
    assert sorted(restricted.card.settings["restricted_code"]) == [
        "utils.docs", "utils.results", "utils.target", "utils.text",
    ]  # fmt: skip
    assert check_task(lambda: LmEvalCatalog([tmp_path]).build("t", TaskOptions())) == []


def test_listing_tasks_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "utils.py").write_text(CODE)
    (tmp_path / "t.yaml").write_text(YAML)
    monkeypatch.setattr("fairtrial.tasks.lmeval.functions.LimitedProcess", None)
    assert LmEvalCatalog([tmp_path]).read_config("t").name == "t"

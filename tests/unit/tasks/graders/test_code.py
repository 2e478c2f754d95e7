"""Programs as answers: what passes, what fails and why, and what a program cannot do."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import DataError, SpecError, TaskError
from fairtrial.records import GenerateAnswer
from fairtrial.sandbox.programs import VARIABLE, run_program
from fairtrial.spec.graders import Code
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.graders.code import CodeGrader, extract_program
from fairtrial.tasks.lmeval import LmEvalCatalog, find_installed_lmeval_folder


@pytest.fixture(autouse=True)
def _allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")


def test_nothing_runs_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SpecError, match="nobody has allowed that") as caught:
        CodeGrader(Code())
    assert "--allow-code-execution" in caught.value.fix
    assert "no virtual machine" in caught.value.fix
    with pytest.raises(SpecError, match="nobody has allowed that"):
        run_program("never_run = 1", 1.0)


TESTS = "assert add(2, 3) == 5\nassert add(-1, 1) == 0"
ANSWERS = {
    "def add(a, b):\n    return a + b": 1.0,
    "Here it is:\n```python\ndef add(a, b):\n    return a + b\n```\nDone.": 1.0,
    "def add(a, b):\n    return a - b": 0.0,
    "def add(a, b:": 0.0,
    "": 0.0,
    "import sys\nsys.exit(0)": 0.0,
    "import os\nos._exit(0)": 0.0,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_program_passes_or_fails(answer: str) -> None:
    grader = CodeGrader(Code(tests="tests"))
    assert grader.grade(answer, (), {"tests": TESTS.split("\n")}) == {"passed": (ANSWERS[answer], 1.0)}


def test_an_answer_may_continue_a_beginning_and_tests_be_the_right_answer() -> None:
    grader = CodeGrader(Code(before="prompt"))
    row = {"prompt": "def add(a, b):\n"}
    assert grader.grade("    return a + b\n", (TESTS,), row)["passed"] == (1.0, 1.0)
    grader.check_row((TESTS,), row)
    with pytest.raises(DataError, match="no column 'prompt'"):
        grader.check_row((TESTS,), {})
    with pytest.raises(DataError, match="no tests as its right answer"):
        grader.check_row((), row)


CHECK = "def check(candidate):\n    assert candidate(2, 3) == 5"
NO_TESTS = {
    "# to be written": "call and assert nothing",
    "import math\nx = 1": "call and assert nothing",
    "def test_add():\n    assert add(1, 1) == 2": "call and assert nothing",
    CHECK: "define check and never call it",
    "assert add(": "are no Python",
}


@pytest.mark.parametrize("tests", NO_TESTS)
def test_tests_that_every_answer_passes_are_refused(tests: str) -> None:
    with pytest.raises(DataError, match=NO_TESTS[tests]):
        CodeGrader(Code()).check_row((tests,), {})


def test_check_is_called_with_the_function_of_the_row() -> None:
    grader, row = CodeGrader(Code()), {"entry_point": "add"}
    grader.check_row((CHECK,), row)
    grader.check_row((CHECK + "\ncheck(add)",), {})
    assert grader.grade("def add(a, b):\n    return a + b", (CHECK,), row) == {"passed": (1.0, 1.0)}
    assert grader.grade("def add(a, b):\n    return a - b", (CHECK,), row) == {"passed": (0.0, 1.0)}
    with pytest.raises(DataError, match="never call it"):
        grader.check_row((CHECK,), {"entry_point": "x; y"})


def test_the_longest_block_is_the_program() -> None:
    assert extract_program("```\nx\n```\nthen\n```py\nlonger = 1\n```") == "longer = 1"
    assert extract_program("```python\nunfinished = 1") == "unfinished = 1"


CANNOT = {
    "write elsewhere": "open('/proc/self/oom_score_adj2', 'w')",
    "a socket": "import socket; socket.socket()",
    "a process": "import subprocess; subprocess.run(['true'])",
    "a fork": "import os; os.fork()",
    "much memory": "x = 'a' * (8 << 30)",
    "a large file": "open('x', 'wb').write(b'a' * (64 << 20))",
    "many files": "x = [open(__import__('os').devnull) for _ in range(1000)]",
    "deep recursion": "def f(): return f()\nf()",
    "kill its parent": "import os; os.kill(os.getppid(), 0)",
    "read the environment": f"import os; os.environ[{VARIABLE!r}]",
}


@pytest.mark.parametrize("name", CANNOT)
def test_what_a_program_cannot_do(name: str) -> None:
    outcome = run_program(CANNOT[name], 5.0)
    assert not outcome.passed
    assert outcome.reason


def test_a_program_without_an_end_is_stopped() -> None:
    begun = time.monotonic()
    assert "it takes more than" in run_program("while True: pass", 1.0).reason
    assert time.monotonic() - begun < 600
    assert not run_program("try:\n    while True: pass\nexcept BaseException: pass", 1.0).passed


def test_a_program_stands_in_a_scratch_folder_that_goes(tmp_path: Path) -> None:
    own = (
        f"import os\nopen('x', 'w').write('a')\nassert os.getcwd() != {str(Path.cwd())!r}\nassert os.listdir() == ['x']"
    )
    assert run_program(own, 5.0).passed


def human(n: int) -> dict[str, Any]:
    return {"task_id": f"H/{n}", "prompt": f"def add{n}(a, b):\n    \"\"\"Add {n} to both.\"\"\"\n",
            "canonical_solution": f"    return a + b + {n}\n", "entry_point": f"add{n}",
            "test": f"def check(f):\n    assert f(1, 2) == {3 + n}\n    assert f(0, 0) == {n}\n"}  # fmt: skip


def basic(n: int) -> dict[str, Any]:
    tests = [f"assert triple{n}({k}) == {3 * k}" for k in range(3)]
    return {"task_id": n, "text": f"Write a function triple{n}.", "code": f"def triple{n}(x):\n    return 3 * x",
            "test_list": tests, "test_setup_code": "", "challenge_test_list": []}  # fmt: skip


def answers(right: str, wrong: str) -> list[list[GenerateAnswer]]:
    return [[GenerateAnswer(text, 1, "stop")] for text in (right, wrong)]


@pytest.mark.parametrize("name", ["humaneval", "humaneval_instruct", "mbpp", "mbpp_instruct"])
def test_programs_of_well_known_tasks(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = find_installed_lmeval_folder()
    assert folder is not None
    make = human if name.startswith("human") else basic
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(make(n)) + "\n" for n in range(2)))
    catalog = LmEvalCatalog([folder])
    task = catalog.build(name, TaskOptions(data_dir=tmp_path))
    item = task.items()[0]
    right = {
        "humaneval": "    return a + b\n",
        "humaneval_instruct": "    return a + b\n```\nThat is all.",
        "mbpp": "def triple0(x):\n    return 3 * x\n",
        "mbpp_instruct": "\ndef triple0(x):\n    return 3 * x\n```\n",
    }
    graded = [
        task.grade(item, answer)[0].value for answer in answers(right[name], right[name].replace("return", "not"))
    ]
    assert graded == [1.0, 0.0]
    shots = 3 if name.startswith("mbpp") else 0
    assert task.card.settings["shots"] == shots
    prompt = task.requests(item)[0].prompt.plain()  # type: ignore[union-attr]
    assert str(make(0)["prompt" if shots == 0 else "text"]) in prompt
    assert prompt.count("assert similar_elements") == (3 if shots else 0)
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(TaskError, match="nobody has allowed that"):
        catalog.read_config(name)

"""`code`: the answer is a Python program that passes the row's tests; run only where the user has allowed it.

See `fairtrial.sandbox.programs` for what such a program can and cannot do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from fairtrial.errors import DataError
from fairtrial.records import Measure
from fairtrial.sandbox.programs import check_programs_allowed, run_program
from fairtrial.spec.graders import Code
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades

_BLOCK = re.compile(r"```[ \t]*(?:python|py|python3)?[ \t]*\r?\n(.*?)(?:\r?\n[ \t]*```|\Z)", re.DOTALL | re.IGNORECASE)


def extract_program(answer: str) -> str:
    """Return the code in an answer: its fenced block that is longest, else all of it."""
    blocks = _BLOCK.findall(answer)
    return str(max(blocks, key=len)) if blocks else answer


class CodeGrader(Grader[Code]):
    """1 where the program passes all tests, else 0."""

    Settings: ClassVar = Code
    needs_expected = False
    measures = (Measure("passed"),)

    def __init__(self, settings: Code) -> None:
        check_programs_allowed("the grader code")
        super().__init__(settings)

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Refuse a row without tests, or with such as every answer passes because they call and assert nothing."""
        self._read_tests(expected, row)
        if self.settings.before is not None and not isinstance(row.get(self.settings.before), str):
            raise DataError(f"there is no column {self.settings.before!r} with the beginning of the program")

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Run beginning, answer and tests as one program."""
        before = "" if self.settings.before is None else str(row[self.settings.before])
        program = "\n".join([before + extract_program(answer), self._read_tests(expected, row)])
        return {"passed": (float(run_program(program, self.settings.seconds).passed), 1.0)}

    def _read_tests(self, expected: Sequence[str], row: Row) -> str:
        column = self.settings.tests
        given: Any = list(expected) if column is None else row.get(column)
        lines = [given] if isinstance(given, str) else given
        if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
            lines = []
        text = "\n".join(lines)
        if not text.strip():
            where = "as its right answer" if column is None else f"in the column {column!r}"
            raise DataError(f"the row has no tests {where}")
        return _complete_tests(text, row.get("entry_point"))


def _complete_tests(text: str, name: Any) -> str:
    """Return tests that do test something: where they only define ``check``, it is called with the row's function.

    Raises DataError where nothing is called or asserted, or the tests are no Python.
    """
    try:
        parsed = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"the tests are no Python: {error!s:.100}") from error
    run = list(_list_run(parsed))
    called = {one.func.id for one in run if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}
    defines = any(isinstance(one, ast.FunctionDef) and one.name == "check" for one in parsed.body)
    if defines and "check" not in called and not any(isinstance(one, ast.Assert) for one in run):
        if isinstance(name, str) and name.strip().isidentifier():
            return f"{text}\n\ncheck({name.strip()})"
        raise DataError(
            "the tests define check and never call it, so that every answer would pass",
            fix="Add a line such as check(add), or a column entry_point with the name of the function to check.",
        )
    if not any(isinstance(one, ast.Assert | ast.Call) for one in run):
        raise DataError(
            "the tests call and assert nothing, so that every answer would pass",
            fix="Write lines such as assert add(2, 3) == 5, not inside a function that nothing calls.",
        )
    return text


def _list_run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module does: not what stands in functions."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(one)

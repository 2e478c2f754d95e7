"""Code blocks of the README and the documentation, with what their pages say of running them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WHOLE = {
    "docs/add-a-grader.md": "tests/e2e/test_plugins_installed.py",
    "docs/add-a-lever.md": "tests/e2e/test_plugins_installed.py",
    "docs/add-a-measure.md": "tests/e2e/test_plugins_installed.py",
    "docs/add-a-study.md": "tests/e2e/test_plugins_installed.py",
    "docs/add-an-engine.md": "tests/e2e/test_plugins_installed.py",
    "docs/add-an-exporter.md": "tests/e2e/test_plugins_installed.py",
    "docs/add-an-importer.md": "tests/e2e/test_plugins_installed.py",
    "docs/how-to/every-answer.md": "tests/e2e/test_howtos_every_answer.py",
    "docs/how-to/function-as-model.md": "tests/e2e/test_howtos_python.py",
    "docs/how-to/hosted-csv-gate.md": "tests/e2e/test_howtos_python.py",
    "docs/how-to/long-run.md": "tests/e2e/test_howtos_long_run.py",
    "docs/how-to/notebook.md": "tests/e2e/test_howtos_python.py",
    "docs/how-to/ocr-or-eyes.md": "tests/e2e/test_howtos_ocr_or_eyes.py",
    "docs/how-to/own-csv.md": "tests/e2e/test_howtos_own_csv.py",
    "docs/how-to/own-images.md": "tests/e2e/test_howtos_own_images.py",
    "docs/how-to/slide-and-numbers.md": "tests/e2e/test_howtos_logs.py",
    "docs/how-to/temperature-repeats.md": "tests/e2e/test_howtos_prompts.py",
    "docs/how-to/three-prompts.md": "tests/e2e/test_howtos_prompts.py",
    "docs/how-to/two-logs.md": "tests/e2e/test_howtos_logs.py",
    "docs/curation-steps.md": "tests/unit/curation/test_judging_steps.py",
    "docs/python.md": "tests/e2e/test_python_docs.py",
    "docs/tutorial.md": "tests/e2e/test_tutorial.py",
}
"""Pages that another test runs from the first block to the last."""
_FENCE = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n+)?^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.M | re.S)
_NUMBER = re.compile(r"\b[0-9a-f]{8,32}\b|[+−-]?\d[\d.,]*")


@dataclass(frozen=True)
class Block:
    """One block of code.

    Attributes:
        page: where it is, from the root of the project.
        line: of its fence.
        language: as the fence says it.
        body: its lines.
        mark: why it is not run, from ``<!-- not run: ... -->`` before it; empty if it is.
        test: of what the block is a part, from ``<!-- run in: FILE -->`` or, of output, ``<!-- shown in: FILE -->``.
    """

    page: str
    line: int
    language: str
    body: str
    mark: str = ""
    test: str = ""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> list[tuple[str, list[str]]]:
        """Return the commands that are typed, each with the lines that it is shown to print."""
        found: list[tuple[str, list[str]]] = []
        for line in self.body.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            elif found:
                found[-1][1].append(line)
        return found


def collect_blocks() -> list[Block]:
    """Return all fenced blocks, page after page."""
    return [block for page in PAGES for block in read_blocks(page)]


def read_blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("language")) + 1
        said, _, rest = (found["mark"] or "").partition(": ")
        mark, test = (rest if said == "not run" else ""), (rest if said in ("run in", "shown in") else "")
        yield Block(str(page.relative_to(ROOT)), line, found["language"], found["body"], mark, test)


def split_words(command: str) -> tuple[list[str], str]:
    """Return the words of a command without its comment, and the file that its output goes to; empty for none."""
    words = shlex.split(command, comments=True)
    if ">" in words:
        at = words.index(">")
        return words[:at], words[at + 1]
    return words, ""


def mask(line: str) -> str:
    """Return a line without what differs by machine and moment: its numbers, its ids, how wide its columns are."""
    return " ".join(re.sub(r"[─━]+", "─", _NUMBER.sub("#", line)).split())


def find_missing(shown: list[str], printed: str) -> list[str]:
    """Return the lines of a page that were not printed in this order; a line of ``...`` stands for any."""
    left = iter([mask(line) for line in printed.splitlines()])
    return [line for line in shown if line != "..." and line.strip() and mask(line) not in left]

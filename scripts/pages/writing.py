"""Markdown in small pieces: cells, tables, and docstrings taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Yields")
_ENTRY = re.compile(r"([\w, *]+): (.*)")


def write_cell(text: str) -> str:
    """Return a text as one cell of a table: one line, what Markdown would take for markup left alone in code."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.replace("``", "`").split()))
    plain = (part if part.startswith("`") else re.sub(r"([<*_\[])", r"\\\1", part) for part in parts)
    return "".join(plain).replace("|", r"\|")


def write_code(text: str) -> str:
    """Return a text as code in a cell; empty for none."""
    return f"`{' '.join(text.split())}`".replace("|", r"\|") if text else ""


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose cells are Markdown already; none where there are no rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body, ""] if body else []


@dataclass
class Described:
    """A docstring: its running text, and its sections, each a list of names with what is said of them."""

    text: str
    sections: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def read_docstring(docstring: str) -> Described:
    """Take a docstring apart, whose sections are written as Google's are."""
    found = Described("")
    lines: list[str] = []
    section = ""
    for line in docstring.splitlines():
        head = line.rstrip().removesuffix(":")
        if line.rstrip().endswith(":") and head in SECTIONS:
            section = head
            found.sections[section] = []
        elif section and line.strip() and not line.startswith(" "):
            section = ""
            lines.append(line)
        elif section:
            _add_to(found.sections[section], line)
        else:
            lines.append(line)
    found.text = _mark_code("\n".join(lines).strip())
    return found


def _add_to(entries: list[tuple[str, str]], line: str) -> None:
    """Add a line of a section: a name with its text, or more of the text before."""
    entry = _ENTRY.fullmatch(line.strip())
    indent = len(line) - len(line.lstrip())
    if entry and indent <= 4:
        entries.append((entry[1], entry[2]))
    elif line.strip() and entries:
        name, text = entries.pop()
        entries.append((name, f"{text} {line.strip()}"))
    elif line.strip():
        entries.append(("", line.strip()))


def _mark_code(text: str) -> str:
    """Fence indented lines and examples of a session, so that their language is known."""
    lines: list[str] = []
    code: list[str] = []
    for line in [*text.split("\n"), ""]:
        in_session = bool(code) and code[0].startswith(">>> ") and bool(line.strip())
        if line.startswith(("    ", ">>> ")) or in_session or (code and not line and code[0].startswith("    ")):
            code.append(line)
            continue
        lines += [*_fence(code), line.replace("``", "`")]
        code = []
    return "\n".join([*lines, *_fence(code)]).strip()


def _fence(code: list[str]) -> list[str]:
    """Return lines of code within fences, and an empty line after them; nothing for none."""
    kept = "\n".join(line.removeprefix("    ") for line in code).strip("\n")
    return [f"```{'pycon' if kept.startswith('>>> ') else 'python'}", kept, "```", ""] if kept else []

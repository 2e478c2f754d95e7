"""The parts of a text in Markdown that belong together: under which headings, and where paragraphs, items, tables and
code begin and end.  Knows of Markdown what the readers of documents write; time grows with the text's length alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

LONGEST_HEADING = 300
"""Characters; a longer line is a paragraph, whatever it begins with."""

_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)$")
_FENCE = re.compile(r"[ ]{0,3}(```+|~~~+)")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece that stays together where it fits: ``text[start:end]``.

    Attributes:
        start: of its first line's first character that is not white space.
        end: one after its last line's last such character.
        kind: a table's first line is its head; paragraphs and items are text.
    """

    start: int
    end: int
    kind: Literal["text", "table", "code"] = "text"


@dataclass(frozen=True, slots=True)
class TextSection:
    """Blocks under one heading, up to the next; a heading with nothing under it is a block of its own."""

    headings: tuple[str, ...]
    blocks: list[Block]


def find_sections(text: str) -> Iterator[TextSection]:
    """Yield the sections of a text in order; those without blocks are left out."""
    reading = _Reading()
    lines = _list_lines(text)
    for number, (start, end) in enumerate(lines):
        line = text[start:end]
        heading = None if reading.fence else _read_heading(line)
        if heading:
            yield from reading.turn_to(*heading, Block(start, start + len(line.rstrip())))
        else:
            following = lines[number + 1] if number + 1 < len(lines) else (0, 0)
            reading.take(line, start, text[slice(*following)])
    yield from reading.turn_to(1, "", Block(0, 0))


def _list_lines(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of every line, without its line feed."""
    lines, start = [], 0
    while (stop := text.find("\n", start)) >= 0:
        lines.append((start, stop))
        start = stop + 1
    lines.append((start, len(text)))
    return lines


def _read_heading(line: str) -> tuple[int, str] | None:
    """Return level and words of a heading; None for any other line."""
    if not line.startswith("#") or len(line) > LONGEST_HEADING:
        return None
    found = _HEADING.match(line)
    if found is None:
        return None
    words = found[2].rstrip()
    closed = words.rstrip("#")
    return len(found[1]), closed.rstrip() if closed[-1:].isspace() or not closed else words


@dataclass
class _Reading:
    """What has been read of a section.

    Attributes:
        fence: that the code ends with which is being read; empty outside code.
    """

    fence: str = ""
    _path: list[tuple[int, str]] = field(default_factory=list)
    _alone: Block | None = None
    _blocks: list[Block] = field(default_factory=list)
    _open: bool = False

    def turn_to(self, level: int, words: str, at: Block) -> Iterator[TextSection]:
        """Yield the section that a heading ends, if there is anything in it, and begin the next."""
        names = tuple(name for _, name in self._path)
        if self._blocks:
            yield TextSection(names, self._blocks)
        elif self._alone and self._path[-1][0] >= level:  # no deeper heading carries its words on
            yield TextSection(names[:-1], [self._alone])
        self._path = [one for one in self._path if one[0] < level] + ([(level, words)] if words else [])
        self._blocks, self._alone, self._open = [], at if words else None, False

    def take(self, line: str, start: int, following: str) -> None:
        """Take one line that is no heading; ``following`` is the next."""
        bare = line.strip()
        if not bare and not self.fence:
            self._open = False
            return
        first = start + len(line) - len(line.lstrip())
        block = Block(first, start + len(line.rstrip()))
        fence = _FENCE.match(line)
        if self.fence:
            if bare:
                self._extend(block)
            if fence and bare == fence[1] and bare.startswith(self.fence):
                self.fence, self._open = "", False
        elif fence:
            self._begin(replace(block, kind="code"))
            self.fence = fence[1]
        elif self._open and self._blocks[-1].kind == "table" and "|" in line:
            self._extend(block)
        elif "|" in line and "|" in following and _RULE.match(following):
            self._begin(replace(block, kind="table"))
        elif self._open and self._blocks[-1].kind == "text" and not _ITEM.match(line):
            self._extend(block)
        else:
            self._begin(block)

    def _begin(self, block: Block) -> None:
        self._blocks.append(block)
        self._open = True

    def _extend(self, block: Block) -> None:
        last = self._blocks[-1]
        self._blocks[-1] = replace(last, end=block.end)

"""The body that trafilatura finds, as Markdown: headings, paragraphs, lists, tables, quotes and code.

Emphasis and links become their words, and nothing is escaped but a paragraph that would look like a heading, so that a
quotation of the text can be compared character by character.
"""

from __future__ import annotations

import re
from typing import Any

MOST_DEPTH = 60


def write_markdown(body: Any) -> str:
    """Return the element ``body`` of trafilatura as Markdown."""
    blocks: list[str] = []
    _write_blocks(body, blocks, 0)
    return "\n\n".join(block for block in blocks if block.strip())


def _write_blocks(element: Any, blocks: list[str], depth: int) -> None:
    if depth > MOST_DEPTH:
        blocks.append(_inline(element))
        return
    if element.text and element.text.strip():
        blocks.append(_protect(_fold(element.text)))
    for child in element:
        _write_block(child, blocks, depth)
        if child.tail and child.tail.strip():
            blocks.append(_protect(_fold(child.tail)))


def _write_block(child: Any, blocks: list[str], depth: int) -> None:
    tag = child.tag if isinstance(child.tag, str) else ""
    if tag == "head":
        level = re.sub(r"\D", "", child.get("rend") or "") or "2"
        blocks.append("#" * min(6, max(1, int(level[:1]))) + " " + " ".join(_inline(child).split()))
    elif tag == "list":
        blocks.append("\n".join(_write_list(child, 0)))
    elif tag == "table":
        blocks.append(_write_table(child))
    elif tag == "quote":
        inner: list[str] = []
        _write_blocks(child, inner, depth + 1)
        quoted = "\n\n".join(inner).splitlines()
        blocks.append("\n".join(f"> {line}".rstrip() for line in quoted))
    elif tag == "code":
        blocks.append("```\n" + "".join(child.itertext()).strip("\n").replace("```", "'''") + "\n```")
    elif tag in {"p", "ab", "item", "fw", "hi", "ref", "del", "lb"}:
        blocks.append(_protect(_inline(child)))
    elif tag and tag != "graphic":
        _write_blocks(child, blocks, depth + 1)


def _inline(element: Any) -> str:
    """Return the words of an element; line breaks stay."""
    return _fold("".join(_in_order(element)))


def _in_order(element: Any) -> list[str]:
    """Return all texts of an element in their order, with marks for line breaks."""
    parts = [element.text or ""]
    waiting = [iter(element)]
    inside = [element]
    while waiting:
        child = next(waiting[-1], None)
        if child is None:
            waiting.pop()
            closed = inside.pop()
            if waiting:
                parts.append(closed.tail or "")
            continue
        parts.append("\ue000" if child.tag == "lb" else " " if child.tag in {"p", "item", "cell"} else "")
        parts.append("" if child.tag == "graphic" else child.text or "")
        waiting.append(iter(child))
        inside.append(child)
    return parts


def _fold(text: str) -> str:
    folded = re.sub(r"[ \t\r\n\f]+", " ", text)
    return re.sub(r" ?\ue000 ?", "\n", folded).strip()


def _protect(text: str) -> str:
    return re.sub(r"^(#{1,6} )", r"\\\1", text, flags=re.MULTILINE)


def _write_list(element: Any, depth: int) -> list[str]:
    lines: list[str] = []
    ordered = element.get("rend") == "ol"
    for number, item in enumerate((child for child in element if child.tag == "item"), 1):
        nested = [child for child in item if child.tag == "list"]
        for child in nested if depth < MOST_DEPTH else []:
            item.remove(child)
        words = " ".join(_inline(item).split())
        lines.append(f"{'  ' * depth}{f'{number}.' if ordered else '-'} {words}")
        for child in nested if depth < MOST_DEPTH else []:
            lines += _write_list(child, depth + 1)
    return lines


def _write_table(element: Any) -> str:
    rows = [[" ".join(_inline(cell).split()).replace("|", "\\|") for cell in row if cell.tag == "cell"]
            for row in element.iter("row")]  # fmt: skip
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = min(200, max(map(len, rows)))
    rows = [[*row[:width], *[""] * (width - len(row))] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])

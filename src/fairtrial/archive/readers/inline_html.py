"""HTML within other texts (Markdown, feeds, JSON): its tags go, its words stay, what nobody sees goes too."""

from __future__ import annotations

import html
import re

from fairtrial.archive.hostile.hidden import UNREMARKABLE, find_hiding
from fairtrial.archive.readers.found import check_length

_LOOKS_HTML = re.compile(r"<(?:[a-zA-Z/!?])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,2000})>")
_EMPTY = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_PARAGRAPHS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "ul",
        "ol",
        "table",
        "blockquote",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "figure",
        "figcaption",
        "pre",
        "header",
        "footer",
        "aside",
        "main",
    ]
)
_CODE = re.compile(r"(`+)(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
_TAG = re.compile(
    r"""<(/?)([a-zA-Z][a-zA-Z0-9:._-]{0,40})(?![a-zA-Z0-9:._-])((?:[^<>"']++|"[^"<]{0,4000}"|'[^'<]{0,4000}')*+)>"""
)
"""A whole tag; whatever its attributes are, the time that it takes is linear, which that of `html.parser` is not."""

_ATTRIBUTE = re.compile(r"""([^\s=/>"'<]{1,80})(?:\s{0,20}=\s{0,20}("[^"]*"|'[^']*'|[^\s"'<>]+))?""")
_DECLARATION = re.compile(r"<[!?][^<>]{0,2000}>")
MOST_DEPTH = 2_000


class _Stripper:
    """Keeps the text of what is shown; with ``marks`` it writes headings, lists and tables as Markdown."""

    def __init__(self, marks: bool) -> None:
        self.marks = marks
        self.kept: list[str] = []
        self.hidden: list[str] = []
        self.left_out = 0
        self.cells = 0
        self.rows = 0

    def feed(self, text: str) -> None:
        """Read a text; whatever is no whole tag is text."""
        at = 0
        for found in _TAG.finditer(text):
            self._take(text[at : found.start()])
            at = found.end()
            tag = found[2].lower()
            if found[1]:
                self._end(tag)
            else:
                self._start(tag, found[3] or "")
        self._take(text[at:])

    def _start(self, tag: str, written: str) -> None:
        if self.hidden in (["p"], ["li"]) and (tag in _PARAGRAPHS if self.hidden == ["p"] else tag == "li"):
            self.hidden.clear()  # the new element ends the hidden one
        if self.hidden:
            if tag not in _EMPTY and len(self.hidden) < MOST_DEPTH:
                self.hidden.append(tag)
        elif tag == "br":
            self.kept.append("\n")
        elif tag not in _EMPTY and find_hiding(tag, _read_attributes(written)):
            if not written.endswith("/") or tag not in {"svg", "iframe", "object"}:
                self.hidden.append(tag)
            self.left_out += tag not in UNREMARKABLE
        elif self.marks:
            self._mark(tag)

    def _mark(self, tag: str) -> None:
        if tag == "table":
            self.rows = 0
        if tag == "tr":
            self.cells = 0
            self.kept.append("\n|")
        elif tag in {"td", "th"}:
            self.cells += 1
            self.kept.append(" ")
        elif tag in _PARAGRAPHS:
            self.kept.append("\n\n")
        if tag == "li":
            self.kept.append("\n- ")
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self.kept.append("#" * int(tag[1]) + " ")

    def _end(self, tag: str) -> None:
        if self.hidden:
            if tag in self.hidden:
                while self.hidden.pop() != tag:
                    pass
        elif self.marks and tag == "tr":
            self.rows += 1
            self.kept.append("\n|" + " --- |" * min(self.cells, 200) if self.rows == 1 else "")
        elif self.marks and tag in {"td", "th"}:
            self.kept.append(" |")
        elif self.marks and tag in _PARAGRAPHS:
            self.kept.append("\n\n")

    def _take(self, text: str) -> None:
        if text and not self.hidden:
            self.kept.append(html.unescape(re.sub(r"\s+", " ", text) if self.marks else text))


def _read_attributes(written: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, value in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), html.unescape(value.strip("\"'")) if value else None)
    return found


def strip_html(text: str, notes: list[str]) -> str:
    """Return Markdown without the HTML in it; code between backticks stays as it is.

    That something was left out which no reader sees is added to ``notes``.
    """
    text = _AUTOLINK.sub(r"\1", text)
    if not _LOOKS_HTML.search(text):
        return html.unescape(text) if "&" in text else text
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\ue000{len(kept) - 1}\ue001"

    plain = _CODE.sub(keep, text.replace("\ue000", "").replace("\ue001", ""))
    found = _strip(plain, False, notes)
    return re.sub("\ue000(\\d{1,9})\ue001", lambda match: kept[int(match[1])], found)


def read_fragment(text: str, notes: list[str]) -> str:
    """Return a fragment of HTML as Markdown: headings, lists and paragraphs."""
    return re.sub(r"[ \t]*\n[ \t]*", "\n", _strip(text, True, notes)).strip()


def _drop_comments(text: str) -> tuple[str, int]:
    """Return a text without comments and declarations, and how many comments there were; in linear time."""
    kept, at, count = [], 0, 0
    while (begin := text.find("<!--", at)) >= 0:
        kept.append(text[at:begin])
        end = text.find("-->", begin + 2)
        at = end + 3 if end >= 0 else len(text)
        count += 1
    kept.append(text[at:])
    return _DECLARATION.sub("", "".join(kept)), count


def _strip(text: str, marks: bool, notes: list[str]) -> str:
    check_length(text)
    text, comments = _drop_comments(text)
    stripper = _Stripper(marks)
    stripper.feed(text)
    if left_out := stripper.left_out + comments:
        notes.append(describe_hidden(left_out))
    return "".join(stripper.kept)


def describe_hidden(count: int) -> str:
    """Return the note about elements that no reader sees."""
    return f"left out {count} hidden element{'s' * (count > 1)}"

"""HTML within other texts (Markdown, feeds, JSON): its tags go, its words stay, what nobody sees goes too."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from fairtrial.archive.hostile.hidden import UNREMARKABLE, find_hiding

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
MOST_DEPTH = 2_000


class _Stripper(HTMLParser):
    """Keeps the text of what is shown; with ``marks`` it writes headings and lists as Markdown."""

    def __init__(self, marks: bool) -> None:
        super().__init__(convert_charrefs=False)
        self.marks = marks
        self.kept: list[str] = []
        self.hidden: list[str] = []
        self.left_out = 0
        self.cells = 0
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.hidden:
            if tag not in _EMPTY and len(self.hidden) < MOST_DEPTH:
                self.hidden.append(tag)
            return
        if tag == "br":
            self.kept.append("\n")
        elif tag not in _EMPTY and find_hiding(tag, dict(attrs)):
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

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" and not self.hidden:
            self.kept.append("\n")

    def handle_endtag(self, tag: str) -> None:
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

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.kept.append(re.sub(r"\s+", " ", data) if self.marks else data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(html.unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self.handle_data(html.unescape(f"&#{name};"))

    def handle_comment(self, data: str) -> None:
        self.left_out += 1


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


def _strip(text: str, marks: bool, notes: list[str]) -> str:
    stripper = _Stripper(marks)
    stripper.feed(text)
    stripper.close()
    if stripper.left_out:
        notes.append(describe_hidden(stripper.left_out))
    return "".join(stripper.kept)


def describe_hidden(count: int) -> str:
    """Return the note about elements that no reader sees."""
    return f"left out {count} hidden element{'s' * (count > 1)}"

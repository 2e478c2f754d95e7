"""Markdown with front matter in YAML: fields about the document between two lines of three dashes, then its text.

The text keeps headings, lists, tables, quotes and code; links and emphasis become their words, so that a quotation of
it can be compared character by character; HTML, comments and definitions that a reader never sees are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from fairtrial.archive.readers.finishing import hash_data
from fairtrial.archive.readers.found import Draft, DraftPicture, SourceFile, check_length
from fairtrial.archive.readers.inline_html import strip_html
from fairtrial.archive.readers.plain import decode_text
from fairtrial.archive.readers.stating import state
from fairtrial.errors import ArchiveError, SpecError
from fairtrial.spec.yamlfile import Loader, NodeReader, check_depth, looks_deep

MOST_FRONT = 200_000

_FRONT = re.compile(r"---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S[^\n]*$", re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\[\]\n]{0,2000})\]\([ \t]*<?([^()\s<>]{1,2000})>?(?:[ \t]+\"([^\"\n]{0,2000})\")?[ \t]*\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,2000})\]\([ \t]*<?[^()\s<>]{0,2000}>?(?:[ \t]+\"[^\"\n]{0,2000}\")?[ \t]*\)")
_REFERENCE = re.compile(r"\[([^\[\]\n]{1,2000})\]\[[^\[\]\n]{0,200}\]")
_STRONG = re.compile(r"(?<![\w*])\*\*(?=[^\s*])([^*\n]{1,2000}?)(?<=[^\s*])\*\*(?![\w*])")
_STRONG_LINE = re.compile(r"(?<![\w_])__(?=[^\s_])([^_\n]{1,2000}?)(?<=[^\s_])__(?![\w_])")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,2000}?)(?<=[^\s*])\*(?![\w*])")
_EMPHASIS_LINE = re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,2000}?)(?<=[^\s_])_(?![\w_])")
_SETEXT = re.compile(r"^(?! {0,3}(?:[#>|*+-]|\d+\.))[ ]{0,3}(\S[^\n]*)\n {0,3}(=+|-+)[ \t]*$", re.MULTILINE)
_TITLE = re.compile(r"\A\s*# +([^\n]+?)(?: +#+)?[ \t]*$", re.MULTILINE)


def read_markdown(source: SourceFile) -> Iterator[Draft]:
    """Yield the document of a Markdown file.  Raises ArchiveError if it cannot be read, or states what is not known."""
    text = decode_text(source.data).replace("\r\n", "\n").replace("\r", "\n")
    fields, body = _split_front(text, source.path)
    draft = Draft(where=source.path, text="", markdown=True)
    state(draft, fields, source.seen, hash_data(source.data), "front matter")
    draft.text, images = simplify_markdown(body, draft.notes)
    if not draft.title and (found := _TITLE.match(draft.text)):
        draft.title = found[1]
    for caption, target in images:
        if (data := source.fetch(target)) is not None:
            draft.pictures.append(DraftPicture(data, caption))
        else:
            draft.notes.append(f"left out the image {target[:200]!r}: there is no such file beside it")
    yield draft


def _split_front(text: str, path: str) -> tuple[Mapping[str, Any], str]:
    """Return the fields of the front matter, and the text after it."""
    found = _FRONT.match(text[:MOST_FRONT])
    if not found:
        if text.startswith("---\n") and ":" in text[:200].partition("\n")[2].partition("\n")[0]:
            raise ArchiveError("the front matter does not end: a second line of three dashes is missing.")
        return {}, text
    return _read_fields(found[1] or "", path), text[found.end() :]


def _read_fields(front: str, path: str) -> Mapping[str, Any]:
    try:
        check_depth(front, Path(path))
        node = yaml.compose(front, Loader=Loader)
        value = NodeReader(Path(path)).value(node, ()) if node is not None else {}
    except SpecError as error:
        raise ArchiveError(f"front matter: {error.message}", fix=error.fix) from None
    except yaml.YAMLError as error:
        if looks_deep(front):
            raise ArchiveError("front matter: nested too deeply.") from None
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 2})" if mark else ""
        problem = getattr(error, "problem", None) or "it has characters that are not allowed"
        raise ArchiveError(f"front matter is no valid YAML: {problem}{line}.") from None
    if not isinstance(value, dict):
        raise ArchiveError("front matter must be fields, one a line, e.g. `title: ...`.")
    return value


def simplify_markdown(text: str, notes: list[str]) -> tuple[str, list[tuple[str, str]]]:
    """Return Markdown without links, emphasis and HTML, and (caption, target) of its images; code stays as it is.

    What was left out that a reader would not have seen is added to ``notes``.  Raises ArchiveError if it is too long.
    """
    check_length(text)
    images: list[tuple[str, str]] = []
    pieces = []
    for piece, is_code in _split_code(text):
        pieces.append(piece if is_code else _simplify_piece(piece, images, notes))
    return "".join(pieces), images


def _split_code(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the text in pieces, and whether each is a block of code."""
    at = 0
    while opening := _FENCE.search(text, at):
        mark = opening[1]
        closing = re.compile(rf"^ {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$", re.MULTILINE)
        ending = closing.search(text, opening.end())
        end = ending.end() if ending else len(text)
        yield text[at : opening.start()], False
        yield text[opening.start() : end], True
        at = end
    yield text[at:], False


def _simplify_piece(text: str, images: list[tuple[str, str]], notes: list[str]) -> str:
    text = strip_html(text, notes)
    text, found = _DEFINITION.subn("", text)
    if found:
        notes.append(f"left out {found} link definition{'s' * (found > 1)}, which no reader sees")

    def take_image(match: re.Match[str]) -> str:
        images.append((match[1] or match[3] or "", match[2]))
        return ""

    text = _IMAGE.sub(take_image, text)
    text = _LINK.sub(r"\1", text)
    text = _REFERENCE.sub(r"\1", text)
    for pattern in (_STRONG, _STRONG_LINE, _EMPHASIS, _EMPHASIS_LINE):
        text = pattern.sub(r"\1", text)
    return _SETEXT.sub(lambda match: f"{'#' if match[2][0] == '=' else '##'} {match[1]}", text)

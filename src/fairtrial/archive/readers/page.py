"""What a page of HTML holds: its article as Markdown, and what it says about itself.  Runs in the process with limits.

lxml reads the page whatever its mistakes; what no reader sees is taken out first; trafilatura finds the article.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from fairtrial.archive.hostile.hidden import (
    UNREMARKABLE,
    WHITE,
    Ground,
    StyleSheet,
    find_ground,
    find_hiding,
)
from fairtrial.archive.readers.tei import write_markdown

MOST_BLOCKS = 50
MOST_BLOCK = 1_000_000
MOST_META = 500
MOST_FIGURES = 100
MOST_TITLE = 4_000
MOST_DEPTH = 250
"""Elements in one another that libxml2 reads, with some to spare; it leaves out what is deeper."""

_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([-\w]{2,40})", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,300}\?>")
_CORRECTION = re.compile(r"(?:^|[-_])(?:corrections?|clarifications?|erratum|errata)(?:$|[-_])", re.IGNORECASE)
_CORRECTION_WORDS = 4
_IN_HEAD = frozenset({"title", "meta", "link", "style", "script", "base", "noscript", "template"})
_MARKER = re.compile(r"kicker|eyebrow|label|flag|badge|disclosure|disclaimer|sponsor|rubric|category", re.IGNORECASE)
_CREDIT = re.compile(r"credit|photographer|byline|copyright|source", re.IGNORECASE)


def parse_page(data: bytes, charset: str = "") -> dict[str, Any]:
    """Return what a page holds, as JSON values.

    Keys: ``text`` and ``whole`` (whether no article was recognised), ``hidden`` (elements left out), ``title``,
    ``heading``, ``lang``, ``canonical``, ``base``, ``meta`` (pairs of name and content), ``linked`` (blocks of
    JSON-LD), ``corrections``, ``markers``, ``figures`` (src, caption, credit), ``times``.
    """
    from lxml import html

    text = _DECLARATION.sub("", decode_page(data, charset)).replace("\0", "")
    if not text.strip():
        return {"error": "the page is empty."}
    parser = html.HTMLParser(recover=True, remove_pis=True, huge_tree=False)
    tree = html.document_fromstring(text, parser=parser, ensure_head_body=True)
    if any(one.type_name == "ERR_RESOURCE_LIMIT" for one in parser.error_log):
        return {
            "error": f"its elements stand in one another more than {MOST_DEPTH} deep, and those within are not read."
        }
    _move_to_body(tree)
    found = _read_head(tree)
    found["hidden"] = _remove_hidden(tree)
    found |= _read_body(tree)
    found["text"], found["whole"] = _find_article(tree)
    return found


def decode_page(data: bytes, charset: str = "") -> str:
    """Return a page's text by its byte order mark, its transport, its own declaration, as UTF-8, or as Windows-1252."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    declared = _CHARSET.search(data[:4096])
    for name in (charset, declared[1].decode("ascii") if declared else "", "utf-8"):
        try:
            if name and codecs.lookup(name)._is_text_encoding:
                return data.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("windows-1252", "replace")


def _move_to_body(tree: Any) -> None:
    """Move out of the head what belongs in the body: lxml leaves newer elements there if a page names no body."""
    head, body = next(tree.iter("head"), None), next(tree.iter("body"), None)
    if head is None or body is None:
        return
    children = list(head)
    first = next((n for n, one in enumerate(children) if isinstance(one.tag, str) and one.tag not in _IN_HEAD), None)
    if first is not None:
        for place, one in enumerate(children[first:]):
            body.insert(place, one)


def _read_head(tree: Any) -> dict[str, Any]:
    meta: list[tuple[str, str]] = []
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv")
        if name and element.get("content") and len(meta) < MOST_META:
            meta.append((name.strip().lower()[:100], element.get("content")[:MOST_TITLE]))
    canonical = [
        one.get("href") or "" for one in tree.iter("link") if "canonical" in (one.get("rel") or "").lower().split()
    ]
    linked = [
        block for one in tree.iter("script")
        if "ld+json" in (one.get("type") or "").lower() and len(block := one.text or "") <= MOST_BLOCK
    ][:MOST_BLOCKS]  # fmt: skip
    title = next((" ".join("".join(one.itertext()).split()) for one in tree.iter("title")), "")
    root = tree if tree.tag == "html" else next(tree.iter("html"), tree)
    base = next((one.get("href") or "" for one in tree.iter("base")), "")
    found = {"meta": meta, "canonical": canonical[0] if canonical else "", "linked": linked, "base": base}
    return {**found, "title": title[:MOST_TITLE], "lang": root.get("lang") or ""}


def _remove_hidden(tree: Any) -> int:
    """Take out what no reader sees; return how many elements with words it were, but scripts and the like."""
    sheet = StyleSheet()
    for style in tree.iter("style"):
        sheet.add(style.text or "")
    hidden: list[Any] = []
    waiting: list[tuple[Any, Ground]] = [(tree, WHITE)]
    while waiting:
        element, ground = waiting.pop()
        if not isinstance(element.tag, str):
            hidden.append(element)
            continue
        attributes = dict(element.attrib)
        kept = element.tag in {"html", "head", "body"} and not (element.tag == "body" and "style" in attributes)
        if not kept and element.tag != "head" and find_hiding(element.tag, attributes, sheet, ground):
            hidden.append(element)
            continue
        for known, colour in (sheet.find_ground(element.tag, attributes), find_ground(attributes.get("style") or "")):
            ground = colour if known else ground
        if element.get("bgcolor"):
            ground = find_ground(f"background:{element.get('bgcolor')}")[1]
        waiting += [(child, ground) for child in element]
    counted = [one for one in hidden if isinstance(one.tag, str) and one.tag not in UNREMARKABLE
               and "".join(one.itertext()).strip()]  # fmt: skip
    for one in hidden:
        if one.tag not in {"title"} and one.getparent() is not None:
            _drop(one)
    return len(counted)


def _drop(element: Any) -> None:
    """Remove an element, and not the text that follows it."""
    parent, before = element.getparent(), element.getprevious()
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _read_body(tree: Any) -> dict[str, Any]:
    corrections: list[str] = []
    markers: list[str] = []
    times: list[tuple[str, str]] = []
    for element in tree.iter():
        names = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('itemprop') or ''}"
        if (
            _CORRECTION.search(names.replace(" ", "-"))
            and len(corrections) < 50
            and element.tag not in {"body", "html", "article"}
        ):
            told = _words(element)
            if _CORRECTION_WORDS <= len(told.split()) <= 400:  # and no link to a page of them
                corrections.append(told)
        elif _MARKER.search(names) and len(markers) < 50 and len(words := _words(element)) <= 40 and words:
            markers.append(words)
        if element.tag == "time" and element.get("datetime") and len(times) < 50:
            times.append(
                (f"{names} {'pubdate' if 'pubdate' in element.attrib else ''}".lower(), element.get("datetime"))
            )
        elif element.get("itemprop") in {"author", "publisher"} and element.tag != "meta":
            times.append((f"itemprop:{element.get('itemprop')}", _words(element)[:300]))
    heading = next((_words(one) for one in tree.iter("h1")), "")
    return {"corrections": _without_parts(corrections), "markers": markers, "times": times,
            "heading": heading[:MOST_TITLE], "figures": list(_read_figures(tree))[:MOST_FIGURES]}  # fmt: skip


def _without_parts(texts: list[str]) -> list[str]:
    """Return texts without those that are part of another one."""
    return [one for one in dict.fromkeys(texts) if one and not any(one != other and one in other for other in texts)]


def _read_figures(tree: Any) -> Iterator[tuple[str, str, str]]:
    """Yield address, caption and credit of the images in figures."""
    for figure in tree.iter("figure"):
        image = next(figure.iter("img"), None)
        if image is None or not image.get("src"):
            continue
        caption = next(figure.iter("figcaption"), None)
        credit = next(
            (_words(one) for one in figure.iter() if one is not figure and _CREDIT.search(one.get("class") or "")), ""
        )
        told = _words(caption) if caption is not None else image.get("alt") or ""
        if credit and told.endswith(credit):
            told = told[: -len(credit)].rstrip()
        yield image.get("src"), told[:MOST_TITLE], credit[:MOST_TITLE]


def _words(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def _find_article(tree: Any) -> tuple[str, bool]:
    """Return the article as Markdown, or the whole page where none is recognised, and which of them it is."""
    import trafilatura
    from trafilatura.settings import use_config

    config = use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "1")
    config.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")
    found = trafilatura.bare_extraction(
        tree, include_comments=False, include_tables=True, include_formatting=True, config=config, with_metadata=False
    )
    body = getattr(found, "body", None)
    text = write_markdown(body) if body is not None else ""
    if text.strip():
        return text, False
    whole = next(tree.iter("body"), tree)
    blocks = [_words(one) for one in whole.iter("h1", "h2", "h3", "p", "li", "td", "blockquote", "pre")]
    return "\n\n".join(block for block in blocks if block) or _words(whole), True

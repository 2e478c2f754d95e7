"""NewsML-G2 (IPTC): news items of a message, a package or a file of one, with XHTML, NITF or plain text in them."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, tostring

from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.finishing import hash_data
from fairtrial.archive.readers.found import Draft, DraftPicture, Refused, SourceFile
from fairtrial.archive.readers.inline_html import read_fragment
from fairtrial.archive.readers.labels import find_label
from fairtrial.archive.readers.news import apply_editors_note, apply_status, apply_window, read_window, split_byline
from fairtrial.archive.readers.xml import (
    LANGUAGE,
    find_all,
    find_first,
    find_name,
    read_element_words,
    write_plain_html,
)
from fairtrial.errors import ArchiveError

NAMESPACE = "http://iptc.org/std/nar/2006-10-01/"


def is_newsml(root: Element) -> bool:
    """Return whether a root element is one of NewsML-G2 that may hold news items."""
    return find_name(root) in {"newsItem", "newsMessage", "packageItem"} and NAMESPACE in root.tag


def read_newsml(root: Element, source: SourceFile) -> Iterator[Draft | Refused]:
    """Yield the documents of a file's news items."""
    items = [root] if find_name(root) == "newsItem" else [one for one in root.iter() if find_name(one) == "newsItem"]
    if not items:
        raise ArchiveError("there is no news item in it.")
    sha256 = hash_data(source.data)
    for number, item in enumerate(items, 1):
        where = source.path if len(items) == 1 else f"{source.path}, item {number}"
        yield _read_item(item, where, source, sha256)


def _read_item(item: Element, where: str, source: SourceFile, sha256: str) -> Draft:
    draft = Draft(where=where, text="", markdown=True, raw=tostring(item), kind="newsml")
    meta, content = find_first(item, "itemMeta"), find_first(item, "contentMeta")
    empty = Element("none")
    meta, content = (meta if meta is not None else empty), (content if content is not None else empty)
    draft.uri = item.get("guid", "")
    draft.title = read_element_words(find_first(content, "headline")) or read_element_words(find_first(meta, "title"))
    draft.modified = read_date(read_element_words(find_first(meta, "versionCreated")))
    firsts = (find_first(meta, "firstCreated"), find_first(content, "contentCreated"))
    draft.published = (
        next((found for one in firsts if (found := read_date(read_element_words(one)))), None) or draft.modified
    )
    draft.authors = split_byline(read_element_words(find_first(content, "by", "byline"))) or tuple(
        name for one in find_all(content, "creator") if (name := _name(one))
    )
    draft.publisher = next((name for one in (find_first(meta, "provider"), find_first(content, "infoSource"))
                            if one is not None and (name := _name(one))), "")  # fmt: skip
    language = find_first(content, "language")
    draft.language = (language.get("tag", "") if language is not None else "") or item.get(LANGUAGE, "")
    words = [
        word for one in find_all(content, "genre") for word in (_name(one), one.get("qcode", "").rpartition(":")[2])
    ]
    draft.label = find_label(words)
    sections = [
        one for one in find_all(content, "subject") if "section" in f"{one.get('type', '')} {one.get('qcode', '')}"
    ]
    draft.section = next((name for one in sections if (name := _name(one))), "")
    wires = [one for one in find_all(content, "altId") + find_all(meta, "altId")]
    draft.wire = read_element_words(wires[0]) if wires else ""
    status = find_first(meta, "pubStatus")
    apply_status(draft, status.get("qcode", "") if status is not None else "", sha256, source.seen)
    rights = find_first(item, "rightsInfo")
    end = rights.get("validto") if rights is not None else None
    window = read_window(read_element_words(find_first(meta, "embargoed")), end)
    apply_window(draft, *window, sha256, source.seen)
    for note in find_all(meta, "edNote"):
        apply_editors_note(draft, read_element_words(note), draft.modified)
    _read_content(item, content, draft, source)
    return draft


def _name(element: Element) -> str:
    return read_element_words(find_first(element, "name")) or element.get("literal", "") or read_element_words(element)


def _read_content(item: Element, meta: Element, draft: Draft, source: SourceFile) -> None:
    texts: list[str] = []
    missing = 0
    for holder in find_all(item, "contentSet"):
        for one in holder:
            name = find_name(one)
            if name == "inlineXML":
                texts.append(read_fragment(write_plain_html(one), draft.notes))
            elif name == "inlineData":
                rich = "html" in one.get("contenttype", "")
                said = "".join(one.itertext())
                texts.append(read_fragment(said, draft.notes) if rich else said.replace("\n#", "\n\\#"))
            elif name == "remoteContent" and one.get("contenttype", "image").startswith("image"):
                data = source.fetch(one.get("href", ""))
                missing += data is None
                if data is not None and not draft.pictures:
                    caption = read_element_words(find_first(meta, "description"))
                    draft.pictures.append(
                        DraftPicture(data, caption, read_element_words(find_first(meta, "creditline")))
                    )
    draft.text = max(texts, key=len, default="")
    if len(texts) > 1:
        draft.notes.append(f"of {len(texts)} renditions of its text the longest one is read")
    if missing and not draft.pictures:
        draft.notes.append("left out 1 image that is not beside the item")
    if not draft.text and not draft.pictures:
        draft.text = read_element_words(find_first(meta, "description"))
        if draft.text:
            draft.notes.append("the item has no body: this is its description")

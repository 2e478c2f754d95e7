"""Dumps of feeds: RSS 0.9 to 2.0 and Atom; an entry is a document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element, tostring

from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.found import Draft, SourceFile
from fairtrial.archive.readers.inline_html import read_fragment
from fairtrial.archive.readers.labels import find_label
from fairtrial.archive.readers.xml import (
    LANGUAGE,
    find_all,
    find_first,
    find_name,
    read_element_words,
    write_plain_html,
)
from fairtrial.errors import ArchiveError

ATOM = "{http://www.w3.org/2005/Atom}"


def is_feed(root: Element) -> bool:
    """Return whether a root element is one of a feed."""
    return find_name(root) in {"rss", "RDF", "feed", "entry"}


def read_feed(root: Element, source: SourceFile) -> Iterator[Draft]:
    """Yield the documents of a feed's entries."""
    channel = find_first(root, "channel")
    channel = channel if channel is not None else root
    entries = [root] if find_name(root) == "entry" else [
        one for holder in dict.fromkeys((root, channel)) for one in holder if find_name(one) in {"item", "entry"}
    ]  # fmt: skip
    if not entries:
        raise ArchiveError("there are no entries in the feed.")
    language = read_element_words(find_first(channel, "language")) or root.get(LANGUAGE, "")
    publisher = read_element_words(find_first(channel, "publisher", "title"))
    known = {channel, *entries}
    beside = [one for holder in dict.fromkeys((root, channel)) for one in holder if one not in known]
    for number, entry in enumerate(entries, 1):
        draft = Draft(where=f"{source.path}, entry {number}", text="", markdown=True)
        draft.raw, draft.kind = _cut_out(root, beside, entry), "feed"
        _read_entry(entry, draft)
        draft.language = entry.get(LANGUAGE, "") or read_element_words(find_first(entry, "language")) or language
        draft.publisher = read_element_words(find_first(entry, "source/title", "source", "publisher")) or publisher
        draft.uri = draft.uri or f"{source.path}#{number}"
        yield draft


def _cut_out(root: Element, beside: list[Element], entry: Element) -> bytes:
    """Return a feed of one entry alone, with what stands beside the entries: what tells the rights of all of them."""
    if entry is root:
        return tostring(entry)
    feed = Element(root.tag, root.attrib)
    feed.extend((*beside, entry))
    return tostring(feed)


def _read_entry(entry: Element, draft: Draft) -> None:
    draft.uri = _find_link(entry)
    draft.title = read_fragment(read_element_words(find_first(entry, "title")), draft.notes)
    draft.authors = tuple(dict.fromkeys(_find_authors(entry)))
    draft.published = _find_date(entry, "pubDate", "published", "issued", "date", "created")
    draft.modified = _find_date(entry, "updated", "modified")
    if draft.published is None:
        draft.published = draft.modified
    categories = [one.get("term") or read_element_words(one) for one in find_all(entry, "category")]
    categories += [read_element_words(one) for one in find_all(entry, "subject")]
    draft.section = next((one for one in categories if one), "")
    draft.label = find_label(categories)
    contents = [one for one in entry if find_name(one) in {"encoded", "content"} and not one.get("url")]
    texts = [_read_text(one, draft) for one in contents]
    draft.text = max(texts, key=len, default="")
    if not draft.text:
        summary = find_first(entry, "description", "summary")
        draft.text = _read_text(summary, draft) if summary is not None else ""
        if draft.text:
            draft.notes.append("the feed gives a summary alone")


def _read_text(element: Element, draft: Draft) -> str:
    if len(element) or element.get("type") == "xhtml":
        return read_fragment(write_plain_html(element), draft.notes)
    text = element.text or ""
    if element.tag.startswith(ATOM) and element.get("type", "text") in {"text", "text/plain"}:
        return text.replace("\n#", "\n\\#")
    return read_fragment(text, draft.notes)


def _find_link(entry: Element) -> str:
    links = find_all(entry, "link")
    for one in links:
        if one.get("rel", "alternate") == "alternate" and (address := one.get("href") or (one.text or "").strip()):
            return address
    guid = read_element_words(find_first(entry, "guid", "id"))
    return guid or next((value for key, value in entry.attrib.items() if key.endswith("}about")), "")


def _find_authors(entry: Element) -> Iterator[str]:
    for one in entry:
        if find_name(one) in {"author", "creator"}:
            name = read_element_words(find_first(one, "name")) or read_element_words(one)
            address, opening, rest = name.partition("(")  # RSS: someone@example.org (Ada Finch)
            yield rest.rstrip(") ") if opening and "@" in address else name


def _find_date(entry: Element, *names: str) -> datetime | None:
    return next((found for name in names if (found := read_date(read_element_words(find_first(entry, name))))), None)

"""What a page says of its article in JSON-LD of schema.org.  Malformed blocks are noted and passed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fairtrial.archive.document import Correction
from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.inline_html import read_fragment
from fairtrial.archive.readers.jsonl import parse_document_json
from fairtrial.errors import ArchiveError

MOST_OBJECTS = 5_000
_SUFFIXES = ("Article", "BlogPosting", "LiveBlogPosting", "Report")


@dataclass(slots=True)
class ArticleMetadata:
    """What JSON-LD says of an article; empty where it says nothing."""

    url: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    sections: tuple[str, ...] = ()
    language: str = ""
    kinds: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    retracted: str = ""
    body: str = ""
    notes: list[str] = field(default_factory=list)


def read_linked_data(blocks: Iterable[str], address: str) -> ArticleMetadata:
    """Return what blocks of JSON-LD say of the article at an address, or of the first one if none has it."""
    told = ArticleMetadata()
    articles: list[Mapping[str, Any]] = []
    by_id: dict[str, Mapping[str, Any]] = {}
    for number, block in enumerate(blocks, 1):
        try:
            value = parse_document_json(block.strip().strip(";").encode("utf-8", "replace"))
        except ArchiveError as error:
            told.notes.append(f"JSON-LD block {number} cannot be read: {error.message}")
            continue
        for one in _walk(value):
            if isinstance(identity := one.get("@id"), str) and len(one) > 1:
                by_id.setdefault(identity, one)
            if any(kind.endswith(_SUFFIXES) for kind in _types(one)) and ("headline" in one or "datePublished" in one):
                articles.append(one)
    if articles:
        chosen = next((one for one in articles if address and address in _addresses(one)), articles[0])
        _read_article(chosen, by_id, told)
    return told


def _walk(value: Any) -> Iterator[Mapping[str, Any]]:
    waiting, seen = [value], 0
    while waiting and seen < MOST_OBJECTS:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting[:0] = one[:MOST_OBJECTS]
        elif isinstance(one, dict):
            seen += 1
            yield one
            waiting += [each for each in one.values() if isinstance(each, dict | list)]


def _types(one: Mapping[str, Any]) -> list[str]:
    return [kind.rpartition("/")[2].rpartition(":")[2] for kind in _texts(one.get("@type"))]


def _addresses(one: Mapping[str, Any]) -> list[str]:
    page = one.get("mainEntityOfPage")
    return [text for each in (one.get("url"), one.get("@id"), page, page.get("@id") if isinstance(page, dict) else None)
            for text in _texts(each)]  # fmt: skip


def _read_article(one: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]], told: ArticleMetadata) -> None:
    told.url = next((text for text in _addresses(one) if text.startswith(("http://", "https://"))), "")
    told.title = _plain(next(iter(_texts(one.get("headline")) or _texts(one.get("name"))), ""))
    told.authors = tuple(_names(one.get("author") or one.get("creator"), by_id))
    told.publisher = next(iter(_names(one.get("publisher") or one.get("sourceOrganization"), by_id)), "")
    told.published, told.modified = read_date(one.get("datePublished")), read_date(one.get("dateModified"))
    told.sections = tuple(_texts(one.get("articleSection")))
    told.language = next(iter(_texts(one.get("inLanguage"))), "")
    told.kinds = (*_types(one), *_texts(one.get("genre")), *(["sponsored"] if one.get("sponsor") else []))
    told.corrections = tuple(_corrections(one.get("correction")))
    status = [text.rpartition("/")[2].lower() for text in _texts(one.get("creativeWorkStatus"))]
    told.retracted = "retracted" if {"retracted", "withdrawn"} & set(status) else ""
    told.body = next(iter(_texts(one.get("articleBody"))), "")


def _names(value: Any, by_id: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and "name" not in one and isinstance(one.get("@id"), str):
            one = by_id.get(one["@id"], one)
        names = _texts(one.get("name")) if isinstance(one, Mapping) else _texts(one)
        yield from (_plain(name) for name in names[:1] if name.strip() and not name.startswith("http"))


def _corrections(value: Any) -> Iterator[Correction]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            if text := next(iter(_texts(one.get("text")) or _texts(one.get("description"))), ""):
                yield Correction(_plain(text), read_date(one.get("datePublished") or one.get("dateCreated")))
        else:
            yield from (Correction(_plain(text)) for text in _texts(one) if not text.startswith("http"))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict):
        return _texts(value.get("@value") or value.get("name")) if not isinstance(value.get("name"), dict) else []
    return [one for one in value if isinstance(one, str) and one.strip()] if isinstance(value, list) else []


def _plain(text: str) -> str:
    return read_fragment(text, [])

"""HTML: the article by trafilatura; title, authors, dates and so on by JSON-LD first, then the page's meta elements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from fairtrial.archive.document import Correction
from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.found import Draft, DraftPicture, SourceFile
from fairtrial.archive.readers.inline_html import describe_hidden
from fairtrial.archive.readers.labels import find_label
from fairtrial.archive.readers.parsing import parse_file
from fairtrial.archive.readers.schema_org import ArticleMetadata, read_linked_data
from fairtrial.errors import ArchiveError

_RETRACTED = re.compile(r"\s*\[?(?:retracted|retraction|withdrawn)\b\]?\s*[:\-–—]", re.IGNORECASE)
_TITLES = ("og:title", "twitter:title", "dc.title", "headline")
_AUTHORS = ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author", "byl")
_PUBLISHERS = ("og:site_name", "publisher", "dc.publisher", "application-name")
_PUBLISHED = ("article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "pubdate", "publishdate",
              "parsely-pub-date", "sailthru.date", "og:published_time")  # fmt: skip
_MODIFIED = ("article:modified_time", "datemodified", "og:updated_time", "lastmod", "last-modified", "dc.date.modified")
_SECTIONS = ("article:section", "section", "parsely-section")

_NO_PAGES = (b"PK\x03\x04", b"%PDF-", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf")


def read_html(source: SourceFile) -> Iterator[Draft]:
    """Yield the document of a page."""
    yield read_page(source, source.data)


def read_page(source: SourceFile, data: bytes, address: str = "", charset: str = "") -> Draft:
    """Return the document of a page.

    Args:
        source: the file that it stands in.
        data: the page.
        address: it came from, where that is known; then only an address of the same site is its canonical one.
        charset: as the transport says.

    Raises:
        ArchiveError: it cannot be read, or not within the limits.
    """
    if data.startswith(_NO_PAGES):
        raise ArchiveError("it is no page: it begins as an archive, a PDF document or an image does.")
    page = parse_file("page", data, charset)
    meta: dict[str, list[str]] = {}
    for name, content in page["meta"]:
        meta.setdefault(name, []).append(content)
    draft = Draft(where=source.path, text=page["text"], markdown=True, raw=data, kind="html")
    canonical = _find_address(page, meta, address)
    told = read_linked_data(page["linked"], canonical)
    draft.uri = canonical or _within_site(told.url, address) or address
    if (said := page["canonical"]) and address and not canonical:
        draft.notes.append(
            f"the page names an address of another site as its own, which is not believed: {said[:200]!r}"
        )
    _read_context(draft, page, meta, told)
    draft.notes += told.notes
    if page["hidden"]:
        draft.notes.append(describe_hidden(page["hidden"]))
    if page["whole"]:
        draft.notes.append("no article was recognised: this is the text of the whole page")
    _add_pictures(draft, source, page["figures"])
    return draft


def _read_context(draft: Draft, page: Mapping[str, Any], meta: Mapping[str, list[str]], told: ArticleMetadata) -> None:
    draft.title = told.title or _first(meta, _TITLES) or page["heading"] or page["title"]
    named = [text for name, text in page["times"] if name == "itemprop:author"]
    draft.authors = told.authors or tuple(_find_authors(meta)) or tuple(named)
    publishers = [text for name, text in page["times"] if name == "itemprop:publisher"]
    draft.publisher = told.publisher or _first(meta, _PUBLISHERS) or next(iter(publishers), "")
    times = page["times"]
    draft.published = (
        told.published or _date(meta, _PUBLISHED) or _time(times, ("datepublished", "pubdate", "dt-published"))
    )
    draft.modified = told.modified or _date(meta, _MODIFIED) or _time(times, ("datemodified", "dt-updated"))
    draft.section = next(iter(told.sections), "") or _first(meta, _SECTIONS)
    language = told.language or page["lang"] or _first(meta, ("content-language", "og:locale"))
    draft.language = language.split(",")[0].strip().replace("_", "-")
    opinion = ["opinion"] if _first(meta, ("article:opinion",)).lower() == "true" else []
    draft.label = find_label([*told.kinds, *told.sections, *meta.get("genre", []), *meta.get("article:section", []),
                              *opinion, *page["markers"]])  # fmt: skip
    known = " ".join(one.text for one in told.corrections)
    seen = tuple(Correction(text) for text in page["corrections"] if text not in known)
    kept = [one for one in seen if not any(other.text in one.text for other in told.corrections)]
    draft.corrections = (*told.corrections, *kept)
    titles = [draft.title, page["heading"]]
    draft.retracted = told.retracted or ("retracted" if any(map(_RETRACTED.match, titles)) else "")
    draft.wire = _first(meta, ("syndication-source", "original-source"))


def _find_address(page: Mapping[str, Any], meta: Mapping[str, list[str]], address: str) -> str:
    base = urljoin_safely(address, page["base"]) if page["base"] else address
    for one in (page["canonical"], _first(meta, ("og:url",))):
        if one and (found := _within_site(urljoin_safely(base, one), address)):
            return found
    return ""


def urljoin_safely(base: str, address: str) -> str:
    """Return an address relative to another one; empty if one of them is none."""
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return ""


def _within_site(found: str, address: str) -> str:
    """Return an address without its fragment if it is one of the web and, where the page's is known, of its site."""
    try:
        parts, own = urlsplit(found), urlsplit(address)
        host, home = parts.hostname or "", own.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    if home and host != home and not _same_site(host, home):
        return ""
    return found.partition("#")[0]


def _same_site(one: str, other: str) -> bool:
    """Whether two hosts differ by ``www``, ``m`` or ``amp`` alone: more is not sure without a list of suffixes."""
    return _strip_host(one) == _strip_host(other)


def _strip_host(host: str) -> str:
    return re.sub(r"^(?:www|m|amp|mobile)\.", "", host.lower())


def _find_authors(meta: Mapping[str, list[str]]) -> Iterator[str]:
    for name in _AUTHORS:
        found = [re.sub(r"^by\s+", "", one.strip(), flags=re.IGNORECASE) for one in meta.get(name, [])]
        if names := [one for one in found if one and not one.startswith(("http:", "https:", "/", "@"))]:
            yield from names
            return


def _first(meta: Mapping[str, list[str]], names: Iterable[str]) -> str:
    return next((one.strip() for name in names for one in meta.get(name, []) if one.strip()), "")


def _date(meta: Mapping[str, list[str]], names: Iterable[str]) -> Any:
    return next((found for name in names for one in meta.get(name, []) if (found := read_date(one))), None)


def _time(times: list[list[str]], marks: Iterable[str]) -> Any:
    return next(
        (found for mark in marks for names, value in times if mark in names and (found := read_date(value))), None
    )


def _add_pictures(draft: Draft, source: SourceFile, figures: list[list[str]]) -> None:
    """Add the images of figures that lie beside the page; those elsewhere are counted, for nothing is fetched."""
    missing = 0
    for address, caption, credit in figures:
        if (data := source.fetch(unquote(address.partition("?")[0].partition("#")[0]))) is not None:
            draft.pictures.append(DraftPicture(data, caption, credit))
        else:
            missing += 1
    if missing:
        images = "images that are" if missing > 1 else "image that is"
        draft.notes.append(f"left out {missing} {images} not beside the page")

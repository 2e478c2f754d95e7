"""One door to all readers: what a document says of its own rights, and what its site says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from fairtrial.errors import RightsError
from fairtrial.rights.readers.feeds import read_feed_signals
from fairtrial.rights.readers.headers import list_links, read_headers
from fairtrial.rights.readers.html import read_html_signals
from fairtrial.rights.readers.images import read_image_signals, read_pdf_signals
from fairtrial.rights.readers.news import read_newsml_signals, read_ninjs_signals
from fairtrial.rights.readers.odrl import read_odrl
from fairtrial.rights.readers.odrl_xml import translate_policies
from fairtrial.rights.readers.parsing import parse_signal_xml
from fairtrial.rights.readers.place import Place, SignalSource, make_source
from fairtrial.rights.readers.sites import Site
from fairtrial.rights.record import Evidence

SignalFileKind = Literal["feed", "html", "image", "newsml", "ninjs", "odrl", "pdf", "text"]
"""What a document's bytes are; ``text`` for those that say nothing of their rights themselves."""

_RSL_TYPE = "application/rsl+xml"
_SIGNALS: dict[SignalFileKind, str] = {"feed": "feed", "newsml": "newsml-g2", "ninjs": "ninjs", "odrl": "odrl"}
"""What a document of a kind that cannot be read would have been a signal of."""


def read_signals(data: bytes, kind: SignalFileKind, place: Place, site: Site | None = None) -> tuple[Evidence, ...]:
    """Return all evidence of a document's rights: from its bytes, its headers and the files of its site.

    Args:
        data: the document as it was found; of a feed, one item's element or the whole of it.
        kind: of the bytes.
        place: where it was found, with its address and headers where they are known.
        site: files that speak for it, see `Site`; one for all documents of a folder.

    Never raises because of what is in the document: what cannot be read is evidence with a `problem`.

    Raises:
        MissingExtraError: a library that is needed for this kind is not installed.
    """
    source = make_source(data, place.where, place.seen)
    if place.sha256:
        source = replace(source, sha256=place.sha256)
    files = site if site is not None else Site(None, place.seen)
    found = [*files.tell(place), *_read_headers(source, place, files, kind)]
    try:
        found += _READERS[kind](data, source, place, files)
    except RightsError as error:
        found.append(source.tell(_SIGNALS.get(kind, "licence"), "", problem=error.message))
    return tuple(dict.fromkeys(found))


def _read_headers(source: SignalSource, place: Place, site: Site, kind: SignalFileKind) -> list[Evidence]:
    found = read_headers(place.headers, source, image=kind == "image")
    for url, media_type in list_links(place.headers):
        if media_type == _RSL_TYPE:
            found += site.tell_linked(url, source, "HTTP header Link", place)
    return found


def _read_policy(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    return read_odrl(translate_policies(parse_signal_xml(data)) if is_xml else data, source, "policy", place.url)


def _read_nothing(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    return []


_READERS: dict[SignalFileKind, Callable[[bytes, SignalSource, Place, Site], list[Evidence]]] = {
    "feed": read_feed_signals,
    "html": read_html_signals,
    "image": read_image_signals,
    "newsml": read_newsml_signals,
    "ninjs": read_ninjs_signals,
    "odrl": _read_policy,
    "pdf": read_pdf_signals,
    "text": _read_nothing,
}

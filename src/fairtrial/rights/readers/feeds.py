"""Rights in feeds: RSL of an item, licences of Creative Commons and Atom, notices."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

from fairtrial.errors import RightsError
from fairtrial.rights.readers.licences import Credit, read_licence
from fairtrial.rights.readers.parsing import parse_signal_xml, read_element_text
from fairtrial.rights.readers.place import Place, SignalSource, clean_line
from fairtrial.rights.readers.rsl import NAMESPACE, RSL, parse_rsl
from fairtrial.rights.readers.sites import Site
from fairtrial.rights.record import Evidence

FEED = "feed"
MOST_FEED_BYTES = 64 << 20

_NOTICES = frozenset(["copyright", "rights"])
_ITEMS = frozenset(["item", "entry"])


def read_feed_signals(data: bytes, source: SignalSource, place: Place, site: Site) -> list[Evidence]:
    """Return what a feed says of the rights of one of its items, and of all of them.

    Of a feed with several items, only the one with the document's address counts, and what stands beside the items.
    Raises RightsError where it is no XML.
    """
    root = parse_signal_xml(data, MOST_FEED_BYTES)
    found: list[Evidence] = []
    for element in _list_relevant(root, place.url):
        found += _read_element(element, source, place)
    return found


def _list_relevant(root: Element, url: str) -> list[Element]:
    """Return the elements whose children may tell rights: root, channel, and the item that is asked about."""
    if _local(root) in _ITEMS:
        return [root]
    channels = [one for one in root if _local(one) == "channel"]
    items = [one for holder in (root, *channels) for one in holder if _local(one) in _ITEMS]
    wanted = items if len(items) == 1 else [item for item in items if url and url in _list_addresses(item)]
    return [root, *channels, *wanted]


def _list_addresses(item: Element) -> set[str]:
    return {
        address.strip()
        for child in item
        if _local(child) in ("link", "guid", "id", "origLink")
        for address in (child.get("href", ""), child.text or "")
        if address.strip()
    }


def _read_element(element: Element, source: SignalSource, place: Place) -> list[Evidence]:
    found: list[Evidence] = []
    at = _local(element)
    creator = next((read_element_text(one) for one in element if _local(one) in ("creator", "author", "publisher")), "")
    for child in element:
        name = _local(child)
        if child.tag == f"{NAMESPACE}content":
            found += _read_rsl(child, source)
        elif name == "license" or (name == "link" and child.get("rel") == "license"):
            resource = next((value for key, value in child.attrib.items() if key.endswith("resource")), "")
            address = child.get("href") or resource or read_element_text(child)
            found += read_licence(address, source, at, Credit(clean_line(creator)))
        elif name in _NOTICES and read_element_text(child):
            evidence = source.tell(FEED, f"{name}: {read_element_text(child)}", at=at)
            found.append(replace(evidence, holder=clean_line(creator)))
            found += [
                one for one in read_licence(read_element_text(child), source, at, Credit(creator)) if one.statements
            ]
    return found


def _read_rsl(element: Element, source: SignalSource) -> tuple[Evidence, ...]:
    try:
        return parse_rsl(element, source, read_element_text(element)).tell_here()
    except RightsError as error:
        return (source.tell(RSL, read_element_text(element), at="item", problem=error.message),)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]

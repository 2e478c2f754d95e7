"""XML of news formats, parsed within limits: no document types, no entities, no depth without end."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from fairtrial.archive.readers.found import MOST_BYTES
from fairtrial.errors import ArchiveError, RightsError
from fairtrial.rights.readers import parsing

MOST_ELEMENTS = 500_000
LANGUAGE = f"{parsing.XML_NAMESPACE}lang"


def parse_document_xml(data: bytes, most: int = MOST_BYTES) -> Element:
    """Return the root element; names have the form ``{namespace}name``.

    Raises:
        ArchiveError: too large, too deep, not well formed, or with a document type: entities are never resolved.
    """
    try:
        return parsing.parse_signal_xml(data, most, MOST_ELEMENTS)
    except RightsError as error:
        raise ArchiveError(f"{error.message}.") from None


def find_name(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def find_first(element: Element, *names: str) -> Element | None:
    """Return the first child with one of these names, in their order, whatever its namespace; names may be ``a/b``."""
    for name in names:
        here: Element | None = element
        for part in name.split("/"):
            here = next((child for child in here if find_name(child) == part), None) if here is not None else None
        if here is not None:
            return here
    return None


def find_all(element: Element, name: str) -> list[Element]:
    """Return the children with a name, whatever their namespace."""
    return [child for child in element if find_name(child) == name]


def read_element_words(element: Element | None) -> str:
    """Return all words within an element, spaces folded."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def write_plain_html(element: Element) -> str:
    """Return what is in an element as HTML without namespaces, e.g. XHTML or NITF."""
    from html import escape

    parts = [escape(element.text or "", quote=False)]
    waiting = [(element, iter(element))]
    while waiting:
        parent, children = waiting[-1]
        child = next(children, None)
        if child is None:
            waiting.pop()
            if waiting:
                parts.append(
                    f"</{_TAGS.get(find_name(parent), find_name(parent))}>{escape(parent.tail or '', quote=False)}"
                )
            continue
        attributes = "".join(f' {key.rpartition("}")[2]}="{escape(value)}"' for key, value in child.attrib.items())
        name = find_name(child)
        parts.append(f"<{_TAGS.get(name, name)}{attributes}>{escape(child.text or '', quote=False)}")
        waiting.append((child, iter(child)))
    return "".join(parts)


_TAGS = {"hl1": "h1", "hl2": "h2", "body.head": "head", "body.end": "footer", "block": "div"}
"""Elements of NITF that HTML has by other names; its heads repeat what is told of the item."""

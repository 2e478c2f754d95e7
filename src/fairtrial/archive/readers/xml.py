"""XML of news formats, parsed within limits: no document types, no entities, no depth without end."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from fairtrial.archive.readers.found import MOST_BYTES
from fairtrial.errors import ArchiveError

MOST_DEPTH = 100
MOST_ELEMENTS = 500_000
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def parse_xml(data: bytes, most: int = MOST_BYTES) -> Element:
    """Return the root element; names have the form ``{namespace}name``.

    Raises:
        ArchiveError: too large, too deep, not well formed, or with a document type: entities are never resolved.
    """
    if len(data) > most:
        raise ArchiveError(f"it has {len(data):,} bytes; at most {most:,} are read.")
    parser = expat.ParserCreate(namespace_separator="}")
    builder = _Builder(parser)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ArchiveError(f"it is not well-formed XML: {error}.") from None
    except (ValueError, LookupError, UnicodeError):
        raise ArchiveError("its encoding cannot be read.", fix="Save it as UTF-8.") from None
    return builder.tree.close()


class _Builder:
    """Handlers of expat that build a tree and refuse what may be an attack."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.tree = TreeBuilder()
        self.depth = self.count = 0
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.tree.data
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > MOST_DEPTH:
            raise ArchiveError(f"its XML is nested more than {MOST_DEPTH} deep.")
        if self.count > MOST_ELEMENTS:
            raise ArchiveError(f"its XML has more than {MOST_ELEMENTS:,} elements.")
        self.tree.start(_name(name), {_name(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(_name(name))

    def _refuse(self, *_: object) -> None:
        raise ArchiveError("its XML has a document type or entities, which are never read.",
                           fix="Save it without its <!DOCTYPE ...>.")  # fmt: skip


def _name(name: str) -> str:
    return f"{{{name}" if "}" in name else name


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


def read_words(element: Element | None) -> str:
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

"""XML and JSON that strangers wrote, parsed within limits: no entities, no endless depth, one kind of error."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from fairtrial.errors import RightsError

MOST_BYTES = 2 << 20
"""Of one file or element that tells rights; a larger one is refused, for what it says at its end might deny."""

MOST_DEPTH = 100
MOST_ELEMENTS = 100_000

XML_NAMESPACE = "{http://www.w3.org/XML/1998/namespace}"


def parse_signal_xml(data: bytes, most: int = MOST_BYTES, elements: int = MOST_ELEMENTS) -> Element:
    """Return the root element; names have the form ``{namespace}name``.

    Args:
        data: the file.
        most: bytes at most.
        elements: elements at most.

    Raises:
        RightsError: too large, too deep, not well formed, or with a document type: entities are never resolved.
    """
    if len(data) > most:
        raise RightsError(f"it has {len(data):,} bytes, more than the {most:,} that are read")
    reader = expat.ParserCreate(namespace_separator="}")
    builder = _Builder(reader, elements)
    try:
        reader.Parse(data, True)
    except expat.ExpatError as error:
        raise RightsError(f"it is not well-formed XML ({error})") from None
    except (ValueError, LookupError, UnicodeError) as error:
        raise RightsError(f"its encoding cannot be read ({type(error).__name__})") from None
    return builder.tree.close()


def parse_signal_json(data: bytes | str, most: int = MOST_BYTES) -> object:
    """Return what a JSON text says.

    Raises:
        RightsError: too large, too deep, or not JSON.
    """
    if len(data) > most:
        raise RightsError(f"it has {len(data)} bytes, more than the {most} that are read")
    try:
        value: object = json.loads(data)
    except RecursionError:
        raise RightsError("its JSON is nested too deeply") from None
    except ValueError as error:
        raise RightsError(f"it is not JSON ({str(error)[:100]})") from None
    return value


def walk_objects(value: object, most: int = 10_000) -> Iterator[Mapping[str, object]]:
    """Yield every object within a JSON value, outermost first, ``most`` at most."""
    waiting, seen = deque([value]), 0
    while waiting and seen < most:
        one = waiting.popleft()
        if isinstance(one, dict):
            seen += 1
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one[:most])


def read_element_text(element: Element | None) -> str:
    """Return all text within an element, without spaces around it."""
    return "".join(element.itertext()).strip() if element is not None else ""


class _Builder:
    """Handlers of expat that build a tree and refuse what may be an attack."""

    def __init__(self, reader: expat.XMLParserType, most: int) -> None:
        self.tree, self.most = TreeBuilder(), most
        self.depth = self.count = 0
        reader.buffer_text = True
        reader.StartElementHandler = self._start
        reader.EndElementHandler = self._end
        reader.CharacterDataHandler = self.tree.data
        reader.StartDoctypeDeclHandler = self._refuse_doctype
        reader.EntityDeclHandler = self._refuse_entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > MOST_DEPTH or self.count > self.most:
            what = f"is nested more than {MOST_DEPTH} deep" if self.depth > MOST_DEPTH else "has too many elements"
            raise RightsError(f"its XML {what}")
        self.tree.start(_name(name), {_name(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(_name(name))

    def _refuse_doctype(self, *_: object) -> None:
        raise RightsError("it has a document type declaration, which is not read")

    def _refuse_entity(self, *_: object) -> None:
        raise RightsError("it declares entities, which are not read")


def _name(name: str) -> str:
    return f"{{{name}" if "}" in name else name

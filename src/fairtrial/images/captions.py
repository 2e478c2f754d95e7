"""What an image file says of itself: caption, credit and so on, from IPTC-IIM and XMP.  XMP wins where both speak."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from PIL import Image, ImageFile, IptcImagePlugin

from fairtrial.errors import ImageError
from fairtrial.images.recognising import recognise

MOST_XMP = 1 << 20
MOST_CHARACTERS = 8_000
MOST_ELEMENTS = 10_000
MOST_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Caption:
    """What an image says of itself; empty where it says nothing.

    Attributes:
        caption: what is seen.
        headline: in a few words.
        credit: photographer and agency, as they want to be named.
        creators: photographers.
        source: who supplied it.
        created: date, as written.
        section: category.
        xmp: the packet, for those who look for rights in it.
    """

    caption: str = ""
    headline: str = ""
    credit: str = ""
    creators: tuple[str, ...] = ()
    source: str = ""
    created: str = ""
    section: str = ""
    xmp: bytes = b""


_IIM = {"caption": (2, 120), "headline": (2, 105), "credit": (2, 110), "creator": (2, 80), "source": (2, 115),
        "created": (2, 55), "section": (2, 15), "title": (2, 5)}  # fmt: skip
_XMP = {"description": "caption", "Headline": "headline", "Credit": "credit", "creator": "creator", "Source": "source",
        "DateCreated": "created", "Category": "section", "title": "title"}  # fmt: skip


def read_caption(data: bytes, where: str = "") -> Caption:
    """Return what an image that has passed `examine` says of itself; what cannot be read counts as not said.

    Raises ImageError if it is of a kind that is not read.
    """
    kind = recognise(data, where)
    try:
        with Image.open(io.BytesIO(data), formats=[kind.pillow]) as picture:
            told = _read_iim(picture)
            packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
    except Exception as error:  # hostile files make Pillow raise nearly anything
        raise ImageError(f"what the {kind.name} image says of itself cannot be read.", where=where) from error
    packet = packet.encode() if isinstance(packet, str) else packet
    packet = packet if isinstance(packet, bytes) and len(packet) <= MOST_XMP else b""
    told |= _read_xmp(packet)
    creators = tuple(told.get("creator", ()))
    agency = " ".join(told.get("credit", ())[:1])
    named = (
        [*creators[:3], agency]
        if agency and not any(one in agency for one in creators)
        else [agency or ", ".join(creators)]
    )
    first = {
        name: (told.get(name) or [""])[0] for name in ("caption", "headline", "source", "created", "section", "title")
    }
    credit = " / ".join(one for one in named if one)
    headline = first["headline"] or first["title"]
    rest = (first["source"], first["created"], first["section"], packet)
    return Caption(first["caption"], headline, credit, creators, *rest)


def _read_iim(picture: ImageFile.ImageFile) -> dict[str, list[str]]:
    try:
        info = IptcImagePlugin.getiptcinfo(picture) or {}
    except Exception:  # as above
        return {}
    utf8 = info.get((1, 90)) == b"\x1b%G"
    found: dict[str, list[str]] = {}
    for name, key in _IIM.items():
        value = info.get(key)
        values = value if isinstance(value, list) else [value]
        texts = [_decode(one, utf8) for one in values if isinstance(one, bytes)]
        if any(texts):
            found[name] = [text for text in texts if text]
    return found


def _decode(value: bytes, utf8: bool) -> str:
    try:
        return value[:MOST_CHARACTERS].decode("utf-8", "ignore" if utf8 else "strict").strip("\0 \r\n\t")
    except UnicodeDecodeError:
        return value[:MOST_CHARACTERS].decode("latin-1").strip("\0 \r\n\t")


def _read_xmp(packet: bytes) -> dict[str, list[str]]:
    root = _parse(packet) if packet else None
    found: dict[str, list[str]] = {}
    for element in root.iter() if root is not None else ():
        name = _XMP.get(element.tag.rpartition("}")[2])
        if name is not None:
            items = [one for one in element.iter() if one.tag.endswith("}li")]
            default = [one for one in items if one.get("{http://www.w3.org/XML/1998/namespace}lang") == "x-default"]
            texts = ["".join(one.itertext()) for one in (default or items or [element])]
            found.setdefault(name, [" ".join(text.split())[:MOST_CHARACTERS] for text in texts if text.strip()])
        for key, value in element.attrib.items():
            if (name := _XMP.get(key.rpartition("}")[2])) and element.tag.endswith("}Description") and value.strip():
                found.setdefault(name, [value.strip()[:MOST_CHARACTERS]])
    return {name: texts for name, texts in found.items() if texts}


class _RefusedError(Exception):
    pass


def _parse(packet: bytes) -> Element | None:
    """Return the packet's root; None if it is no XML that is safe to read."""
    parser = expat.ParserCreate(namespace_separator="}")
    tree = TreeBuilder()
    counts = [0, 0]

    def start(name: str, attributes: dict[str, str]) -> None:
        counts[0] += 1
        counts[1] += 1
        if counts[0] > MOST_DEPTH or counts[1] > MOST_ELEMENTS:
            raise _RefusedError
        tree.start(_name(name), {_name(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        counts[0] -= 1
        tree.end(_name(name))

    def refuse(*_: object) -> None:
        raise _RefusedError

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = tree.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(re.sub(rb"\A\s*<\?xpacket[^>]{0,300}\?>", b"", packet).rstrip(b"\0 \r\n"), True)
        return tree.close()
    except (expat.ExpatError, _RefusedError, ValueError, LookupError, AssertionError):
        return None


def _name(name: str) -> str:
    return f"{{{name}" if "}" in name else name

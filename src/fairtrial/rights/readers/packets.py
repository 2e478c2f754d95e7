"""XMP packets in the bytes of images and PDF files: plain ones anywhere, compressed ones where PNG and PDF put them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from fairtrial.rights.readers.parsing import MOST_BYTES

MOST_PACKETS = 8
"""Of one kind in a file; an image has one, or two where a program wrote an extended one."""

_MARKS = ((b"<x:xmpmeta", b"</x:xmpmeta>"), (b"<rdf:RDF", b"</rdf:RDF>"), (b"<x:xapmeta", b"</x:xapmeta>"))
_WIDE_MARKS = tuple((a.decode().encode("utf-16-le")[:-1], b.decode().encode("utf-16-le")[:-1]) for a, b in _MARKS)
"""In UTF-16 of both byte orders: the one is the other, begun a byte later."""

_PNG = b"iTXtXML:com.adobe.xmp\0\x01\0"
_PDF = re.compile(rb"/Type\s{0,20}/Metadata\b[^\0]{0,2000}?stream\r?\n")


def find_packets(data: bytes) -> Iterator[bytes]:
    """Yield the XMP packets of a file, each from its first element to its last, as UTF-8 where it was UTF-16.

    One without an end is yielded as far as it goes: it cannot be parsed, and is a problem.
    """
    yield from _find_between(data, _MARKS)
    for packet in _find_between(data, _WIDE_MARKS):
        yield (packet + b"\0").decode("utf-16-le", "replace").encode()
    for compressed in (*_find_in_png(data), *_find_in_pdf(data)):
        yield from _find_between(compressed, _MARKS)


def _find_between(data: bytes, marks: tuple[tuple[bytes, bytes], ...]) -> Iterator[bytes]:
    place = 0
    for _ in range(MOST_PACKETS):
        starts = [(at, end) for begin, end in marks if (at := data.find(begin, place)) >= 0]
        if not starts:
            return
        start, mark = min(starts)
        stop = data.find(mark, start, start + MOST_BYTES)
        if stop < 0:
            yield data[start : start + MOST_BYTES]
            return
        place = stop + len(mark)
        yield data[start:place]


def _find_in_png(data: bytes) -> Iterator[bytes]:
    """Yield the texts of compressed ``iTXt`` chunks that hold XMP."""
    place = data.find(_PNG) if data.startswith(b"\x89PNG") else -1
    for _ in range(MOST_PACKETS):
        if place < 4:
            return
        size = int.from_bytes(data[place - 4 : place], "big")
        chunk = data[place + len(_PNG) : place + 4 + min(size, MOST_BYTES)]
        *_, packed = chunk.split(b"\0", 2)  # behind the language and the translated keyword
        yield _unpack(packed)
        place = data.find(_PNG, place + 1)


def _find_in_pdf(data: bytes) -> Iterator[bytes]:
    """Yield the compressed metadata streams of a PDF file."""
    if not data[:1024].lstrip().startswith(b"%PDF-"):
        return
    for count, found in enumerate(_PDF.finditer(data)):
        if count == MOST_PACKETS:
            return
        before = data[max(0, found.start() - 500) : found.end()]
        if b"FlateDecode" in before[before.rfind(b"<<") :] or b"/Fl " in before:
            yield _unpack(data[found.end() : found.end() + MOST_BYTES])


def _unpack(data: bytes) -> bytes:
    """Return what was compressed, as far as it goes."""
    unpacker = zlib.decompressobj()
    try:
        return unpacker.decompress(data, MOST_BYTES)
    except zlib.error:
        return b""

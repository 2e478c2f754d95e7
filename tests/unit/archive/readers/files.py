"""Files for tests of the readers, made by hand."""

from __future__ import annotations

import gzip
import io
import struct
import zlib

import numpy as np
from PIL import Image


def make_pdf(*pages: str, title: str = "", packed: bytes | None = None) -> bytes:
    """Return a PDF document whose pages have these streams of content; ``packed`` stands for the first one."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for number, page in enumerate(pages):
        data = packed if packed is not None and number == 0 else zlib.compress(page.encode("latin-1"))
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(data), data))
        content = len(objects)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1 "
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>> >> >> >>" % content
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    objects.append(b"<</Title(%s)/Author(Ada Finch)/CreationDate(D:20260304080000+01'00')>>" % title.encode())
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, len(objects), len(out)
    )  # fmt: skip
    return out + table + trailer


def write_lines(*lines: str, before: str = "", size: int = 12) -> str:
    """Return a stream of content that writes lines."""
    shown = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
    return f"BT {before} /F1 {size} Tf 50 800 Td {shown} ET"


def make_record(url: str, body: bytes, headers: str = "Content-Type: text/html", status: str = "200 OK") -> bytes:
    """Return a response as a packed record of WARC."""
    http = f"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:0>\r\nWARC-Date: 2026-03-04T08:00:00Z\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + http + b"\r\n\r\n", mtime=0)


def make_photo(caption: str = "", credit: str = "", xmp: str = "") -> bytes:
    """Return a JPEG file with a caption and credit in IPTC-IIM, and a packet of XMP."""
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **({"xmp": xmp.encode()} if xmp else {}))
    data = out.getvalue()
    fields = [(1, 90, b"\x1b%G")] if caption or credit else []
    fields += [(2, 120, caption.encode()), (2, 110, credit.encode()), (2, 80, b"Ada Finch"), (2, 55, b"20260304")]
    iim = b"".join(struct.pack(">BBBH", 0x1C, record, number, len(value)) + value for record, number, value in fields)
    if not caption and not credit:
        return data
    block = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(iim)) + iim + (b"\0" if len(iim) % 2 else b"")
    body = b"Photoshop 3.0\0" + block
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + data[2:]

"""Records of a WARC file, one after another.  Runs in the process with limits: a few bytes can unpack to gigabytes.

Only responses and resources are given, with what the transport says of them; nothing is fetched.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 16 << 20
"""Largest content of a record that is read."""

MOST_HEADERS = 200

_PAGES = ("text/html", "application/xhtml+xml")
_OPEN: dict[str, Iterator[dict[str, Any]]] = {}


def parse_warc(_: bytes, path: str, first: bool) -> dict[str, Any]:
    """Return the next record of a file that is of use; ``{"end": true}`` after the last one.

    Args:
        path: of the file.
        first: whether to begin anew.

    Keys: ``url``, ``date``, ``number``, ``status``, ``headers`` (pairs), ``charset``, ``data`` (Base64), ``page`` or
    ``skipped`` (why its content is not given).
    """
    if first:
        _OPEN.clear()
        _OPEN[path] = _walk(path)
    if path not in _OPEN:
        return {"error": "its records cannot be read any further."}
    return next(_OPEN[path], {"end": True})


def _walk(path: str) -> Iterator[dict[str, Any]]:
    from warcio.archiveiterator import ArchiveIterator

    number = 0
    with open(path, "rb") as file:  # noqa: PTH123
        for record in ArchiveIterator(file, no_record_parse=False, check_digests=False):
            number += 1
            if record.rec_type not in {"response", "resource"}:
                continue
            found = _describe(record, number)
            if found is not None:
                yield found


def _describe(record: Any, number: int) -> dict[str, Any] | None:
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    kind, status, headers = "", "200", []
    if record.http_headers is not None:
        status = record.http_headers.get_statuscode() or ""
        headers = [(str(name), str(value)) for name, value in record.http_headers.headers[:MOST_HEADERS]]
        kind = record.http_headers.get_header("Content-Type") or ""
    else:
        kind = record.rec_headers.get_header("Content-Type") or ""
    media, _, parameters = kind.partition(";")
    page = media.strip().lower() in _PAGES
    path = url.partition("?")[0].lower()
    site = path.endswith((".txt", ".xml", ".rsl", ".json"))
    if status != "200" or not (page or (site and path.count("/") <= 4)):
        return None
    charset = parameters.lower().partition("charset=")[2].strip(" \"';")
    told = {"url": url, "date": record.rec_headers.get_header("WARC-Date") or "", "number": number,
            "headers": headers, "charset": charset, "page": page}  # fmt: skip
    encoding = next((value.strip().lower() for name, value in headers if name.lower() == "content-encoding"), "")
    if encoding not in {"", "identity", "gzip", "deflate", "br"}:
        return {**told, "skipped": f"its content is packed as {encoding[:40]!r}, which is not read"}
    parts, size = [], 0
    stream = record.content_stream()
    while size <= MOST_BYTES and (part := stream.read(min(1 << 20, MOST_BYTES + 1 - size))):
        parts.append(part)
        size += len(part)
    if size > MOST_BYTES:
        return {**told, "skipped": f"its content has more than {MOST_BYTES:,} bytes, the most that are read"}
    if getattr(record.raw_stream, "limit", 0) > 0:
        return {**told, "skipped": "its content is cut off or damaged"}
    return {**told, "data": b64encode(b"".join(parts)).decode()}

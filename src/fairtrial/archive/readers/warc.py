"""WARC files of web archives: the pages of their responses, with their headers and the files of their sites.

The file is read twice: first for robots.txt and the like of all sites, then for pages.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.found import Draft, Refused, SourceFile
from fairtrial.archive.readers.html import read_page
from fairtrial.archive.readers.parsing import parse_file
from fairtrial.errors import ArchiveError
from fairtrial.rights.readers import Site


def read_warc(source: SourceFile) -> Iterator[Draft | Refused]:
    """Yield the documents of a WARC file, and the records that cannot be read.

    Raises:
        ArchiveError: the file cannot be read from some record on.
        MissingExtraError: a library is not installed.
    """
    site = Site(None, source.seen)
    for record in _list_records(source):
        if not record["page"] and "data" in record:
            where = f"{source.path}, record {record['number']}"
            site.add(record["url"], b64decode(record["data"]), where, read_date(record["date"]) or source.seen)
    found = False
    for record in _list_records(source):
        if not record["page"]:
            continue
        found = True
        where = f"{source.path}, record {record['number']}"
        try:
            if "skipped" in record:
                raise ArchiveError(f"{record['skipped']}.")
            seen = read_date(record["date"]) or source.seen
            one = replace(source, path=where, seen=seen, fetch=lambda _: None)
            draft = read_page(one, b64decode(record["data"]), record["url"], record["charset"])
        except ArchiveError as error:
            yield Refused(where, error)
            continue
        draft.headers = tuple((name, value) for name, value in record["headers"])
        draft.site, draft.seen = site, seen
        yield draft
    if not found:
        raise ArchiveError("there is no page in it: read are responses and resources in HTML.")


def _list_records(source: SourceFile) -> Iterator[dict[str, Any]]:
    number = 0
    while not (record := _read_next(source, number)).get("end"):
        number = record["number"]
        yield record


def _read_next(source: SourceFile, number: int) -> dict[str, Any]:
    try:
        return parse_file("warc", b"", source.location, number == 0)
    except ArchiveError as error:
        raise ArchiveError(f"after record {number}: {error.message}", fix=error.fix) from None

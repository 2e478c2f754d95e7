"""IPTC-IIM records of JPEG files: notices of rights, and the dates before and after which a picture may not be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone

from fairtrial.rights.readers.embargoes import FIRST, LAST, tell_embargo, tell_end
from fairtrial.rights.readers.place import SignalSource, clean_line
from fairtrial.rights.record import Evidence

MOST_SETS = 2000

_MARK = b"Photoshop 3.0\0"
_NAMES = {40: "instructions", 80: "by-line", 110: "credit", 115: "source", 116: "copyright notice"}
_RELEASE, _EXPIRY = (30, 35), (37, 38)
"""Numbers of date and time in record 2."""


def read_iptc(data: bytes, source: SignalSource) -> list[Evidence]:
    """Return what the IPTC records of an image say of its rights; what is cut off or damaged is passed over."""
    values: dict[int, str] = {}
    for number, value in _list_sets(data):
        values.setdefault(number, value)
    found: list[Evidence] = []
    raw = "\n".join(f"{name}: {values[number]}" for number, name in _NAMES.items() if number in values)
    if raw:
        found.append(replace(source.tell("iptc", raw, at="IPTC"), holder=_find_holder(values)))
    release, expiry = _read_moment(values, _RELEASE, LAST), _read_moment(values, _EXPIRY, FIRST)
    if release is not None:
        found.append(tell_embargo(source, f"release: {release.isoformat()}", "IPTC", release))
    if expiry is not None:
        found.append(tell_end(source, f"expiration: {expiry.isoformat()}", "IPTC", expiry))
    return found


def _find_holder(values: dict[int, str]) -> str:
    notice = re.sub(r"^(?:©|\(c\)|copyright)\s*(?:\d{4}\s*)?", "", values.get(116, ""), flags=re.IGNORECASE)
    return clean_line(notice or values.get(110, ""))


def _list_sets(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield number and text of the data sets of record 2 in all Photoshop resources that hold IPTC."""
    place, count = data.find(_MARK), 0
    while place >= 0 and count < MOST_SETS:
        for block in _list_blocks(data, place + len(_MARK)):
            for number, value in _list_block_sets(block):
                count += 1
                if count > MOST_SETS:
                    return
                yield number, value
        place = data.find(_MARK, place + 1)


def _list_blocks(data: bytes, place: int) -> Iterator[bytes]:
    """Yield the IPTC blocks among Photoshop's image resources."""
    while data[place : place + 4] == b"8BIM" and place + 12 <= len(data):
        kind = int.from_bytes(data[place + 4 : place + 6], "big")
        size_at = place + 6 + (data[place + 6] + 2) // 2 * 2
        size = int.from_bytes(data[size_at : size_at + 4], "big")
        start = size_at + 4
        if kind == 0x0404:
            yield data[start : start + size]
        place = start + size + size % 2


def _list_block_sets(block: bytes) -> Iterator[tuple[int, str]]:
    place = 0
    while place + 5 <= len(block) and block[place] == 0x1C:
        record, number = block[place + 1], block[place + 2]
        size = int.from_bytes(block[place + 3 : place + 5], "big")
        if size & 0x8000:
            return
        value = block[place + 5 : place + 5 + size]
        if record == 2:
            yield number, _decode(value)
        place += 5 + size


def _decode(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def _read_moment(values: dict[int, str], numbers: tuple[int, int], zone: timezone) -> datetime | None:
    """Return the moment of a date ``CCYYMMDD`` and a time ``HHMMSS+HHMM``; without a time, the day's first."""
    date, time = numbers
    if date not in values:
        return None
    text = f"{values[date]}T{values.get(time, '') or '000000'}"
    for form in ("%Y%m%dT%H%M%S%z", "%Y%m%dT%H%M%S"):
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return None

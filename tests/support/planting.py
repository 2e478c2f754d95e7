"""Sentences that are planted in documents, and looked for, whole or in pieces, in whatever a program wrote."""

from __future__ import annotations

import hashlib
import html
import re
import sqlite3
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RUN = 5
"""Words in a row that are a leak."""
SYLLABLES = (
    "ba",
    "dro",
    "fen",
    "gil",
    "hap",
    "jor",
    "kel",
    "lum",
    "mip",
    "nax",
    "os",
    "pru",
    "qua",
    "rit",
    "sul",
    "tev",
)


def plant(name: str, count: int = 14) -> str:
    """Return a sentence of made-up words that no other name gives."""
    digest = hashlib.sha512(name.encode()).digest() * 4
    words = ["".join(SYLLABLES[digest[4 * i + j] % 16] for j in range(4)) for i in range(count)]
    return " ".join(words).capitalize() + "."


@dataclass(frozen=True)
class Planted:
    """What is planted in one document.

    Attributes:
        name: of it, and of its folder.
    """

    name: str

    @property
    def uri(self) -> str:
        return f"https://{self.name}.example/1"

    @property
    def title(self) -> str:
        return plant(f"{self.name} title", 7)[:-1]

    @property
    def heading(self) -> str:
        return plant(f"{self.name} heading", 7)[:-1]

    @property
    def body(self) -> str:
        return plant(f"{self.name} body")

    @property
    def caption(self) -> str:
        return plant(f"{self.name} caption", 9)

    @property
    def sentences(self) -> tuple[str, ...]:
        return (self.title, self.heading, self.body, self.caption)

    @property
    def question(self) -> str:
        """Asks for it with many of its words, no two of which stand so in it."""
        words = [*fold(self.body).split(), *fold(self.title).split()]
        return f"What of {' '.join(words[::2])} and {' '.join(words[1::2])}?"


def fold(text: str) -> str:
    """Return a text's words in small letters, a space between two."""
    plain = html.unescape(text.replace("\\n", " ").replace("\\r", " ").replace("\\t", " "))
    return " ".join(re.findall(r"[a-z]+", plain.lower()))


def find_pieces(haystack: str, planted: Planted) -> list[str]:
    """Return which pieces of what was planted stand in a folded text."""
    return [one for one in list_pieces(planted) if one in haystack]


@cache
def list_pieces(planted: Planted) -> tuple[str, ...]:
    """Return the runs of words that are a leak."""
    pieces = []
    for sentence in planted.sentences:
        words = fold(sentence).split()
        pieces += [" ".join(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]
    return tuple(pieces)


class Looked:
    """A long folded text, looked through once for the pieces of all that may be planted in it.

    It finds what `find_pieces` does: a piece may begin and end within a word.
    """

    def __init__(self, haystack: str, planted: Iterable[Planted]) -> None:
        every = [(piece.split(), piece) for one in planted for piece in list_pieces(one)]
        inner = {tuple(words[1:-1]): (words[0], words[-1], piece) for words, piece in every}
        assert len(inner) == len({piece for _, piece in every}), "no two pieces share their inner words"
        seconds = {words[0] for words in inner}
        words = haystack.split(" ")
        self.words = len(words)
        self.found: set[str] = set()
        for i, word in enumerate(words):
            if word in seconds and (known := inner.get(tuple(words[i : i + RUN - 2]))) is not None:
                first, last, piece = known
                if i and words[i - 1].endswith(first) and "".join(words[i + RUN - 2 : i + RUN - 1]).startswith(last):
                    self.found.add(piece)

    def pieces(self, planted: Planted) -> list[str]:
        """Return which pieces of what was planted stand in the text."""
        return [one for one in list_pieces(planted) if one in self.found]


def read_bytes(paths: Iterable[Path]) -> str:
    """Return all words in some files, folded: as they stand, in UTF-16, and of databases every value, unpacked."""
    found: list[str] = []
    for path in paths:
        data = path.read_bytes()
        found += [data.decode("latin-1"), data.decode("utf-16-le", "ignore"), data[1:].decode("utf-16-le", "ignore")]
        if data.startswith(b"SQLite format 3\0"):
            found += _read_values(path)
        if data.startswith(b"PK"):
            with zipfile.ZipFile(path) as packed:
                found += [packed.read(name).decode("utf-8", "ignore") for name in packed.namelist()]
        coded = (one.group() for one in re.finditer(rb"[A-Za-z0-9+/]{64,}", data))
        found += [_unpack(b64decode(one[: len(one) // 4 * 4])) for one in coded]
        for at in (one.start() for one in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data)):
            found.append(_unpack(data[at:]))
    return fold("\n".join(found))


def _read_values(path: Path) -> list[str]:
    found = []
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in names:
            for row in db.execute(f'SELECT * FROM "{name}"'):
                found += [_unpack(one) if isinstance(one, bytes) else str(one) for one in row]
    return found


def _unpack(data: bytes) -> str:
    for bits in (15, -15):
        try:
            return zlib.decompressobj(bits).decompress(data).decode("utf-8", "ignore")
        except zlib.error:
            continue
    return data.decode("utf-8", "ignore")

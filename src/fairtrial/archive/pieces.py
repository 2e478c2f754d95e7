"""Reading files as pieces of work, which this process does, or others, or the machines of a Ray; see `spreading`.

A piece is a few files; what comes of it are the documents that they hold, some at a time, so that a file of any size is
never held as a whole.  Whoever stores the documents has looked at the files before; where they are read on another
machine, that one makes sure that it sees the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fairtrial.archive.noticing import describe_beside, hash_content, hash_site_files
from fairtrial.archive.readers.finishing import ReadText
from fairtrial.archive.readers.found import FoundDocument, Refused
from fairtrial.archive.readers.reading import FolderReading, read_file
from fairtrial.errors import ArchiveError, MissingExtraError
from fairtrial.records import content_hash
from fairtrial.rights.readers import Site

PART_DOCUMENTS = 50
PART_BYTES = 1 << 20
"""What is told at once, about."""
SHARED = "Every machine must see the files at the same paths, e.g. in a shared folder; or take --on processes."
READERS = ("trafilatura", "protego", "warcio", "license-expression", "pypdf", "pillow", "c2pa-python", "lxml")
"""Distributions that decide what is made of a file."""


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file that is new or has changed.

    Attributes:
        file: that is read.
        root: of the folder that it is in.
        source: what it is found in.
        given: the same as the user wrote it.
        name: of the file, in full.
        sha256: of its bytes.
        site: hash of the files about its site.
    """

    file: Path
    root: Path
    source: str
    given: str
    name: str
    sha256: str
    site: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """Some documents and problems of a file, by its number in the piece."""

    number: int
    found: Sequence[FoundDocument | Refused]


@dataclass(frozen=True, slots=True)
class FileEnd:
    """All of a file was read: what it refers to, by name, and the sizes."""

    number: int
    beside: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FileReading:
    """Reads files; see `fairtrial.spreading.base.SpreadWork`.

    Attributes:
        seen: when; enters the evidence of rights.
        folder: that relative paths are relative to.
        read_text: gives the text that is written in an image; None: nobody looks.
    """

    seen: datetime
    folder: Path
    read_text: ReadText | None = None

    @property
    def packages(self) -> Sequence[str]:
        """Return what decides what is made of a file."""
        return READERS

    def open(self, threads: int, elsewhere: bool) -> PieceReader:
        """Return what reads; ``elsewhere``: make sure that files are those that were meant."""
        return PieceReader(self, elsewhere)

    def name(self, piece: Sequence[FileToRead]) -> str:
        """Return the files."""
        more = f" and {len(piece) - 1} more" if len(piece) > 1 else ""
        return f"{piece[0].file}{more}"


class PieceReader:
    """See `fairtrial.spreading.base.SpreadTool`."""

    def __init__(self, work: FileReading, elsewhere: bool) -> None:
        self._work, self._elsewhere = work, elsewhere
        self._readings: dict[tuple[Path, str], FolderReading] = {}

    def do(self, piece: Sequence[FileToRead]) -> Iterator[FilePart | FileEnd]:
        """Yield what is in each file, and its end."""
        for number, named in enumerate(piece):
            one = replace(named, file=self._work.folder / named.file, root=self._work.folder / named.root)
            if self._elsewhere:
                check_same(one)
            used: set[str] = set()
            some: list[FoundDocument | Refused] = []
            size = 0
            for found in self._read(one, used):
                some.append(found)
                size += measure(found)
                if len(some) >= PART_DOCUMENTS or size >= PART_BYTES:
                    yield FilePart(number, tuple(some))
                    some, size = [], 0
            if some:
                yield FilePart(number, tuple(some))
            yield FileEnd(number, {name: describe_beside(one.file.parent / name, one.root)[0] for name in used})

    def _read(self, one: FileToRead, used: set[str]) -> Iterator[FoundDocument | Refused]:
        try:
            yield from read_file(one.file, self._start_reading(one.root, one.source), used)
        except MissingExtraError as error:
            yield Refused(one.file.name, error)

    def _start_reading(self, root: Path, source: str) -> FolderReading:
        """Return what is the same for all files of a folder."""
        if (root, source) not in self._readings:
            seen = self._work.seen
            self._readings[root, source] = FolderReading(root, seen, source, self._work.read_text, Site(root, seen))
        return self._readings[root, source]

    def close(self) -> None:
        """Do nothing."""


def check_same(one: FileToRead) -> None:
    """Raise ArchiveError if a file, or what is about its site, is not here as whoever asks has seen it."""
    try:
        same = hash_content(one.file) == one.sha256
    except OSError as error:
        told = error.strerror or type(error).__name__
        raise ArchiveError(f"{one.file} cannot be read on a machine of the Ray: {told}.", fix=SHARED) from None
    if not same:
        raise ArchiveError(f"{one.file} is another file on a machine of the Ray than here.", fix=SHARED)
    if hash_site(one.root, one.file.parent) != one.site:
        raise ArchiveError(
            f"the files about the site of {one.file} (robots.txt and the like) are others on a machine of the Ray "
            f"than here.",
            fix=SHARED,
        )


def check_beside(one: FileToRead, end: FileEnd) -> None:
    """Raise ArchiveError if a machine has not seen what a file refers to as it is here."""
    for name, size in end.beside.items():
        if describe_beside(one.file.parent / name, one.root)[0] != size:
            raise ArchiveError(
                f"{one.file.parent / name}, which {one.file.name} refers to, is not on a machine of the Ray as it is "
                f"here.",
                fix=SHARED,
            )


def hash_site(root: Path, folder: Path) -> str:
    """Return a hash of the files about a whole site that hold for a folder."""
    return content_hash(hash_site_files(root, folder))


def measure(found: FoundDocument | Refused) -> int:
    """Return about how many bytes it is."""
    if isinstance(found, Refused):
        return 0
    return len(found.document.text) + sum(len(data) for data in found.images.values())

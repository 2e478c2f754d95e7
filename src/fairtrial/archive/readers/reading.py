"""The one door: a file or folder in, documents with the bytes of their images out; what cannot be read is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fairtrial.archive.readers.finishing import ReadText, finish, hash_data
from fairtrial.archive.readers.found import MOST_BYTES, Draft, DraftPicture, FoundDocument, Refused, SourceFile
from fairtrial.archive.readers.kinds import OF_MANY, PICTURES, READERS, find_suffix
from fairtrial.archive.readers.walking import is_within, list_files, read_beside
from fairtrial.errors import ArchiveError
from fairtrial.rights import Evidence, RightsRecord
from fairtrial.rights.readers import Place, Site, read_signals
from fairtrial.spec.regular import read_regular


def read_documents(
    path: Path, *, seen: datetime, source: str = "", read_text: ReadText | None = None
) -> Iterator[FoundDocument | Refused]:
    """Yield the documents of a file or of all files in a folder, in a fixed order; the same bytes give the same ones.

    Images that no other document of the folder shows come last, each as a document of its own.

    Args:
        path: a file or a folder.
        seen: when, with a time zone; enters the evidence of rights.
        source: what `Document.source` says; the path as given if empty.
        read_text: gives the text that is written in an image, e.g. an OCR engine's; raises ImageError where it cannot.

    Raises:
        ArchiveError: the path does not exist or cannot be listed.  What is wrong with single files is yielded.
        MissingExtraError: a library that a file needs is not installed.
    """
    if not path.exists():
        raise ArchiveError(f"there is no file or folder {str(path)!r}.")
    folder = path if path.is_dir() else path.parent
    reading = FolderReading(folder, seen, source or str(path), read_text, Site(folder, seen))
    files = list_files(path) if path.is_dir() else [path]
    pictures: list[Path] = []
    shown: set[str] = set()
    for file in files:
        if find_suffix(file.name) in PICTURES:
            pictures.append(file)
            continue
        for found in read_file(file, reading):
            shown |= set(found.images) if isinstance(found, FoundDocument) else set()
            yield found
    for file in pictures:
        for found in read_file(file, reading):
            if isinstance(found, Refused) or not set(found.images) <= shown:
                yield found


_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


@dataclass(frozen=True, slots=True)
class FolderReading:
    """What is the same for all files: the folder, when it was seen, its name, OCR, and the files of its site."""

    root: Path
    seen: datetime
    source: str
    read_text: ReadText | None
    site: Site


def read_file(file: Path, reading: FolderReading, used: set[str] | None = None) -> Iterator[FoundDocument | Refused]:
    """Yield the documents of one file of a folder; see `read_documents`.

    ``used`` gets the names, relative to the file's folder, of the files beside it that were asked for.
    """
    root = reading.root

    def fetch(other: str) -> bytes | None:
        if used is not None:
            used.add(other)
        return read_beside(root, file.parent, other, MOST_BYTES)

    path = file.relative_to(root).as_posix()
    name = _UNPRINTABLE.sub("\ufffd", path)
    try:
        suffix = find_suffix(file.name)
        if not suffix:
            known = " ".join(sorted(READERS))
            raise ArchiveError(f"files of this kind are not read; those that are: {known}")
        if not is_within(file, root):
            raise ArchiveError("it is a link that leads out of the folder.", fix="Add the file that it leads to.")
        read = SourceFile(
            data=b"" if suffix in OF_MANY else read_regular(file, MOST_BYTES),
            path=name,
            seen=reading.seen,
            location=str(file.resolve()),
            open=lambda: file.open("rb"),
            fetch=fetch,
        )
        for found in READERS[suffix](read):
            if isinstance(found, Refused):
                yield found
                continue
            try:
                found.evidence += _read_rights(found, path, reading, read.data)
                found.pictures = _read_picture_rights(found, reading)
                yield finish(found, reading.source, reading.read_text)
            except ArchiveError as error:
                yield Refused(found.where, error)
    except OSError as error:
        yield Refused(name, ArchiveError(f"it cannot be read: {error.strerror or type(error).__name__}."))
    except ArchiveError as error:
        yield Refused(name, error)
    except RecursionError:
        yield Refused(name, ArchiveError("it is nested too deeply."))
    except UnicodeError:
        yield Refused(name, ArchiveError("its name or its text is no valid Unicode."))


def _read_rights(draft: Draft, path: str, reading: FolderReading, data: bytes) -> tuple[Evidence, ...]:
    """Return what the document's bytes, its headers and its site say of its rights."""
    url = draft.uri if draft.uri.startswith(("http://", "https://")) else ""
    sha256 = "" if draft.site or not data or draft.raw == data else hash_data(data)
    place = Place(draft.where, draft.seen or reading.seen, url, "" if draft.site else path, draft.headers, sha256)
    return read_signals(draft.raw, draft.kind, place, draft.site or reading.site)


def _read_picture_rights(draft: Draft, reading: FolderReading) -> list[DraftPicture]:
    """Return the pictures with what their own bytes say; a document that is a picture has said it already."""
    if draft.kind == "image":
        return draft.pictures
    place = Place(f"{draft.where}, image", draft.seen or reading.seen)
    return [replace(one, rights=RightsRecord(read_signals(one.data, "image", place))) for one in draft.pictures]

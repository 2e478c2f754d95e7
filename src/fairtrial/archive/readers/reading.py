"""The one door: a file or folder in, documents with the bytes of their images out; what cannot be read is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from fairtrial.archive.readers.finishing import ReadText, finish
from fairtrial.archive.readers.found import MOST_BYTES, FoundDocument, Refused, Source
from fairtrial.archive.readers.kinds import OF_MANY, READERS, find_suffix
from fairtrial.archive.readers.walking import find_site_files, is_within, list_files, read_beside
from fairtrial.errors import ArchiveError
from fairtrial.spec.regular import read_regular

MOST_SIGNAL_BYTES = 16 << 20


def read_documents(
    path: Path, *, seen: datetime, source: str = "", read_text: ReadText | None = None
) -> Iterator[FoundDocument | Refused]:
    """Yield the documents of a file or of all files in a folder, in a fixed order; the same bytes give the same ones.

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
    source = source or str(path)
    if not path.is_dir():
        yield from read_file(path, path.parent, seen, source, read_text)
        return
    for file in list_files(path):
        yield from read_file(file, path, seen, source, read_text)


def read_file(
    file: Path,
    root: Path,
    seen: datetime,
    source: str,
    read_text: ReadText | None = None,
    used: set[str] | None = None,
) -> Iterator[FoundDocument | Refused]:
    """Yield the documents of one file of a folder; see `read_documents`.

    Args:
        file: to read.
        root: the folder that is added.
        seen: when, with a time zone.
        source: what `Document.source` says.
        read_text: gives the text that is written in an image.
        used: gets the names, relative to the file's folder, of the files beside it that were asked for.
    """

    def fetch(other: str) -> bytes | None:
        if used is not None:
            used.add(other)
        return read_beside(root, file.parent, other, MOST_BYTES)

    name = file.relative_to(root).as_posix()
    try:
        suffix = find_suffix(file.name)
        if not suffix:
            known = " ".join(sorted(READERS))
            raise ArchiveError(f"files of this kind are not read; those that are: {known}")
        if not is_within(file, root):
            raise ArchiveError("it is a link that leads out of the folder.", fix="Add the file that it leads to.")
        read = Source(
            data=b"" if suffix in OF_MANY else read_regular(file, MOST_BYTES),
            path=name,
            seen=seen,
            open=lambda: file.open("rb"),
            fetch=fetch,
            site=find_site_files(root, file.parent, MOST_SIGNAL_BYTES),
        )
        for found in READERS[suffix](read):
            if isinstance(found, Refused):
                yield found
                continue
            try:
                yield finish(found, source, name, read_text)
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

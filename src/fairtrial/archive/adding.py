"""Adding files to an archive: read, decided, cut, stored; again at any time, and from where a killed run has come to.

A file is skipped if neither it, nor what it refers to, nor what decides of its documents has changed.  Documents are
stored in batches, each whole; a file counts as read with its last one.  What is added does not depend on the order of
files, on batches or on interruptions, so that the same files give the same archive.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fairtrial.archive.base import Added, Entry, SeenFile, Store
from fairtrial.archive.chunks import Cutting, cut
from fairtrial.archive.keeping import Keeper, combine_records, is_stale, settle
from fairtrial.archive.readers.finishing import ReadText
from fairtrial.archive.readers.found import FoundDocument, Refused
from fairtrial.archive.readers.reading import FolderReading, read_file
from fairtrial.archive.readers.walking import is_within, list_files, read_beside
from fairtrial.errors import ArchiveError, MissingExtraError
from fairtrial.records import content_hash
from fairtrial.rights import Circumstances, RightsRecord
from fairtrial.rights.agreements import AgreementTable
from fairtrial.rights.readers import SITE_FILES, Site
from fairtrial.spec.regular import open_regular

METHOD = 2
"""Of reading, deciding and storing; counts up when the same files give another archive: then all are read again."""

BATCH_DOCUMENTS = 500
BATCH_CHARACTERS = 4_000_000
BATCH_SECONDS = 5.0
"""What is stored at once at most: so much is lost by a kill, and read again."""

MOST_SITE_BYTES = 16 << 20
MOST_NAMED = 100
"""Bad files that a report names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides of the documents that are added.

    Attributes:
        circumstances: in which they are kept and searched; a profile, territory and operator.
        agreements: signed; their evidence counts beside what was seen.
        cutting: how long passages are.
        read_text: gives the text that is written in an image; None: nobody looks.
        reads_as: name and version of what reads images, as it decides what is read.
    """

    circumstances: Circumstances
    agreements: AgreementTable | None = None
    cutting: Cutting = field(default_factory=Cutting)
    read_text: ReadText | None = None
    reads_as: str = ""

    def identity(self) -> str:
        """Return a hash of all that decides what is made of a file, but for the moment and the file itself."""
        told = self.circumstances
        proofs = sorted([one.of, one.reference] for one in told.proofs)
        who = [told.territory, told.operator, told.profile, proofs, sorted(told.reporting)]
        agreed = self.agreements.sha256 if self.agreements else ""
        return content_hash([METHOD, who, agreed, self.cutting.identity(), self.reads_as])


@dataclass(slots=True)
class Adding:
    """What adding has done so far.

    Attributes:
        files: to be added in all.
        done: of them, how many were looked at to their end.
        unchanged: of these, how many were skipped.
        refused: files and records that could not be read: where, and why.
        bad: how many these are.
        documents: new, known and so on.
        withheld: documents of which no text was stored, for nothing permits a use.
        unindexed: documents whose words are not in the index, for nothing permits it.
        taken_out: documents that lost their text or words, for nothing permits to keep them any more.
    """

    files: int = 0
    done: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    bad: int = 0
    documents: Added = field(default_factory=Added)
    withheld: int = 0
    unindexed: int = 0
    taken_out: int = 0

    def refuse(self, where: str, problem: str) -> None:
        """Note a file or record that could not be read."""
        self.bad += 1
        if len(self.refused) < MOST_NAMED:
            self.refused.append((where, problem))


Tell = Callable[[Adding], None]
"""Is told after every batch."""
Follow = Callable[[], None]
"""Is called once all evidence is stored, while there still is the text of what may no longer be kept."""


def add_files(
    store: Store, paths: Sequence[Path], rules: Rules, tell: Tell | None = None, follow: Follow | None = None
) -> Adding:
    """Add files, and all files of folders, to an archive.

    Args:
        store: to add to; this process must be its one writer meanwhile (`Store.writing`).
        paths: files and folders; what is added is withdrawn as a whole by the same name.
        rules: what decides of the documents.
        tell: is told after every batch.
        follow: is called before what may no longer be kept is taken out.

    Raises:
        ArchiveError: a path does not exist or cannot be listed, or the archive cannot be written.  Single files that
            cannot be read are named in what is returned, and the others go on.
    """
    run = _Run(store, rules, tell)
    places = [(path, file) for path in paths for file in _list(path)]
    run.told.files = len(places)
    for path, file in places:
        run.given = str(path)
        run.add(file, path if path.is_dir() else path.parent, str(path.resolve()))
        run.told.done += 1
    run.finish(follow)
    return run.told


def refresh_rights(
    store: Store, rules: Rules, tell: Tell | None = None, follow: Follow | None = None
) -> tuple[Adding, Sequence[str]]:
    """Read again the files of documents whose evidence is older than may be relied upon.

    What is no longer permitted is taken out of the archive; see `settle`.

    Args:
        store: to bring up to date; this process must be its one writer meanwhile.
        rules: as for `add_files`; ``circumstances.at`` is the moment that counts.
        tell: is told after every batch.
        follow: is called before what may no longer be kept is taken out.

    Returns what was read, and the files that are no longer there.
    """
    run = _Run(store, rules, tell)
    stale = {n for n, record in store.list_rights().items() if is_stale(record, rules.circumstances.at)}
    ids = [one.id for one in store.list_holdings() if one.rights in stale and one.keep != "withdrawn"]
    origins = sorted({origin for found in store.read_origins(ids).values() for origin in found if origin[1]})
    missing = [path for _, path in origins if not Path(path).is_file()]
    there = [(source, Path(path)) for source, path in origins if path not in set(missing)]
    run.told.files = len(there)
    for source, file in there:
        root = Path(source) if Path(source).is_dir() else file.parent
        run.given = source
        run.add(file, root, source, again=True)
        run.told.done += 1
    run.finish(follow)
    return run.told, missing


def _list(path: Path) -> list[Path]:
    if not path.exists():
        raise ArchiveError(f"there is no file or folder {str(path)!r}.")
    return list(list_files(path)) if path.is_dir() else [path]


class _Run:
    """One run: the batch that is being gathered, and what was done."""

    def __init__(self, store: Store, rules: Rules, tell: Tell | None) -> None:
        self.store, self.rules, self.tell = store, rules, tell
        self.told = Adding()
        self.basis = rules.identity()
        self.seen: datetime = rules.circumstances.at
        self.before = dict(store.read_files())
        self.sites: dict[Path, str] = {}
        self.readings: dict[tuple[Path, str], FolderReading] = {}
        self.keeper = Keeper(rules.circumstances)
        self.given = ""
        self._begin()

    def _begin(self) -> None:
        self.entries: list[Entry] = []
        self.images: dict[str, bytes] = {}
        self.files: list[SeenFile] = []
        self.size = 0
        self.since = time.monotonic()

    def add(self, file: Path, root: Path, source: str, again: bool = False) -> None:
        """Add what is new in one file; ``again``: read it even if nothing has changed."""
        try:
            name = str(file.resolve(strict=True))
            sha256 = _hash_file(file)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
            told = getattr(error, "strerror", None) or "its links lead to each other"
            self.told.refuse(str(file), f"it cannot be read: {told}.")
            return
        before = self.before.get(name)
        if (
            before
            and not again
            and (before.sha256, before.source) == (sha256, source)
            and before.basis == self._find_basis(file, root, before.beside)
        ):
            self.told.unchanged += 1
            if before.problem:
                self.told.refuse(str(file), before.problem)
            return
        self._read(file, root, source, name, sha256)

    def _read(self, file: Path, root: Path, source: str, name: str, sha256: str) -> None:
        problems: list[str] = []
        count, used, missing = 0, set[str](), False
        for found in self._find(file, root, source, used):
            if isinstance(found, Refused):
                told = " ".join((found.problem.message, found.problem.fix)).strip()
                self.told.refuse(str(file.parent / Path(found.where).name), told)
                problems.append(told)
                missing = missing or isinstance(found.problem, MissingExtraError)
                continue
            count += 1
            self._gather(found, source, name, sha256)
        if missing:
            return  # read again once the library is installed
        beside = tuple(sorted(used))
        basis = self._find_basis(file, root, beside)
        problem = problems[0] if problems else ""
        self.files.append(SeenFile(name, source, sha256, basis, problem, count, beside))
        self._flush_full()

    def _find(self, file: Path, root: Path, source: str, used: set[str]) -> Iterator[FoundDocument | Refused]:
        try:
            yield from read_file(file, self._start_reading(root, source), used)
        except MissingExtraError as error:
            yield Refused(file.name, error)

    def _start_reading(self, root: Path, source: str) -> FolderReading:
        """Return what is the same for all files of a folder."""
        if (root, source) not in self.readings:
            self.readings[root, source] = FolderReading(
                root, self.seen, source, self.rules.read_text, Site(root, self.seen)
            )
        return self.readings[root, source]

    def _gather(self, found: FoundDocument, source: str, name: str, sha256: str) -> None:
        document = found.document
        if self.rules.agreements is not None:
            names = dict.fromkeys((source, self.given))
            every = [self.rules.agreements.find(document.uri, document.publisher, one, self.seen) for one in names]
            signed = dict.fromkeys(piece for some in every for piece in some)
            document = replace(document, rights=RightsRecord((*document.rights.evidence, *signed)))
        self.entries.append(Entry(document, (), "words", name, sha256))
        self.images.update(found.images)
        self.size += len(document.text) + sum(len(one) for one in found.images.values())
        self._flush_full()

    def _flush_full(self) -> None:
        """Store the batch if it is large or old enough."""
        full = len(self.entries) >= BATCH_DOCUMENTS or self.size >= BATCH_CHARACTERS
        if full or time.monotonic() - self.since >= BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Store the batch."""
        if self.entries or self.files:
            entries = self._finish()
            kept = {
                one.image.hash
                for entry in entries
                if entry.keep != "hash"
                for one in entry.document.pictures
                if not one.rights.evidence or self.keeper.choose(one.rights) != "hash"
            }
            images = {name: data for name, data in self.images.items() if name in kept}
            self.told.documents = _sum(self.told.documents, self.store.add(entries, images, self.files))
        self._begin()
        if self.tell is not None:
            self.tell(self.told)

    def finish(self, follow: Follow | None) -> None:
        """Store the last batch, and take out what may no longer be kept."""
        self.flush()
        if follow is not None:
            follow()
        self.told.taken_out = len(settle(self.store, self.keeper))

    def _finish(self) -> list[Entry]:
        """Return the batch with what is to be kept of each document, by the evidence of all that it comes from."""
        ids = [one.document.id for one in self.entries]
        seen = {id: dict(origins) for id, origins in self.store.read_origins(ids).items()}
        for id, one in zip(ids, self.entries, strict=True):
            seen.setdefault(id, {})[one.document.source, one.path] = one.document.rights
        entries = []
        for id, one in zip(ids, self.entries, strict=True):
            keep = self.keeper.choose(combine_records(seen[id].values()))
            passages = cut(one.document, self.rules.cutting) if keep != "hash" else ()
            entries.append(replace(one, passages=passages, keep=keep))
            self.told.withheld += keep == "hash"
            self.told.unindexed += keep == "text"
        return entries

    def _find_basis(self, file: Path, root: Path, beside: Sequence[str]) -> str:
        """Return a hash of all but a file itself that decides what is made of it."""
        folder = file.parent
        if folder not in self.sites:
            self.sites[folder] = content_hash(_hash_site_files(root, folder))
        others = [[name, *_describe(folder / name, root)] for name in beside]
        return content_hash([self.basis, self.sites[folder], others])


def _sum(a: Added, b: Added) -> Added:
    return Added(a.new + b.new, a.known + b.known, a.rights_changed + b.rights_changed, a.withdrawn + b.withdrawn)


def _hash_site_files(root: Path, folder: Path) -> list[tuple[str, str, str]]:
    """Return folder, name and hash of the files about a whole site that hold for a folder: those in it and above it."""
    within = [one for one in (folder, *folder.parents) if one == root or root in one.parents]
    return [
        (place.relative_to(root).as_posix(), name, hashlib.sha256(data).hexdigest())
        for place in within
        for name in SITE_FILES
        if (data := read_beside(root, place, name, MOST_SITE_BYTES)) is not None
    ]


def _hash_file(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _describe(path: Path, root: Path) -> tuple[int, int]:
    """Return size and time of change of a file in a folder; zeros where there is none."""
    try:
        if not is_within(path, root):
            return 0, 0
        found = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return found.st_size, found.st_mtime_ns

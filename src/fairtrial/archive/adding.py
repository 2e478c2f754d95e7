"""Adding files to an archive: read, decided, cut, stored; again at any time, and from where a killed run has come to.

A file is skipped if neither it, nor what it refers to, nor what decides of its documents has changed.  Documents are
stored in batches, each whole; a file counts as read with its last one.  What is added does not depend on the order of
files, on batches or on interruptions, so that the same files give the same archive.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fairtrial.archive.base import Added, Entry, SeenFile, Store
from fairtrial.archive.chunks import Cutting, cut
from fairtrial.archive.keeping import Keeper, combine_records, is_stale, settle
from fairtrial.archive.noticing import describe_beside, hash_content
from fairtrial.archive.pieces import FileEnd, FilePart, FileReading, FileToRead, check_beside, hash_site
from fairtrial.archive.readers.finishing import ReadText
from fairtrial.archive.readers.found import FoundDocument, Refused
from fairtrial.archive.readers.walking import list_files
from fairtrial.errors import ArchiveError, MissingExtraError
from fairtrial.records import content_hash
from fairtrial.rights import Circumstances, RightsRecord
from fairtrial.rights.agreements import AgreementTable
from fairtrial.spreading.base import DoneHere, Spread

METHOD = 2
"""Of reading, deciding and storing; counts up when the same files give another archive: then all are read again."""

BATCH_DOCUMENTS = 500
BATCH_CHARACTERS = 4_000_000
BATCH_SECONDS = 5.0
"""What is stored at once at most: so much is lost by a kill, and read again."""

PIECE_FILES = 16
PIECE_BYTES = 1 << 20
"""What one piece is, where several processes read."""

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
    store: Store,
    paths: Sequence[Path],
    rules: Rules,
    tell: Tell | None = None,
    follow: Follow | None = None,
    spread: Spread | None = None,
) -> Adding:
    """Add files, and all files of folders, to an archive.

    Args:
        store: to add to; this process must be its one writer meanwhile (`Store.writing`).
        paths: files and folders; what is added is withdrawn as a whole by the same name.
        rules: what decides of the documents.
        tell: is told after every batch.
        follow: is called before what may no longer be kept is taken out.
        spread: has the files read; by default this process.  The archive is the same, whoever reads them.

    Raises:
        ArchiveError: a path does not exist or cannot be listed, or the archive cannot be written.  Single files that
            cannot be read are named in what is returned, and the others go on.
    """
    run = _Run(store, rules, tell)
    places = [
        _Place(file, path if path.is_dir() else path.parent, str(path.resolve()), str(path))
        for path in paths
        for file in _list(path)
    ]
    run.add_all(places, spread or DoneHere())
    run.finish(follow)
    return run.told


def refresh_rights(
    store: Store,
    rules: Rules,
    tell: Tell | None = None,
    follow: Follow | None = None,
    spread: Spread | None = None,
) -> tuple[Adding, Sequence[str]]:
    """Read again the files of documents whose evidence is older than may be relied upon.

    What is no longer permitted is taken out of the archive; see `settle`.

    Args:
        store: to bring up to date; this process must be its one writer meanwhile.
        rules: as for `add_files`; ``circumstances.at`` is the moment that counts.
        tell: is told after every batch.
        follow: is called before what may no longer be kept is taken out.
        spread: has the files read; by default this process.

    Returns what was read, and the files that are no longer there.
    """
    run = _Run(store, rules, tell)
    stale = {n for n, record in store.list_rights().items() if is_stale(record, rules.circumstances.at)}
    ids = [one.id for one in store.list_holdings() if one.rights in stale and one.keep != "withdrawn"]
    origins = sorted({origin for found in store.read_origins(ids).values() for origin in found if origin[1]})
    missing = [path for _, path in origins if not Path(path).is_file()]
    gone = set(missing)
    there = [
        _Place(Path(path), Path(source) if Path(source).is_dir() else Path(path).parent, source, source)
        for source, path in origins
        if path not in gone
    ]
    run.add_all(there, spread or DoneHere(), again=True)
    run.finish(follow)
    return run.told, missing


def _list(path: Path) -> list[Path]:
    if not path.exists():
        raise ArchiveError(f"there is no file or folder {str(path)!r}.")
    return list(list_files(path)) if path.is_dir() else [path]


@dataclass(frozen=True, slots=True)
class _Place:
    """A file to be added: in which folder, what is withdrawn as a whole, and how the user wrote that."""

    file: Path
    root: Path
    source: str
    given: str


@dataclass(frozen=True, slots=True)
class _Known:
    """A file that need not be read, or cannot be: whether it is unchanged, and the problem with it."""

    file: Path
    unchanged: bool
    problem: str


class _Run:
    """One run: the batch that is being gathered, and what was done."""

    def __init__(self, store: Store, rules: Rules, tell: Tell | None) -> None:
        self.store, self.rules, self.tell = store, rules, tell
        self.told = Adding()
        self.basis = rules.identity()
        self.seen: datetime = rules.circumstances.at
        self.before = dict(store.read_files())
        self.sites: dict[tuple[Path, Path], str] = {}
        self.keeper = Keeper(rules.circumstances)
        self.elsewhere = False
        self.passed: deque[_Known | Sequence[FileToRead]] = deque()
        self._begin()

    def _begin(self) -> None:
        self.entries: list[Entry] = []
        self.images: dict[str, bytes] = {}
        self.files: list[SeenFile] = []
        self.size = 0
        self.since = time.monotonic()

    def add_all(self, places: Sequence[_Place], spread: Spread, again: bool = False) -> None:
        """Add what is new in some files; ``again``: read them even if nothing has changed."""
        self.told.files = len(places)
        most = 1 if isinstance(spread, DoneHere) else PIECE_FILES
        self.elsewhere = spread.kind == "ray"
        work = FileReading(self.seen, Path.cwd(), self.rules.read_text)
        for piece, parts in spread.map(work, self._find_pieces(places, again, most)):
            self._take_known()
            assert self.passed.popleft() is piece
            self._take(piece, parts)
        self._take_known()

    def _find_pieces(self, places: Iterable[_Place], again: bool, most: int) -> Iterator[Sequence[FileToRead]]:
        """Yield the files that are to be read, up to ``most`` at a time, in their order among the others."""
        piece: list[FileToRead] = []
        size = 0
        for place in places:
            found = self._look(place, again)
            if isinstance(found, FileToRead):
                piece.append(found)
                size += describe_beside(found.file, found.root)[0]
            if piece and (isinstance(found, _Known) or len(piece) >= most or size >= PIECE_BYTES):
                self.passed.append(told := tuple(piece))
                piece, size = [], 0
                if isinstance(found, _Known):
                    self.passed.append(found)
                yield told
            elif isinstance(found, _Known):
                self.passed.append(found)
        if piece:
            self.passed.append(told := tuple(piece))
            yield told

    def _look(self, place: _Place, again: bool) -> FileToRead | _Known:
        """Return whether a file is to be read."""
        file, root, source = place.file, place.root, place.source
        try:
            name = str(file.resolve(strict=True))
            sha256 = hash_content(file)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
            told = getattr(error, "strerror", None) or "its links lead to each other"
            return _Known(file, False, f"it cannot be read: {told}.")
        before = self.before.get(name)
        if (
            before
            and not again
            and (before.sha256, before.source) == (sha256, source)
            and before.basis == self._find_basis(file, root, before.beside)
        ):
            return _Known(file, True, before.problem)
        return FileToRead(file, root, source, place.given, name, sha256, self._find_site(root, file.parent))

    def _take_known(self) -> None:
        """Note the files before the next piece."""
        while self.passed and isinstance(known := self.passed[0], _Known):
            self.passed.popleft()
            self.told.unchanged += known.unchanged
            self.told.done += 1
            if known.problem:
                self.told.refuse(str(known.file), known.problem)

    def _take(self, piece: Sequence[FileToRead], parts: Iterable[FilePart | FileEnd]) -> None:
        """Take what was read of some files."""
        problems: list[str] = []
        count, missing = 0, False
        for part in parts:
            one = piece[part.number]
            if isinstance(part, FileEnd):
                if not missing:  # else read again once the library is installed
                    self._end(one, part, problems, count)
                problems, count, missing = [], 0, False
                self.told.done += 1
                continue
            for found in part.found:
                if isinstance(found, Refused):
                    told = " ".join((found.problem.message, found.problem.fix)).strip()
                    self.told.refuse(str(one.file.parent / Path(found.where).name), told)
                    problems.append(told)
                    missing = missing or isinstance(found.problem, MissingExtraError)
                    continue
                count += 1
                self._gather(found, one)

    def _end(self, one: FileToRead, end: FileEnd, problems: Sequence[str], count: int) -> None:
        """Note that all of a file was read."""
        if self.elsewhere:
            check_beside(one, end)
        beside = tuple(sorted(end.beside))
        basis = self._find_basis(one.file, one.root, beside)
        problem = problems[0] if problems else ""
        self.files.append(SeenFile(one.name, one.source, one.sha256, basis, problem, count, beside))
        self._flush_full()

    def _gather(self, found: FoundDocument, one: FileToRead) -> None:
        document = found.document
        if self.rules.agreements is not None:
            names = dict.fromkeys((one.source, one.given))
            every = [self.rules.agreements.find(document.uri, document.publisher, of, self.seen) for of in names]
            signed = dict.fromkeys(piece for some in every for piece in some)
            document = replace(document, rights=RightsRecord((*document.rights.evidence, *signed)))
        self.entries.append(Entry(document, (), "words", one.name, one.sha256))
        self.images.update(found.images)
        self.size += len(document.text) + sum(len(data) for data in found.images.values())
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
        others = [[name, *describe_beside(file.parent / name, root)] for name in beside]
        return content_hash([self.basis, self._find_site(root, file.parent), others])

    def _find_site(self, root: Path, folder: Path) -> str:
        """Return a hash of the files about a whole site that hold for a folder."""
        if (root, folder) not in self.sites:
            self.sites[root, folder] = hash_site(root, folder)
        return self.sites[root, folder]


def _sum(a: Added, b: Added) -> Added:
    return Added(a.new + b.new, a.known + b.known, a.rights_changed + b.rights_changed, a.withdrawn + b.withdrawn)

"""From settings to a training set: the stages, one after the other, and the folder that they leave.

    read and judge pieces  ->  duplicates among all rows  ->  clusters and split  ->  write pieces  ->  join, card

The folder takes its name when everything is in it; until then all is in ``NAME.part`` beside it.
"""

from __future__ import annotations

import platform
import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairtrial.archive.tainting import remember_training_set
from fairtrial.curation.base import CardFacts, Piece, Prepares, StepContext
from fairtrial.curation.card.writing import write_card
from fairtrial.curation.duplicates import FoundDuplicates, find_duplicates
from fairtrial.curation.jobs import CurationJob, Executor, LocalExecutor
from fairtrial.curation.order import CurationOrder, forget_opened, list_steps, open_readers, open_steps, strip_folders
from fairtrial.curation.reading import READING, PieceFiles, ReadPiece
from fairtrial.curation.resuming import lock_work, read_json, read_moment, resume
from fairtrial.curation.signatures import BAND, import_rensa
from fairtrial.curation.splitting import Sides, split_rows
from fairtrial.curation.steps import STEPS
from fairtrial.curation.stored import StoredRows
from fairtrial.curation.writing import DUPLICATES, TRAIN, VALIDATION, Decided, WritePiece, join_shares, sum_counts
from fairtrial.errors import FairtrialError
from fairtrial.machine import explain_full_disk, package_version
from fairtrial.records import content_hash
from fairtrial.spec.curate import Curate

PACKAGES = ("fairtrial", "rensa", "py3langid", "numpy")
FORMAT = 1
"""Of the files; with another one nothing goes on."""

FEW = 300_000
"""Rows that one process compares, whatever the executor."""

GOES_ON = "Free some space and run the same command again: it continues from here, and nothing is done twice."

MOST_REASONS = 5
"""Reasons for dropped rows that are told."""

OnStage = Callable[[str, int, int], None]
"""Called with what is being done, how many jobs of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Curated:
    """A training set that was made.

    Attributes:
        folder: where it is.
        facts: what its card says.
    """

    folder: Path
    facts: CardFacts


def curate(
    settings: Curate,
    out: Path,
    executor: Executor | None = None,
    on_stage: OnStage = lambda *_: None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Curated:
    """Make a training set.

    Args:
        settings: what of, and how; paths are absolute or relative to the current folder.
        out: folder that must not exist, or be empty.
        executor: runs the jobs; by default this process.
        on_stage: learns how far it has come.
        on_progress: called with a line where something must be known, e.g. that a killed run goes on.

    Raises FairtrialError for what is wrong; where nothing is left of the rows the training set is empty, and says so.
    """
    out = out.absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FairtrialError(f"{out.name!r} exists already.", fix="Name another folder, or delete that one.")
    out.parent.mkdir(parents=True, exist_ok=True)
    work = out.with_name(f"{out.name}.part")
    with explain_full_disk(out.parent, GOES_ON), lock_work(work), _leave_nothing(work):
        order, resumed = _open_order(settings, work)
        if resumed:
            on_progress("going on where an earlier run of the same was ended")
        made = _finish(order, out, executor, on_stage)
    shutil.rmtree(work, ignore_errors=True)
    return made


def curate_once(
    settings: Curate,
    folder: Path,
    executor: Executor | None = None,
    on_stage: OnStage = lambda *_: None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Return the training set in ``folder`` that is named by all that it is made from, made if it is not there.

    An archive's readers describe the day for which rights are decided, for a permission may have ended since.
    """
    work = folder.absolute() / f"{content_hash(settings.model_dump(mode='json'))}.part"
    with explain_full_disk(folder, GOES_ON), lock_work(work), _leave_nothing(work):
        order, _ = _open_order(settings, work)
        out = work.with_name(_identify(order))
        if not out.exists():
            on_progress("curating the training set")
            told = _finish(order, out, executor, on_stage).facts
            rows = told.read + told.unread
            on_progress(f"curated: {told.train:,} rows to train on, {told.validation:,} held back, of {rows:,}")
            if told.dropped:
                on_progress(f"dropped: {list_reasons(told.dropped)}")
    shutil.rmtree(work, ignore_errors=True)
    return out


def list_reasons(dropped: Mapping[str, int], most: int = MOST_REASONS) -> str:
    """Return why rows were dropped with their numbers, the largest first."""
    told = [f"{count:,} by {why}" for why, count in sorted(dropped.items(), key=lambda one: (-one[1], one[0]))]
    more = f"; {len(told) - most:,} more reasons are on the card" if len(told) > most else ""
    return "; ".join(told[:most]) + more


@contextmanager
def _leave_nothing(work: Path) -> Iterator[None]:
    """Take the folder away where a run ends before its first piece is read."""
    try:
        yield
    except BaseException:
        if not any((work / "pieces").glob("*.json")):
            shutil.rmtree(work, ignore_errors=True)
        raise


def _finish(order: CurationOrder, out: Path, executor: Executor | None, on_stage: OnStage) -> Curated:
    """Run the stages, and give the folder its name."""
    facts = _Run(order, executor or LocalExecutor(), on_stage).make()
    if out.exists():
        out.rmdir()
    order.folder.replace(out)
    remember_training_set([one.archive for one in order.settings.sources if one.archive], out)
    return Curated(out, facts)


def _open_order(settings: Curate, work: Path) -> tuple[CurationOrder, bool]:
    """Return what is to be done, its folder in order, and whether an earlier run goes on."""
    if settings.duplicates.by_likeness:
        import_rensa()
    forget_opened()
    files = _note_files(settings)
    known = read_moment(work, files)
    for at in (known, datetime.now(UTC)):
        if at is None:
            continue
        order = CurationOrder(settings, StepContext(at, work, settings.rights))
        _prepare_steps(order)
        if resume(work, _identify(order), at, files) and at is known:
            return order, True
    return order, False


def _note_files(settings: Curate) -> str:
    """Return a hash of the settings and of the sizes and times of the files that they name, which is told at once."""
    paths = [Path(one.file) for one in settings.sources if one.file]
    noted = [(found.st_size, found.st_mtime_ns) for path in paths if path.exists() for found in [path.stat()]]
    return content_hash([settings.model_dump(mode="json"), noted])


def _prepare_steps(order: CurationOrder) -> None:
    for name in list_steps(order.settings):
        made = STEPS.find(name)
        if isinstance(made, Prepares):
            made.prepare(getattr(order.settings, name), order.context)


def _identify(order: CurationOrder) -> str:
    """Return the hash of all that a training set is made from."""
    steps = {name: dict(step.describe()) for name, step in open_steps(order).items()}
    readers = [dict(reader.describe()) for reader in open_readers(order)]
    return content_hash([FORMAT, strip_folders(order.settings), readers, steps, find_versions()])


def find_versions() -> dict[str, str]:
    """Return the versions of all that can change a training set."""
    found = {name: version for name in PACKAGES if (version := package_version(name))}
    return {**found, "python": platform.python_version(), "unicode": unicodedata.unidata_version}


@dataclass
class _Run:
    """The stages of a run."""

    order: CurationOrder
    executor: Executor
    on_stage: OnStage

    def make(self) -> CardFacts:
        """Run all stages; return what the card says."""
        settings, work = self.order.settings, self.order.work
        readers = open_readers(self.order)
        pieces = [piece for reader in readers for piece in reader.list_pieces()]
        self._run("reading", [ReadPiece(self.order, piece, number) for number, piece in enumerate(pieces)])
        counts = [read_json(PieceFiles(work, number).path("json")) for number in range(len(pieces))]
        wanted = settings.duplicates
        permutations = wanted.permutations if wanted.by_likeness else 0
        rows = StoredRows(work, _add_up([one["kept"] for one in counts]), permutations, permutations // BAND)
        found = find_duplicates(rows, wanted, lambda jobs: self._compare(rows, jobs))
        sides = split_rows(rows, found, settings.split)
        decided = Decided(rows, work / "bands")
        decided.save(found, sides)
        self._run("writing", [WritePiece(decided, number) for number in range(len(pieces))])
        files = join_shares(work, len(pieces), self.order.folder)
        facts = self._collect(pieces, counts, found, sides)
        facts = replace(facts, files=files)
        write_card(self.order.folder, facts)
        return facts

    def _run(self, stage: str, jobs: Sequence[CurationJob]) -> None:
        self.executor.run(jobs, lambda done, of: self.on_stage(stage, done, of))

    def _compare(self, rows: StoredRows, jobs: Sequence[CurationJob]) -> None:
        """Compare rows; few of them in this process, which is done before others have begun."""
        executor = self.executor if rows.count > FEW else LocalExecutor()
        executor.run(jobs, lambda done, of: self.on_stage("comparing", done, of))

    def _collect(
        self, pieces: Sequence[Piece], counts: Sequence[Mapping[str, Any]], found: FoundDuplicates, sides: Sides
    ) -> CardFacts:
        """Return what the card says, but for the files."""
        order = self.order
        written = sum_counts(order.work, len(pieces))
        dropped, by_step, changed = Counter[str](), Counter[str](), Counter[str]()
        read, unread = ([0] * len(order.settings.sources) for _ in range(2))
        for piece, one in zip(pieces, counts, strict=True):
            read[piece.source] += one["read"]
            unread[piece.source] += one["unread"]
            changed.update(one["changed"])
            for step, reason, count in one["dropped"]:
                dropped[f"{step}: {reason}"] += count
                by_step[step] += count
        for reason, count in written.get("dropped", Counter()).items():
            dropped[f"{DUPLICATES}: {reason}"] += count
            by_step[DUPLICATES] += count
        names = [READING, *list_steps(order.settings), DUPLICATES]
        described = [dict(reader.describe()) for reader in open_readers(order)]
        documents = written.get("documents", Counter())
        attributions = written.get("attributions", Counter())
        side = written.get("sides", Counter())
        doubts = list(sides.doubts)
        if not found.settled:
            doubts.append("Near-duplicates were looked for so often as is allowed, and some may be left.")
        return CardFacts(
            settings=strip_folders(order.settings),
            sources=[
                {**one, "rows": rows, "unreadable": bad} for one, rows, bad in zip(described, read, unread, strict=True)
            ],
            steps={name: dict(step.describe()) for name, step in open_steps(order).items()},
            read=sum(read),
            unread=sum(one["unread"] for one in counts),
            dropped=dict(sorted(dropped.items())),
            by_step={name: by_step[name] for name in names},
            changed=dict(sorted(changed.items())),
            train=side[TRAIN],
            validation=side[VALIDATION],
            clusters=sides.count_clusters(),
            licences=dict(sorted(written.get("licences", Counter()).items())),
            attributions=dict(sorted((name, count) for name, count in attributions.items() if name)),
            documents=sorted(one for one in documents if one),
            files={},
            versions=find_versions(),
            doubts=doubts,
        )


def _add_up(kept: Sequence[int]) -> tuple[int, ...]:
    starts = [0]
    for count in kept:
        starts.append(starts[-1] + count)
    return tuple(starts)

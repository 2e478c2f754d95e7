"""Withdraw documents: out of an archive and of the ledgers that hold answers made with it, and say what stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fairtrial.archive.base import Holding, Store
from fairtrial.archive.opening import open_archive
from fairtrial.archive.tainting import TaintedResult, list_made, mark_tainted
from fairtrial.archive.withdrawing import Withdrawal, carry_out, list_withdrawn, plan_withdrawal, read_document_texts
from fairtrial.curation.withdrawing import clear_training_set
from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger
from fairtrial.ledger.withdrawing import Withdrawn, withdraw_words


@dataclass(frozen=True, slots=True)
class Tainted:
    """A training set or an adapter that was made of documents which went.

    Attributes:
        made: which, with those of its documents that went.
        rows: that were taken out of a training set.
        why: why it could not be marked or cleared; empty if it was, or would be.
    """

    made: TaintedResult
    rows: int = 0
    why: str = ""


@dataclass(slots=True)
class WithdrawalOutcome:
    """What a withdrawal did, or would do.

    Attributes:
        documents: that went, or were gone already.
        texts: of how many of them there was text.
        staying: documents of a withdrawn source that stay, since they came from another one too.
        ledgers: what was taken out of each.
        unreached: ledgers that could not be changed, and why.
        tainted: training sets and adapters that were made of what went.
        remains: where words may still be that the archive's database could not reach, a sentence each.
    """

    documents: list[Holding] = field(default_factory=list)
    texts: int = 0
    staying: list[Holding] = field(default_factory=list)
    ledgers: dict[str, Withdrawn] = field(default_factory=dict)
    unreached: dict[str, str] = field(default_factory=dict)
    tainted: list[Tainted] = field(default_factory=list)
    remains: list[str] = field(default_factory=list)


def withdraw(
    archive: str, names: Sequence[str], ledgers: Sequence[Path] = (), dry_run: bool = False
) -> WithdrawalOutcome:
    """Withdraw sources or documents.

    Ledgers come first, while their answers can still be compared with the text; a withdrawal that was interrupted is
    finished by doing it again.

    Args:
        archive: file or address.
        names: sources as they were added, or documents by id, address or file.
        ledgers: beside those that the archive knows of.
        dry_run: only say what would go.

    Raises:
        ArchiveError: a name stands for nothing, or the archive cannot be written.
    """
    with closing(open_archive(archive)) as store, store.writing(wait_seconds=0):
        plans = [plan_withdrawal(store, name) for name in names]
        found = WithdrawalOutcome(staying=[one for plan in plans for one in plan.staying])
        found.documents = list({one.id: one for plan in plans for one in plan.holdings}.values())
        found.texts = len({id for plan in plans for id in plan.with_text})
        places = list(dict.fromkeys([*store.list_ledgers(), *(str(one.resolve()) for one in ledgers)]))
        made = list(list_made(store, list_withdrawn(plans)))
        if dry_run:
            found.tainted = [Tainted(one, why="" if Path(one.place).is_dir() else MISSING) for one in made]
            found.ledgers = {place: Withdrawn() for place in places if Path(place).is_file()}
            found.unreached = {place: MISSING for place in places if not Path(place).is_file()}
            return found
        for place in places:
            if Path(place).is_file():
                store.remember_ledger(place)
        texts = dict(_read_all(store, plans))
        ids = list_withdrawn(plans)
        for place in places:
            try:
                found.ledgers[place] = _clear_ledger(Path(place), ids, texts)
            except FairtrialError as error:
                found.unreached[place] = error.message
        found.tainted = [_taint(one) for one in made]
        for plan in plans:
            carry_out(store, plan)
        found.remains = list(store.list_remains())
        return found


MISSING = "it is not there"


def _taint(made: TaintedResult) -> Tainted:
    """Mark a training set or an adapter, and take the rows of what goes out of a training set."""
    folder = Path(made.place)
    if not folder.is_dir():
        return Tainted(made, why=MISSING)
    try:
        if made.kind == "training set":
            return Tainted(made, clear_training_set(folder, made.documents))
        mark_tainted(folder, made.documents)
    except FairtrialError as error:
        return Tainted(made, why=error.message)
    return Tainted(made)


def _read_all(store: Store, plans: Sequence[Withdrawal]) -> Iterator[tuple[str, str]]:
    for plan in plans:
        yield from read_document_texts(store, plan)


def _clear_ledger(path: Path, ids: Sequence[str], texts: dict[str, str]) -> Withdrawn:
    with Ledger.open(path, create=False) as ledger, ledger.writing(wait_seconds=0):
        return withdraw_words(ledger, ids, texts)

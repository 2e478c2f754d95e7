"""What may no longer be displayed goes out of the ledgers that were made with an archive, as its records change.

A withdrawal takes everything (`fairtrial.api.withdrawing`).  Here a ledger is left as it would be if the licence had
been from the beginning what it is now: no words of passages that may not be displayed, and, where words may not be
quoted, none of the answers that repeat them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from fairtrial.api.training_rights import follow_training
from fairtrial.api.withdrawing import Tainted
from fairtrial.archive.adding import Adding, Rules, Tell, add_files, refresh_rights
from fairtrial.archive.base import Holding, Store
from fairtrial.archive.chunks import cut
from fairtrial.archive.keeping import AMOUNT
from fairtrial.archive.permitting import Permissions
from fairtrial.archive.remembering import Remembered, add_remembered, read_said, recall
from fairtrial.archive.withdrawing import read_document_words
from fairtrial.errors import FairtrialError, RightsError
from fairtrial.ledger import Ledger
from fairtrial.ledger.displaying import KeptPassage, limit_display, list_kept, list_quotable, list_settings
from fairtrial.ledger.withdrawing import Withdrawn, clean_file, withdraw_words
from fairtrial.rights import Decision, RightsRecord, RightsRule, Use
from fairtrial.rights import combine_decisions as combine_decisions
from fairtrial.rights import decide as decide_record
from fairtrial.spreading.base import Spread


@dataclass(slots=True)
class Followed:
    """What was taken out of ledgers as the records of an archive changed.

    Attributes:
        ledgers: those that changed: by place, what went.
        looked: how many were looked through.
        unreached: those that could not be, and why.
        training: training sets and adapters with documents that may not be trained on any more.
    """

    ledgers: dict[str, Withdrawn] = field(default_factory=dict)
    looked: int = 0
    unreached: dict[str, str] = field(default_factory=dict)
    training: list[Tainted] = field(default_factory=list)


def add_documents(
    store: Store, paths: Sequence[Path], rules: Rules, tell: Tell | None = None, spread: Spread | None = None
) -> tuple[Adding, Followed]:
    """Add files to an archive; ledgers lose what may no longer be displayed.  Raises as `add_files` does."""
    found = Followed()
    told = add_files(store, paths, rules, tell, lambda: follow_records(store, rules.circumstances.at, found), spread)
    return told, found


def refresh_documents(
    store: Store, rules: Rules, tell: Tell | None = None, spread: Spread | None = None
) -> tuple[Adding, Sequence[str], Followed]:
    """Read rights anew that were seen too long ago; ledgers lose what may no longer be displayed.

    Returns what was read, the files that are no longer there, and what became of ledgers.
    """
    found = Followed()
    follow = partial(follow_records, store, rules.circumstances.at, found)
    told, missing = refresh_rights(store, rules, tell, follow, spread)
    return told, missing, found


def follow_records(store: Store, at: datetime, found: Followed) -> None:
    """Take out of all ledgers that an archive knows of what its records no longer permit; ``found`` says what went.

    Training sets and adapters made of it are marked, where that may not be any more.
    """
    found.training = follow_training(store, at)
    places = store.list_ledgers()
    if not places:
        return
    holdings = {one.id: one for one in store.list_holdings()}
    for place in places:
        if not Path(place).is_file():
            found.unreached[place] = "it is not there"
            continue
        try:
            gone = _follow_in(store, holdings, Path(place), at)
        except FairtrialError as error:
            found.unreached[place] = error.message
            continue
        found.looked += 1
        if gone != Withdrawn():
            found.ledgers[place] = gone


def _follow_in(store: Store, holdings: Mapping[str, Holding], path: Path, at: datetime) -> Withdrawn:
    with Ledger.open(path, create=False) as ledger:
        kept = [one for one in list_kept(ledger) if one.key[1] in holdings]
        deciding = _Deciding(store, holdings, list_settings(ledger, "retrieve"), at)
        until, denied = _decide_display(deciding, kept)
        quoted = _find_quoted(ledger, deciding, kept)
        if not (until or denied or quoted):
            return Withdrawn()
        with ledger.writing(wait_seconds=0):
            gone = Withdrawn()
            if quoted:
                texts = _read_texts(store, holdings, quoted)
                shown = {one.key[1] for one in kept if one.has_words and one.key not in denied}
                gone = withdraw_words(ledger, quoted, texts, shown)
            emptied = limit_display(ledger, until, denied)
            if emptied:
                clean_file(ledger)
            return Withdrawn(gone.passages + emptied, gone.answers, gone.requests, gone.items)


def _decide_display(
    deciding: _Deciding, kept: Iterable[KeptPassage]
) -> tuple[dict[tuple[str, str], str], set[tuple[str, str]]]:
    """Return when display ends, of passages for which that has changed, and the passages that may not be displayed."""
    until, denied = {}, set()
    for one in kept:
        if not one.has_words:
            continue
        allowed, end = deciding.decide(Use.DISPLAY, *one.key)
        if not allowed:
            denied.add(one.key)
        elif end != one.until:
            until[one.key] = end
    return until, denied


def _find_quoted(ledger: Ledger, deciding: _Deciding, kept: Iterable[KeptPassage]) -> list[str]:
    """Return documents that may not be quoted, and were when answers were given that have not been looked through."""
    asked = {one.key for one in kept if not one.cleared}
    refused = {document for sha, document in asked if not deciding.decide(Use.QUOTE, sha, document)[0]}
    return list_quotable(ledger, refused) if refused else []


def _read_texts(store: Store, holdings: Mapping[str, Holding], ids: Sequence[str]) -> dict[str, str]:
    return dict(read_document_words(store, [id for id in ids if AMOUNT[holdings[id].keep] >= AMOUNT["text"]]))


class _Deciding:
    """Decides about passages in all circumstances in which a ledger's candidates used an archive.

    What one of them permits is permitted: its words were kept for that one's sake.
    """

    def __init__(
        self, store: Store, holdings: Mapping[str, Holding], settings: Iterable[Mapping[str, Any]], at: datetime
    ) -> None:
        known = recall(store)
        self._store, self._holdings, self._at = store, holdings, at
        self._records = store.list_rights()
        self._permissions: list[Permissions] = []
        for told in dict.fromkeys([Remembered(), *map(read_said, settings)]):
            with suppress(RightsError):  # a value that this version does not know permits nothing
                self._permissions.append(Permissions(add_remembered(told, known).make_circumstances(at)))
        self._current: dict[str, list[Holding]] = {}
        for one in holdings.values():
            if one.current:
                self._current.setdefault(one.uri, []).append(one)
        self._pictures: dict[str, dict[str, RightsRecord]] = {}

    def decide(self, use: Use, sha256: str, document: str) -> tuple[bool, str]:
        """Return whether a use of a passage is permitted, and until when; empty if no end is known."""
        holding = self._holdings[document]
        if AMOUNT[holding.keep] < AMOUNT["text"]:
            return False, ""
        found = [self._decide(use, holding, sha256, permissions) for permissions in self._permissions]
        ends = [one.changes for one in found if one.allowed]
        known = [one for one in ends if one is not None]
        return bool(ends), max(known).isoformat() if ends and len(known) == len(ends) else ""

    def _decide(self, use: Use, holding: Holding, sha256: str, permissions: Permissions) -> Decision:
        made = [permissions.decide(use, holding.rights, self._records[holding.rights], self._at)]
        if not made[0].allowed:
            return made[0]
        versions = [holding, *(() if holding.current else self._current.get(holding.uri, ()))]
        for newer in versions[1:]:
            held = permissions.decide(use, newer.rights, self._records[newer.rights], self._at)
            made += (
                [held] if held.rule != RightsRule.EMBARGO else []
            )  # a version that nobody may know of yet changes nothing
        pictures = [self._read_pictures(one).get(sha256) for one in versions]
        made += [decide_record(use, one, permissions.circumstances) for one in pictures if one is not None]
        return combine_decisions(made) if len(made) > 1 else made[0]

    def _read_pictures(self, holding: Holding) -> Mapping[str, RightsRecord]:
        """Return the records of a document's pictures that have their own, by the hash of their passages."""
        if AMOUNT[holding.keep] < AMOUNT["text"]:
            return {}
        if holding.id not in self._pictures:
            [document] = self._store.read_documents([holding.id])
            own = {n: one.rights for n, one in enumerate(document.pictures) if one.rights.evidence}
            cuts = cut(document) if own else ()
            self._pictures[holding.id] = {
                sha256(one.text.encode("utf-8", "surrogatepass")).hexdigest(): own[one.picture]
                for one in cuts
                if one.picture in own
            }
        return self._pictures[holding.id]

"""Training sets and adapters whose documents may no longer be trained on, as the records of an archive change.

Decided is in the circumstances in which a set was curated, as its card tells, else in those of the archive; of a set
that was curated without looking at rights nothing is said.  Where rights come back, so does the set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fairtrial.api.withdrawing import MISSING, Tainted
from fairtrial.archive.base import Holding, Store
from fairtrial.archive.permitting import Permissions
from fairtrial.archive.remembering import Remembered, add_remembered, read_said, recall
from fairtrial.archive.tainting import CARD, TaintedResult, list_made, mark_denied
from fairtrial.errors import FairtrialError, RightsError
from fairtrial.rights import Use
from fairtrial.spec.regular import read_regular

LARGEST_CARD = 64_000_000


def follow_training(store: Store, at: datetime) -> list[Tainted]:
    """Mark what was made of documents that may not be trained on any more; return what is so since now, or not there.

    Args:
        store: the archive.
        at: the moment for which rights are decided.
    """
    made = list(list_made(store))
    return list(_follow(store, made, at)) if made else []


def _follow(store: Store, made: list[TaintedResult], at: datetime) -> Iterator[Tainted]:
    known, records = recall(store), store.list_rights()
    holdings = {one.id: one for one in store.list_holdings()}
    said = {one.documents: told for one in made if (told := _read_rights(one)) is not None}
    for one in made:
        told = said.get(one.documents, {})
        if told == "off":
            continue
        try:
            remembered = add_remembered(read_said(told if isinstance(told, Mapping) else {}), known)
            permissions = Permissions(remembered.make_circumstances(at))
        except RightsError:  # a value that this version does not know
            permissions = Permissions(add_remembered(Remembered(), known).make_circumstances(at))
        denied = tuple(
            id
            for id in one.documents
            if (held := holdings.get(id)) is not None and _is_denied(held, permissions, records, at)
        )
        folder, changed = Path(one.place), replace(one, documents=denied)
        if not folder.is_dir():
            if denied:
                yield Tainted(changed, why=MISSING)
            continue
        try:
            if mark_denied(folder, denied) and denied:
                yield Tainted(changed)
        except FairtrialError as error:
            yield Tainted(changed, why=error.message)


def _is_denied(held: Holding, permissions: Permissions, records: Any, at: datetime) -> bool:
    if held.keep == "withdrawn":
        return False  # a withdrawal has said so
    return not permissions.decide(Use.TRAIN, held.rights, records[held.rights], at).allowed


def _read_rights(made: TaintedResult) -> Mapping[str, Any] | str | None:
    """Return what a training set's card says of the step ``rights``: settings, or ``off``; None without such a card."""
    if made.kind != "training set":
        return None
    try:
        settings = json.loads(read_regular(Path(made.place) / CARD, LARGEST_CARD))["settings"]
        found = settings.get("rights", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else "off"

"""Training sets and adapters that were made of an archive's documents: where they are, and what became of these since.

An archive keeps, as a note, which documents went into which training set and adapter, so that withdrawing one names
them even where they are no longer there.  Where they are, a file says of them what was withdrawn, and what may not be
trained on any more (`TAINTED`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit, urlunsplit

from fairtrial import cache
from fairtrial.archive.base import Store
from fairtrial.archive.opening import open_archive
from fairtrial.errors import ArchiveError, FairtrialError
from fairtrial.records import content_hash

log = logging.getLogger(__name__)

NOTE = "tuned"
CARD = "card.json"
TAINTED = "tainted.json"
WAIT_SECONDS = 60.0
"""For another process that writes to the archive."""
MadeOf = Literal["training set", "adapter"]


@dataclass(frozen=True, slots=True)
class TaintedResult:
    """A training set or an adapter that documents of an archive went into.

    Attributes:
        kind: which of the two.
        place: its folder, in full; it may have gone from there.
        name: what its content is known by: the id of the training set's card, the hash of the adapter.
        documents: ids of the documents of the archive.
    """

    kind: MadeOf
    place: str
    name: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taint:
    """What became of the documents that a training set or an adapter was made of.

    Attributes:
        documents: ids of those that were withdrawn, sorted.
        denied: ids of those that may not be trained on any more, as their rights are now, sorted.
    """

    documents: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


def remember_training_set(archives: Sequence[str], folder: Path) -> None:
    """Have archives remember a training set that was made of them, as its card tells; log where one cannot.

    Where the archives are is kept in the cache too, so that an adapter tuned on the set is remembered by them.

    Raises:
        ArchiveError: the card cannot be read.
    """
    name, documents = read_card(folder)
    if not archives or not documents:
        return
    made = TaintedResult("training set", str(folder.resolve()), name, documents)
    cache.remember(_fact(name), {"archives": [_hide_password(one) for one in archives]})
    _tell_archives(archives, made)


def remember_adapter(training_set: Path, adapter: Path, name: str) -> None:
    """Have the archives that a training set was made of remember an adapter tuned on it; log where one cannot.

    Does nothing for a folder without a card, or with no document of an archive.

    Args:
        training_set: the folder that curation made.
        adapter: the adapter's folder.
        name: the adapter's hash.
    """
    if not (training_set / CARD).is_file():
        return
    known_by, documents = read_card(training_set)
    if not documents:
        return
    fact = cache.recall(_fact(known_by)) or {}
    archives = [one for one in fact.get("archives", ()) if isinstance(one, str)]
    if not archives:
        log.warning(
            "It is not known any more which archive %s was made of; when documents are withdrawn, the adapter %s is "
            "not named.",
            training_set.name,
            name[:12],
        )
    _tell_archives(archives, TaintedResult("adapter", str(adapter.resolve()), name, documents))


def remember_made(store: Store, made: TaintedResult) -> None:
    """Have an archive remember what was made of its documents; what is known of the same place is replaced."""
    with store.writing(wait_seconds=WAIT_SECONDS):
        listed = [one for one in _read_list(store) if one["place"] != made.place]
        key = f"{NOTE} {content_hash([made.place])}"
        store.write_note(key, json.dumps(list(made.documents)))
        listed.append({"kind": made.kind, "place": made.place, "name": made.name})
        store.write_note(NOTE, json.dumps(sorted(listed, key=lambda one: str(one["place"]))))


def list_made(store: Store, documents: Collection[str] | None = None) -> Iterator[TaintedResult]:
    """Yield what was made of some documents, or of any, with those of them that went into it.

    Raises ArchiveError if what the archive remembers is damaged.
    """
    wanted = None if documents is None else set(documents)
    for one in _read_list(store):
        try:
            own = json.loads(store.read_note(f"{NOTE} {content_hash([one['place']])}") or "[]")
            hit = tuple(sorted(map(str, own) if wanted is None else wanted.intersection(own)))
        except (ValueError, TypeError):
            raise _damaged() from None
        if hit:
            yield TaintedResult(one["kind"], one["place"], one["name"], hit)


def mark_tainted(folder: Path, documents: Collection[str]) -> None:
    """Write beside a training set or an adapter which of its documents were withdrawn, with those before.

    Raises ArchiveError if it cannot be written.
    """
    known = read_taint(folder) or Taint()
    _write_taint(folder, replace(known, documents=tuple(sorted({*documents, *known.documents}))))


def mark_denied(folder: Path, documents: Collection[str]) -> bool:
    """Write beside a training set or an adapter which documents may not be trained on now; return if that is news.

    Raises ArchiveError if it cannot be written.
    """
    known = read_taint(folder) or Taint()
    made = replace(known, denied=tuple(sorted({*documents})))
    if made != known:
        _write_taint(folder, made)
    return bool(set(made.denied) - set(known.denied))


def _write_taint(folder: Path, taint: Taint) -> None:
    path = folder / TAINTED
    part = path.with_suffix(".part")
    told = {"withdrawn": taint.documents, **({"denied": taint.denied} if taint.denied else {})}
    try:
        part.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        why = "of withdrawn documents" if taint.documents else "of documents that may not be trained on any more"
        raise ArchiveError(f"it cannot be marked as made {why}: {error.strerror}.") from error


def read_taint(folder: Path) -> Taint | None:
    """Return what became of the documents of a training set or an adapter; None if nothing is marked.

    Raises ArchiveError if the file that says so is damaged.
    """
    path = folder / TAINTED
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        found, denied = told["withdrawn"], told.get("denied", [])
        if not all(isinstance(some, list) and all(isinstance(one, str) for one in some) for some in (found, denied)):
            raise TypeError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ArchiveError("what says which of its documents were withdrawn is damaged.", where=str(path)) from None
    return Taint(tuple(found), tuple(denied)) if found or denied else None


def refuse_tainted(folder: Path) -> None:
    """Raise ArchiveError if documents of a training set were withdrawn since, or may not be trained on any more."""
    taint = read_taint(folder)
    if taint and not taint.documents:
        count = f"{len(taint.denied):,} document{'' if len(taint.denied) == 1 else 's'}"
        raise ArchiveError(
            f"{count} that this training set was made of may not be trained on any more, e.g. {taint.denied[0][:12]}: "
            "their rights have changed.",
            fix="Curate it again: what may not be trained on is then left out.",
            where=str(folder),
        )
    if taint:
        count = f"{len(taint.documents):,} document{'' if len(taint.documents) == 1 else 's'}"
        raise ArchiveError(
            f"{count} that this training set was made of were withdrawn, e.g. {taint.documents[0][:12]}; nothing may "
            "be trained on it any more.",
            fix="Curate it again: what was withdrawn is then left out.",
            where=str(folder),
        )


def read_card(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Return the id of a training set and the documents that it was made of.  Raises ArchiveError without a card."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return str(card["id"]), tuple(map(str, card.get("documents", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ArchiveError("there is no card of a training set, or it is damaged.", where=str(folder / CARD)) from None


def _tell_archives(archives: Sequence[str], made: TaintedResult) -> None:
    for name in archives:
        try:
            with closing(open_archive(name)) as store:
                held = {one.id for one in store.list_holdings()}
                own = tuple(one for one in made.documents if one in held)
                if own:
                    remember_made(store, replace(made, documents=own))
        except FairtrialError as error:
            log.warning(
                "An archive cannot note the %s %s (%s): when its documents are withdrawn, that is not named.",
                made.kind,
                made.name[:12],
                error.message.removesuffix("."),
            )


def _read_list(store: Store) -> list[dict[str, Any]]:
    try:
        found = json.loads(store.read_note(NOTE) or "[]")
        if all(one["kind"] in get_args(MadeOf) and isinstance(one["place"], str) for one in found):
            return [{key: one[key] for key in ("kind", "place", "name")} for one in found]
    except (ValueError, TypeError, KeyError):
        pass
    raise _damaged()


def _damaged() -> ArchiveError:
    return ArchiveError("what the archive says of training sets made of it is damaged.", fix="Add it anew.")


def _fact(name: str) -> str:
    return f"training-set-{content_hash([name])}"


def _hide_password(address: str) -> str:
    """Return an address without the password in it: the cache is no place for one."""
    if "://" not in address:
        return str(Path(address).resolve())
    parts = urlsplit(address)
    user = parts.username or ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host))


def describe_made(made: TaintedResult) -> dict[str, Any]:
    """Return what was made of documents as JSON values."""
    return asdict(made)

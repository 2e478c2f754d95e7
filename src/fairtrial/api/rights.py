"""Explain the rights of documents: of an archive, of files and folders, and what a site's own files say of a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from fairtrial.archive.base import Holding, Store
from fairtrial.archive.document import Document
from fairtrial.archive.finding import find_holdings
from fairtrial.archive.keeping import combine_records
from fairtrial.archive.readers import Refused, read_documents
from fairtrial.errors import ArchiveError, RightsError, did_you_mean
from fairtrial.rights import Circumstances, Evidence, RightsRecord, Use, combine_decisions, decide
from fairtrial.rights.agreements import AgreementTable
from fairtrial.rights.explaining import Explanation, explain
from fairtrial.rights.readers import SITE_FILES, Place, Site


@dataclass(frozen=True, slots=True)
class RightsQuestion:
    """What is asked about documents.

    Attributes:
        circumstances: in which they are to be used.
        uses: that are decided.
        agreements: signed agreements beside what was seen; None: only those that an archive knows.
        url: of a site's own files: the page that is asked about; empty: any page.
    """

    circumstances: Circumstances
    uses: Sequence[Use] = tuple(Use)
    agreements: AgreementTable | None = None
    url: str = ""


def explain_archived(store: Store, name: str, question: RightsQuestion) -> Iterator[Explanation]:
    """Yield what is decided of the documents of an archive with this address, path or id; newest version first.

    Then of those that are kept as hash and evidence only.  Raises ArchiveError if there is none any more.
    """
    held = find_holdings(store, name)
    documents = store.find_documents(name) or store.find_documents(str(Path(name).resolve()))
    for document in documents:
        first, *pictures = explain_document(document, question)
        yield replace(first, id=document.id)
        yield from pictures
    hashes = [one for one in held if one.keep == "hash"]
    origins = store.read_origins([one.id for one in hashes])
    for one in hashes:
        yield _explain_hash(one, combine_records(origins.get(one.id, {}).values()), question)
    if not documents and not hashes:
        if held:
            raise ArchiveError(
                f"the document {name[:120]!r} was withdrawn.", fix="Its hash is kept; nothing of it can be used."
            )
        raise ArchiveError(
            f"the archive has no document {name[:120]!r}.",
            fix="Name it by its address, its path, or the beginning of its id; `fairtrial archive list` shows them.",
        )


def _explain_hash(held: Holding, record: RightsRecord, question: RightsQuestion) -> Explanation:
    """Return what is decided of a document of which no text is kept; its publisher is not known any more."""
    if question.agreements is not None:
        signed = (question.agreements.find(held.uri, "", one, datetime.now(UTC)) for one in held.sources or ("",))
        record = combine_records((record, *map(RightsRecord, signed)))
    return replace(explain(held.uri, record, question.circumstances, question.uses), id=held.id, hash_only=True)


def explain_path(path: Path, question: RightsQuestion) -> Iterator[Explanation | Refused]:
    """Yield what is decided of the documents of a file or folder, and the files that cannot be read.

    Of a file that speaks for a site (``robots.txt``, ``rsl.xml`` ...): what all files of its site say of a page.
    """
    if path.is_file() and path.name in SITE_FILES:
        yield _explain_site(path, question)
        return
    for found in read_documents(path, seen=datetime.now(UTC)):
        if isinstance(found, Refused):
            yield found
        else:
            yield from explain_document(found.document, question)


def _explain_site(path: Path, question: RightsQuestion) -> Explanation:
    root = path.parent.parent if path.parent.name == ".well-known" else path.parent
    seen = datetime.now(UTC)
    place = Place(str(path), seen, question.url, urlsplit(question.url).path.lstrip("/") or "index.html")
    record = RightsRecord(Site(root, seen).tell(place))
    about = question.url or "any page; --url ADDRESS asks about one"
    title = f"What the files of the site say of {about}"
    return explain(str(path), record, question.circumstances, question.uses, title=title)


def explain_document(document: Document, question: RightsQuestion) -> Iterator[Explanation]:
    """Yield what is decided of a document, then of each of its pictures that has signals of its own.

    Title and publisher are told where the document may be displayed.
    """
    now = question.circumstances
    signed: tuple[Evidence, ...] = ()
    if question.agreements is not None:
        signed = question.agreements.find(document.uri, document.publisher, document.source, datetime.now(UTC))
    record = RightsRecord((*document.rights.evidence, *signed))
    told = (document.title, document.publisher) if decide(Use.DISPLAY, record, now).allowed else ("", "")
    yield explain(document.uri, record, now, question.uses, title=told[0], publisher=told[1])
    for number, picture in enumerate(document.pictures, 1):
        if picture.rights.evidence:
            own = RightsRecord((*picture.rights.evidence, *signed))
            yield _explain_picture(f"{document.uri}, picture {number}", own, record, question)


def _explain_picture(name: str, own: RightsRecord, document: RightsRecord, question: RightsQuestion) -> Explanation:
    """Return what is decided of a picture: as strictly as of itself and of its document."""
    now = question.circumstances
    decisions = tuple(combine_decisions([decide(use, own, now), decide(use, document, now)]) for use in question.uses)
    evidence = tuple(dict.fromkeys((*own.evidence, *document.evidence)))
    return replace(explain(name, own, now, ()), decisions=decisions, evidence=evidence)


def read_uses(names: Iterable[str]) -> tuple[Use, ...]:
    """Return the uses of these names, all for none; raises RightsError for a name that is none."""
    chosen = list(names)
    known = [use.value for use in Use]
    for name in chosen:
        if name not in known:
            raise RightsError(f"use {name!r} is none of {', '.join(known)}.{did_you_mean(name, known)}")
    return tuple(use for use in Use if not chosen or use.value in chosen)

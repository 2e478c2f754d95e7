"""Explain the rights of documents: of files and folders, as they are read, and with the agreements that cover them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fairtrial.archive.document import Document
from fairtrial.archive.readers import Refused, read_documents
from fairtrial.errors import RightsError, did_you_mean
from fairtrial.rights import Circumstances, Evidence, RightsRecord, Use, combine, decide
from fairtrial.rights.agreements import AgreementTable
from fairtrial.rights.explaining import Explanation, explain


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about documents.

    Attributes:
        circumstances: in which they are to be used.
        uses: that are decided.
        agreements: signed agreements beside what was seen; None: only those that an archive knows.
    """

    circumstances: Circumstances
    uses: Sequence[Use] = tuple(Use)
    agreements: AgreementTable | None = None


def explain_path(path: Path, question: Question) -> Iterator[Explanation | Refused]:
    """Yield what is decided of the documents of a file or folder, and the files that cannot be read."""
    for found in read_documents(path, seen=datetime.now(UTC)):
        if isinstance(found, Refused):
            yield found
        else:
            yield from explain_document(found.document, question)


def explain_document(document: Document, question: Question) -> Iterator[Explanation]:
    """Yield what is decided of a document, then of each of its pictures that has signals of its own."""
    now = question.circumstances
    signed: tuple[Evidence, ...] = ()
    if question.agreements is not None:
        signed = question.agreements.find(document.uri, document.publisher, document.source, datetime.now(UTC))
    record = RightsRecord((*document.rights.evidence, *signed))
    yield explain(document.uri, record, now, question.uses, title=document.title, publisher=document.publisher)
    for number, picture in enumerate(document.pictures, 1):
        if picture.rights.evidence:
            own = RightsRecord((*picture.rights.evidence, *signed))
            yield _explain_picture(f"{document.uri}, picture {number}", own, record, question)


def _explain_picture(name: str, own: RightsRecord, document: RightsRecord, question: Question) -> Explanation:
    """Return what is decided of a picture: as strictly as of itself and of its document."""
    now = question.circumstances
    decisions = tuple(combine([decide(use, own, now), decide(use, document, now)]) for use in question.uses)
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

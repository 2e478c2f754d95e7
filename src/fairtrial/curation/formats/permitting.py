"""Who may train on a row: of a file by the licence stated for it, of an archive by the document's own evidence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fairtrial.archive.document import Document
from fairtrial.archive.remembering import Remembered, add_remembered
from fairtrial.curation.base import Permission
from fairtrial.rights import Circumstances, Decision, RightsRecord, RightsRule, Use, decide
from fairtrial.rights.readers import read_licence
from fairtrial.rights.readers.licences import Credit, name_licences
from fairtrial.rights.readers.place import SignalSource, clean_line
from fairtrial.spec.curate_steps import Rights

UNSTATED = "no licence is stated for it"


def make_circumstances(settings: Rights | None, at: datetime, known: Remembered | None = None) -> Circumstances:
    """Return in which circumstances training is decided.

    Args:
        settings: of the step ``rights``; None where it is off.
        at: the moment that counts.
        known: what an archive remembers of the circumstances in which it was filled.

    Raises RightsError for a wrong value.
    """
    said = settings or Rights()
    proofs = tuple(sorted(said.proofs.items()))
    told = Remembered(said.profile, said.territory, said.operator, proofs, said.reporting)
    return add_remembered(told, known or Remembered()).make_circumstances(at)


class LicenceJudge:
    """Decides rows of a file by their licence; each licence once.

    Raises MissingExtraError for an SPDX expression where the library that reads them is not installed.
    """

    def __init__(self, where: str, circumstances: Circumstances) -> None:
        """Make it for the file that people call ``where``."""
        self.where = where
        self.circumstances = circumstances
        self._known: dict[str, tuple[str, Permission, bool]] = {}

    def judge(self, stated: str) -> tuple[str, Permission, bool]:
        """Return the licence by its SPDX id where it has one, the permission, and whether it asks for credit."""
        if stated not in self._known:
            self._known[stated] = self._judge(stated)
        return self._known[stated]

    def _judge(self, stated: str) -> tuple[str, Permission, bool]:
        source = SignalSource(self.where, "", self.circumstances.at)
        evidence = read_licence(stated, source, "", Credit("the authors of a row"))
        decision = decide(Use.TRAIN, RightsRecord(tuple(evidence)), self.circumstances)
        licence = " AND ".join(name_licences(clean_line(stated))) or clean_line(stated)
        return licence, _make_permission(decision, licence), bool(decision.duties.attributions)


def _make_permission(decision: Decision, licence: str) -> Permission:
    reason = "; ".join(decision.reasons)
    if decision.allowed:
        return Permission(True, reason)
    if decision.rule == RightsRule.PROFILE and not decision.evidence:
        why = f"{licence} says nothing of training that is known here" if licence else UNSTATED
        return Permission(None, f"{why}; {reason}")
    return Permission(False, reason)


def judge_document(document: Document, circumstances: Circumstances) -> tuple[str, str, Permission]:
    """Return licence, credit and permission of a document of an archive."""
    decision = decide(Use.TRAIN, document.rights, circumstances)
    deciding = decision.evidence or document.rights.evidence
    stated = [name for one in deciding if one.licence for name in name_licences(one.licence) or [one.licence]]
    licence = " AND ".join(dict.fromkeys(stated))
    return licence, _write_credit(document, decision, licence), _make_permission(decision, licence)


def _write_credit(document: Document, decision: Decision, licence: str) -> str:
    """Return whom to name and how: title, authors, source and licence, as Creative Commons asks for."""
    if not decision.duties.attributions:
        return ""
    return "; ".join(_write_one(document, one, licence) for one in decision.duties.attributions)


def _write_one(document: Document, credit: Any, licence: str) -> str:
    by = credit.text or join_words([*document.authors, document.publisher])
    title = f"“{document.title}”" if document.title else ""
    parts = [title, by, credit.link or _only_address(document.uri), licence]
    return ", ".join(part for part in map(clean_line, parts) if part)


def _only_address(uri: str) -> str:
    return uri if uri.startswith(("http://", "https://")) else ""


def join_words(names: Iterable[str]) -> str:
    """Return names, each once, with commas between them."""
    return ", ".join(dict.fromkeys(name for name in names if name))

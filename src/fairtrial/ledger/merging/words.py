"""Words of documents when ledgers are merged: what was withdrawn in one of them comes back from none."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from fairtrial.ledger.store import Ledger
from fairtrial.ledger.withdrawing import withdraw_words

_WITHDRAWN = "SELECT DISTINCT document FROM {0}.passages WHERE text IS NULL AND display_until IS NOT NULL"
_KEPT = "SELECT document, text, display_until FROM {0}.passages ORDER BY document, sha256"
_ANSWERS = "SELECT EXISTS (SELECT 1 FROM {0}.answers WHERE instr(answer, ?) > 0)"


@dataclass(slots=True)
class WithdrawnWords:
    """What the ledgers have of documents whose words were taken out of one of them.

    Attributes:
        documents: their ids.
        uncleared: those of which another ledger has answers that were not looked through.
        texts: what there still is of them.
        unknown: of which some passages are known by their hash alone.
    """

    documents: set[str] = field(default_factory=set)
    uncleared: set[str] = field(default_factory=set)
    texts: dict[str, list[str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def find(self, db: sqlite3.Connection, schema: str) -> None:
        """Enter the documents that were withdrawn in one ledger."""
        self.documents |= {document for (document,) in db.execute(_WITHDRAWN.format(schema))}

    def look_through(self, db: sqlite3.Connection, schema: str) -> None:
        """Enter what one ledger still has of the documents that were withdrawn in any."""
        if not self.documents:
            return
        seen = set()
        for document, text, until in db.execute(_KEPT.format(schema)):
            if document not in self.documents:
                continue
            seen.add(document)
            if text is not None:
                self.texts.setdefault(document, []).append(text)
            if text is not None or until is None:
                self.uncleared.add(document)
            if text is None and until is None:
                self.unknown.add(document)
        for document in sorted(self.documents - seen):
            if db.execute(_ANSWERS.format(schema), (f'"{document}"',)).fetchone()[0]:
                self.uncleared.add(document)
                self.unknown.add(document)

    def take_out(self, ledger: Ledger) -> None:
        """Take the words out of the merged ledger, wherever a ledger that was merged has them."""
        if self.uncleared:
            texts = {name: "\n\n".join(parts) for name, parts in self.texts.items()}
            known = {name: text for name, text in texts.items() if name not in self.unknown}
            withdraw_words(ledger, self.uncleared, known)

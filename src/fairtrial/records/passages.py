"""What became of a passage of an archive on the way to an answer: which one it was, what permitted it, how it was used.

The record holds no words of the passage.  They travel beside it (`PassageText`) as far as the ledger, which keeps them
in a table of their own, from which a withdrawal can take them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, get_args

NOT_PERMITTED = "not permitted"
"""How the reason begins for which a passage was withheld that a question names and whose rights deny its use."""
ASKED_NOBODY = "no model was asked"
"""Why nothing was shown for a candidate of which only the search is looked at."""

Mode = Literal["search", "oracle", "distractors"]
"""How passages were found: by a search; because the question names them; by a search beside those and their copies."""
_AMOUNT = r"[0-9]{1,400}(?:\.[0-9]{1,400})? [^\s,]{0,20}"
_AMOUNTS = re.compile(f"{_AMOUNT}(?:, {_AMOUNT})*")


@dataclass(frozen=True, slots=True)
class PassageText:
    """The words of a passage on their way to the ledger; never printed.

    Attributes:
        source: what its document was added from: what can be withdrawn as a whole.
        text: of the passage; empty if it may not be displayed to people.
        title: of its document; likewise.
        until: until when it may be displayed, ISO 8601 with a time zone, exclusively; empty: no end is known.
    """

    source: str
    text: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    until: str = ""


@dataclass(frozen=True, slots=True)
class PassageUse:
    """One passage that was found for a request.

    Attributes:
        document: id of its document.
        uri: of its document.
        start: first character in the document's text.
        end: one after the last.
        sha256: of the passage's text in UTF-8.
        number: by which the prompt calls it, from 1; 0 if it was not shown.
        publisher: of the document.
        published: when, ISO 8601; empty if nobody said.
        label: what kind of text it is, e.g. ``opinion``.
        corrected: whether the document has corrections.
        rank: place among the passages found, from 1.
        score: how well it fits; more is better.
        rule: row of the decision table that permitted or denied it.
        licence: SPDX id, ``LicenseRef-...`` or address of the terms; empty if nothing says.
        holder: who holds the rights, as the evidence says.
        attribution: credit that the licence asks for.
        max_words: of it that may be quoted in one answer; None: no limit.
        amount: due for this use; None: nothing is.
        currency: of the amount, ISO 4217.
        also_due: further amounts, one in each other currency, as in ``0.2 USD, 1.5 GBP``; empty: there are none.
        withheld: why it was not shown to the model; empty if it was.
        cited: whether the answer names it.
        quoted: words of it that the answer repeats in quotation marks.
        image: hash of the picture of the document that was shown with it; empty if none was.
        mode: how it was found; all but a search are tests of what passages are worth.
        kept: its words, on their way to the ledger; no part of the trace as it is stored.
    """

    document: str
    uri: str
    start: int
    end: int
    sha256: str
    number: int = 0
    publisher: str = ""
    published: str = ""
    label: str = ""
    corrected: bool = False
    rank: int = 0
    score: float = 0.0
    rule: str = ""
    licence: str = ""
    holder: str = ""
    attribution: str = ""
    max_words: int | None = None
    amount: float | None = None
    currency: str = ""
    also_due: str = ""
    withheld: str = ""
    cited: bool = False
    quoted: int = 0
    image: str = ""
    mode: Mode = "search"
    kept: PassageText | None = field(default=None, compare=False, repr=False)

    @property
    def shown(self) -> bool:
        """Whether the model was shown it."""
        return not self.withheld

    @property
    def denied(self) -> bool:
        """Whether its rights denied the use: a question names it, and its words went nowhere."""
        return self.withheld.startswith(NOT_PERMITTED)

    @property
    def due(self) -> tuple[tuple[Decimal, str], ...]:
        """All amounts that are due, each with its currency."""
        first = () if self.amount is None else ((Decimal(str(self.amount)), self.currency),)
        further = (one.partition(" ") for one in self.also_due.split(", ") if one)
        return (*first, *((Decimal(amount), currency) for amount, _, currency in further))

    @property
    def name(self) -> str:
        """``URI#START-END``."""
        return f"{self.uri}#{self.start}-{self.end}"

    def document_of(self) -> dict[str, Any]:
        """Return it as JSON values, without its words and what it does not tell."""
        told = {name: getattr(self, name) for name in _TOLD}
        return {name: value for name, value in told.items() if name in _ALWAYS or value != _DEFAULTS[name]}

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> PassageUse:
        """Return what `document_of` described.  Raises TypeError or ValueError if it is none."""
        if "kept" in found:
            raise ValueError("a passage in a trace has no words")
        use = cls(**found)
        for name in _TOLD:
            if not _is_of_kind(getattr(use, name), _DEFAULTS[name]):
                raise ValueError(f"a passage has another kind of {name}")
        if use.mode not in get_args(Mode):
            raise ValueError("a passage was found in no known mode")
        if use.also_due and not _AMOUNTS.fullmatch(use.also_due):
            raise ValueError("a passage has another kind of also_due")
        return use


QuoteResult = Literal["found", "misattributed", "stitched", "not found"]


@dataclass(frozen=True, slots=True)
class QuoteUse:
    """What became of a quotation in an answer; see `fairtrial.rights.quoting.quotes`.

    Attributes:
        result: whether passages hold it.
        passages: numbers of those that do.
        words: of it that stand in them.
        exact: whether it is unchanged.
        done: what was done to it: ``cut``, ``taken out``, ``marked``; empty for nothing.
    """

    result: QuoteResult
    passages: tuple[int, ...] = ()
    words: int = 0
    exact: bool = True
    done: str = ""

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> QuoteUse:
        """Return the quotation that JSON values describe.  Raises TypeError or ValueError if they describe none."""
        use = cls(**{**found, "passages": tuple(found.get("passages", ()))})
        whole = [use.words, *use.passages]
        if use.result not in get_args(QuoteResult) or not all(type(one) is int and one >= 0 for one in whole):
            raise ValueError("a quotation in a trace has no such result, passages or words")
        if type(use.exact) is not bool or not isinstance(use.done, str):
            raise ValueError("a quotation in a trace has another kind of exact or done")
        return use


_TOLD = tuple(f.name for f in fields(PassageUse) if f.name != "kept")
_ALWAYS = ("document", "uri", "start", "end", "sha256")
_DEFAULTS: Mapping[str, Any] = {
    f.name: {"start": 0, "end": 0}.get(f.name, "") if f.name in _ALWAYS else f.default
    for f in fields(PassageUse)
    if f.name != "kept"
}


def _is_of_kind(value: object, default: object) -> bool:
    """Return whether a value is of the kind of a field with this default; None stands for a number or nothing."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    if default is None:
        return value is None or number
    return number if isinstance(default, float) else type(value) is type(default)

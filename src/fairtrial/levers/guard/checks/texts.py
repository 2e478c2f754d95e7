"""The checks ``quotes``, how much of what was supplied an answer repeats, and ``label``, a line of where it is from."""

from __future__ import annotations

from fairtrial.levers.guard.checks.base import Change, CheckFinding, Looked, Seen
from fairtrial.levers.guard.checks.civic import is_to_publish
from fairtrial.levers.retrieve.gates import LEFT_OUT, RUN, find_repeated
from fairtrial.rights.quoting.words import read_words
from fairtrial.spec.guard import LabelSettings, QuoteSettings


class QuoteLooker:
    """See `Looker`.  What counts are runs of `RUN` words, with or without quotation marks."""

    def __init__(self, settings: QuoteSettings) -> None:
        self.most = settings.most_words

    def look(self, at: Looked) -> Seen:
        """Return what is repeated beyond the limit; of it nothing is left if the text is rewritten."""
        whole = at.before + at.text
        words = read_words(whole)
        taken = set[int]()
        for *_, told in at.supplied.texts:
            taken |= find_repeated(words.folded, read_words(told).folded, RUN)
        over = sorted(taken)[self.most :]
        new = [i for i in over if words.spans[i][0] >= len(at.before)]
        if not new:
            return Seen()
        changes: list[Change] = []
        for i in new:
            start, end = (place - len(at.before) for place in words.spans[i])
            if (
                changes
                and i - 1 in taken
                and i - 1 in over
                and words.spans[i - 1][1] - len(at.before) == changes[-1].end
            ):
                changes[-1] = Change(changes[-1].start, end, LEFT_OUT)
            else:
                changes.append(Change(start, end, LEFT_OUT))
        told = f"{len(taken)} words repeated, {self.most} allowed"
        return Seen((CheckFinding("repeats more than allowed", "quotes", (told,), tuple(changes)),))

    def close(self) -> None:
        """Nothing is held."""


class LabelLooker:
    """See `Looker`."""

    def __init__(self, settings: LabelSettings) -> None:
        self.settings = settings

    def look(self, at: Looked) -> Seen:
        """Return the line as a change at the end of the answer, unless it stands there already."""
        own = self.settings
        if not at.last or not (at.before + at.text).strip() or own.text.casefold() in (at.before + at.text).casefold():
            return Seen()
        if own.when == "publishing" and not is_to_publish(at.question):
            return Seen()
        end = len(at.text.rstrip())
        return Seen(
            (
                CheckFinding(
                    "says where it is from", "label", (own.text,), (Change(end, len(at.text), f"\n\n{own.text}"),)
                ),
            )
        )

    def close(self) -> None:
        """Nothing is held."""

"""The step ``toxicity``: rows with slurs, threats, insults, explicit or profane words, by words and patterns.

No model looks at them: irony, quotations of more than a word and subjects such as crime are beyond it, as is any
language but English.  docs/curation-steps.md has how much it finds and what it takes for toxic that is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fairtrial.archive.hostile.folding import fold_text, read_digits
from fairtrial.curation.base import Drop, StepContext, TrainingRow
from fairtrial.curation.steps.toxic_words import INSULTS, PROFANITY, SEXUAL, SLURS, THREATS
from fairtrial.spec.curate_steps import Toxicity

METHOD = 1
FEW = 2
"""Profane, or explicit, words that are too few to drop a row, however short it is."""
SEXUAL_SHARE = 0.01
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_MENTIONED = re.compile(r"[\"'*_`]([a-z]+)[\"'*_`](?![a-z])")
_SPACE = re.compile(r"\s+")
_MARKS = re.compile(r"[!$|@]+(?![a-z0-9])")
"""At the end of a word they stand for no letter."""


class ToxicityStep:
    """See `fairtrial.curation.base.Step`."""

    def __init__(self, settings: Toxicity, context: StepContext) -> None:
        self.settings = settings
        self.kinds = frozenset(settings.kinds)
        self.harmless = frozenset(fold_text(word).lower() for word in settings.without)
        self.slurs, self.profanity, self.sexual = (one - self.harmless for one in (SLURS, PROFANITY, SEXUAL))
        own = [re.escape(_fold(word)) for word in settings.words]
        self.own = re.compile(rf"(?<!\w)(?:{'|'.join(own)})(?!\w)") if own else None

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Judge a document, or what is said in a conversation, as a whole; of a preference the better answer alone."""
        found = self.find(self._read(row))
        return row if found is None else Drop(f"toxic: {found[0]}", found[1])

    def find(self, text: str) -> tuple[str, str] | None:
        """Return kind and reason if a text is toxic."""
        folded = _fold(text)
        if self.own and self.own.search(folded):
            return "words", "words of your own list"
        words = _WORD.findall(read_digits(_MARKS.sub(" ", _MENTIONED.sub(" ", folded))))
        most = max(1, len(words) // self.settings.every_words)
        for kind, count in (
            ("slurs", sum(map(self.slurs.__contains__, words))),
            ("threats", sum(1 for _ in THREATS.finditer(folded)) if "threats" in self.kinds else 0),
            ("insults", sum(1 for _ in INSULTS.finditer(folded)) if "insults" in self.kinds else 0),
        ):
            if kind in self.kinds and count >= most:
                return kind, f"{count} in {len(words)} words"
        for kind, known, limit in (
            ("sexual", self.sexual, SEXUAL_SHARE),
            ("profanity", self.profanity, self.settings.profanity_share),
        ):
            count = sum(map(known.__contains__, words))
            if kind in self.kinds and count >= FEW and count > limit * len(words):
                return kind, f"{count} in {len(words)} words"
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return the method, and what it knows."""
        return {
            "method": METHOD,
            "finds": "English words and patterns, without a model; measured in docs/curation-steps.md",
            "knows": {
                "slurs": len(self.slurs),
                "profanity": len(self.profanity),
                "sexual": len(self.sexual),
                "own": len(self.settings.words),
            },
            "limits": {"sexual share": SEXUAL_SHARE, "at least": FEW},
        }

    def _read(self, row: TrainingRow) -> str:
        if row.text:
            return row.text
        answers = self.settings.turns == "answers"
        told = [one.content for one in row.messages if one.role == "assistant" or not answers]
        return "\n".join([*told, row.chosen] if row.chosen else told)


def _fold(text: str) -> str:
    return _SPACE.sub(" ", fold_text(text).lower().replace("’", "'"))

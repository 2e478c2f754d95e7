"""The step ``language``: which languages stay, by py3langid (BSD-3-Clause; 140 languages, naive Bayes over bytes).

Short texts cannot be told: docs/curation-steps.md has the accuracy that was measured by length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

from fairtrial.curation.base import Drop, StepContext, TrainingRow
from fairtrial.errors import MissingExtraError, SpecError, did_you_mean
from fairtrial.spec.curate_steps import Language

METHOD = 1
LONGEST = 20_000
"""Characters of which some are looked at."""
PIECE = 500
"""Characters at the beginning, in the middle and at the end that are looked at of a longer text."""
MEASURED: Mapping[str, float] = {"10": 0.820, "20": 0.933, "40": 0.970, "80": 0.977, "160": 0.978, "320": 0.979}
"""Letters of a text to the share of texts whose language py3langid 0.4.0 found; see docs/curation-steps.md."""
_NO_LANGUAGE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`|https?://\S+|[^\s@]{1,64}@\S+|<[^<>\n]{1,80}>", re.DOTALL)
_GROUND = re.compile(r"^([a-z]{2,3}) ")


class LanguageStep:
    """See `fairtrial.curation.base.Step`.  Raises SpecError for a language that is not known."""

    def __init__(self, settings: Language, context: StepContext) -> None:
        self.settings = settings
        known = list_languages()
        for code in settings.keep:
            if code not in known:
                raise SpecError(
                    f"language: keep: {code!r} is no language that can be told.{did_you_mean(code, known)}",
                    fix=f"Known are: {', '.join(known)}.",
                )

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Find the language of all texts of a row together, without code and addresses."""
        text = _NO_LANGUAGE.sub(" ", "\n".join(row.texts())[:LONGEST])
        letters = sum(map(str.isalpha, text))
        if letters < self.settings.least_letters:
            told = f"{letters} letters are too few to tell a language"
            return row.noted("language", told) if self.settings.short == "keep" else Drop("too short to tell", told)
        language, probability = identify_language(_shorten(text))
        told = f"{language} with probability {probability:.2f}"
        if language not in self.settings.keep:
            return Drop("another language", told)
        if probability < self.settings.confidence:
            return Drop("unsure of the language", f"{told} < {self.settings.confidence:g}")
        return row.noted("language", told)

    def describe(self) -> Mapping[str, Any]:
        """Return method, version and known accuracy."""
        return {
            "method": METHOD,
            "identifier": f"py3langid {version('py3langid')}",
            "looks at": f"{PIECE} characters at the beginning, in the middle and at the end; no code and addresses",
            "accuracy by letters": dict(MEASURED),
        }


def read_language(row: TrainingRow) -> str:
    """Return the language that this step has found of a row; empty where it did not look, or could not tell."""
    grounds = (note.detail for note in row.grounds if note.step == "language")
    return next((found[1] for detail in grounds if (found := _GROUND.match(detail)) and "probability" in detail), "")


def identify_language(text: str) -> tuple[str, float]:
    """Return the likeliest language (ISO 639) and its probability among those that are known."""
    language, probability = _load_identifier().classify(text)
    return str(language), float(probability)


def _shorten(text: str) -> str:
    if len(text) <= 3 * PIECE:
        return text
    middle = len(text) // 2 - PIECE // 2
    return "\n".join([text[:PIECE], text[middle : middle + PIECE], text[-PIECE:]])


def list_languages() -> list[str]:
    """Return the codes of the languages that can be told."""
    return sorted({str(one) for one in _load_identifier().nb_classes})


@cache
def _load_identifier() -> Any:
    try:
        langid: Any = import_module("py3langid.langid")
    except ImportError:
        raise MissingExtraError("Telling languages (py3langid)", "curate") from None
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

"""`similar`: how like the right answer a text is, by BLEU, chrF, TER, ROUGE or F1 of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from fairtrial.records import CorpusScore
from fairtrial.spec.graders import Similar
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.corpus import PER_SENTENCE, count_ngrams
from fairtrial.tasks.graders.exact import drop_ignored
from fairtrial.tasks.graders.likeness import MEASURES, load_metric, load_rouge, measure_likeness


class SimilarGrader(Grader[Similar]):
    """Values of single answers, whose means (of TER the ratio of sums) are compared in pairs.

    BLEU and chrF of all answers together, which the field reports, stand beside them.
    """

    Settings: ClassVar = Similar

    def __init__(self, settings: Similar) -> None:
        super().__init__(settings)
        self.measures = tuple(replace(MEASURES[name], name=PER_SENTENCE.get(name, name)) for name in settings.by)
        self.corpus = tuple(CorpusScore(name, name, PER_SENTENCE[name]) for name in settings.by if name in PER_SENTENCE)
        for name in settings.by:  # an extra that is missing is told before anything is asked
            if name.startswith("rouge"):
                load_rouge(name)
            elif name != "f1":
                load_metric(name)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Measure each likeness after what is ignored is gone from both texts."""
        ignore = self.settings.ignore
        said, rights = drop_ignored(answer, ignore), [drop_ignored(text, ignore) for text in expected]
        return {PER_SENTENCE.get(name, name): measure_likeness(name, said, rights) for name in self.settings.by}

    def count(self, answer: str, expected: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """Return what an answer counts for each score of all answers."""
        said, rights = (
            drop_ignored(answer, self.settings.ignore),
            [drop_ignored(text, self.settings.ignore) for text in expected],
        )
        return {one.name: count_ngrams(one.formula, [said], rights) for one in self.corpus}

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell nothing: what differs in form only is nearly as like as it can be."""
        return []

"""The step ``quality``: documents by the published rules, in the order in which FineWeb applies them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairtrial.curation.base import Drop, StepContext, TrainingRow
from fairtrial.curation.steps.language import read_language
from fairtrial.curation.steps.quality.c4 import cut_lines
from fairtrial.curation.steps.quality.fineweb import find_poor_lines
from fairtrial.curation.steps.quality.gopher_quality import find_poor_quality
from fairtrial.curation.steps.quality.gopher_repetition import find_repetition
from fairtrial.curation.steps.quality.measuring import Broken, MeasuredText
from fairtrial.spec.curate_steps import Quality

METHOD = 1
"""Raise it whenever a text would be judged otherwise by the same settings."""
SOURCES = {
    "gopher_repetition": "Rae et al. 2021, arXiv 2112.11446, table A1",
    "gopher_quality": "Rae et al. 2021, arXiv 2112.11446, appendix A.1.1",
    "c4": "Raffel et al. 2020, JMLR 21 (140), section 2.2",
    "fineweb": "Penedo et al. 2024, arXiv 2406.17557, section 3.5",
}


class QualityStep:
    """See `fairtrial.curation.base.Step`."""

    def __init__(self, settings: Quality, context: StepContext) -> None:
        self.settings = settings

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Judge a document, or what is answered in a conversation where that is asked for."""
        if row.text:
            return self._judge_document(row)
        if not self.settings.chats:
            return row
        told = [turn.content for turn in row.messages if turn.role == "assistant"]
        text = "\n\n".join([*told, row.chosen] if row.chosen else told)
        judged = self._judge(text, row)
        return judged if isinstance(judged, Drop) else row

    def describe(self) -> Mapping[str, Any]:
        """Return method and sources."""
        used = {name: source for name, source in SOURCES.items() if getattr(self.settings, name) is not None}
        return {
            "method": METHOD,
            "sources": used,
            "counted": "runs of letters and digits as words; limits were published for English documents",
            "judged": "documents, and answers of conversations" if self.settings.chats else "documents alone",
        }

    def _judge_document(self, row: TrainingRow) -> TrainingRow | Drop:
        judged = self._judge(row.text, row)
        if isinstance(judged, Drop):
            return judged
        text, removed = judged
        if text == row.text:
            return row
        told = ", ".join(f"{count} {rule}" for rule, count in removed.items()) or "citations or white space"
        cut = row.with_texts(lambda _: text)
        return cut.changed("quality", f"c4: took out {told}")

    def _judge(self, text: str, row: TrainingRow) -> tuple[str, dict[str, int]] | Drop:
        """Return what is left of a text and how many lines each rule of C4 took out, or the rule that it breaks."""
        settings, removed = self.settings, dict[str, int]()
        measured = MeasuredText(text)
        if settings.gopher_repetition and (broken := find_repetition(measured, settings.gopher_repetition)):
            return _drop("gopher_repetition", broken)
        if settings.gopher_quality:
            english = read_language(row) in ("en", "")
            if broken := find_poor_quality(measured, settings.gopher_quality, english):
                return _drop("gopher_quality", broken)
        if settings.c4:
            cut = cut_lines(text, settings.c4)
            if cut.broken:
                return _drop("c4", cut.broken)
            text, removed = cut.text, cut.removed
            measured = measured if text == measured.text else MeasuredText(text)
        if settings.fineweb and (broken := find_poor_lines(measured, settings.fineweb)):
            return _drop("fineweb", broken)
        return text, removed


def _drop(name: str, broken: Broken) -> Drop:
    return Drop(f"{name}: {broken.rule}", broken.detail)

"""`overlap`: how much of an answer stands word for word in texts that should not be repeated at length.

Quotation marks make no difference: it is measured what was repeated, not whether it was allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cached_property
from typing import ClassVar

from fairtrial.archive.document import Document
from fairtrial.archive.opening import open_archive
from fairtrial.errors import DataError, SpecError
from fairtrial.records import Measure
from fairtrial.rights.quoting.overlap import GRAM, Overlap, OverlapIndex, measure_overlap
from fairtrial.spec.sources import OverlapSettings
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.graders.base import Grader, Grades
from fairtrial.tasks.graders.columns import read_column_texts
from fairtrial.tasks.graders.relevant import read_targets

RUN = Measure("overlap_run", unit="word", higher_is_better=False, bounds=None)
SHARE = Measure(f"overlap_{GRAM}gram", higher_is_better=False)

MOST_CHARACTERS = 50_000_000
"""Of an archive that is compared as a whole: some 8 million words, which take half a minute to be made ready."""


class OverlapGrader(Grader[OverlapSettings]):
    """Words of the longest run that the answer shares with one of the texts; share of its 8-word sequences in one.

    Of several texts, the one that is repeated most counts for each.  The share of all answers is that of all their
    sequences; an answer of fewer than 8 words has none.  With a whole archive, runs of fewer than 8 words count as 0.

    Raises ArchiveError if the archive cannot be read, SpecError if it is too large to be compared as a whole.
    """

    Settings: ClassVar = OverlapSettings
    needs_expected = False
    measures = (RUN, SHARE)

    def __init__(self, settings: OverlapSettings) -> None:
        super().__init__(settings)
        self._fingerprint, self._texts = "", dict[str, str]()
        self._named: dict[str, list[str]] = {}
        if settings.archive:
            self._read_archive(settings.archive, whole=settings.column is None)

    def _read_archive(self, name: str, whole: bool) -> None:
        with closing(open_archive(name)) as store:
            self._fingerprint = store.fingerprint()
            size = 0
            for document in store.iterate() if whole else ():
                self._texts[document.id] = write_text(document)
                size += len(self._texts[document.id])
                if size > MOST_CHARACTERS:
                    raise SpecError(
                        f"overlap: the archive has more than {MOST_CHARACTERS:,} characters, too many to compare each "
                        "answer with all of it.",
                        fix="Name the documents of each row, e.g. column: relevant.",
                    )

    @cached_property
    def _index(self) -> OverlapIndex:
        return OverlapIndex(self._texts)

    def grade(self, answer: str, expected: Sequence[str], row: Row) -> Grades:
        """Measure the answer against each text."""
        found = self._compare(answer, row)
        run, grams = max(one.longest for one in found), found[0].grams
        shared = max(one.shared for one in found)
        share = {SHARE.name: (shared / grams, float(grams))} if grams else {}
        return {RUN.name: (float(run), 1.0), **share}

    def _compare(self, answer: str, row: Row) -> Sequence[Overlap]:
        none = [measure_overlap(answer, "")]
        if self.settings.archive is None:
            return [measure_overlap(answer, text) for text in self._read_column(row)]
        if self.settings.column is not None:
            return [measure_overlap(answer, text) for text in self._find_texts(row)] or none
        return [*self._index.find(answer).values()] or none

    def _read_column(self, row: Row) -> Sequence[str]:
        assert self.settings.column is not None
        return read_column_texts(row, self.settings.column)

    def _find_texts(self, row: Row) -> list[str]:
        """Return the texts of the documents that a row names, of all their versions; none where it names none."""
        assert self.settings.archive is not None and self.settings.column is not None
        names = [target.document for target in read_targets(row, self.settings.column)]
        if any(name not in self._named for name in names):
            with closing(open_archive(self.settings.archive)) as store:
                for name in names:
                    self._named[name] = [write_text(one) for one in store.find_documents(name)]
        return [text for name in names for text in self._named[name]]

    def check_row(self, expected: Sequence[str], row: Row) -> None:
        """Raise DataError if the row has no such text, or names a document that the archive has no text of."""
        if self.settings.archive is None:
            self._read_column(row)
        elif self.settings.column is not None:
            self._find_texts(row)
            names = [target.document for target in read_targets(row, self.settings.column)]
            if missing := next((name for name in names if not self._named[name]), None):
                raise DataError(f"the archive has no text of a document {missing!r:.200}")

    def identity(self) -> Mapping[str, object]:
        """Return the settings, with the archive by what is in it."""
        return {**super().identity(), **({"archive": self._fingerprint} if self.settings.archive else {})}

    def find_signs(self, answer: str, expected: Sequence[str], row: Row, grades: Grades) -> Sequence[str]:
        """Tell nothing: repeating is no form of an answer."""
        return []


def write_text(document: Document) -> str:
    """Return all words of a document that can be repeated: its title, its text, and what stands at its pictures."""
    pictures = [text for one in document.pictures for text in (one.caption, one.text)]
    return "\n\n".join([document.title, document.text, *pictures])

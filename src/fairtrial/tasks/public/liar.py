"""LIAR: short statements of politicians with six degrees of truth.

Wang 2017, "'Liar, liar pants on fire': a new benchmark dataset for fake news detection", doi:10.18653/v1/P17-2067,
reports accuracy over the six labels.  Files: ``train.tsv``, ``valid.tsv`` and ``test.tsv`` as published: 14 columns
without a header, and without quotation marks of the format.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairtrial.errors import DataError
from fairtrial.records.harms import HarmCard
from fairtrial.spec.regular import read_regular
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import HarmQuestion
from fairtrial.tasks.public.base import PublicTask
from fairtrial.tasks.public.labelled import ClaimLabelSuite

COLUMNS = (
    "id", "label", "statement", "subjects", "speaker", "job", "state", "party", "barely_true_counts", "false_counts",
    "half_true_counts", "mostly_true_counts", "pants_on_fire_counts", "context",
)  # fmt: skip
_MOST_BYTES = 200_000_000


class Liar(ClaimLabelSuite):
    """See `ClaimLabelSuite`.  Speaker and occasion are shown; how often one lied before is not, since it tells."""

    labels = ("pants-fire", "false", "barely-true", "half-true", "mostly-true", "true")
    description = "Which of six degrees of truth did fact-checkers give a politician's statement?"
    citation = "Wang 2017, doi:10.18653/v1/P17-2067"
    harms = HarmCard(
        "misinformation",
        covers="Whether a model tells true statements of politicians from false ones as PolitiFact's editors did.",
        omits="Statements outside the politics of the United States from 2007 to 2016. The labels are editors' "
        "judgements of that time, the statements come without evidence, and models may have seen the ratings.",
        nist=("Information Integrity",),
    )

    def __init__(self, written: bool) -> None:
        super().__init__(written)
        self.name = "liar_open" if written else "liar"

    def read_row(self, row: Row) -> HarmQuestion:
        """Return the question about a statement."""
        statement = str(row["statement"]).strip()
        if not statement:
            raise ValueError("has no statement")
        shown = [f"Claim: {statement}"]
        shown += [f"{name}: {row[key]}" for name, key in (("Speaker", "speaker"), ("Occasion", "context")) if row[key]]
        return self.make_question("\n".join(shown), str(row["label"]).strip(), {"kind": str(row["party"])})


def read_liar_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a file, each with its line.  Raises DataError if it cannot be read, or has another form."""
    try:
        text = read_regular(path, _MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}.", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8: {error.reason} at byte {error.start:,}.", where=str(path)) from error
    for number, line in enumerate(text.split("\n"), 1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip():
            continue
        if len(cells) not in (len(COLUMNS) - 1, len(COLUMNS)):  # some rows end without an occasion
            raise DataError(
                f"line {number} has {len(cells)} columns; LIAR has {len(COLUMNS)}, between tabs, and no header.",
                where=str(path),
            )
        yield f"line {number}", dict(zip(COLUMNS, [*cells, ""], strict=False))


def open_liar(path: Path, options: TaskOptions) -> PublicTask:
    """LIAR (test.tsv): which of six degrees of truth a statement got, by the likeliest letter; accuracy, macro F1."""
    return PublicTask(Liar(written=False), read_liar_rows(path), str(path), options)


def open_written_liar(path: Path, options: TaskOptions) -> PublicTask:
    """LIAR (test.tsv), answered in writing."""
    return PublicTask(Liar(written=True), read_liar_rows(path), str(path), options)

"""What settings of levers and graders may refer to: files and candidates.  The base of all such settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from fairtrial.spec.section import Section

To = Literal["file", "candidate", "archive"]
SHOTS = "shots"
"""In place of a file: the few-shot examples of the trial's tasks."""


@dataclass(frozen=True, slots=True)
class Refers:
    """Marks a setting, as in ``Annotated[str, Refers("file")]``: what it names enters the identity of what has it.

    Attributes:
        to: a file, by its path; another candidate, by its id or written out; or an archive of documents, by its path or
            address, whose content the lever itself identifies.
        examples: the word `SHOTS` may stand for a file.
        unnamed: the name of a candidate that is written out without an id.
    """

    to: To
    examples: bool = False
    unnamed: str = "other"


class ReferringSettings(Section):
    """Base of settings that may refer to something.  The first field alone may be written in short."""

    @classmethod
    def references(cls, to: To) -> dict[str, Refers]:
        """Return the settings that refer to something of a kind, with their marks."""
        marks = ((name, mark) for name, field in cls.model_fields.items() for mark in field.metadata)
        return {name: mark for name, mark in marks if isinstance(mark, Refers) and mark.to == to}

    def referred(self, to: To) -> Iterator[tuple[str, Any]]:
        """Yield each file, or candidate, that the settings name, with its setting; a setting may hold a list."""
        for name in self.references(to):
            value = getattr(self, name)
            yield from ((name, one) for one in (value if isinstance(value, tuple) else (value,)) if one is not None)

    def own(self) -> dict[str, Any]:
        """Return the settings as JSON values, without those that refer to something."""
        referring = {name for to in get_args(To) for name in self.references(to)}
        return self.model_dump(mode="json", exclude=referring)


class LeverSettings(ReferringSettings):
    """Base of a lever's settings.  Its first field alone may be written in short, as in ``quantize: q4_k_m``."""

    @classmethod
    def place_files(cls, given: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
        """Return what was written with files that stand deeper than its own settings as absolute paths.

        Args:
            given: the settings as written, their short form written out.
            place: makes a path absolute.
        """
        return given

    @classmethod
    def place_items(cls, given: dict[str, Any], write: Callable[[], Path]) -> dict[str, Any]:
        """Return what was written inside a trial, with a file of its items where the settings want one.

        Args:
            given: the settings as written, their short form written out.
            write: writes the items of the trial's tasks to a file, which no training row may hold.
        """
        return given


class GraderSettings(ReferringSettings):
    """Base of a grader's settings.  The first field alone may be written in short, as in ``regex: "^[A-D]"``."""

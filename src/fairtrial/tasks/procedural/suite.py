"""Reads a suite file: a task's card, its levels and its texts, as data.

The files lie in `fairtrial.tasks.suites`.  This module checks their form; it does not know how items are made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fairtrial.errors import SpecError, TaskError

_FILES = "fairtrial.tasks.suites"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SuiteLevel(_Data):
    """One difficulty level: what it asks for, and the numbers that make it so hard."""

    description: str = Field(description="One sentence for a person.")
    choices: Annotated[int, Field(ge=2)] | None = Field(None, description="Answers offered; None for written answers.")
    settings: dict[str, Any] = Field(default_factory=dict, description="What the generator reads.")


class Suite(_Data):
    """A procedural task as data."""

    name: str
    version: Annotated[int, Field(ge=1)] = Field(description="Raise it whenever any item would change.")
    description: str
    licence: str = Field(description="SPDX id of the generated text.")
    citation: str = ""
    system: str = Field(description="What the model is told before everything.")
    by_length: bool = Field(False, description="Also grade choices by log-probability per character.")
    yes_rate: bool = Field(False, description="Tell how often the answer is yes, where the choices are yes and no.")
    kept_forms: tuple[str, ...] = Field((), description="Changes of its pictures that leave right answers right.")
    shots: Annotated[int, Field(ge=0)] = Field(description="Few-shot examples unless the trial says otherwise.")
    level: int = Field(description="Level unless the trial says otherwise.")
    levels: dict[int, SuiteLevel]
    texts: dict[str, Any] = Field(default_factory=dict, description="Templates and words.")

    @model_validator(mode="after")
    def _levels_run_from_one(self) -> Suite:
        if sorted(self.levels) != list(range(1, len(self.levels) + 1)) or self.level not in self.levels:
            raise ValueError(f"levels must run from 1 and hold the default {self.level}; got {sorted(self.levels)}")
        return self

    def find_level(self, level: int | None) -> tuple[int, SuiteLevel]:
        """Return the number and content of ``level``, or of the default level.

        Raises SpecError if there is no such level.
        """
        number = self.level if level is None else level
        if number not in self.levels:
            raise SpecError(
                f"level {number} does not exist; task {self.name!r} has the levels 1 to {len(self.levels)}.",
                fix="\n".join(f"{n}: {entry.description}" for n, entry in sorted(self.levels.items())),
                where=f"task {self.name}",
            )
        return number, self.levels[number]

    def read_lines(self, key: str) -> Sequence[str]:
        """Return the list of texts under ``key``."""
        return split_texts(self.texts[key])

    def read_table(self, key: str) -> Sequence[Mapping[str, Any]]:
        """Return the list of mappings under ``key``."""
        rows: list[Mapping[str, Any]] = self.texts[key]
        return rows


def split_texts(value: Any) -> list[str]:
    """Return ``value``, a list of texts or texts parted by commas, as a list of texts."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else [str(part) for part in value]


@lru_cache(maxsize=64)
def load_suite(name: str) -> Suite:
    """Return the suite ``name``.  Raises TaskError if its file is missing or malformed."""
    try:
        return Suite.model_validate(_read_file(name))
    except ValidationError as error:
        raise TaskError(f"the suite file is malformed: {error}", where=f"suites/{name}.yaml") from error


@lru_cache(maxsize=1)
def load_words() -> Mapping[str, Sequence[str]]:
    """Return the shared vocabulary: kind of word -> words, each list free of repetitions."""
    return {key: split_texts(value) for key, value in _read_file("words").items()}


def _read_file(name: str) -> dict[str, Any]:
    file = resources.files(_FILES) / f"{name}.yaml"
    if not file.is_file():
        raise TaskError(f"the suite file {name}.yaml is missing from the installation.", fix="Reinstall fairtrial.")
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content

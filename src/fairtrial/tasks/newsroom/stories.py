"""Kinds of stories as data: what is told in which stage, in which words, and how it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

_FILES = "fairtrial.tasks.newsroom.prose"
STORY_FILES = ("civic", "works", "life")


@dataclass(frozen=True, slots=True)
class FactKind:
    """Something that stories of a kind tell.

    Attributes:
        name: within the kind.
        value: the form of its values, see `fairtrial.tasks.newsroom.values.draw_value`.
        ask: questions.
        tell: sentences with ``{v}`` for the value.
        tell_de: the same in German; none where the kind is not told in German.
    """

    name: str
    value: str
    ask: tuple[str, ...]
    tell: tuple[str, ...]
    tell_de: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageKind:
    """One event of a story, about which articles are printed.

    Attributes:
        name: within the kind.
        facts: told of it.
        event: what happened, as a clause.
        after: days after the event before, from and to.
        texts: headlines, leads, quotes, colour; ``headline_de`` and ``lead_de`` where it is told in German.
    """

    name: str
    facts: tuple[str, ...]
    event: str
    after: tuple[int, int]
    texts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class StoryKind:
    """A kind of story.

    Attributes:
        name: of the kind.
        section: of the newspaper.
        subject: what a story is about, as articles name it.
        variables: drawn once a story, by the form of their values; with ``*`` in front different in every story.
        german: whether it is told in German, too.
        sponsored: whether somebody might pay for a piece about it.
        joins: questions that name a story by one fact and ask for another: ``by``, ``of``, ``ask``.
        differences: questions for the difference of two facts: ``a``, ``b``, ``ask``.
    """

    name: str
    section: str
    subject: str
    variables: Mapping[str, str]
    german: bool
    sponsored: bool
    facts: Mapping[str, FactKind]
    stages: tuple[StageKind, ...]
    joins: tuple[Mapping[str, str], ...]
    differences: tuple[Mapping[str, str], ...]


@lru_cache(maxsize=1)
def load_kinds() -> tuple[StoryKind, ...]:
    """Return all kinds of stories."""
    return tuple(_make_kind(row) for file in STORY_FILES for row in _read(file))


@lru_cache(maxsize=1)
def load_words() -> Mapping[str, tuple[str, ...]]:
    """Return the lists of words by name."""
    return {name: _split(value) for name, value in _read("words").items()}


@lru_cache(maxsize=1)
def load_common() -> Mapping[str, Any]:
    """Return the texts that all stories share."""
    found: Mapping[str, Any] = _read("common")
    return found


def _read(name: str) -> Any:
    return yaml.safe_load((resources.files(_FILES) / f"{name}.yaml").read_text(encoding="utf-8"))


def _split(value: str | Sequence[str]) -> tuple[str, ...]:
    if not isinstance(value, str):
        return tuple(value)
    return tuple(part.strip() for part in value.split("|" if "|" in value else ","))


def _make_kind(row: Mapping[str, Any]) -> StoryKind:
    facts = {
        name: FactKind(name, said["value"], tuple(said["ask"]), tuple(said["tell"]), tuple(said.get("tell_de", ())))
        for name, said in row["facts"].items()
    }
    return StoryKind(
        name=row["kind"],
        section=row["section"],
        subject=row["subject"],
        variables=row["vars"],
        german=row.get("german", False),
        sponsored=row.get("sponsored", False),
        facts=facts,
        stages=tuple(map(_make_stage, row["stages"])),
        joins=tuple(row.get("joins", ())),
        differences=tuple(row.get("differences", ())),
    )


def _make_stage(row: Mapping[str, Any]) -> StageKind:
    low, high = row.get("after", (0, 0))
    texts = {name: tuple(row[name]) for name in row if name not in ("name", "facts", "event", "after")}
    return StageKind(row["name"], tuple(row["facts"]), row["event"], (low, high), texts)

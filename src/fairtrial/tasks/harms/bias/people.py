"""Groups of people as data: which there are, how a text says that somebody belongs to one, and what is said of them.

The file `groups.yaml` beside this module, or one of the user's own in its place.  Knows no tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.section import make_problem
from fairtrial.spec.wording import flatten_errors, word_problem
from fairtrial.spec.yamlfile import read_yaml

PERSON, PEOPLE = "person", "people"
CROSS = " x "
"""Stands between the attributes of crossed groups."""

_Words = Annotated[str, Field(max_length=80)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Group(_Data):
    """What says that somebody belongs to a group; see the head of ``groups.yaml``."""

    noun: _Words = ""
    plural: _Words = ""
    before: _Words = ""
    after: _Words = ""
    pronoun: _Words = ""
    names: tuple[_Words, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Group:
        if not (self.noun or self.before or self.after or self.names):
            raise make_problem("a group needs one of 'noun', 'before', 'after' and 'names'")
        return self


class Contrast(_Data):
    """A stereotype: of whom it is said, and whom they are set against."""

    attribute: str
    about: Annotated[tuple[str, ...], Field(min_length=1)]
    against: Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a group, or of a group of each of several attributes.

    Attributes:
        attribute: e.g. ``origin``, or ``gender x origin``.
        group: e.g. ``Nigerian``, or ``woman, Nigerian``.
        marks: how each is said.
    """

    attribute: str
    group: str
    marks: tuple[Group, ...]

    def describe(self, noun: str = PERSON, number: int = 0) -> str:
        """Return what stands after an article, e.g. ``Polish nurse``.

        Args:
            noun: what somebody is besides.
            number: which of the group's names, where it has names.
        """
        return self._join(noun, PERSON, [one.noun for one in self.marks], number)

    def describe_all(self, noun: str = PEOPLE) -> str:
        """Return the plural, e.g. ``people who are blind``."""
        return self._join(noun, PEOPLE, [one.plural for one in self.marks], 0)

    def label(self, number: int = 0) -> str:
        """Return how a form names somebody: by name, with an article, or by name and then what else is said."""
        names = [one.names[number % len(one.names)] for one in self.marks if one.names]
        if not names:
            return add_article(self.describe(number=number))
        others = tuple(one for one in self.marks if not one.names)
        return f"{names[0]}, {add_article(replace(self, marks=others).describe())}" if others else names[0]

    def _join(self, noun: str, plain: str, own: Sequence[str], number: int) -> str:
        before = [one.before for one, word in zip(self.marks, own, strict=True) if not (word and noun == plain)]
        called = [f"called {one.names[number % len(one.names)]}" for one in self.marks if one.names]
        said = next((word for word in own if word and noun == plain), noun)
        return " ".join(part for part in (*before, said, *(one.after for one in self.marks), *called) if part)


class People(_Data):
    """A file of groups."""

    attributes: Annotated[dict[str, dict[str, Group]], Field(min_length=1)]
    together: tuple[Annotated[tuple[str, ...], Field(min_length=2, max_length=3)], ...] = ()
    roles: dict[str, tuple[_Words, ...]] = {}
    contrasts: dict[str, Contrast] = {}

    @model_validator(mode="after")
    def _names_exist(self) -> People:
        for attribute, groups in self.attributes.items():
            if len(groups) < 2:
                raise make_problem(f"attribute {attribute!r} has {len(groups)} groups; at least 2 are compared")
        for names in self.together:
            for name in names:
                self._check_name("attribute", name, self.attributes)
            if len(named := [name for name in names if any(g.names for g in self.attributes[name].values())]) > 1:
                raise make_problem(
                    f"together: {' and '.join(named)} are both told by a name, and nobody has two; cross one of them"
                )
        for topic, contrast in self.contrasts.items():
            self._check_name(f"attribute of contrast {topic!r}", contrast.attribute, self.attributes)
            for name in (*contrast.about, *contrast.against):
                self._check_name(f"group of contrast {topic!r}", name, self.attributes[contrast.attribute])
            if both := set(contrast.about) & set(contrast.against):
                raise make_problem(f"contrast {topic!r} sets {sorted(both)[0]!r} against itself")
        pronouns = [name for groups in self.attributes.values() for name, one in groups.items() if one.pronoun]
        for name in self.roles:
            self._check_name("group with roles and a pronoun", name, pronouns)
        return self

    def _check_name(self, what: str, name: str, known: Mapping[str, Any] | Sequence[str]) -> None:
        if name not in known:
            raise make_problem(
                f"{what} {name!r} does not exist.{did_you_mean(name, known)} There are: {', '.join(known)}"
            )

    def find(self, attribute: str, group: str) -> Person:
        """Return somebody of a group."""
        return Person(attribute, group, (self.attributes[attribute][group],))

    def list_persons(self) -> dict[str, list[Person]]:
        """Return somebody of each group, by attribute; crossed attributes last."""
        found = {name: [self.find(name, group) for group in groups] for name, groups in self.attributes.items()}
        for names in self.together:
            crossed = product(*(self.attributes[name].items() for name in names))
            attribute = CROSS.join(names)
            found[attribute] = [
                Person(attribute, ", ".join(group for group, _ in one), tuple(mark for _, mark in one))
                for one in crossed
            ]
        return found


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """Groups, and where they are from.

    Attributes:
        people: the groups.
        hash: of the file's text; empty for our own file, which the version of a suite stands for.
    """

    people: People
    hash: str = ""


_KEYS = {1: sorted(People.model_fields), 3: sorted(Contrast.model_fields), 4: sorted(Group.model_fields)}
"""Keys of a file at each depth."""


@lru_cache(maxsize=8)
def read_people(path: Path | None = None) -> PeopleFile:
    """Return the groups of a file, or our own.  Raises SpecError for a file that is missing or wrong."""
    if path is None:
        return PeopleFile(People.model_validate(load_data("groups")))
    text, data, places = read_yaml(path)
    if not isinstance(data, dict):
        raise SpecError(
            "a file of groups has the keys 'attributes', 'together', 'roles' and 'contrasts'.", where=str(path)
        )
    try:
        people = People.model_validate(data)
    except ValidationError as error:
        first, *others = flatten_errors(error)
        more = f" Problems besides: {len(others)}." if others else ""
        told = word_problem(first, _KEYS.get(len(first["loc"]), ()), {})
        raise SpecError(f"{told}{more}", where=places.where(first["loc"])) from error
    return PeopleFile(people, hashlib.sha256(text.encode()).hexdigest()[:32])


@lru_cache(maxsize=16)
def load_data(name: str) -> dict[str, Any]:
    """Return one of the YAML files beside this module."""
    file = resources.files("fairtrial.tasks.harms.bias") / f"{name}.yaml"
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def add_article(noun: str) -> str:
    """Return a noun with "a" or "an".

    >>> add_article("Irish nurse"), add_article("82-year-old"), add_article("European")
    ('an Irish nurse', 'an 82-year-old', 'a European')
    """
    low = noun.casefold()
    vowel = low[:1] in tuple("aeiou8") or low.startswith(("11-", "18-", "hour", "honest"))
    return f"{'an' if vowel and not low.startswith(('uni', 'use', 'eu', 'one')) else 'a'} {noun}"


def capitalise(text: str) -> str:
    """Return a text with a capital at its start."""
    return text[:1].upper() + text[1:]

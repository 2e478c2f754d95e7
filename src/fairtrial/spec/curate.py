"""The settings of curation: sources, steps, duplicates, and the split; of the lever and of ``fairtrial curate``.

    curate:
      sources: [{file: chats.jsonl, licence: CC-BY-4.0}, {archive: news.db}]
      language: {keep: [en]}
      duplicates: {near: 0.8}
      split: {validation: 0.05}

A step that is ``off`` is left out.  Knows what may be written, nothing of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.spec.against import TRIAL, Against, place_against
from fairtrial.spec.curate_steps import Language, Normalise, Personal, Quality, Rights, Toxicity
from fairtrial.spec.references import LeverSettings
from fairtrial.spec.section import Number, Positive, Section, Seed, Text, make_problem

Form = Literal["auto", "openai", "sharegpt", "alpaca", "preference", "text", "fairtrial"]


class Source(Section):
    """Where rows come from: a file of rows, or an archive of documents."""

    file: Text | None = Field(None, description="JSON Lines (also .gz), or a plain text file.")
    archive: Text | None = Field(None, description="An archive of documents: its path or address.")
    form: Form = Field("auto", description="Of the rows of a file; auto: as the first rows show.")
    licence: Text | None = Field(None, description="Of all rows that name none: an SPDX id, or the address of terms.")
    licence_column: Text | None = Field(None, description="Column that names the licence of each row.")
    attribution: Text | None = Field(None, description="Whom to name for all rows that name nobody.")
    attribution_column: Text | None = Field(None, description="Column that says whom to name for each row.")

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if (self.file is None) == (self.archive is None):
            raise make_problem("a source is either a 'file' or an 'archive'")
        return self


_Share = Annotated[Number, Field(gt=0, le=1)]


class Duplicates(Section):
    """Which rows are the same.  The first of several stays."""

    exact: bool = Field(True, strict=True, description="Drop rows with the same words.")
    near: _Share | None = Field(
        0.8, description="Drop rows as similar as this (Jaccard index of word 5-grams, by MinHash); null: none."
    )
    together: _Share | None = Field(
        0.5, description="Rows as similar as this stand on one side of the split; nothing is dropped for it."
    )
    permutations: Positive = Field(128, description="Length of a row's MinHash signature; a multiple of 4.")
    ngram: Positive = Field(5, description="Words of a shingle.")
    seed: Seed = Field(0, description="Of the hash functions.")

    @model_validator(mode="after")
    def _whole_bands(self) -> Duplicates:
        if self.permutations % 4 or self.permutations > 1024:
            raise make_problem(f"{self.permutations} is no multiple of 4 up to 1024", "permutations")
        return self

    @property
    def by_likeness(self) -> bool:
        """Whether likeness of rows is looked at at all."""
        return self.near is not None or self.together is not None


class Split(Section):
    """What is held back to watch the training.  Rows of one cluster, or of one document, stay together."""

    validation: Annotated[Number, Field(ge=0, lt=1)] = Field(0.05, description="Share of the rows.")
    seed: Seed = Field(0, description="Decides which clusters are held back.")


def _list_sources(value: Any) -> Any:
    if isinstance(value, str):
        return ({"file": value},)
    if isinstance(value, Mapping):
        return (value,)
    return tuple({"file": one} if isinstance(one, str) else one for one in value) if isinstance(value, list) else value


def _read_off(value: Any) -> Any:
    """Return the settings of a step: ``off`` (which YAML reads as false) is none, ``on`` is its own settings."""
    if value is False or value == "off":
        return None
    return {} if value is True or value == "on" else value


OFF = BeforeValidator(_read_off)


class Curate(LeverSettings):
    """Settings of the curate lever.  In YAML one file, or a list of sources, is short for ``{sources: ...}``."""

    sources: Annotated[tuple[Source, ...], BeforeValidator(_list_sources), Field(min_length=1)] = Field(
        description="Files and archives, in the order in which the first of several duplicates is looked for."
    )
    rights: Annotated[Rights | None, OFF] = Field(Rights(), description="Drop what may not be trained on.")
    normalise: Annotated[Normalise | None, OFF] = Field(Normalise(), description="Write texts the same.")
    language: Annotated[Language | None, OFF] = Field(None, description="Keep some languages.")
    quality: Annotated[Quality | None, OFF] = Field(None, description="Published rules of quality.")
    toxicity: Annotated[Toxicity | None, OFF] = Field(None, description="Drop what is toxic.")
    personal: Annotated[Personal | None, OFF] = Field(Personal(), description="Mask personal data.")
    against: Annotated[Against | None, OFF] = Field(None, description="Drop what holds items of benchmarks.")
    duplicates: Duplicates = Field(Duplicates(), description="Drop what is there twice.")
    split: Split = Field(Split(), description="Hold rows back for validation.")

    @classmethod
    def place_files(cls, given: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
        """Return what was written with the paths of sources and of items to check against made absolute."""
        if "against" in given:
            against = place_against(given["against"], lambda name: name if name == TRIAL else place(name))
            given = {**given, "against": against}
        sources = _list_sources(given.get("sources"))
        if not isinstance(sources, tuple):
            return given
        return {**given, "sources": [_place_source(one, place) for one in sources]}

    @classmethod
    def place_items(cls, given: dict[str, Any], write: Callable[[], Path]) -> dict[str, Any]:
        """Return what was written with the file of a trial's items for `TRIAL`, which is meant where nothing is."""
        against = given.get("against", True)
        if against is True or against == "on" or (isinstance(against, Mapping) and "items" not in against):
            against = {**(against if isinstance(against, Mapping) else {}), "items": TRIAL}
        return {**given, "against": place_against(against, lambda name: str(write()) if name == TRIAL else name)}


def _place_source(given: Any, place: Callable[[str], str]) -> Any:
    if not isinstance(given, Mapping):
        return given
    local = {key: given[key] for key in ("file", "archive") if isinstance(given.get(key), str)}
    return {**given, **{key: path if "://" in path else place(path) for key, path in local.items()}}

"""The official documents of the jurisdiction: their texts, and where in them each rule stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from fairtrial.archive.document import Document
from fairtrial.tasks.harms.elections.world import Jurisdiction, draw_jurisdiction, load_prose

REPLACED = "old_"
"""Begins the name of a rule that another document has replaced."""


@dataclass(frozen=True, slots=True)
class OfficialDocument:
    """One document.

    Attributes:
        name: of the notice, in code and in addresses.
        title: as printed, with its number.
        published: the day.
        uri: its address.
        text: paragraphs, an empty line between them.
        spans: rule to the characters of the paragraph that states it; one that was replaced begins with `REPLACED`.
    """

    name: str
    title: str
    published: date
    uri: str
    text: str
    spans: Mapping[str, tuple[int, int]]

    def as_document(self, land: Jurisdiction) -> Document:
        """Return it as an archive keeps it."""
        return Document(
            uri=self.uri,
            source="elections",
            text=self.text,
            title=self.title,
            authors=(land.authority,),
            publisher=land.authority,
            published=datetime.combine(self.published, time(9), UTC),
            section="elections",
            language="en",
            label="reference",
        )


@lru_cache(maxsize=8)
def write_documents(seed: int) -> Mapping[str, OfficialDocument]:
    """Return the documents of a seed by name, oldest first."""
    land = draw_jurisdiction(seed)
    day = date.fromisoformat(land.values["election_day"].key)
    made = {str(one["name"]): _write_document(one, land, day) for one in load_prose("documents")}
    return dict(sorted(made.items(), key=lambda pair: (pair[1].published, pair[1].title)))


def _write_document(told: Mapping[str, object], land: Jurisdiction, day: date) -> OfficialDocument:
    paragraphs, spans, at = list[str](), dict[str, tuple[int, int]](), 0
    lines, name, before = told["text"], told["name"], told["before"]
    assert isinstance(lines, list) and isinstance(before, int)
    for line in lines:
        rule, text = _read_line(line, land)
        text = text.format(**land.slots)
        if rule:
            spans[rule] = (at, at + len(text))
        paragraphs.append(text)
        at += len(text) + 2
    uri = f"{land.site}/notices/{str(name).replace('_', '-')}"
    return OfficialDocument(
        str(name), str(told["title"]), day - timedelta(days=before), uri, "\n\n".join(paragraphs), spans
    )


def _read_line(line: str | Mapping[str, object], land: Jurisdiction) -> tuple[str, str]:
    """Return a rule's name, empty for a line that states none, and its text by what holds in the jurisdiction."""
    if isinstance(line, str):
        return "", line
    rule = next(name for name in line if name != "superseded")
    text = line[rule]
    if isinstance(text, Mapping):
        rule = rule.removesuffix("?")
        text = text[land.values[rule].key]
    return (REPLACED if line.get("superseded") else "") + rule, str(text)


def find_place(documents: Mapping[str, OfficialDocument], rule: str) -> tuple[OfficialDocument, str]:
    """Return the document that states a rule as it holds, and the address of the paragraph: ``URI#START-END``."""
    for one in documents.values():
        if rule in one.spans:
            start, end = one.spans[rule]
            return one, f"{one.uri}#{start}-{end}"
    raise KeyError(rule)

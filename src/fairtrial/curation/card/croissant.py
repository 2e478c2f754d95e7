"""The card of a training set as Croissant metadata, with what Croissant says about responsible use.

Standards: Croissant Format Specification 1.1 (mlcommons.org/croissant/1.1), Croissant RAI 1.0; mlcroissant reads it
back in a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.curation.base import CardFacts

CONFORMS = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
SplitColumns = Mapping[str, Sequence[str]]
"""Split to the columns of its rows."""
SPLITS = (("train.jsonl", "train"), ("validation.jsonl", "validation"))
DESCRIBED = {
    "id": "Hash of the row's words.",
    "messages": "The conversation: messages with role and content.",
    "prompt": "The conversation before the answers: messages with role and content.",
    "chosen": "The better answer.",
    "rejected": "The worse answer.",
    "text": "A document.",
    "source": "Where the row came from: file or archive, and which row of it.",
    "cluster": "Rows that are much alike share it.",
    "licence": "SPDX id or address of the licence.",
    "attribution": "Whom to name, and how.",
    "changes": "What steps have changed in the row.",
    "grounds": "What steps have found that lets the row stay.",
}


MANY = frozenset(["messages", "prompt", "changes", "grounds"])
"""Columns that hold a list."""
_TURN = {"role": "sc:Text", "content": "sc:Text"}
_NOTE = {"step": "sc:Text", "detail": "sc:Text"}
PARTS: Mapping[str, Mapping[str, str]] = {
    "messages": _TURN,
    "prompt": _TURN,
    "changes": _NOTE,
    "grounds": _NOTE,
    "source": {"source": "sc:Text", "row": "sc:Integer"},
}
"""Columns whose values have parts, with the type of each."""


def describe_croissant(facts: CardFacts, columns: SplitColumns, doubts: Sequence[str]) -> dict[str, Any]:
    """Return the metadata as JSON-LD.

    Args:
        facts: of the training set.
        columns: of the rows of each split.
        doubts: see `fairtrial.curation.card.doubts`.
    """
    names = [str(source.get("name", "")) for source in facts.sources]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS),
        "name": "training-set",
        "description": f"Rows to train a language model on, curated from {', '.join(names)}: {facts.train:,} to train, "
        f"{facts.validation:,} to validate.",
        "license": [name_address(name) for name in sorted(facts.licences) if name] or ["not stated"],
        "version": "1.0.0",
        "distribution": [_describe_file(name, facts.files[name]) for name, _ in SPLITS if name in facts.files],
        "recordSet": [_describe_rows(name, split, columns[split]) for name, split in SPLITS if columns.get(split)],
        "rai:dataCollection": f"Read from {', '.join(names)}; {facts.read:,} rows could be read, {facts.unread:,} not.",
        "rai:dataPreprocessingProtocol": [_describe_step(facts, name) for name in facts.steps],
        "rai:personalSensitiveInformation": [_describe_personal(facts)],
        "rai:dataLimitations": list(doubts),
    }


def name_address(licence: str) -> str:
    """Return the address of a licence: itself, that of its SPDX page, or its name where it has neither."""
    if licence.startswith(("http://", "https://")) or not licence.replace("-", "").replace(".", "").isalnum():
        return licence
    return f"https://spdx.org/licenses/{licence}.html"


def _describe_file(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{facts['bytes']} B",
        "encodingFormat": "application/jsonlines",
        "sha256": facts["sha256"],
    }


def _describe_rows(name: str, split: str, columns: Sequence[str]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "key": {"@id": f"{split}/id"},
        "field": [_describe_column(name, split, column) for column in columns],
    }


def _describe_column(name: str, split: str, column: str) -> dict[str, Any]:
    at = f"{split}/{column}"
    described: dict[str, Any] = {"@type": "cr:Field", "@id": at, "name": column}
    described["description"] = DESCRIBED.get(column, column)
    source = {"fileObject": {"@id": name}, "extract": {"column": column}}
    parts = PARTS.get(column)
    if parts is None:
        return {**described, "dataType": "sc:Text", "source": source}
    if column in MANY:
        described |= {"isArray": True, "arrayShape": "-1"}
    return {
        **described,
        "subField": [
            {
                "@type": "cr:Field",
                "@id": f"{at}/{part}",
                "name": part,
                "dataType": kind,
                "source": {**source, "transform": {"jsonPath": part}},
            }
            for part, kind in parts.items()
        ],
    }


def _describe_step(facts: CardFacts, name: str) -> str:
    return f"{name}: {facts.by_step.get(name, 0):,} rows dropped, {facts.changed.get(name, 0):,} changed"


def _describe_personal(facts: CardFacts) -> str:
    if "personal" not in facts.steps:
        return "Personal data was not looked for."
    finds = facts.steps["personal"].get("finds", "by rules")
    return f"Looked for {finds}; {facts.changed.get('personal', 0):,} rows masked."

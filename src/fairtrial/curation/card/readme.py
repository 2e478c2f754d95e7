"""The card of a training set for people: Markdown with the metadata block of dataset cards on the Hugging Face hub.

Names of sources, licences and people come from documents of others: they are written as plain text, never as markup.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from fairtrial.curation.base import CardFacts
from fairtrial.curation.card.croissant import SplitColumns
from fairtrial.curation.card.licences import describe_release, weigh_licences

MOST_CREDITS = 200
_MARKUP = re.compile(r"([\\`*\[\]|~]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])|^[#+>-])")
_TAGS = (("messages", "conversational"), ("chosen", "preference"), ("text", "text"))
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_HUB_LICENCES = re.compile(
    r"(?:cc0-1\.0|cc-by(?:-nc)?(?:-nd|-sa)?-\d\.\d|apache-2\.0|mit|bsd-[23]-clause|odc-by|pddl)$"
)


def write_readme(facts: CardFacts, columns: SplitColumns, doubts: Sequence[str]) -> str:
    """Return the card.

    Args:
        facts: of the training set.
        columns: of the rows of each split.
        doubts: see `fairtrial.curation.card.doubts`.
    """
    parts = [
        f"---\n{yaml.safe_dump(_describe_for_hub(facts, columns), sort_keys=False, allow_unicode=True)}---",
        "# Training set",
        _write_summary(facts),
        *(["## What to know before training", *_list(doubts)] if doubts else ()),
        "## Where rows come from",
        _table(("source", "form", "rows", "of them not read", "licence stated", "SHA-256"), _list_sources(facts)),
        "## What was done, in this order",
        _table(("step", "dropped", "changed"), _list_steps(facts)),
        "## Why rows were dropped",
        _table(("reason", "rows"), ((reason, f"{n:,}") for reason, n in _by_size(facts.dropped))),
        "Each of them is in `dropped.jsonl`, with its place and the value that was seen.",
        "## Licences",
        _table(("licence", "rows kept"), ((name or "none stated", f"{n:,}") for name, n in _by_size(facts.licences))),
        *_write_release(facts),
        *_write_credits(facts),
        "## How",
        *_write_settings(facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_for_hub(facts: CardFacts, columns: SplitColumns) -> dict[str, Any]:
    names = [name.lower() for name in facts.licences]
    one = names[0] if len(names) == 1 and _HUB_LICENCES.match(names[0]) else "other"
    size = next((tag for most, tag in _SIZES if facts.train + facts.validation < most), "n>1M")
    return {
        "license": one,
        "task_categories": ["text-generation"],
        "size_categories": [size],
        "tags": [tag for column, tag in _TAGS if any(column in one for one in columns.values())],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "train.jsonl"},
                    {"split": "validation", "path": "validation.jsonl"},
                ],
            }
        ],
    }


def _write_summary(facts: CardFacts) -> str:
    kept, dropped = facts.train + facts.validation, sum(facts.dropped.values())
    clusters, largest = facts.clusters
    return (
        f"{kept:,} of {facts.read + facts.unread:,} rows were kept: {facts.train:,} to train on, "
        f"{facts.validation:,} to validate; {dropped:,} were dropped. They form {clusters:,} clusters of rows that "
        f"are much alike, the largest of {largest:,}; no cluster is on both sides."
    )


def _list_sources(facts: CardFacts) -> Iterator[tuple[str, ...]]:
    for one in facts.sources:
        stated = (
            one.get("licence") or one.get("licence_column") or ("by document" if one.get("form") == "archive" else "")
        )
        rows, bad = one.get("rows", 0), one.get("unreadable", 0)
        told = f"{rows + bad:,}", f"{bad:,}"
        yield str(one.get("name", "")), str(one.get("form", "")), *told, str(stated), str(one.get("sha256", ""))[:16]


def _list_steps(facts: CardFacts) -> Iterator[tuple[str, ...]]:
    for name in dict.fromkeys(["reading", *facts.steps, *facts.by_step]):
        yield name, f"{facts.by_step.get(name, 0):,}", f"{facts.changed.get(name, 0):,}"


def _write_release(facts: CardFacts) -> Iterator[str]:
    combination = weigh_licences(facts.licences)
    if combination is None:
        return
    yield describe_release(combination) + " That is no legal advice."
    yield from _list(combination.duties)


def _write_credits(facts: CardFacts) -> Iterator[str]:
    if not facts.attributions:
        return
    yield "## Whom to name"
    yield from _list(f"{credit} ({n:,})" for credit, n in _by_size(facts.attributions)[:MOST_CREDITS])
    if (more := len(facts.attributions) - MOST_CREDITS) > 0:
        yield f"{more:,} more are in `card.json`."


def _write_settings(facts: CardFacts) -> Iterator[str]:
    yield "All settings are in `card.json`. What they do not say of each step:"
    yield "\n".join(f"* {_escape(name)}: {_write_code(told)}" for name, told in facts.steps.items())
    yield "Versions: " + ", ".join(f"{_escape(name)} {_escape(one)}" for name, one in sorted(facts.versions.items()))
    files = ((name, f"{one['bytes']:,}", str(one["sha256"])) for name, one in sorted(facts.files.items()))
    yield _table(("file", "bytes", "SHA-256"), files)


def _write_code(value: Mapping[str, Any]) -> str:
    return "`" + json.dumps(value, ensure_ascii=True, sort_keys=True).replace("`", "'") + "`"


def _by_size(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _list(told: Iterable[str]) -> list[str]:
    written = "\n".join(f"* {_escape(one)}" for one in told)
    return [written] if written else []


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(map(_escape, row)) + " |" for row in rows]
    if not lines:
        return "None."
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *lines])


def _escape(text: str) -> str:
    """Return text as Markdown shows it as it is, in one line."""
    return _MARKUP.sub(r"\\\1", html.escape(_UNPRINTABLE.sub(" ", text), quote=False))

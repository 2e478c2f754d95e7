"""Writes the card of a training set three times: for programs, for catalogues of data (Croissant), and for people."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from fairtrial.curation.base import CardFacts
from fairtrial.curation.card.croissant import SPLITS, SplitColumns, describe_croissant
from fairtrial.curation.card.doubts import list_doubts
from fairtrial.curation.card.licences import weigh_licences
from fairtrial.curation.card.readme import write_readme
from fairtrial.records import content_hash

FORMAT = 1
LOOKED_AT = 10_000
"""First rows of a split by which its columns are told."""
CARD, CROISSANT, README = "card.json", "croissant.json", "README.md"


def write_card(folder: Path, facts: CardFacts) -> None:
    """Write ``card.json``, ``croissant.json`` and ``README.md`` into the folder of a training set.

    Args:
        folder: that has ``train.jsonl`` and ``validation.jsonl``.
        facts: what is known of it.
    """
    doubts = list_doubts(facts)
    columns = read_columns(folder)
    _write_json(folder / CARD, build_card(facts, doubts))
    _write_json(folder / CROISSANT, describe_croissant(facts, columns, doubts))
    (folder / README).write_text(write_readme(facts, columns, doubts), encoding="utf-8", newline="\n")


def build_card(facts: CardFacts, doubts: list[str]) -> dict[str, Any]:
    """Return the card for programs: all facts, and a hash that names the rows."""
    told = asdict(facts)
    data = {
        name: told["files"][name]["sha256"] for name in ("train.jsonl", "validation.jsonl") if name in told["files"]
    }
    return {
        **told,
        "format": FORMAT,
        "id": content_hash(data),
        "kept": facts.train + facts.validation,
        "clusters": {"count": facts.clusters[0], "rows of the largest": facts.clusters[1]},
        "doubts": doubts,
        "release": _describe_release(facts),
    }


def _describe_release(facts: CardFacts) -> dict[str, Any] | None:
    """Return under which licence a model may best be passed on, as far as the rows are concerned."""
    combination = weigh_licences(facts.licences)
    if combination is None:
        return None
    findings = [
        {"licence": one.ingredient.licence, "status": one.status, "why": one.why, "source": one.source}
        for one in combination.findings
    ]
    return {
        "licence": combination.release,
        "status": combination.status,
        "findings": findings,
        "duties": list(combination.duties),
    }


def read_columns(folder: Path) -> SplitColumns:
    """Return the columns of the rows of each split, by its first rows; none for a split without rows."""
    found: dict[str, tuple[str, ...]] = {}
    for name, split in SPLITS:
        columns: set[str] = set()
        if (path := folder / name).is_file():
            with path.open(encoding="utf-8") as file:
                for line in islice(file, LOOKED_AT):
                    columns.update(json.loads(line))
        found[split] = tuple(sorted(columns))
    return found


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")

"""The model card of an adapter's folder: ``README.md`` in the form of the Hugging Face hub, from ``tuning.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairtrial.cards import ModelCardFacts, write_model_card
from fairtrial.errors import ModelError
from fairtrial.models import ResolvedModel
from fairtrial.models.licence import read_stated_licence
from fairtrial.spec.regular import read_regular

FACTS, CARD = "tuning.json", "README.md"
_MOST_BYTES = 50_000_000


def write_adapter_card(folder: Path) -> Path:
    """Write the card of an adapter that was tuned here, and return its path.  The same facts give the same bytes.

    Raises ModelError if the folder has no ``tuning.json`` that can be read.
    """
    try:
        tuning = json.loads(read_regular(folder / FACTS, _MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"The adapter's {FACTS} cannot be read: {error}.", where=str(folder)) from error
    card = folder / CARD
    card.write_text(write_model_card(read_card_facts(folder.name, tuning)), encoding="utf-8")
    return card


def read_card_facts(name: str, tuning: dict[str, Any]) -> ModelCardFacts:
    """Return what the facts of a training say for an adapter's card."""
    parent = tuning.get("parent")
    own: dict[str, Any] = parent if isinstance(parent, dict) else {}
    return ModelCardFacts(
        name=f"{own.get('name') or name}, tuned",
        base=str(own.get("model") or "unknown"),
        base_licence=str(own.get("licence") or ""),
        base_sha256=str(own.get("sha256") or ""),
        relation="adapter",
        tuning=tuning,
    )


def find_licence_of_model(model: ResolvedModel) -> str:
    """Return the licence that a model's own files state, as they state it; empty if they state none."""
    return read_stated_licence(model.path) if model.path else ""

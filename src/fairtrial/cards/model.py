"""The card of a model: what it is, what it was made of, who must be named, what it cost, what it is worth.

Form of the metadata: huggingface.co/docs/hub/model-cards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from fairtrial.cards.markdown import escape, write_list, write_table
from fairtrial.rights.licences import Combination, Ingredient, find_licence, suggest_release

MOST_CREDITS = 500
MOST_POINTS = 12
_REPOSITORY = re.compile(r"hf:([\w.-]+/[\w.-]+)(?:[@:].*)?", re.ASCII)
_NOT_SETTINGS = ("merge",)


@dataclass(frozen=True, slots=True)
class ModelCardFacts:
    """What a card is about; what is not known is left out, and said to be unknown where a reader must know.

    Attributes:
        name: of the model, for people.
        base: the model that it was made from, as a candidate names it; empty for one that was not made here.
        base_licence: as its files state it; empty if they do not.
        base_sha256: of its weights.
        relation: to its base, in the hub's words: ``adapter``, ``finetune`` (merged), ``quantized``; empty for none.
        adapter: name of an adapter that somebody else made, and that is beside its weights or in them; empty for none.
        adapter_licence: as its files state it.
        tuning: facts of its training, as ``tuning.json`` has them; empty if it was not tuned.
        results: entries of the hub's ``model-index``.
        notes: sentences that a reader must see first, e.g. doubts about its results.
    """

    name: str
    base: str = ""
    base_licence: str = ""
    base_sha256: str = ""
    relation: str = ""
    adapter: str = ""
    adapter_licence: str = ""
    tuning: Mapping[str, Any] = field(default_factory=dict)
    results: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """What it was trained on."""
        return _mapping(self.tuning.get("data"))

    @property
    def licences(self) -> dict[str, int]:
        """Licence to rows of the training data; the empty licence is none stated."""
        found = _mapping(self.data.get("licences"))
        return {str(name): count for name, count in found.items() if isinstance(count, int)}

    def combine(self) -> Combination | None:
        """Return what the licences of all that it is made of say together; None where it was made of nothing."""
        parts = [Ingredient(self.base_licence, "base", self.base)] if self.base else []
        if self.adapter and not self.tuning:
            parts.append(Ingredient(self.adapter_licence, "base", f"adapter {self.adapter}"))
        parts += [Ingredient(name, "data", f"{count:,} rows") for name, count in self.licences.items()]
        if self.tuning and not self.licences:
            parts.append(Ingredient("", "data", "the training data"))
        return suggest_release(parts) if parts else None


def write_model_card(facts: ModelCardFacts) -> str:
    """Return a card: YAML between two lines of dashes, then Markdown.

    A model that was not made here and has no notes gets its metadata alone: its makers have a card of it.
    """
    combined = facts.combine()
    head = yaml.safe_dump(_describe(facts, combined), sort_keys=False, allow_unicode=True)
    body = list(_write_body(facts, combined)) if facts.tuning or facts.relation or facts.notes else []
    return f"---\n{head}---\n" + "".join(f"\n{part}\n" for part in body if part)


def _describe(facts: ModelCardFacts, combined: Combination | None) -> dict[str, Any]:
    """Return the metadata."""
    found: dict[str, Any] = {}
    if repository := _REPOSITORY.fullmatch(facts.base):
        found["base_model"] = repository[1]
        if facts.relation:
            found["base_model_relation"] = facts.relation
    if combined is not None and facts.relation:
        found |= _describe_licence(combined)
    if facts.relation == "adapter":
        found["library_name"] = "peft"
    if facts.tuning:
        settings = _mapping(facts.tuning.get("settings"))
        tags = [settings.get("method"), settings.get("objective"), "fairtrial"]
        found["tags"] = [str(tag) for tag in tags if tag]
        found["pipeline_tag"] = "text-generation"
    if facts.results:
        found["model-index"] = [{"name": facts.name, "results": [dict(one) for one in facts.results]}]
    return found


def _describe_licence(combined: Combination) -> dict[str, str]:
    """Return the licence as the hub's metadata has it: one that all that it is made of allows, else ``other``."""
    known = find_licence(combined.release)
    if known is not None and known.hub and combined.status == "compatible":
        return {"license": known.hub}
    return {"license": "other", "license_name": f"see-text-{combined.status}"}


def _write_body(facts: ModelCardFacts, combined: Combination | None) -> Iterator[str]:
    yield f"# {escape(facts.name)}"
    yield write_list(facts.notes)
    yield _write_summary(facts)
    if facts.tuning:
        yield "## What it was trained on"
        yield from _write_data(facts)
    if combined is not None:
        yield "## Licences"
        yield from _write_licences(combined)
    yield from _write_credits(facts)
    if facts.tuning:
        yield "## How it was trained"
        yield from _write_training(facts.tuning)
        yield "## What that cost"
        yield write_list(_list_costs(facts.tuning))
    if facts.results:
        yield "## What it is worth"
        yield "Measured by fairtrial, with intervals: see `model-index` above."


def _write_summary(facts: ModelCardFacts) -> str:
    what = {
        "adapter": "An adapter: weights to be loaded beside those of its base model.",
        "finetune": "A whole model: an adapter was merged into the weights of its base model.",
        "quantized": "A whole model: the weights of its base model with fewer bits.",
    }.get(facts.relation, "")
    base = f"Base model: {escape(facts.base)}" if facts.base else ""
    beside = f"Adapter: {escape(facts.adapter)}" if facts.adapter and not facts.tuning else ""
    if base and facts.base_sha256:
        base += f" (sha256 `{escape(facts.base_sha256)}`)"
    dequantized = any("dequanti" in str(line) for line in _sequence(facts.tuning.get("told")))
    rounded = "It was trained on the base model's quantised weights, dequantised." if dequantized else ""
    return "\n".join(f"{part}  " for part in (what, base, beside, rounded) if part).rstrip()


def _write_data(facts: ModelCardFacts) -> Iterator[str]:
    data = facts.data
    rows, held = data.get("rows"), data.get("validation_rows")
    told = [
        f"{rows:,} rows trained on" if isinstance(rows, int) else "",
        f"{held:,} rows kept for validation" if isinstance(held, int) else "",
        f"{data['learned_tokens']:,} tokens whose loss was lowered"
        if isinstance(data.get("learned_tokens"), int)
        else "",
        f"sha256 of the data: {data['sha256']}" if data.get("sha256") else "",
        ""
        if data.get("curated")
        else "The data was not curated here: duplicates, quality, personal data and test "
        "items in it are the responsibility of whoever gave it.",
    ]
    yield write_list(one for one in told if one)
    if not facts.licences:
        yield "**No licence of the training data is known.**"


def _write_licences(combined: Combination) -> Iterator[str]:
    words = {
        "compatible": "may be passed on under {0}, if the duties below are met",
        "conditional": "may be passed on under {0} only after an open question is answered",
        "unknown": "has parts whose licence is unknown: nobody is known to have permitted that it is passed on",
        "incompatible": "must not be passed on under {0}, or any other licence of its parts",
    }
    release = escape(combined.release or "any licence")
    yield f"By the licences of what it was made of, this model {words[combined.status].format(f'**{release}**')}."
    rows = (
        (
            f"{one.ingredient.role}: {one.ingredient.name}",
            one.ingredient.licence or "none stated",
            one.status,
            one.why,
            one.source,
        )
        for one in combined.findings
    )
    yield write_table(("part", "licence", "result", "why", "source"), rows)
    if combined.duties:
        yield "Duties of whoever passes it on:"
        yield write_list(combined.duties)
    yield "A table of licences says so, no lawyer; exceptions of the law and agreements of one's own may allow more."


def _write_credits(facts: ModelCardFacts) -> Iterator[str]:
    found = facts.data.get("attribution")
    if isinstance(found, Mapping):
        names = [f"{name} ({count:,})" if isinstance(count, int) else str(name) for name, count in found.items()]
    else:
        names = [str(one) for one in _sequence(found)]
    if names:
        yield "## Whom to name"
        yield write_list(names[:MOST_CREDITS])
        if more := len(names) - MOST_CREDITS:
            yield f"{more:,} more are in `tuning.json`." if more > 0 else ""


def _write_training(tuning: Mapping[str, Any]) -> Iterator[str]:
    settings = _mapping(tuning.get("settings"))
    yield write_table(
        ("setting", "value"),
        (
            (name, value)
            for name, value in settings.items()
            if value not in (None, (), []) and name not in _NOT_SETTINGS
        ),
    )
    loss = _mapping(tuning.get("loss"))
    curve = [point for point in _sequence(loss.get("validation")) if _is_point(point)]
    if curve:
        step = -(-len(curve) // MOST_POINTS)
        shown = [*curve[:-1:step], curve[-1]]
        yield write_table(("step", "validation loss, nats a token"), ((int(at), f"{nats:.4f}") for at, nats in shown))
    versions = _mapping(tuning.get("versions"))
    yield "Versions: " + ", ".join(f"{escape(k)} {escape(v)}" for k, v in sorted(versions.items())) if versions else ""


def _list_costs(tuning: Mapping[str, Any]) -> Iterator[str]:
    seconds, memory = tuning.get("seconds"), tuning.get("peak_memory_bytes")
    if isinstance(seconds, int | float):
        yield f"{seconds:,.0f} seconds on {tuning.get('processor') or tuning.get('device') or 'an unknown machine'}"
    if isinstance(memory, int | float):
        yield f"{memory / 1e9:.2f} GB of memory at most"
    energy = _mapping(tuning.get("energy"))
    joules, status = energy.get("joules"), energy.get("status")
    if isinstance(joules, int | float) and status in ("measured", "estimated"):
        yield f"{joules:,.0f} joules, {status} ({energy.get('basis') or 'basis unknown'})"
    else:
        yield f"Energy: not known, since {energy.get('reason') or 'nobody measured it'}."


def _is_point(found: object) -> bool:
    numbers = _sequence(found)
    return len(numbers) == 2 and all(isinstance(one, int | float) and math.isfinite(one) for one in numbers)


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _sequence(found: object) -> Sequence[Any]:
    return found if isinstance(found, list | tuple) else ()

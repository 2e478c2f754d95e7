"""What candidates differ in, and what they share: settings as rows.  Knows no HTML and no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from fairtrial.report.summary import CandidateSummary, Summary
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.levers import LEVER_SETTINGS, expand_settings

SHORT = 72
"""Characters of a value that a line shows."""

NESTED = ("decoding", "endpoint", "recorded")
"""Settings that are settings themselves."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting that is not the same for all: a value a candidate, empty where it has the default."""

    name: str
    values: tuple[str, ...]


def find_differing_settings(summary: Summary) -> list[SettingRow]:
    """Return the settings in which the candidates of a trial differ; nothing for a single one."""
    every = [_list_settings(candidate) for candidate in summary.candidates]
    names = dict.fromkeys(name for one in every for name in one)
    rows = [SettingRow(name, tuple(one.get(name, "") for one in every)) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def describe_shared_settings(summary: Summary) -> str:
    """Return the settings that all candidates share, in one line; empty for a single one."""
    every = [_list_settings(candidate) for candidate in summary.candidates]
    if len(every) < 2:
        return ""
    shared = [
        f"{name} {shorten_setting(value)}"
        for name, value in every[0].items()
        if all(o.get(name) == value for o in every)
    ]
    return f"The same for all: {', '.join(shared)}." if shared else ""


def describe_candidates(summary: Summary) -> list[str]:
    """Return one line a candidate with the settings that not all share."""
    rows = find_differing_settings(summary)
    told = []
    for at, candidate in enumerate(summary.candidates):
        own = [f"{row.name} {_tell_value(summary, row, at)}" for row in rows if row.values[at]]
        told.append(f"{candidate.name}: {', '.join(own) or 'the defaults'}")
    return told if rows else []


def _tell_value(summary: Summary, row: SettingRow, at: int) -> str:
    """Return a candidate's value on one line; of levers that do not fit, the settings that differ."""
    value = row.values[at]
    if row.name != "levers" or len(value) <= SHORT:
        return shorten_setting(value)
    every = [candidate.spec.levers for candidate in summary.candidates]
    return shorten_setting(_write([_keep_differing(lever, every) for lever in every[at]]))


def _keep_differing(lever: Mapping[str, Any], every: Sequence[Sequence[Mapping[str, Any]]]) -> Any:
    """Return a lever without the settings that are the same wherever a candidate has it, its name alone if all are.

    Whole where one candidate alone has it.
    """
    [(name, said)] = lever.items()
    others = [one[name] for levers in every for one in levers if name in one]
    if name in LEVER_SETTINGS:  # of a plugin that is missing now, the short form can be anything
        said, *others = (expand_settings(name, one) for one in (said, *others))
    if len(others) < 2 or not all(isinstance(one, Mapping) for one in others):
        return lever
    kept = {key: value for key, value in said.items() if any(one.get(key) != value for one in others)}
    return {name: kept} if kept else name


def shorten_setting(text: str, most: int = SHORT) -> str:
    """Return a value on one line, cut to some characters; texts of several lines in quotes."""
    if "\n" in text or " " in text:
        text = '"' + text.replace("\n", "\\n") + '"'
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _list_settings(candidate: CandidateSummary) -> dict[str, str]:
    """Return what was set of a candidate, defaults left out, each as text."""
    found: dict[str, str] = {}
    order = {name: at for at, name in enumerate(Candidate.model_fields)}
    for name, value in sorted(candidate.spec.document.items(), key=lambda one: order.get(one[0], len(order))):
        if name in NESTED and isinstance(value, Mapping):
            default = _find_default(name)
            inner = default if isinstance(default, Mapping) else {}
            label = "" if name == "decoding" else f"{name}."
            found |= {f"{label}{key}": _write(one) for key, one in value.items() if one != inner.get(key)}
        elif name != "id" and value != _find_default(name):
            found[name] = _write(value)
    return found | _list_taken(candidate)


def _list_taken(candidate: CandidateSummary) -> dict[str, str]:
    """Return the circumstances of retrieval that no setting says: those in which its archive was filled."""
    archive = candidate.record.document.get("archive")
    if not isinstance(archive, Mapping):
        return {}
    held, taken = archive.get("circumstances"), archive.get("as_filled")
    if not isinstance(held, Mapping) or not isinstance(taken, list | tuple):
        return {}
    told = {str(name): held[name] for name in taken if name in held}
    return {"as the archive was filled": _write(told)} if told else {}


def _find_default(name: str) -> Any:
    field = Candidate.model_fields.get(name)
    if field is None or field.is_required():
        return None
    default = field.get_default(call_default_factory=True)
    return default.model_dump(mode="json") if hasattr(default, "model_dump") else _as_json(default)


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _write(value: Any) -> str:
    """Return a value as text: as YAML on one line where it is none itself."""
    if isinstance(value, str):
        return value
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6).strip().removesuffix("\n...")

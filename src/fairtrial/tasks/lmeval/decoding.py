"""Parses ``generation_kwargs`` of a task file: how long an answer may be, what ends it, and how it is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fairtrial.errors import TaskError
from fairtrial.tasks.lmeval.config import GenerationConfig

_KEYS = {
    "until", "do_sample", "temperature", "top_p", "top_k", "max_gen_toks", "max_new_tokens", "max_tokens",
    "max_completion_tokens",
}  # fmt: skip
_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")


def parse_generation(given: Any, writes: bool, usual_end: str) -> GenerationConfig:
    """Return the decoding settings.

    Args:
        given: ``generation_kwargs``, None if the file has none.
        writes: whether the task has answers written at all; else unknown settings do not matter.
        usual_end: what ends an answer unless ``until`` says otherwise.

    Raises TaskError for a setting that is not supported or has a value that it cannot have.
    """
    given = given or {}
    if not isinstance(given, Mapping):
        raise TaskError(f"generation_kwargs must be a mapping; got {given!r}")
    unknown = sorted(map(str, set(given) - _KEYS)) if writes else []
    if unknown and given.get(unknown[0]) not in (None, 1, 1.0, False):
        allowed = ", ".join(sorted(_KEYS))
        raise TaskError(f"generation_kwargs has {unknown[0]!r}, which is not supported; allowed: {allowed}")
    until = given.get("until", [usual_end])
    limit = next((key for key in _LIMITS if given.get(key) is not None), "")
    temperature, sample = _read_number(given, "temperature", 0.0), given.get("do_sample")
    if sample and temperature == 0.0 and "temperature" not in given:
        temperature = 1.0
    return GenerationConfig(
        tuple(str(s) for s in (until if isinstance(until, list) else [until]) if s),
        int(_read_number(given, limit, 256, 1)), 0.0 if sample is False else temperature,
        _read_number(given, "top_p", 1.0) or 1.0, int(_read_number(given, "top_k", 0)),
    )  # fmt: skip


def _read_number(given: Mapping[str, Any], key: str, usual: float, least: float = 0) -> float:
    value = given.get(key)
    if value is None:
        return usual
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not least <= number <= 1e9:
        raise TaskError(f"generation_kwargs.{key} must be a number from {least} on; got {value!r}")
    return number

"""Sections made in Python: mistakes are told in our words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fairtrial as ft
from fairtrial.errors import SpecError
from fairtrial.spec.problems import validate_section
from fairtrial.spec.yamlfile import Places


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        (ft.TaskEntry, {"file": [{"question": "?"}]}, r"got list. From Python, rows in memory are given to ft.compare"),
        (ft.TaskEntry, {"task": "table", "limmit": 3}, r"unknown key 'limmit'. Did you mean 'limit'\?"),
        (ft.TaskEntry, {"task": "table", "limit": "3"}, "limit must be a whole number; got '3'"),
        (ft.Candidate, {"id": "one"}, "Candidate: the key 'model' is missing."),
        (ft.Candidate, {"id": "one", "model": "nope"}, "Did you mean 'gguf:nope'"),
        (ft.Candidate, {"id": "a", "model": "gguf:x", "decoding": {"foo": 1}}, "unknown key 'foo' in decoding"),
        (ft.Decide, {"margin": 3}, "3 means 300 points"),
        (ft.Trial, {"name": "x", "candidates": [], "tasks": ["a"]}, "candidates must be a list with at least one"),
    ],
)
def test_wrong_settings_are_told_in_our_words(kind: Callable[..., Any], settings: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        kind(**settings)


def test_problems_of_a_file_are_still_found_together(tmp_path: Any) -> None:
    body = {"name": "x", "candidates": [{"id": "a b", "model": "nope"}], "tasks": [{"task": "t", "limit": 0}]}
    with pytest.raises(SpecError, match="3 problems"):
        validate_section(ft.Trial, body, Places(tmp_path / "trial.yaml"))

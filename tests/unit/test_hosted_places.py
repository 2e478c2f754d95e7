"""Where an endpoint's tokens stand in a text, as several servers write them; and what it tells of its own text."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fairtrial.engines.openai_api.places import places
from fairtrial.engines.openai_api.requests import told_logprobs


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        (["One", ",", " two"], "One, two", (0, [(0, 3), (3, 4), (4, 8)])),
        (["One", ",", " two", ",", " three"], "One, two", (0, [(0, 3), (3, 4), (4, 8)])),  # and what was written
        (["<|begin_of_text|>", "One", ",", " two", "!"], "One, two", (1, [(0, 3), (3, 4), (4, 8)])),
        (["▁One", ",", "▁two"], "One, two", (0, [(0, 3), (3, 4), (4, 8)])),
        # one character in two tokens, in three servers' ways of writing them
        (["a", "", "", "本", "."], "a日本", (0, [(0, 1), (1, 1), (1, 1), (2, 3)])),
        (["a", "\ufffd", "\ufffd", "本", "."], "a日本", (0, [(0, 1), (1, 1), (1, 1), (2, 3)])),
        (["a", r"bytes:\xe6\x97", r"bytes:\xa5", "本"], "a日本", (0, [(0, 1), (1, 1), (1, 1), (2, 3)])),
        (["a", " \ufffd", "\ufffd!"], "a 日!", (0, [(0, 1), (1, 2), (2, 4)])),
        (["a", "", ""], "a日", (0, [(0, 1), (1, 1), (1, 1)])),
    ],
)
def test_tokens_are_found_in_their_text(tokens: list[str], text: str, expected: object) -> None:
    assert places(tokens, text) == expected


@pytest.mark.parametrize("tokens", [["One", " two"], ["Ġtwo", ","], ["x", "y", "One"], ["One"], []])
def test_tokens_of_another_text_are_not(tokens: list[str]) -> None:
    assert places(tokens, "One, two") is None


def test_log_probabilities_of_its_own_text_in_both_forms() -> None:
    assert told_logprobs(SimpleNamespace(token_logprobs=[None, -1.5, -0.5])) == [-1.5, -0.5]
    assert told_logprobs(SimpleNamespace(token_logprobs=None, content=[{"logprob": -1}])) == [-1.0]
    assert told_logprobs(SimpleNamespace(content=[SimpleNamespace(logprob=-2.0)])) == [-2.0]
    assert told_logprobs(None) == []

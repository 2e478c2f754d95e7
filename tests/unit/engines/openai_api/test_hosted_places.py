"""Where an endpoint's tokens stand in a text, as several servers write them; and what it tells of its own text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fairtrial.engines.openai_api.places import locate_tokens
from fairtrial.engines.openai_api.replies import read_logprobs
from fairtrial.engines.openai_api.scores import EchoCheck, NotEchoedError, check_echo, score_pair
from fairtrial.records import Pair, Prompt


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
    assert locate_tokens(tokens, text) == expected


@pytest.mark.parametrize("tokens", [["One", " two"], ["Ġtwo", ","], ["x", "y", "One"], ["One"], []])
def test_tokens_of_another_text_are_not(tokens: list[str]) -> None:
    assert locate_tokens(tokens, "One, two") is None


def test_log_probabilities_of_its_own_text_in_both_forms() -> None:
    assert read_logprobs({"token_logprobs": [None, -1.5, -0.5]}) == [-1.5, -0.5]
    assert read_logprobs({"token_logprobs": None, "content": [{"logprob": -1}, {"token": "x"}]}) == [-1.0]
    assert read_logprobs({"content": None}) == []
    assert read_logprobs(None) == []


class Answering:
    """Stands for the caller of an endpoint that echoes; the score of every token is its length, negative."""

    model = "m"

    def __init__(self, tops: bool, begin: bool) -> None:
        self.tops, self.begin = tops, begin

    def call(self, work, label):
        return work()

    def mask(self, text: str) -> str:
        return text

    def document(self, path: str, payload: bytes) -> dict[str, Any]:
        body = json.loads(payload)
        prompt, echo = body["prompt"], body.get("echo", False)
        given = re.findall(r"\s*[^\s,]+|,", prompt)
        tokens = [*(["<s>"] if self.begin else []), *(given if echo else []), " five"]
        values = [None if echo and not i else -float(len(token)) for i, token in enumerate(tokens)]
        tops = [{} if value is None else {token: value} for token, value in zip(tokens, values, strict=True)]
        told = {"tokens": tokens, "token_logprobs": values, "top_logprobs": tops if self.tops else None}
        usage = {"prompt_tokens": len(given), "completion_tokens": 1}
        return {"choices": [{"text": prompt + " five", "logprobs": told}], "usage": usage}


def test_a_token_before_the_text_lets_a_text_be_scored_from_its_beginning() -> None:
    assert check_echo(Answering(tops=True, begin=True)) == EchoCheck("", begins=True, likeliest=True)
    assert check_echo(Answering(tops=True, begin=False)) == EchoCheck("", begins=False, likeliest=True)
    alone = score_pair(Answering(tops=True, begin=True), Pair(Prompt(""), "One, two"), "", "")
    assert (alone.logprob, alone.tokens, alone.greedy) == (-8.0, 3, True)
    with pytest.raises(NotEchoedError):
        score_pair(Answering(tops=True, begin=False), Pair(Prompt(""), "One, two"), "", "")


def test_what_is_likeliest_is_not_known_where_it_is_not_told() -> None:
    assert check_echo(Answering(tops=False, begin=True)) == EchoCheck("", begins=True, likeliest=False)


def test_white_space_at_the_end_of_a_prompt_belongs_to_the_continuation() -> None:
    found = score_pair(Answering(tops=True, begin=True), Pair(Prompt("One, two\n"), "three"), "", "")
    assert (found.logprob, found.tokens, found.paid) == (-6.0, 1, (4, 1))

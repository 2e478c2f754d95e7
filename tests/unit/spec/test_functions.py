"""Functions as candidates: what they are given, how they are named, what is refused."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from fairtrial.errors import SpecError
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.functions import Function, find_function, read_arguments, register_function


def takes_messages(messages: Any) -> str:
    return str(messages)


def takes_much(question: str, /, *, temperature: float, top: int = 3) -> str:
    return question


class Asked:
    def __call__(self, text: str) -> str:
        return text


@pytest.mark.parametrize(
    ("call", "positional", "keywords"),
    [
        (lambda prompt: prompt, (), {"prompt": "prompt"}),
        (lambda q: q, (), {"q": "prompt"}),
        (lambda *args: "", ("prompt",), {}),
        (lambda q, k=3: q, (), {"q": "prompt"}),
        (lambda k=3: "", (), {"k": "prompt"}),
        (lambda prompt, row: prompt, (), {"prompt": "prompt", "row": "row"}),
        (lambda row, question: "", (), {"row": "row", "question": "prompt"}),
        (lambda row, k=3: "", (), {"row": "row"}),
        (lambda row, messages=None, **rest: "", (), {"row": "row", "messages": "messages"}),
        (takes_much, ("prompt",), {"temperature": "temperature"}),
        (lambda prompt, temperature=0.3: prompt, (), {"prompt": "prompt"}),
        (Asked(), (), {"text": "prompt"}),
        (functools.partial(lambda k, prompt: prompt, 3), (), {"prompt": "prompt"}),
        (str.upper, ("prompt",), {}),
    ],
)
def test_it_gets_what_its_parameters_ask_for(call: Any, positional: tuple[str, ...], keywords: dict[str, str]) -> None:
    found = read_arguments(call)
    assert (found.positional, dict(found.keywords)) == (positional, keywords)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda prompt, mesages: "", "requires 'mesages', which nothing fits. Did you mean 'messages' or 'images'?"),
        (lambda: "", "takes no question"),
        (lambda q, r: "", "requires 'r'"),
    ],
)
def test_what_it_cannot_be_given_is_refused(call: Any, told: str) -> None:
    with pytest.raises(SpecError, match=told.replace("?", r"\?")):
        Function(call)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"timeout": 0}, "timeout must be seconds above 0; got 0"),
        ({"concurrency": 0}, "concurrency must be a whole number of at least 1"),
        ({"max_failures": -1}, "max_failures must be a whole number of at least 0"),
        ({"version": 2}, "version must be text; got 2"),
    ],
)
def test_limits_that_are_none_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        Function(takes_messages, **settings)
    with pytest.raises(SpecError, match="must be callable; got int 5"):
        Function(5)  # type: ignore[arg-type]


def test_a_candidate_has_a_function_for_its_model() -> None:
    candidate = Candidate(id="mine", model=takes_messages)
    assert candidate.model.startswith("python:takes_messages@")
    assert candidate.chat == "model"
    assert Candidate(id="other", model=lambda prompt: prompt).chat == "none"
    assert find_function(candidate.model).function.call is takes_messages
    assert register_function(takes_messages) == candidate.model
    versioned = Candidate(id="mine", model=Function(takes_messages, name="x", version="7"))
    assert versioned.model.startswith("python:x@") and versioned.model != candidate.model


def test_a_function_of_another_process_is_not_at_hand() -> None:
    with pytest.raises(SpecError, match="live in the process"):
        find_function("python:gone@0123")

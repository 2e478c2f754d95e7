"""What identifies a function: its code and what it uses, or nothing beyond one run."""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Callable
from typing import Any

import pytest

from fairtrial.spec.fingerprint import fingerprint


def made(source: str, **values: Any) -> Callable[..., Any]:
    """Return the function ``f`` of a source text, as a person's own module has it."""
    names: dict[str, Any] = {"__name__": "own", **values}
    exec(source, names)
    found: Callable[..., Any] = names["f"]
    return found


PLAIN = "def f(prompt):\n    return HELLO + prompt\n"


def test_the_same_code_is_the_same_function_wherever_it_stands() -> None:
    moved = "\n\n# a comment\ndef f(prompt):\n    # another\n    return HELLO + prompt\n"
    assert fingerprint(made(PLAIN, HELLO="a")).digest == fingerprint(made(moved, HELLO="a")).digest


@pytest.mark.parametrize(
    "other",
    [
        made("def f(prompt):\n    return prompt + HELLO\n", HELLO="a"),
        made(PLAIN, HELLO="b"),
        made("def f(prompt, x=1):\n    return HELLO + prompt\n", HELLO="a"),
        made("def f(prompt):\n    return HELLO + prompt + 'x'\n", HELLO="a"),
    ],
)
def test_other_code_globals_and_defaults_make_another_function(other: Callable[..., Any]) -> None:
    assert fingerprint(made(PLAIN, HELLO="a")).digest != fingerprint(other).digest


def test_functions_that_it_calls_and_classes_that_it_uses_count() -> None:
    source = (
        "def g(x):\n    return x{}\nclass C:\n    def m(self):\n        return g('{}')\ndef f(p):\n    return C().m()\n"
    )
    digests = {fingerprint(made(source.format(a, b))).digest for a in ("", "+'!'") for b in ("1", "2")}
    assert len(digests) == 4


def test_two_lambdas_of_one_line_differ() -> None:
    one, two = [lambda prompt: "A", lambda prompt: "B"]
    assert fingerprint(one).digest != fingerprint(two).digest
    assert not fingerprint(one).unknown


def test_closures_partials_methods_and_objects_count_by_their_values() -> None:
    def close_over(value: Any) -> Callable[[str], Any]:
        return lambda prompt: value

    class System:
        def __init__(self, tone: str) -> None:
            self.tone = tone

        def __call__(self, prompt: str) -> str:
            return self.tone

        def answer(self, prompt: str) -> str:
            return self.tone

    def two(tone: str, prompt: str) -> str:
        return tone

    for make in (close_over, System, lambda t: System(t).answer, lambda t: functools.partial(two, t)):
        assert fingerprint(make("a")).digest == fingerprint(make("a")).digest
        assert fingerprint(make("a")).digest != fingerprint(make("b")).digest


def test_modules_of_ones_own_count_by_what_is_used_of_them() -> None:
    def module(text: str, unused: int) -> types.ModuleType:
        found = types.ModuleType("own_module")
        found.__file__ = "/somewhere/own_module.py"
        found.__dict__.update(text=text, unused=unused)
        return found

    source = "def f(prompt):\n    return own.text\n"
    first = fingerprint(made(source, own=module("a", 1))).digest
    assert first == fingerprint(made(source, own=module("a", 2))).digest
    assert first != fingerprint(made(source, own=module("b", 1))).digest


def test_installed_code_counts_by_its_name() -> None:
    found = fingerprint(made("def f(p):\n    return re.sub('a', dumps(p), p)\n", re=re, dumps=__import__("json").dumps))
    assert not found.unknown


def test_what_cannot_be_told_is_another_function_each_time() -> None:
    source = "def f(prompt):\n    return client.ask(prompt)\n"
    client = re.compile("x").scanner("x")  # an object of a class without attributes
    one = made(source, client=client)
    assert fingerprint(one).unknown == "'client' is a SRE_Scanner"
    assert fingerprint(one).digest != fingerprint(one).digest
    assert "built in" in fingerprint(str.upper).unknown


def test_a_stated_version_is_all_that_counts() -> None:
    assert fingerprint(str.upper, "2").digest == fingerprint(str.lower, "2").digest
    assert fingerprint(str.upper, "2").digest != fingerprint(str.upper, "3").digest


def test_functions_that_call_each_other_end() -> None:
    source = "def g(x):\n    return f(x)\ndef f(x):\n    return g(x)\n"
    assert fingerprint(made(source)).digest == fingerprint(made(source)).digest

"""State that makes two functions differ, wherever it is kept; and what cannot be told is said to be so."""

from __future__ import annotations

import enum
import functools
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairtrial.spec.fingerprint import fingerprint
from fairtrial.spec.functions import refresh_function, register_function


def make(source: str, **values: Any) -> Any:
    names: dict[str, Any] = {"__name__": "own", **values}
    exec(source, names)
    return names["f"]


def with_attribute(text: str) -> Any:
    def f(prompt: str) -> str:
        return str(f.__dict__["text"])

    f.__dict__["text"] = text
    return f


class Slotted:
    __slots__ = ("__own", "text")

    def __init__(self, text: str) -> None:
        self.text, self.__own = "", text


class WithSlots(Slotted):
    def __call__(self, prompt: str) -> str:
        return self.text


def with_metaclass(text: str) -> Any:
    meta = type("Meta", (type,), {"text": text, "__module__": "own"})
    return meta("C", (), {"__call__": lambda self, p: type(type(self)).text, "__module__": "own"})()


def with_enum(text: str) -> Any:
    class Mode(enum.Enum):
        X = text

    return make("def f(prompt):\n    return MODE.value\n", MODE=Mode.X)


def with_wraps(text: str) -> Any:
    @functools.wraps(json.dumps)
    def f(prompt: str) -> str:
        return text

    return f


def with_module_handed_on(text: str) -> Any:
    module = types.ModuleType("handed_on")
    module.__dict__["text"] = text
    source = "def g(m):\n    return m.text\ndef f(prompt):\n    return g(OWN)\n"
    return make(source, OWN=module)


def with_partial_attribute(text: str) -> Any:
    found = functools.partial(with_attribute)
    found.__dict__["text"] = text
    return found


def with_else_or_not(text: str) -> Any:
    inside = "try:\n        x = g()\n        y = h()\n    except ValueError:\n        return 1\n    return 2\n"
    after = (
        "try:\n        x = g()\n    except ValueError:\n        return 1\n    else:\n        y = h()\n    return 2\n"
    )
    return make(f"def f(prompt):\n    {inside if text == 'A' else after}")


@pytest.mark.parametrize(
    "made",
    [
        with_attribute,
        WithSlots,
        with_metaclass,
        with_enum,
        with_wraps,
        with_module_handed_on,
        with_partial_attribute,
        with_else_or_not,
    ],
)
def test_state_counts_wherever_it_is_kept(made: Callable[[str], Any]) -> None:
    one, same, other = (fingerprint(made(text)) for text in "AAB")
    assert one.unknown == same.unknown == ""
    assert one.digest == same.digest
    assert one.digest != other.digest


@pytest.mark.parametrize(
    "body",
    ["import fp_own; return fp_own.T", "from fp_own import T; return T", "from fp_own import T as x; return x"],
)
def test_imports_inside_it_are_followed(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "fp_own.py"
    file.write_text("T = 'A'\n")
    module = types.ModuleType("fp_own")
    module.__dict__.update(T="A", __file__=str(file))
    f = make(f"def f(prompt):\n    {body}\n")
    assert "cannot be found" not in fingerprint(make("def f(prompt):\n    import math, json.decoder\n")).unknown
    assert "not loaded yet" in fingerprint(f).unknown
    monkeypatch.setitem(sys.modules, "fp_own", module)
    first = fingerprint(f)
    assert not first.unknown and fingerprint(f).digest == first.digest
    monkeypatch.setattr(module, "T", "B")
    second = fingerprint(f).digest
    file.write_text("T = 'C'\n")
    assert len({first.digest, second, fingerprint(f).digest}) == 3


@pytest.mark.parametrize(
    "body",
    [
        "globals()['T']",
        "vars(C)",
        "eval('T')",
        "exec('T')",
        "__import__('x').T",
        "importlib.import_module('x').T",
        "os.environ['T']",
        "os.getenv('T')",
        "open('T').read()",
        "path.read_text()",
        "path.open().read()",
        "sys.modules['x'].T",
        "getattr(OWN, prompt)",
        "[(lambda: eval('T'))() for _ in prompt]",
    ],
)
def test_ways_to_values_that_the_code_does_not_show_cannot_be_told(body: str) -> None:
    own = types.ModuleType("handed_on")
    own.__dict__["OWN"] = 1
    assert fingerprint(make(f"def f(prompt):\n    return OWN, {body}\n", OWN=own)).unknown


def test_names_of_ones_own_like_built_in_ones_can_be_told() -> None:
    source = "def open(x):\n    return x\ndef f(prompt):\n    MODEL.eval\n    return open(prompt)\n"
    assert not fingerprint(make(source, MODEL=1)).unknown


def test_a_cache_with_answers_and_objects_of_c_cannot_be_told() -> None:
    cached = functools.lru_cache(make("def f(prompt):\n    return prompt\n"))
    assert not fingerprint(cached).unknown
    cached("x")
    assert "cache" in fingerprint(cached).unknown

    class Local(type(sys.implementation)):  # type: ignore[misc]  # a class in C
        def __call__(self, prompt: str) -> str:
            return prompt

    assert fingerprint(Local()).unknown


def test_a_registered_function_is_identified_anew_when_it_is_run_again() -> None:
    f = with_attribute("A")
    model = register_function(f)
    assert refresh_function(model) == model
    f.text = "B"
    assert refresh_function(model) != model
    assert refresh_function("fake:a") == "fake:a"

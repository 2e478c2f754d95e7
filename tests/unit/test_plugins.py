"""One look-up for what is built in and what other distributions bring, and what is said where it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fairtrial import plugins
from fairtrial.errors import PluginError, UnknownNameError
from fairtrial.plugins import Plugin, PluginTable, installed_plugins, plugin_behind
from tests.support.distributions import make_wheel

NUMBERS: PluginTable[Callable[[], int]] = PluginTable("number", {"one": lambda: 1, "len": "builtins:len"}, "a function")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        ("two", "operator:neg", "alpha", "1.0"),
        ("pi", "math:pi", "alpha", "1.0"),
        ("gone", "no_such_module:x", "alpha", "1.0"),
        ("one", "operator:neg", "beta", "2.0"),
        ("both", "operator:neg", "alpha", "1.0"),
        ("both", "operator:pos", "beta", "2.0"),
    ]
    found = tuple(
        Plugin("number", name, distribution, version, EntryPoint(f"number.{name}", value, "fairtrial"))
        for name, value, distribution, version in entries
    )
    monkeypatch.setattr(plugins, "installed_plugins", lambda: found)


@pytest.mark.usefixtures("installed")
def test_names_are_found_built_in_or_not() -> None:
    assert NUMBERS.find("one")() == 1
    assert NUMBERS.find("len") is len
    assert NUMBERS.find("two")(7) == -7  # type: ignore[call-arg]
    assert NUMBERS.list_names() == ["one", "len", "two", "pi", "gone", "both"]
    assert "two" in NUMBERS and "three" not in NUMBERS
    assert (NUMBERS.find_origin("one"), NUMBERS.find_origin("two"), NUMBERS.find_origin("three")) == (
        "",
        "alpha 1.0",
        "",
    )


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("tow", UnknownNameError, "number 'tow' does not exist. Did you mean 'two'"),
        ("pi", PluginError, r"'pi' of the plugin alpha 1.0 \(math:pi\) must be a function, and is of the type"),
        ("gone", PluginError, "alpha 1.0 .* cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("both", PluginError, "several plugins bring the number 'both': alpha 1.0, beta 2.0"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said(name: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        NUMBERS.find(name)


@pytest.mark.usefixtures("installed")
def test_a_clash_with_what_is_built_in_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    plugins._warn_once.cache_clear()
    for _ in range(2):
        NUMBERS.find("one")
    assert [record.getMessage() for record in caplog.records] == [
        "The number 'one' of the plugin beta 2.0 is not used: fairtrial has one of that name."
    ]


def test_metadata_is_read_distribution_by_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wheels = [
        make_wheel(tmp_path, "good-one", "1.0", {}, "[fairtrial]\nnumber.dotted.name = math:floor\n"),
        make_wheel(tmp_path, "other", "1.0", {}, "[console_scripts]\nother = math:floor\n"),
        make_wheel(tmp_path, "torn", "1.0", {}, "[fairtrial]\nnumber.torn\n"),
    ]
    monkeypatch.setattr(sys, "path", [*map(str, wheels)])
    found = installed_plugins.__wrapped__()
    assert [(one.kind, one.name, one.origin) for one in found] == [("number", "dotted.name", "good-one 1.0")]
    assert "The plugins of torn are left out" in caplog.text


@pytest.mark.usefixtures("installed")
def test_an_error_is_traced_to_the_plugin_that_raised_it() -> None:
    code = compile("def fail():\n    return 1 / 0\n", "operator.py", "exec")
    space: dict[str, object] = {"__name__": "operator"}
    exec(code, space)
    fail = space["fail"]
    assert callable(fail)
    with pytest.raises(ZeroDivisionError) as raised:
        fail()
    behind = plugin_behind(raised.value)
    assert behind is not None and behind.distribution == "alpha"
    assert plugin_behind(ValueError()) is None

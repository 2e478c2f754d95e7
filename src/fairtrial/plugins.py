"""Plugins: what other distributions add to fairtrial, and the one way in which everything is found by its name.

A distribution announces what it adds in the entry-point group ``fairtrial``, each name with its kind before it:
``"engine.mine" = "my_package:MyEngine"`` (docs/plugins.md lists the kinds).  Installed metadata is read when somebody
first asks for a name that is not built in; a plugin's own code is imported when it is used.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Generic, TypeVar, cast

from fairtrial.errors import PluginError, UnknownNameError

GROUP = "fairtrial"
"""The entry-point group."""

log = logging.getLogger(__name__)
T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One thing that another distribution adds.

    Attributes:
        kind: of thing, e.g. ``engine``.
        name: as users write it.
        distribution: name of the distribution that brings it.
        version: of that distribution.
        entry: where its code is.
    """

    kind: str
    name: str
    distribution: str
    version: str
    entry: EntryPoint

    @property
    def origin(self) -> str:
        """The distribution and its version, for records and errors."""
        return f"{self.distribution} {self.version}"

    def load(self) -> object:
        """Import it.  Raises PluginError, naming the distribution, whatever its code does."""
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:
            raise self.make_error(f"cannot be imported: {_one_line(error)}") from error

    def explain_failure(self, error: Exception) -> PluginError:
        """Return the error that says that its code raised another one, and where."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        return self.make_error(f"failed: {_one_line(error)} ({Path(place.filename).name}:{place.lineno})")

    def make_error(self, what: str) -> PluginError:
        """Return the error that says ``what`` is wrong with it: the rest of a sentence, without its full stop."""
        return PluginError(
            f"the {self.kind} {self.name!r} of the plugin {self.origin} ({self.entry.value}) {what}.",
            fix=f"Update or uninstall {self.distribution}; `fairtrial doctor` checks all plugins.",
        )


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".removesuffix(": ").removesuffix(".")


@cache
def installed_plugins() -> tuple[Plugin, ...]:
    """Return all plugins of all installed distributions, by kind, name and distribution; imports none of them.

    A distribution whose list of entry points cannot be read is named in a warning and left out.
    """
    found: dict[str, tuple[Plugin, ...]] = {}
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt") or ""
        if f"[{GROUP}]" in text and distribution.name not in found:  # of two of one name, Python takes the first, too
            found[distribution.name] = tuple(_plugins_of(distribution))
    every = (plugin for plugins in found.values() for plugin in plugins)
    return tuple(sorted(every, key=lambda plugin: (plugin.kind, plugin.name, plugin.distribution)))


def _plugins_of(distribution: Distribution) -> Iterator[Plugin]:
    try:
        entries = list(distribution.entry_points.select(group=GROUP))
    except Exception as error:
        log.warning("The plugins of %s are left out: %s.", distribution.name, _one_line(error))
        return
    for entry in entries:
        kind, _, name = entry.name.partition(".")
        yield Plugin(kind, name, distribution.name, distribution.version, entry)


def plugin_names(kind: str) -> list[str]:
    """Return the names of all plugins of a kind."""
    return list(dict.fromkeys(plugin.name for plugin in installed_plugins() if plugin.kind == kind))


def plugin_behind(error: BaseException) -> Plugin | None:
    """Return a plugin whose code an error came through, the last one that was entered; None if there is none."""
    found, trace = None, error.__traceback__
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        found = next((one for one in installed_plugins() if one.entry.module.partition(".")[0] == package), found)
        trace = trace.tb_next
    return found


@dataclass(frozen=True)
class PluginTable(Generic[T]):
    """What exists of one kind by name, built in or from a plugin.  A built-in one wins over a plugin of its name.

    Attributes:
        kind: of thing, as the names of entry points say it, e.g. ``engine``.
        built_in: name to the thing itself, or to ``module:attribute`` where it is imported when it is used.
        promise: what a plugin of this kind must be, for errors.
        keeps_promise: whether something is that.
        noun: what users call it; the kind where that is empty.
    """

    kind: str
    built_in: Mapping[str, T | str]
    promise: str
    keeps_promise: Callable[[object], bool] = callable
    noun: str = ""

    def __contains__(self, name: object) -> bool:
        return name in self.built_in or bool(self._list_plugins(name))

    def list_names(self) -> list[str]:
        """Return all names, the built-in ones first."""
        return list(dict.fromkeys([*self.built_in, *plugin_names(self.kind)]))

    def find(self, name: str) -> T:
        """Return what a name stands for.

        Raises:
            UnknownNameError: nothing, with the nearest names.
            PluginError: something of a plugin that cannot be imported, or is not what it must be.
        """
        if name in self.built_in:
            found = self.built_in[name]
            for unused in self._list_plugins(name):
                _warn_once(f"The {self.kind} {name!r} of the plugin {unused.origin} is not used: {CLASH}.")
            return cast(T, import_object(found) if isinstance(found, str) else found)
        plugin = self.find_plugin(name)
        if plugin is None:
            raise self.make_unknown_error(name)
        return self.load(plugin)

    def load(self, plugin: Plugin) -> T:
        """Import a plugin of this kind.  Raises PluginError if that fails, or if it is not what it must be."""
        found = plugin.load()
        if not self.keeps_promise(found):
            raise plugin.make_error(f"must be {self.promise}, and is {_describe_value(found)}")
        return cast(T, found)

    def find_plugin(self, name: str) -> Plugin | None:
        """Return the plugin that a name stands for; None where it is built in or does not exist.

        Raises PluginError if several distributions have one of that name.
        """
        found = () if name in self.built_in else self._list_plugins(name)
        if len(found) > 1:
            others = ", ".join(plugin.origin for plugin in found)
            raise PluginError(
                f"several plugins bring the {self.kind} {name!r}: {others}.", fix="Uninstall all of them but one."
            )
        return found[0] if found else None

    def expect(self, name: str, value: V, promise: str, fine: bool) -> V:
        """Return what the code behind a name gave, if it is ``fine``.

        Raises PluginError, which names the plugin, the ``promise`` and the type seen.
        """
        if not fine:
            plugin = self.find_plugin(name)
            assert plugin is not None, f"{self.kind} {name}: {promise}, and it is {_describe_value(value)}"
            raise plugin.make_error(f"breaks its promise: {promise}, and it is {_describe_value(value)}")
        return value

    def find_origin(self, name: str) -> str:
        """Return the distribution and version that a name comes from; empty for what is built in."""
        plugin = self.find_plugin(name)
        return plugin.origin if plugin else ""

    def make_unknown_error(self, name: str) -> UnknownNameError:
        """Return the error about a name that does not exist."""
        known = self.list_names()
        return UnknownNameError(self.noun or self.kind, name, known, fix=f"There are: {', '.join(known)}.")

    def find_problem(self, plugin: Plugin) -> str:
        """Return what keeps a plugin of this kind from being used; empty if nothing does.  Imports it."""
        if plugin.name in self.built_in:
            return CLASH
        try:
            self.find_plugin(plugin.name)
            self.load(plugin)
        except PluginError as error:
            return error.message
        return ""

    def _list_plugins(self, name: object) -> tuple[Plugin, ...]:
        return tuple(plugin for plugin in installed_plugins() if (plugin.kind, plugin.name) == (self.kind, name))


@cache
def _warn_once(text: str) -> None:
    log.warning(text)


CLASH = "fairtrial has one of that name"


def import_object(place: str) -> object:
    """Import what ``module:attribute`` names."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def _describe_value(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of the type {type(value).__name__}"

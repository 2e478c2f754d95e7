"""Tasks by name: who comes first, what is never scanned, and what is said about a wrong name or level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest

from fairtrial import plugins as plugins_of
from fairtrial.errors import PluginError, SpecError, TaskError, UnknownNameError
from fairtrial.plugins import Plugin
from fairtrial.tasks import find
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.find import GENERATED, TaskFinder
from fairtrial.tasks.harms import HARMS
from fairtrial.tasks.procedural.logic import build_logic
from fairtrial.tasks.public import SUITES


@dataclass(frozen=True)
class Entry:
    name: str
    kind: str
    path: Path


class Catalogue:
    """Stands in for the index of task files, and remembers which folders were looked at."""

    opened: ClassVar[list[tuple[str, ...]]] = []
    files: ClassVar[dict[str, dict[str, list[str]]]] = {
        "mine": {"colours": ["colours"], "reading": ["reading"], "pair": ["colours", "shapes"], "shapes": ["shapes"]},
        "harness": {"arc_easy": ["arc_easy"], "colours": ["colours"], "arc": ["arc_easy"]},
    }

    def __init__(self, roots: list[Path], trust_code: bool = False) -> None:
        self.roots = tuple(root.name for root in roots)
        self.opened.append(self.roots)
        self.tasks = {name: leaves for root in self.roots for name, leaves in self.files[root].items()}

    def list_names(self) -> dict[str, Entry]:
        return {
            name: Entry(name, "task" if leaves == [name] else "group", Path(self.roots[0], f"{name}.yaml"))
            for name, leaves in self.tasks.items()
        }

    def list_broken(self) -> dict[str, str]:
        return {}

    def expand(self, name: str) -> list[str]:
        return self.tasks[name]

    def build(self, name: str, options: TaskOptions) -> Task:
        return BuiltFrom(self.roots[0], name)


class BuiltFrom:
    card = None

    def __init__(self, root: str, name: str) -> None:
        self.root, self.name = root, name


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    Catalogue.opened = []
    monkeypatch.setattr(find, "LmEvalCatalog", Catalogue)
    monkeypatch.setattr(find, "find_installed_lmeval_folder", lambda: tmp_path / "harness")
    plugins = [
        EntryPoint("task.riddles", f"{__name__}:riddles", "fairtrial"),
        EntryPoint("task.shapes", f"{__name__}:riddles", "fairtrial"),
        EntryPoint("task.broken", "no_such_module:task", "fairtrial"),
        EntryPoint("task.odd", f"{__name__}:odd", "fairtrial"),
        EntryPoint("engine.other", "no_such_module:engine", "fairtrial"),
    ]
    named = [(entry, *entry.name.split(".")) for entry in plugins]
    installed = tuple(Plugin(kind, name, "puzzles", "1.2", entry) for entry, kind, name in named)
    monkeypatch.setattr(plugins_of, "installed_plugins", lambda: installed)
    (tmp_path / "mine").mkdir()
    yield


def riddles(options: TaskOptions) -> Task:
    return build_logic(options)


def odd(options: TaskOptions) -> str:
    return "not a task"


def finder(tmp_path: Path) -> TaskFinder:
    return TaskFinder([tmp_path / "mine"])


def test_our_own_tasks_need_no_index(tmp_path: Path) -> None:
    found = finder(tmp_path)
    for name in GENERATED:
        assert found.expand(name) == [name]
        assert found.build(name, TaskOptions(level=1, items=2)).card.name == name
    assert Catalogue.opened == []


def test_our_names_come_first_then_files_then_plugins_then_the_installed_harness(tmp_path: Path) -> None:
    found = finder(tmp_path)
    assert found.build("reading", TaskOptions(items=1)).card.name == "reading"
    assert found.build("colours", TaskOptions()).root == "mine"  # type: ignore[attr-defined]
    assert found.build("shapes", TaskOptions()).root == "mine"  # type: ignore[attr-defined]
    assert found.build("riddles", TaskOptions(items=1)).card.name == "logic"
    assert Catalogue.opened == [("mine",)]
    assert found.build("arc_easy", TaskOptions()).root == "harness"  # type: ignore[attr-defined]


def test_groups_expand_to_their_tasks(tmp_path: Path) -> None:
    assert finder(tmp_path).expand("pair") == ["colours", "shapes"]
    assert finder(tmp_path).expand("arc") == ["arc_easy"]
    assert finder(tmp_path).expand("riddles") == ["riddles"]


def test_the_list_names_everything_once(tmp_path: Path) -> None:
    listed = {entry.name: entry for entry in finder(tmp_path).list_all()}
    assert len(listed) == len(finder(tmp_path).list_all())
    families = {name for name, tasks in HARMS.items() if tasks}
    assert set(listed) == {
        *families,
        *GENERATED,
        *SUITES,
        "colours",
        "pair",
        "shapes",
        "riddles",
        "broken",
        "odd",
        "arc_easy",
        "arc",
    }
    assert [listed[name].kind for name in ("logic", "colours", "pair", "riddles")] == [
        "procedural", "lm-eval", "group", "plugin",
    ]  # fmt: skip
    assert "Levels 1 to 5" in listed["logic"].description


def test_the_installed_harness_can_be_left_out(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="task 'arc_easy' does not exist"):
        TaskFinder([tmp_path / "mine"], installed=False).build("arc_easy", TaskOptions())
    assert ("harness",) not in Catalogue.opened


@pytest.mark.parametrize(
    ("wrong", "meant"), [("arithmetik", "arithmetic"), ("ridles", "riddles"), ("arc_esy", "arc_easy")]
)
def test_a_wrong_name_is_answered_with_the_nearest(tmp_path: Path, wrong: str, meant: str) -> None:
    for ask in (lambda: finder(tmp_path).expand(wrong), lambda: finder(tmp_path).build(wrong, TaskOptions())):
        with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'"):
            ask()


def test_a_level_where_there_are_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="'arc_easy' has no levels; level 2 was asked for"):
        finder(tmp_path).build("arc_easy", TaskOptions(level=2))
    with pytest.raises(SpecError, match="level 8 does not exist"):
        finder(tmp_path).build("reading", TaskOptions(level=8))


def test_broken_plugins_and_missing_folders_say_so(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"the task 'broken' of the plugin puzzles 1\.2 .* cannot be imported"):
        finder(tmp_path).build("broken", TaskOptions())
    with pytest.raises(PluginError, match="returned a str, not a task"):
        finder(tmp_path).build("odd", TaskOptions())
    with pytest.raises(TaskError, match="no task folder or file"):
        TaskFinder([tmp_path / "nowhere"])

"""Logs with grades come from elsewhere: whatever stands in them, there is an error that names it, or a result."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import FairtrialError
from fairtrial.planning.comparing import find_logged_systems
from fairtrial.planning.plan import plan_trial
from fairtrial.spec.trial import TaskEntry, Trial
from tests.support.logs import write_helm, write_inspect, write_lm_eval, write_promptfoo

ODD: list[Any] = [
    None, True, -1, 0, 1e308, float("nan"), "", "x", "\ud800", "=1+1", [], [[]], [None], {}, {"a": None}, 10**30,
    [1, "x", None], {"name": 1}, "[1, 2", "{{question}}", ["x"] * 3,
]  # fmt: skip


def list_places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside of one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(way for key, one in inner for way in list_places(one, (*at, key)))] if at else [
        way for key, one in inner for way in list_places(one, (key,))
    ]  # fmt: skip


def spoil(value: Any, rng: random.Random) -> Any:
    """Return a value with one of its parts replaced or left out."""
    way = rng.choice(list_places(value))
    holder = value
    for key in way[:-1]:
        holder = holder[key]
    if rng.random() < 0.2 and isinstance(holder, dict):
        del holder[way[-1]]
    else:
        holder[way[-1]] = rng.choice(ODD)
    return value


def read(*paths: Path) -> str:
    """Plan a trial of logs and read all of it; return the error if there is one."""
    try:
        made = tuple(one.candidate for one in find_logged_systems([str(path) for path in paths]))
        for task in ("log:*", "regrade:*"):
            plan = plan_trial(Trial(candidates=made, tasks=(TaskEntry(task=task),)), paths[0].parent)
            for grades in plan.logged:
                list(grades.read())
    except FairtrialError as error:
        return str(error)
    return ""


def spoil_file(path: Path, rng: random.Random) -> None:
    if path.suffix == ".eval":
        with zipfile.ZipFile(path) as archive:
            entries = {name: json.loads(archive.read(name)) for name in archive.namelist()}
        name = rng.choice(list(entries))
        entries[name] = spoil(entries[name], rng)
        with zipfile.ZipFile(path, "w") as archive:
            for name, body in entries.items():
                archive.writestr(name, json.dumps(body))
    elif path.suffix == ".jsonl":
        lines = path.read_text().splitlines()
        at = rng.randrange(len(lines))
        lines[at] = json.dumps(spoil(json.loads(lines[at]), rng))
        path.write_text("\n".join(lines) + "\n")
    else:
        path.write_text(json.dumps(spoil(json.loads(path.read_text()), rng)))


@pytest.mark.parametrize("kind", ["lm-eval", "promptfoo", "inspect", "helm"])
def test_odd_values_are_errors_or_results(tmp_path: Path, kind: str) -> None:
    rng = random.Random(kind)
    told = 0
    for turn in range(60):
        place = tmp_path / str(turn)
        right = [True, False, True]
        if kind == "lm-eval":
            first, other = write_lm_eval(place / "A", right), write_lm_eval(place / "B", right)
            spoil_file(rng.choice(sorted(other.iterdir())), rng)
        elif kind == "promptfoo":
            place.mkdir()
            first, other = (write_promptfoo(place / name, {("p", 0): right}) for name in ("a.json", "b.json"))
            spoil_file(other, rng)
        elif kind == "inspect":
            first, other = (write_inspect(place / name, right, "m") for name in ("a.eval", "b.eval"))
            spoil_file(other, rng)
        else:
            first, other = (write_helm(place / name, right, "m") for name in ("A", "B"))
            spoil_file(rng.choice(sorted(other.iterdir())), rng)
        told += bool(read(first, other))
    assert told < 60

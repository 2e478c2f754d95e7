"""Starting a trial: a form, or a file that is dropped; `fairtrial plan` checks it before anything runs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fairtrial.errors import FairtrialError, SpecError
from fairtrial.ledger.browsing import sketch_trials
from fairtrial.models import list_models
from fairtrial.pages.safety import FormError, read_form
from fairtrial.tasks.find import TaskFinder
from fairtrial.workbench.bench import SHOWN_ID, Workbench
from fairtrial.workbench.paths import check_paths
from fairtrial.workbench.runs import DATA, EXCEL, CheckedFile, RunTable, StartedRun
from fairtrial.workbench.sample import SampleRows, read_sample

MOST_BYTES = 16 << 20
"""Of a form with a file that was dropped: of the file itself the page takes 5 MB."""

FormFields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class StartForm:
    """What stands in the form.

    Attributes:
        fields: of the form to choose from.
        file, text: of the file to run.
        checked: what the check says; None before it.
        problem: what is wrong with what was sent.
        sample: first rows of a file of questions that was sent.
    """

    fields: FormFields
    file: str = ""
    text: str = ""
    checked: CheckedFile | None = None
    problem: FairtrialError | None = None
    sample: SampleRows | None = None

    def one(self, name: str, usual: str = "") -> str:
        """Return a field's only value."""
        found = self.fields.get(name)
        return found[0] if found else usual

    def has(self, name: str, value: str) -> bool:
        """Return whether a field has a value among its values."""
        return value in self.fields.get(name, ())


async def show_start(bench: Workbench, request: Request) -> Response:
    """Answer with the empty form."""
    _get_runs(bench).ready.prepare()
    return await _show(bench, StartForm({"task": request.query_params.getlist("task")[:20]}))


async def compose_trial(bench: Workbench, request: Request) -> Response:
    """Make a trial file of the form, and show it to be checked."""
    fields = await read_form(request, bench.token)
    _get_runs(bench).ready.prepare()
    try:
        name, text = write_trial(fields)
    except SpecError as error:
        return await _show(bench, StartForm(fields, problem=error), 422)
    return await _show(bench, StartForm(fields, f"{name}.yaml", text))


async def check_trial(bench: Workbench, request: Request) -> Response:
    """Save a file and say what is wrong with it; rows of questions become a task to choose."""
    fields = await read_form(request, bench.token, MOST_BYTES)
    runs = _get_runs(bench)
    form = StartForm(fields, fields.get("file", [""])[0], fields.get("text", [""])[0])
    try:
        ledger = bench.shelf.find(form.one("ledger", next(iter(bench.shelf.ledgers))))
        if form.file.lower().endswith(DATA):
            sample = read_sample(form.file, form.text)
            name = runs.save(form.file, form.text).name
            chosen = dict.fromkeys([*fields.get("task", []), name])
            return await _show(bench, StartForm({"task": [*chosen]}, sample=sample))
        await _check_paths(bench, runs, form.text)
        path = runs.save(form.file, form.text)
        checked = await runs.check(path, ledger.path)
    except FairtrialError as error:
        text = "" if form.file.lower().endswith(EXCEL) else form.text
        return await _show(bench, StartForm(fields, form.file, text, problem=error), 422)
    return await _show(bench, StartForm(fields, form.file, form.text, checked), 200 if checked.good else 422)


async def start_trial(bench: Workbench, request: Request) -> Response:
    """Run a file that was saved and checked."""
    fields = await read_form(request, bench.token)
    runs = _get_runs(bench)
    ledger = bench.shelf.find(fields.get("ledger", [""])[0])
    path = runs.find_file(fields.get("file", [""])[0])
    if path.name not in runs.saved:
        raise SpecError(f"{path.name} was not saved from here.", fix="Check it first.")
    await _check_paths(bench, runs, path.read_text("utf-8", "replace"))
    before = set(runs.runs)
    run = await runs.start(path, ledger.path)
    return RedirectResponse(f"/runs/{run.number}{'?already=1' if run.number in before else ''}", 303)


async def _check_paths(bench: Workbench, runs: RunTable, text: str) -> None:
    models, _ = await bench.room.run_here(_list_choices)
    check_paths(text, {name for name, _ in models}, runs.workspace)


async def show_run(bench: Workbench, request: Request) -> Response:
    """Answer with the state of a run."""
    run = _get_runs(bench).find_run(request.path_params["number"])
    already = "already" in request.query_params and run.going
    return bench.show("run.html", run=run, already=already, trial=await _find_trial(bench, run))


async def show_runs(bench: Workbench, _: Request) -> Response:
    """Answer with all runs that are known."""
    return bench.show("runs.html", runs=[*_get_runs(bench).runs.values()][::-1])


async def cancel_run(bench: Workbench, request: Request) -> Response:
    """Tell a run to stop."""
    await read_form(request, bench.token)
    runs = _get_runs(bench)
    run = runs.find_run(request.path_params["number"])
    runs.cancel(run)
    return RedirectResponse(f"/runs/{run.number}", 303)


def _get_runs(bench: Workbench) -> RunTable:
    if bench.runs is None:
        raise FormError("this workbench was started with --read-only.")
    return bench.runs


async def _show(bench: Workbench, form: StartForm, status: int = 200) -> Response:
    runs = _get_runs(bench)
    models, tasks = await bench.room.run_here(_list_choices)
    values = {"models": models, "tasks": tasks, "data": runs.list_data(), "workspace": runs.workspace}
    return bench.show("start.html", status, form=form, **values)


async def _find_trial(bench: Workbench, run: StartedRun) -> str:
    """Return the address of the trial that a run has begun; empty as long as there is none."""
    for shelved in bench.shelf.ledgers.values():
        if shelved.path.resolve() == run.ledger.resolve() and shelved.there:
            try:
                found = await bench.readers.read(shelved.path, sketch_trials, "", 1)
            except FairtrialError:
                return ""
            begun = _read_seconds(found[0].last_started) if found else 0.0
            if begun >= run.started - 1.5:
                return f"/l/{shelved.key}/t/{found[0].id[:SHOWN_ID]}"
    return ""


def _read_seconds(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0


@lru_cache(maxsize=1)
def _list_choices() -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Return (name, what it is) of the models on this machine and of the tasks that a trial can name."""
    models = tuple((model.spec, model.description) for model in list_models())
    found = TaskFinder((), installed=False).list_all()
    tasks = [(task.name, task.description) for task in found if task.kind != "suite"]
    return models, tuple((name, textwrap.shorten(told, 200, placeholder=" …")) for name, told in tasks)


def write_trial(fields: FormFields) -> tuple[str, str]:
    """Return name and text of the trial file that a form asks for.  Raises SpecError for what is missing or wrong."""
    models = [line.strip() for line in (*fields.get("model", ()), *_lines(fields, "models")) if line.strip()]
    tasks = [line.strip() for line in (*fields.get("task", ()), *_lines(fields, "tasks")) if line.strip()]
    name = (fields.get("name") or ["trial"])[0].strip() or "trial"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", name):
        raise SpecError(f"{name[:70]!r} is no name for a trial.", fix="Use letters, digits, '-' and '_'.")
    if not models or not tasks:
        raise SpecError(
            f"{'no model' if not models else 'no task'} is chosen.", fix="Choose one or more of both kinds."
        )
    limit = _read_count(fields, "limit")
    used: set[str] = set()
    candidates = [{"id": _make_id(model, used), "model": model} for model in dict.fromkeys(models)]
    margin = (fields.get("margin") or ["2"])[0].strip() or "2"
    if not re.fullmatch(r"\d{1,2}(\.\d{1,3})?", margin):
        raise SpecError(f"a margin of {margin[:20]!r} points is none.", fix="Give a number such as 2 or 0.5.")
    decide: dict[str, Any] = {"margin": round(float(margin) / 100, 6)}
    if fields.get("early"):
        decide["stop_early"] = True
    document = {
        "name": name,
        "candidates": candidates,
        "baseline": candidates[0]["id"],
        "tasks": [_make_entry(task, limit) for task in dict.fromkeys(tasks)],
        "decide": decide,
    }
    return name, yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)


def _lines(fields: FormFields, name: str) -> list[str]:
    return (fields.get(name) or [""])[0].splitlines()


def _read_count(fields: FormFields, name: str) -> int | None:
    text = (fields.get(name) or [""])[0].strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
        raise SpecError(
            f"a limit of {text[:20]!r} items is none.", fix="Give a whole number from 1 on, or leave it out."
        )
    return int(text)


def _make_entry(task: str, limit: int | None) -> dict[str, Any]:
    name, _, level = task.partition("@")
    entry: dict[str, Any] = {"file": task} if task.lower().endswith(DATA) else {"task": name}
    if "file" not in entry and level.isdigit():
        entry["level"] = int(level)
    return {**entry, **({"limit": limit} if limit else {})}


def _make_id(model: str, used: set[str]) -> str:
    """Return a short id for a model that none has yet."""
    name = model.rpartition("/")[2].rpartition(":")[2].removesuffix(".gguf")
    short = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:40] or "model"
    found = next(one for one in (short, *(f"{short}-{n}" for n in range(2, 10_000))) if one not in used)
    used.add(found)
    return found

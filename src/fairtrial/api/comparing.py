"""``ft.compare``: a trial without a file, of whatever can be named or called, on whatever can be asked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairtrial.api.conditions import DEFAULT_LEDGER, Conditions, ignore
from fairtrial.api.pictures import names_image_file, write_picture
from fairtrial.api.results import Result
from fairtrial.api.running import conduct_loaded, plan_unfitted
from fairtrial.api.showing import show_run
from fairtrial.cache import cache_folder
from fairtrial.errors import SpecError
from fairtrial.planning.plan import Plan
from fairtrial.records import ScoreRequest, content_hash
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.functions import Function, is_function, refresh_function
from fairtrial.spec.own import is_data_file
from fairtrial.spec.schemes import scheme_of
from fairtrial.spec.shares import read_margin
from fairtrial.spec.shorthand import expand_model
from fairtrial.spec.source import LoadedTrial, dump_trial, load_candidate
from fairtrial.spec.trial import Decide, TaskEntry, Trial

UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
DATA = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx")

Contestant = str | Path | Candidate | Function | Callable[..., Any]
"""What can stand trial: a model's name or path, a candidate or its file, a function."""


def compare(
    candidates: Sequence[Contestant] | Mapping[str, Contestant],
    tasks: Any,
    ledger: str | Path = DEFAULT_LEDGER,
    *,
    limit: int | None = None,
    margin: float | str = 0.02,
    baseline: str = "",
    conditions: Conditions | None = None,
    progress: bool | None = None,
) -> Result:
    """Compare models, candidates and functions on tasks, and return what was found.

        def my_system(prompt: str) -> str:
            return retrieve_and_ask(prompt)

        found = ft.compare([my_system, "openai:gpt-4o-mini"], tasks=["questions.csv"])
        print(found)

    Where a candidate gives no scores of given texts, as functions and hosted chats do not, tasks of choices are asked
    by letter, of all candidates alike.

    Args:
        candidates: what stands trial; the first is what the others are compared with.  Names of models, paths of
            weights, logs or candidate files, `Candidate`, functions, `Function`; a mapping names them.
        tasks: what is asked: names of tasks (``NAME@LEVEL``), paths of files of rows, `TaskEntry`, or rows themselves
            (a list of mappings, a data frame); one alone or several.
        ledger: as for `run`.
        limit: ask at most this many items of each task.
        margin: differences inside ±margin are tied: a share such as 0.02 or "2%".
        baseline: name of another candidate that the others are compared with.
        conditions: as for `run`.
        progress: as for `run`.

    Raises:
        FairtrialError: what is wrong and what to do; answers that were paid for are in the ledger.
    """
    named = name_candidates(candidates)
    trial = Trial(
        name="compare",
        candidates=tuple(named),
        baseline=baseline,
        tasks=tuple(limit_entry(make_entry(one), limit) for one in list_tasks(tasks)),
        decide=Decide(margin=read_margin(str(margin))),
    )
    with show_run(conditions or Conditions(), progress) as shown:
        trial = ask_by_letter(trial, shown)
        return conduct_loaded(LoadedTrial(trial, dump_trial(trial), None), Path(ledger), shown)


def name_candidates(given: Sequence[Contestant] | Mapping[str, Contestant]) -> list[Candidate]:
    """Return candidates with names that differ; those of a mapping are its keys.  Raises SpecError for what is none."""
    if isinstance(given, str | Path) or not isinstance(given, Sequence | Mapping):
        raise SpecError(
            f"candidates must be a list, or a mapping of names; got {type(given).__name__} {given!r:.60}.",
            fix="Write ft.compare([first, second], tasks=[...]).",
        )
    if isinstance(given, Mapping):
        return [make_candidate(one).model_copy(update={"id": check_name(name)}) for name, one in given.items()]
    found: list[Candidate] = []
    for one in given:
        candidate = make_candidate(one)
        known = {other.id for other in found}
        name, number = candidate.id, 2
        while name in known:
            name, number = f"{candidate.id[:60]}-{number}", number + 1
        found.append(candidate.model_copy(update={"id": name}))
    return found


def check_name(name: object) -> str:
    """Return a candidate's name; raise SpecError if it cannot be one."""
    if not isinstance(name, str) or UNFIT.search(name) or not name[:1].isalnum() or len(name) > 64:
        raise SpecError(f"{name!r} cannot name a candidate: letters, digits, '.', '_' and '-', 64 at most.")
    return name


def make_candidate(given: Contestant) -> Candidate:
    """Return the candidate that something stands for.  Raises SpecError if it stands for none."""
    if isinstance(given, Candidate):
        return given.model_copy(update={"model": refresh_function(given.model)})
    if isinstance(given, Path) or (isinstance(given, str) and Path(given).suffix in (".yaml", ".yml")):
        path = Path(given)
        return load_candidate(path) if path.suffix in (".yaml", ".yml") else make_candidate(str(given))
    if isinstance(given, str):
        stem = UNFIT.sub("-", given.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]).strip("-._")
        return Candidate(**{"id": stem[:60] or "candidate", **expand_model(given)})
    if isinstance(given, type) or not (callable(given) or isinstance(given, Function)):
        raise SpecError(
            f"a candidate is a model's name, a Candidate or a function; got {type(given).__name__} {given!r:.60}."
        )
    function = given if isinstance(given, Function) else Function(given)
    own = UNFIT.sub("-", function.name).strip("-._")[:60] or "function"
    return Candidate(**{"id": "function" if own == "lambda" else own, "model": function})


def list_tasks(given: Any) -> list[Any]:
    """Return what is asked as a list: one task alone, rows alone and a frame alone are one."""
    if is_frame(given) or isinstance(given, str | Path | TaskEntry):
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise SpecError(
            f"tasks must be a list of names, files, entries or rows; got {type(given).__name__}.",
            fix="`fairtrial tasks` lists names.",
        )
    every = list(given)
    if not every:
        raise SpecError("tasks is empty: a comparison asks at least one.", fix="`fairtrial tasks` lists names.")
    if all(isinstance(one, Mapping) and not {"task", "file"} & one.keys() for one in every):
        return [every]
    return every


def make_entry(given: Any) -> TaskEntry:
    """Return the entry of one task.  Raises SpecError for what is none."""
    if isinstance(given, TaskEntry):
        return given
    if isinstance(given, Mapping) and {"task", "file"} & given.keys():
        if holds_rows(given.get("file")):
            return TaskEntry(**{"id": "rows", **given, **describe_rows(given["file"])})
        return TaskEntry(**{str(key): value for key, value in given.items()})
    if holds_rows(given):
        return TaskEntry(id="rows", **describe_rows(given))
    if not isinstance(given, str | Path):
        raise SpecError(f"a task is a name, a file, a TaskEntry or rows; got {type(given).__name__} {given!r:.60}.")
    name = str(given)
    if Path(name).suffix.lower() in DATA or is_data_file(name) or (isinstance(given, Path) and given.is_dir()):
        return TaskEntry.model_validate({"file": name})
    base, _, level = name.partition("@")
    if level and not level.isdigit():
        raise SpecError(f"task {name!r}: the level after '@' must be a whole number, got {level!r}.")
    return TaskEntry(task=base, level=int(level) if level else None)


def holds_rows(given: Any) -> bool:
    """Return whether something is rows in memory, right or wrong ones."""
    return is_frame(given) or (isinstance(given, Sequence) and not isinstance(given, str))


def describe_rows(given: Any) -> dict[str, Any]:
    """Return what an entry says of rows in memory: the file that they are written to, and where their images are."""
    rows = list_rows(given)
    body: dict[str, Any] = {"file": {"path": str(write_rows(rows))}}
    if any(names_image_file(value) for row in rows for value in row.values()):
        body["image"] = {"folder": str(Path.cwd())}  # paths in rows are the caller's, not the cache's
    return body


def limit_entry(entry: TaskEntry, limit: int | None) -> TaskEntry:
    """Return the entry with a limit, unless it has its own."""
    if limit is None or entry.limit is not None:
        return entry
    return TaskEntry(**{**entry.model_dump(exclude_unset=True), "limit": limit})


def is_frame(given: object) -> bool:
    """Return whether something is a data frame of pandas or polars; imports neither."""
    return type(given).__module__.partition(".")[0] in ("pandas", "polars") and hasattr(given, "columns")


def list_rows(given: Any) -> list[Mapping[str, Any]]:
    """Return rows as mappings.  Raises SpecError for a row that is none, by its number."""
    if is_frame(given):
        given = given.to_dicts() if hasattr(given, "to_dicts") else given.to_dict("records")
    rows = list(given)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise SpecError(f"row {number} is {type(row).__name__} {row!r:.60}, not a mapping of columns.")
    if not rows:
        raise SpecError("there are no rows to ask.")
    return rows


def write_rows(rows: Sequence[Mapping[str, Any]]) -> Path:
    """Return a file of rows in the cache, named by its content.  Raises SpecError for values that JSON lacks."""
    plain = [
        {str(name): make_plain(value, f"row {i}, column {name!r}") for name, value in row.items()}
        for i, row in enumerate(rows, 1)
    ]
    path = cache_folder() / "rows" / content_hash(plain) / "rows.jsonl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in plain), encoding="utf-8")
        unfinished.replace(path)
    return path


def make_plain(value: Any, where: str) -> Any:
    """Return a value as JSON has it: numbers of numpy as numbers, days and times as text, missing ones as null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if (picture := write_picture(value)) is not None:
        return picture
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(name): make_plain(one, where) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [make_plain(one, where) for one in value]
    if hasattr(value, "tolist"):  # of numpy
        return make_plain(value.tolist(), where)
    if hasattr(value, "isoformat"):
        return None if str(value) == "NaT" else value.isoformat()
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise SpecError(
        f"{where}: a {type(value).__name__} has no place in a row.", fix="Rows hold text, numbers, pictures and lists."
    )


def ask_by_letter(trial: Trial, conditions: Conditions) -> Trial:
    """Return the trial with choices asked by letter, where a candidate gives no scores of given texts.

    An entry that says how it is asked stays as it is.
    """
    silent = [candidate.id for candidate in trial.candidates if _gives_no_scores(candidate)]
    unsaid = [entry for entry in trial.tasks if "ask" not in entry.model_fields_set]
    if not silent or not unsaid:
        return trial
    plan = plan_unfitted(LoadedTrial(trial, "", None), replace(conditions, on_note=ignore))  # the run says it again
    scored = [entry for entry in unsaid if _is_scored(plan, entry)]
    for entry in scored:
        conditions.on_note(
            f"{entry.id or entry.task or 'rows'}: choices are asked by letter, since {silent[0]} gives text only"
        )
    changed = tuple(
        TaskEntry.model_validate({**entry.model_dump(exclude_unset=True), "ask": "letter"})
        if entry in scored
        else entry
        for entry in trial.tasks
    )
    return trial.model_copy(update={"tasks": changed})


def _gives_no_scores(candidate: Candidate) -> bool:
    scheme = scheme_of(candidate.model)
    hosted = scheme is not None and scheme.answers == "elsewhere" and candidate.chat != "none"
    return hosted or is_function(candidate.model)


def _is_scored(plan: Plan, entry: TaskEntry) -> bool:
    """Return whether the choices of an entry's tasks are scored as texts."""
    own = [task for task in plan.tasks if task.entry is entry and task.items]
    return any(
        isinstance(r, ScoreRequest) and len(r.pairs) > 1 for task in own for r in task.plain.requests(task.items[0])
    )

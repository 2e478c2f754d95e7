"""Running trials: plan, conduct, forecast, search; opening a single candidate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from fairtrial.api.archives import note_ledger
from fairtrial.api.conditions import DEFAULT_LEDGER, Conditions
from fairtrial.api.results import Result
from fairtrial.api.showing import show_run
from fairtrial.engines import Engine, EngineSettings
from fairtrial.errors import SpecError
from fairtrial.forecast.forecast import Forecast, forecast_trial
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import explain_damage
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.requests import CHUNK_ITEMS
from fairtrial.report.summary import summarise
from fairtrial.running.conductor import run as conduct
from fairtrial.running.logged import store_logs
from fairtrial.running.memory_fit import fit_plan, make_nobody_fits, predict_needs
from fairtrial.running.opening import open_planned, plan_alone
from fairtrial.running.search import Search, expand_trial, find_winner, keep_roomiest
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.functions import refresh_function
from fairtrial.spec.source import LoadedTrial, dump_trial, load_candidate, load_trial
from fairtrial.spec.trial import Trial


def run(
    trial: Trial | LoadedTrial | str | Path,
    ledger: str | Path = DEFAULT_LEDGER,
    conditions: Conditions | None = None,
    progress: bool | None = None,
) -> Result:
    """Run a trial, or resume it, and return what it found.

        found = ft.run("trial.yaml", ledger="trial.db")
        print(found.verdicts[0].label, found.frame())

    Args:
        trial: a `Trial`, or the path of a trial file.
        ledger: the file that keeps every answer; created if missing.  Answers in it are never asked for again.
        conditions: threads, waiting, trust and callbacks.
        progress: whether progress is shown; None shows it in a terminal and in a notebook, unless the conditions have
            callbacks of their own.

    Raises:
        FairtrialError: what is wrong and what to do; answers that were paid for are in the ledger.
    """
    with show_run(conditions or Conditions(), progress) as shown:
        return conduct_loaded(as_loaded(trial), Path(ledger), shown)


def conduct_loaded(loaded: LoadedTrial, ledger: Path, conditions: Conditions) -> Result:
    """Run a trial and return what it found; see `run`."""
    plan = plan_for_device(loaded, conditions)
    conditions.on_plan(plan)
    with Ledger.open(ledger) as store:
        conduct_plan(plan, loaded.text, store, conditions)
        return Result(plan.id, ledger, summarise(store, plan.id))


def forecast(
    trial: Trial | LoadedTrial | str | Path,
    ledger: str | Path = DEFAULT_LEDGER,
    conditions: Conditions | None = None,
    measure: int = 0,
) -> Forecast:
    """Return how many items a trial will probably take and what that will cost, by what the ledger knows already.

    Args:
        trial: a `Trial`, or the path of a trial file.
        ledger: where earlier answers are, if it exists; made if something is to be measured.
        conditions: as for `run`.
        measure: ask so many items of each task first (rounded up to whole chunks, so that a run that follows repeats
            bit for bit), and keep the answers; 0 asks nothing.

    Raises:
        FairtrialError: what is wrong with the trial, and what to do.
    """
    conditions = conditions or Conditions()
    loaded = as_loaded(trial)
    plan = plan_for_device(loaded, conditions, trains=bool(measure))
    path = Path(ledger)
    if not measure and not path.exists():
        return replace(forecast_trial(plan, None), fit=plan.fit)
    with Ledger.open(path, create=bool(measure)) as store:
        if measure:
            conduct_plan(plan, loaded.text, store, conditions, rounds=math.ceil(measure / CHUNK_ITEMS))
        return replace(forecast_trial(plan, store), fit=plan.fit)


def search(
    trial: Trial | LoadedTrial | str | Path,
    ledger: str | Path = DEFAULT_LEDGER,
    conditions: Conditions | None = None,
    types: Sequence[str] = (),
    contexts: Sequence[int] = (),
) -> Search:
    """Find the best candidate that fits the trial's device, and return it with what was found on the way.

    Args:
        trial: a `Trial`, or the path of a trial file; it says what the device is.
        ledger: as for `run`.
        conditions: as for `run`.
        types: types of llama.cpp's quantiser: every candidate is tried as it is and in each of them.
        contexts: tokens of context: each candidate gets the largest that fits.

    Raises:
        SpecError: the trial has no device.
        BudgetError: nobody fits.
        FairtrialError: as for `run`.
    """
    conditions = conditions or Conditions()
    loaded = as_loaded(trial)
    if loaded.trial.device is None:
        raise SpecError("there is no device to fit.", fix="Write `device:` in the trial file, or give --device.")
    wide = as_written(loaded, expand_trial(loaded.trial, types, contexts))
    told, excluded = predict_needs(plan_unfitted(wide, conditions), EngineSettings(threads=conditions.threads))
    unknown = {name: [need["unknown"]] for name, need in told.items() if contexts and need["disk"] and need["unknown"]}
    kept = [c for c in keep_roomiest(wide.trial.candidates, {**excluded, **unknown}) if c.id not in unknown]
    able = [c.id for c in kept if c.id not in excluded]
    if not able:
        raise make_nobody_fits({**excluded, **unknown})
    while True:
        # The largest is probably the best: every verdict is against it, so that few questions stay open.
        written = loaded.trial.baseline
        first = written if written in able else max(able, key=lambda name: told[name]["disk"] or 0)
        rule = wide.trial.decide.model_copy(update={"stop_early": True, "eliminate": len(able) > 2})
        chosen = tuple(c for c in kept if c.id in able or c.id in excluded)
        changes = {"candidates": chosen, "baseline": first, "decide": rule}
        done = conduct_loaded(as_written(loaded, wide.trial.model_copy(update=changes)), Path(ledger), conditions)
        with Ledger.open(done.ledger, create=False) as store:
            found = find_winner(store, done.trial_id, unknown)
        able = [name for name in able if name not in found.broken]
        if first not in found.broken or not able:
            return found


@contextmanager
def open_candidate(
    spec: Candidate | str | Path,
    ledger: str | Path | None = None,
    trial: str | None = None,
    conditions: Conditions | None = None,
    base_dir: str | Path | None = None,
) -> Iterator[Engine]:
    """Open a candidate's engine without a trial, with all its levers; closed with everything it uses at the end.

        with fairtrial.open_candidate("small.yaml") as engine:
            [answer] = engine.generate([fairtrial.GenerateRequest(fairtrial.Prompt("2+2="), max_tokens=4)])

    Args:
        spec: a `Candidate`; the path of a candidate file; or, with a ledger, the name of one of the trial's candidates.
        ledger: of a trial, from which comes what its candidates' levers have learned, e.g. the threshold of a cascade.
        trial: which one, by its id, the beginning of that, or its name; the latest unless given.
        conditions: threads and `on_note`; the rest is of no use here.
        base_dir: folder that relative paths of models are relative to; the working directory unless given.

    Raises:
        SpecError: the candidate is wrong, or needs something that was not learned.
        ModelError: its weights cannot be had or loaded.
    """
    conditions = conditions or Conditions()
    if not isinstance(spec, Candidate) and (ledger is None or Path(spec).suffix in (".yaml", ".yml")):
        spec = load_candidate(Path(spec))
    given = spec if isinstance(spec, Candidate) else str(spec)
    folder = Path(base_dir) if base_dir is not None else Path.cwd()
    with ExitStack() as stack:
        store = stack.enter_context(Ledger.open(ledger, create=False)) if ledger is not None else None
        candidate, learned = plan_alone(given, folder, conditions.on_note, store, trial)
    settings = EngineSettings(threads=conditions.threads, on_note=conditions.on_note)
    with open_planned(candidate, learned, settings) as engine:
        yield engine


def as_written(loaded: LoadedTrial, trial: Trial) -> LoadedTrial:
    """Return another trial as if it stood in the same file, so that its paths mean the same."""
    return LoadedTrial(trial=trial, text=dump_trial(trial), path=loaded.path)


def plan_for_device(loaded: LoadedTrial, conditions: Conditions, trains: bool = True) -> Plan:
    """Return a trial's plan, without candidates that cannot fit its device."""
    plan = plan_unfitted(loaded, conditions, trains)
    if plan.logged:  # nothing is run
        return plan
    return fit_plan(plan, EngineSettings(threads=conditions.threads), conditions.on_note)


def plan_unfitted(loaded: LoadedTrial, conditions: Conditions, trains: bool = True) -> Plan:
    """Return a trial's plan with all its candidates, and the task paths of the conditions added to its own."""
    spec = loaded.trial
    if conditions.task_paths:
        extra = tuple(str(Path(path).resolve()) for path in conditions.task_paths)
        spec = spec.model_copy(update={"task_paths": (*spec.task_paths, *extra)})
    return plan_trial(
        spec,
        loaded.path.parent if loaded.path else Path.cwd(),
        trust_task_code=conditions.trust_task_code,
        trains=trains,
        on_progress=conditions.on_note,
        where=loaded.where,
    )


def conduct_plan(plan: Plan, text: str, store: Ledger, conditions: Conditions, rounds: int | None = None) -> None:
    """Conduct a trial under the writer's lock."""
    with store.writing(
        wait_seconds=None if conditions.wait else 0.0,
        on_wait=lambda: conditions.on_note(f"waiting: another process is writing to {store.path.name}"),
    ):
        if plan.logged:
            store_logs(plan, text, store, conditions.on_progress)
            return
        note_ledger(plan, store.path, conditions.on_note)
        settings = EngineSettings(threads=conditions.threads, on_note=conditions.on_note)
        conduct(plan, text, store, settings, conditions.on_progress, rounds, conditions.place)


def result(ledger: str | Path = DEFAULT_LEDGER, trial: str | None = None) -> Result:
    """Return what a trial in a ledger found; the latest one unless an id, its beginning, or a name is given."""
    path = Path(ledger)
    with explain_damage(path), Ledger.open(path, create=False) as store:
        trial_id = query.find_trial(store, trial).id
        return Result(trial_id, path, summarise(store, trial_id))


def as_loaded(trial: Trial | LoadedTrial | str | Path) -> LoadedTrial:
    """Return a trial with its text, whichever way it was given."""
    if isinstance(trial, LoadedTrial):
        return trial
    if isinstance(trial, Trial):
        now = tuple(one.model_copy(update={"model": refresh_function(one.model)}) for one in trial.candidates)
        trial = trial.model_copy(update={"candidates": now}) if now != trial.candidates else trial
        return LoadedTrial(trial=trial, text=dump_trial(trial), path=None)
    return load_trial(Path(trial))

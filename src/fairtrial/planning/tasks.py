"""From a trial's task entries to planned tasks: built, items drawn and ordered, verdict measures chosen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.measures import MEASURES, PLUGIN_PROBES, find_measures
from fairtrial.planning.base import PlannedTask
from fairtrial.planning.matching import Recording, are_trimmed, pair_items
from fairtrial.planning.places import Where
from fairtrial.planning.sampling import (
    count_largest_cluster,
    count_learning_items,
    draw_items,
    hash_to_int,
    split_items,
)
from fairtrial.planning.sources import TaskSource
from fairtrial.records import Measure, content_hash
from fairtrial.records.duplicates import count_copies, put_copies_together
from fairtrial.spec.forms import TWINS, name_form
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.spec.yamlfile import Location
from fairtrial.tasks.base import Task, TaskOptions, list_judges
from fairtrial.tasks.variants.blind import BLIND, BlindTask, shows_images
from fairtrial.tasks.variants.form import FormTask
from fairtrial.tasks.variants.forms import STRETCH, make_form

DEFAULT_PROCEDURAL_ITEMS = 200
NO_BLIND = "Leave 'blind' out, or write blind: false."
FEWSHOT_SEED = 1234
"""Of few-shot draws in tasks that are not ours: what lm-evaluation-harness uses, whatever the trial's seed."""


def make_card_document(
    task: Task, plugin: str = "", more: Iterable[Measure] = (), judged_by: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a task's card as JSON values.

    Args:
        task: whose card.
        plugin: that it comes from.
        more: measures to be added to its own.
        judged_by: measure to the id of the candidate that gives it.
    """
    document: dict[str, Any] = {f.name: getattr(task.card, f.name) for f in fields(task.card)}
    document["corpus"] = [asdict(score) for score in task.card.corpus]
    if not task.card.corpus:  # keeps the id that it had before there were such scores
        del document["corpus"]
    if task.card.harms is None:
        del document["harms"]
    else:
        document["harms"] = asdict(task.card.harms)
    document["settings"] = {**task.card.settings, **({"plugin": plugin} if plugin else {})}
    if judged_by:
        document["settings"]["judged_by"] = dict(judged_by)
    document["measures"] = [asdict(m) for m in (*task.card.measures, *more)]
    return document


def plan_task(source: TaskSource, entry: TaskEntry, trial: Trial, known: Mapping[str, Recording]) -> PlannedTask:
    """Build one task, draw its items, of those that every record has an answer to, and put them in a random order."""
    default_seed = trial.seed if source.procedural else FEWSHOT_SEED
    seed = default_seed if entry.seed is None else entry.seed
    learned = count_learning_items(trial)
    options = TaskOptions(
        shots=entry.shots,
        seed=seed,
        level=entry.level,
        items=(entry.limit or DEFAULT_PROCEDURAL_ITEMS) + learned,
        clean=are_trimmed(known) or None,
    )
    plain, plugin, shown = source.build(options), source.plugin, source.shown
    needs_chat = any(c.chat != "none" for c in trial.candidates)
    chat = source.build(replace(options, chat=True)) if needs_chat else plain
    own, pairings = pair_items((plain, chat), known, shown, entry.repeats)
    answered = put_copies_together(own)
    clusters = {item.id: item.cluster for item in own}
    tuning, everything = split_items(answered, learned, trial.seed)
    measures = choose_measures(plain, entry, trial)
    largest = count_largest_cluster(everything)
    whole = trial.decide.stop_early and trial.decide.target == "population" and largest > 1
    items = draw_items(everything, entry, np.random.default_rng([trial.seed, hash_to_int(source.name)]), whole)
    bare = (BlindTask(plain), BlindTask(plain) if chat is plain else BlindTask(chat)) if shows_images(plain) else None
    return PlannedTask(
        name=shown,
        id=content_hash(make_card_document(plain, plugin)),
        entry=entry,
        plain=plain,
        chat=chat,
        items=items,
        total=len(plain.items()) - len(tuning),
        measures=measures,
        order="clusters" if whole else "items",
        largest_cluster=largest,
        tuning=tuning,
        pairings=pairings,
        united={item.id: item.cluster for item in items if item.cluster != clusters[item.id]},
        copies=count_copies(items),
        plugin=plugin,
        bare=bare,
    )


def plan_forms(
    task: PlannedTask, trial: Trial, folder: Path, on_note: Callable[[str], None], recorded: bool
) -> list[PlannedTask]:
    """Plan the forms of a task that the trial asks: those that are written, and the one without images.

    Args:
        task: whose forms.
        trial: what the user asked for.
        folder: that relative paths are relative to.
        on_note: called with a line about what is not asked, and why.
        recorded: whether some candidate has recorded answers only; of those there are none to other forms.
    """
    wanted: list[Any] = list(task.entry.forms)
    blind = task.entry.blind
    if blind and task.bare is None:
        raise SpecError(f"task {task.name} shows no images, so that there is nothing to be blind to.", fix=NO_BLIND)
    if blind is not False and task.bare is not None:
        why = (
            "there are no recorded answers to it"
            if recorded
            else "a judge grades it"
            if list_judges(task.plain)
            else ""
        )
        if why and blind:
            raise SpecError(f"task {task.name} cannot be asked blind: {why}.", fix=NO_BLIND)
        if why:
            on_note(f"{task.name} is not asked without its images: {why}.")
        else:
            wanted.insert(0, BLIND)
            if blind is None:
                on_note(f"{task.name} is asked without its images, too; `blind: false` beside it leaves that out.")
    unseeing = frozenset(one.id for one in trial.candidates if one.blind)
    return [plan_form(task, form, trial.seed, folder, unseeing) for form in wanted]


def plan_form(
    task: PlannedTask, given: str | Mapping[str, Any], seed: int, folder: Path, unseeing: Collection[str] = ()
) -> PlannedTask:
    """Plan another form of a task: for the same items where it has them, else for about as many.

    Items keep their ids and stand in the task's own order, so that forms are paired item by item; see
    `fairtrial.tasks.variants.form`.  There are verdicts on twins, which are the same question to be seen instead of
    read, and on no other form.

    Args:
        task: whose form.
        given: the form as it is written, or `BLIND`.
        seed: of draws.
        folder: that relative paths are relative to.
        unseeing: names of candidates that are shown no images.
    """
    form = BLIND if given == BLIND else name_form(given)
    twin = form.partition("-")[0] in TWINS
    plain = make_form(task.plain, given, folder)
    chat = plain if task.chat is task.plain else make_form(task.chat, given, folder)
    everything = plain.items()
    known = {item.id: item for item in everything}
    items = tuple(known[item.id] for item in task.items if item.id in known)
    if isinstance(plain, FormTask):
        items = tuple(map(plain.show_item, items))
    if not items:
        wanted = task.entry.model_copy(update={"limit": -(-len(task.items) // STRETCH), "sample": "random"})
        items = draw_items(everything, wanted, np.random.default_rng([seed, hash_to_int(task.name)]), False)
    return replace(
        task,
        name=f"{task.name}-{form}",
        id=content_hash(make_card_document(plain, task.plugin)),
        plain=plain,
        chat=chat,
        items=items,
        total=len(everything),
        measures=task.measures if twin else (),
        order=task.order if twin else "items",
        tuning=(),
        pairings=(),
        united={item.id: task.united[item.id] for item in items if item.id in task.united} if twin else {},
        copies=(0, 0),
        form=form,
        of=task.id,
        bare=None,
        unasked=frozenset(unseeing) if form != BLIND and shows_images(plain) else frozenset(),
    )


def choose_measures(task: Task, entry: TaskEntry, trial: Trial) -> tuple[str, ...]:
    """Return the measures that verdicts on this task are about: the entry's, else the trial's, else the main one.

    Raises UnknownNameError for a measure that the entry names and the task does not have.  Of the trial's measures,
    those that this task does not have are left out; if none is left, its main measure is used.
    """
    own = [m.name for m in task.card.measures]
    known = [*own, *find_measures(trial)]
    for name in entry.measures:
        if name not in known:
            raise UnknownNameError(
                f"measure of task {task.card.name}", name, known, fix=f"Its measures: {', '.join(known)}."
            )
    if entry.measures:
        return entry.measures
    wanted = tuple(name for name in trial.measures if name in known)
    return wanted if any(name in own for name in wanted) else (task.card.main_measure, *wanted)


def check_names(tasks: Sequence[PlannedTask], trial: Trial, where: Where) -> None:
    """Raise SpecError if two tasks share a name or are the same, UnknownNameError for a measure that none has."""
    names = [task.name for task in tasks]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(
                f"the trial has two tasks named {name!r}.",
                fix="Give one of them an id of its own, or name it only once.",
                where=where("tasks"),
            )
    ids = [task.id for task in tasks]
    for i, task in enumerate(tasks):
        if task.id in ids[:i]:
            raise SpecError(
                f"the tasks {tasks[ids.index(task.id)].name!r} and {task.name!r} ask the same questions.",
                fix="Name the task once, or set level, shots or seed apart.",
                where=where("tasks"),
            )
    own, everywhere = {m.name for task in tasks for m in task.plain.card.measures}, find_measures(trial)
    if both := sorted(own & (everywhere.keys() - MEASURES.keys())):
        raise SpecError(
            f"the measure {both[0]!r} is one of a task and one of the plugin {PLUGIN_PROBES.find_origin(both[0])}.",
            fix="Uninstall the plugin; a trial cannot tell the two apart.",
        )
    known = sorted(own | everywhere.keys())
    named: list[tuple[str, Location]] = [(name, ("measures", i)) for i, name in enumerate(trial.measures)]
    for measure, at in named + [(name, ("decide", "margins", name)) for name in trial.decide.margins]:
        if measure not in known:
            told = f"Measures of these tasks: {', '.join(known)}."
            raise UnknownNameError(
                "measure", measure, [*known, *PLUGIN_PROBES.list_names()], fix=told, where=where(*at)
            )

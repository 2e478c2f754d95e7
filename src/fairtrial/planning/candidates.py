"""From a candidate's specification to a planned candidate: weights found, levers applied, identity settled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fairtrial.cache import cache_folder
from fairtrial.engines import ENGINES, get_engine_version
from fairtrial.errors import SpecError, did_you_mean
from fairtrial.levers import (
    LEVERS,
    AppliedLever,
    BuildContext,
    BuildLever,
    ReferencedContent,
    WrapLever,
    build_model,
    fit_adapter,
    identify_lever,
    is_wrapping,
    read_lever,
)
from fairtrial.measures.sampling import Heartbeat
from fairtrial.models import ResolvedModel, choose_engine, hash_file, identify_candidate, resolve_candidate
from fairtrial.models.adapters import list_merged
from fairtrial.planning.base import PlannedCandidate, PlannedTask, Training, join_models
from fairtrial.planning.contamination import ContaminationCheck
from fairtrial.planning.places import Where, add_place
from fairtrial.planning.shots import write_shots
from fairtrial.records import content_hash
from fairtrial.spec.against import TRIAL
from fairtrial.spec.candidate import Candidate, read_written_out
from fairtrial.spec.levers import expand_settings, find_settings, locate_levers
from fairtrial.spec.schemes import SCHEMES

log = logging.getLogger(__name__)

SAY_SECONDS = 20.0
"""Without a line, after which it is said what a candidate waits for; a little longer than levers wait themselves."""


def check_order(spec: Candidate, where: Where = lambda *_: "") -> None:
    """Raise SpecError if a lever that makes a file stands behind one that acts while the model answers, or a search
    behind a guard, which then would not see what was found.
    """
    wrapping = ""
    guarded = False
    _check_sets_are_used(spec, where)
    for i, lever in enumerate(spec.levers):
        [name] = lever
        if name == "retrieve" and guarded:
            raise SpecError(
                f"candidate {spec.id!r}: a guard stands before retrieve, and would see neither passages nor citations.",
                fix="Write retrieve first, then guard.",
                where=where("levers", i),
            )
        guarded |= name == "guard"
        if is_wrapping(lever):
            wrapping = name
        elif wrapping:
            raise SpecError(
                f"candidate {spec.id!r}: {name} makes a file, and comes before {wrapping}, which acts while the model "
                "answers.",
                fix=f"Write {name} first.",
                where=where("levers", i),
            )


def _check_sets_are_used(spec: Candidate, where: Where) -> None:
    """Raise SpecError if a training set is made that no lever behind it tunes on."""
    names = [name for lever in spec.levers for name in lever]
    for i, name in enumerate(names):
        behind = names[i + 1 :]
        if name == "curate" and ("tune" not in behind or "curate" in behind[: behind.index("tune")]):
            raise SpecError(
                f"candidate {spec.id!r}: curate makes a training set, and no tune behind it is trained on it.",
                fix="Write tune after it: levers: [{curate: ...}, tune].",
                where=where("levers", i),
            )


@dataclass
class CandidatePlanner:
    """Plans candidates, each once, with those that they refer to.

    Attributes:
        base_dir: folder that relative paths are relative to.
        on_progress: called with a line for each step that takes time.
        tasks: whose few-shot examples and items a lever may learn from.
        specs: candidates that others may refer to, by id.
        planned: those that are planned already, by id.
        lines: the line that names the model of each, for errors.
        contamination: looks for items of the trial in what candidates are trained on.
        trains: whether candidates that must be trained are; else the plan has them as they were before.
    """

    base_dir: Path
    on_progress: Callable[[str], None] = lambda _: None
    tasks: Sequence[PlannedTask] = ()
    specs: Mapping[str, Candidate] = field(default_factory=dict)
    planned: dict[str, PlannedCandidate] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    contamination: ContaminationCheck = field(default_factory=ContaminationCheck)
    trains: bool = True

    def plan_named(self, name: str) -> PlannedCandidate:
        """Return the candidate of that id among ``specs``."""
        if name not in self.planned:
            self.planned[name] = self.plan(self.specs[name], self.lines.get(name, ""))
        return self.planned[name]

    def plan(self, spec: Candidate, line: str = "") -> PlannedCandidate:
        """Find a candidate's weights and apply its levers.

        Args:
            spec: what the user wrote.
            line: that names the model.

        Raises SpecError or ModelError for whatever is wrong.
        """
        check_order(spec)
        items = self.contamination.write_items if self.tasks else None
        levers = [read_lever(lever) for lever in locate_levers(spec.levers, self.base_dir, self._write_shots, items)]
        if items is None and any(map(_wants_items, spec.levers)):
            self.on_progress(
                f"{spec.id}: there is no trial here, so its training rows are checked against no items: what comes of "
                "them may be another adapter than in a trial. `against: FILE` names the items for both."
            )
        return self._plan_levers(spec, levers, line)

    def _plan_levers(self, spec: Candidate, levers: Sequence[AppliedLever], line: str) -> PlannedCandidate:
        if not levers or isinstance(levers[-1].lever, BuildLever):
            return self._plan_built(spec, levers, line)
        *inner, last = levers
        own = self._plan_levers(spec.model_copy(update={"levers": spec.levers[:-1]}), inner, line)
        return self._plan_wrapped(spec, last, own)

    def _plan_built(self, spec: Candidate, levers: Sequence[AppliedLever], line: str) -> PlannedCandidate:
        """Return a candidate with an engine of its own, its build levers applied."""
        with add_place(line):
            model = resolve_candidate(spec, self.base_dir)
        counted: list[list[object]] = []
        training = self._check_adapter(spec, self._check_merged(spec, model), model)

        def tell(told: str) -> None:
            self.on_progress(f"{spec.id}: {told}")

        with Heartbeat(tell, SAY_SECONDS) as heart:
            for applied in levers:
                context = BuildContext(cache_folder(), heart.tell, self.trains)
                heart.begin(f"at work on the lever {applied.name}")
                training = self.contamination.check_lever(spec.id, training, applied, model)
                before, model = model, build_model(applied, model, context)
                if model.adapter != before.adapter:
                    training = self._check_adapter(spec, training, model)
                if own := self._identity(applied, {}):
                    counted.append([applied.name, *own])
            heart.begin("fitting the adapter to the engine")
            with add_place(line):
                model = choose_engine(model, spec.engine)
                model = fit_adapter(model, cache_folder(), heart.tell) if model.adapter else model
        if unknown := model.notes.get("not_identified"):
            log.warning(
                "%s: its code cannot be identified, since %s; what it uses may have changed since it was "
                "last asked, so its answers are never used again, unless ft.Function(..., version=...) states its "
                "version.",
                spec.id,
                unknown,
            )
        scheme, levers_of = spec.model.partition(":")[0], (LEVERS.find_origin(applied.name) for applied in levers)
        model = _add_plugins(model, SCHEMES.find_origin(scheme), ENGINES.find_origin(model.engine), *levers_of)
        identity = identify_candidate(
            spec, model, base_dir=self.base_dir, engine_version=get_engine_version(model.engine)
        )
        if counted:
            identity = content_hash([identity, counted])
        if spec.chat not in ("none", "model"):
            spec = spec.model_copy(update={"chat": str((self.base_dir / spec.chat).resolve())})
        return PlannedCandidate(spec, identity, model, training=training)

    def _check_merged(self, spec: Candidate, model: ResolvedModel) -> Training:
        """Return what is known of the training of adapters that were merged into a model's weights on this machine."""
        training = Training()
        for _, place in list_merged(model.sha256):
            known = self.contamination.check(spec.id, training, place) if place.exists() else None
            training = known or replace(training, unknown=True)
        return training

    def _check_adapter(self, spec: Candidate, training: Training, model: ResolvedModel) -> Training:
        """Return what is known of a candidate's training with that of the adapter beside its weights."""
        return self.contamination.check(spec.id, training, model.adapter) if model.adapter else training

    def _plan_wrapped(self, spec: Candidate, applied: AppliedLever, own: PlannedCandidate) -> PlannedCandidate:
        """Return a candidate whose last lever acts while ``own``, the candidate without it, answers."""
        lever, settings = applied.lever, applied.settings
        assert isinstance(lever, WrapLever)
        marks, others = settings.references("candidate"), dict[str, PlannedCandidate]()
        ids: dict[str, list[str]] = {setting: [] for setting in marks}
        for setting, value in settings.referred("candidate"):
            other = self._plan_referred(value, marks[setting].unnamed)
            if other.name == lever.own_part or others.get(other.name, other).id != other.id:
                raise SpecError(
                    f"candidate {spec.id!r}: two of those that its {applied.name} asks are called {other.name!r}.",
                    fix="Give one of them another id.",
                )
            others[other.name] = other
            ids[setting].append(other.id)
        lever.check_others(spec, {name: other.spec for name, other in others.items()})
        identity = content_hash([applied.name, own.id, *self._identity(applied, ids)])
        parts = {lever.own_part: own, **others}
        joined = join_models(applied.name, {name: part.model for name, part in parts.items()})
        joined = replace(joined, notes={**joined.notes, **lever.describe(settings)})
        model = _add_plugins(joined, LEVERS.find_origin(applied.name))
        return PlannedCandidate(spec, identity, model, parts, applied)

    def _plan_referred(self, value: Any, unnamed: str) -> PlannedCandidate:
        """Return the candidate that a setting means: one of the trial by its id, or one written out there."""
        if not isinstance(value, str):
            return self.plan(read_written_out(value, unnamed))
        if value not in self.specs and value not in self.planned:
            raise SpecError(f"there is no candidate {value!r} to refer to.{did_you_mean(value, self.specs)}")
        return self.plan_named(value)

    def _identity(self, applied: AppliedLever, candidates: Mapping[str, Sequence[str]]) -> Sequence[object]:
        """Return what of a lever enters the candidate's id."""
        files: dict[str, list[str]] = {}
        for setting, path in applied.settings.referred("file"):
            files.setdefault(setting, []).append(_hash_file(applied.name, setting, Path(path)))
        learned = [(t.id, [item.id for item in t.tuning]) for t in self.tasks] if applied.items_to_learn else []
        return identify_lever(applied, ReferencedContent(files, candidates, learned))

    def _write_shots(self) -> Path:
        """Return a file with the few-shot examples of the tasks."""
        return write_shots([task.plain for task in self.tasks if not task.form], cache_folder() / "calibration")


def _wants_items(lever: Mapping[str, Any]) -> bool:
    """Return whether a lever as written keeps the items of a trial out of what it makes."""
    [(name, given)] = lever.items()
    asked: list[bool] = []

    def note() -> Path:
        asked.append(True)
        return Path(TRIAL)

    find_settings(name).place_items(expand_settings(name, given), note)
    return bool(asked)


def _add_plugins(model: ResolvedModel, *origins: str) -> ResolvedModel:
    """Return the model with the plugins that it owes to in its record."""
    known = model.notes.get("plugins", ())
    assert isinstance(known, list | tuple)
    plugins = list(dict.fromkeys([*known, *filter(None, origins)]))
    return replace(model, notes={**model.notes, "plugins": plugins}) if plugins else model


def _hash_file(lever: str, setting: str, path: Path) -> str:
    """Return the sha256 of a file that a lever refers to; raise SpecError if there is no such file."""
    if path.is_file():
        try:
            return hash_file(path)
        except OSError as error:
            raise SpecError(f"{lever}: the file {str(path)!r} cannot be read: {error.strerror}.") from error
    near = [found.name for found in path.parent.glob("*")] if path.parent.is_dir() else []
    what = "is no file" if path.exists() else f"does not exist.{did_you_mean(path.name, near)}".removesuffix(".")
    raise SpecError(f"{lever}: {setting} names {str(path)!r}, which {what}.", fix="Name a file.")

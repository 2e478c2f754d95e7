"""The settings of the study `levers`: a base, named steps, and which combinations of them stand trial.

A step is one lever, or several that belong together, under a name.  Knows what may be written, and which candidates
come of it; what they show is in `fairtrial.studies.levers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from fairtrial.errors import did_you_mean
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.levers import check_levers, write_out_names
from fairtrial.spec.section import LONGEST_NAME, Section, Texts, make_problem

MOST_FACTORS = 5
"""Steps of a full factorial design; six would be 64 candidates."""
MOST_STEPS = 12
STEP_NAME = "letters, digits, dots and underscores"
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._")


class NamedStep(Section):
    """One step: a lever, or several that belong together."""

    step: str = Field(min_length=1, description="Its name; those of candidates end in it.")
    levers: Annotated[tuple[dict[str, Any], ...], BeforeValidator(write_out_names)] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_a_name_and_levers(self) -> NamedStep:
        if set(self.step) - _ALLOWED:
            raise make_problem(f"a step's name has {STEP_NAME} only, since names are joined by '-'; got {self.step!r}")
        check_levers(self.levers)
        return self


def _write_out_steps(given: Any) -> Any:
    """Return steps as a list of mappings with name and levers.

    They are written as a mapping of names to levers, or as a list of single levers, whose names are then those of the
    steps.
    """
    if isinstance(given, Mapping):
        return [
            {"step": name, "levers": [value] if isinstance(value, str | Mapping) else value}
            for name, value in given.items()
        ]
    if not isinstance(given, list | tuple):
        return given
    return [_write_out_step(one, i) for i, one in enumerate(given)]


def _write_out_step(one: Any, at: int) -> Any:
    if isinstance(one, NamedStep) or (isinstance(one, Mapping) and "step" in one):
        return one
    [lever] = write_out_names((one,))
    if not isinstance(lever, Mapping) or len(lever) != 1:
        raise make_problem(f"each entry is one lever, e.g. {{quantize: q4_k_m}}; got {lever!r}", at)
    [name] = lever
    return {"step": name, "levers": [lever]}


def _check_steps(steps: tuple[NamedStep, ...]) -> tuple[NamedStep, ...]:
    if not 1 <= len(steps) <= MOST_STEPS:
        raise make_problem(f"name 1 to {MOST_STEPS} steps; got {len(steps)}")
    names = [one.step for one in steps]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise make_problem(
                f"two steps are called {name!r}; give them names, e.g. levers: {{small: {{quantize: q4_k_m}}}}", i
            )
    return steps


_Written = dict[str, dict[str, Any] | str | list[dict[str, Any] | str]] | list[dict[str, Any] | str]


class LeversStudy(Section):
    """What did each lever buy?  A base, each lever alone and combinations of them, on the same items."""

    name: Literal["levers"] = "levers"
    levers: Annotated[
        tuple[NamedStep, ...],
        BeforeValidator(_write_out_steps, json_schema_input_type=_Written),
        AfterValidator(_check_steps),
    ] = Field(
        description="Steps in the order in which they are applied: NAME: LEVER, or NAME: [LEVER, ...] where several "
        "belong together, e.g. {tuned: {tune: {data: rows.jsonl}}, small: {quantize: q4_k_m}}; or a plain list of "
        "levers, which then name the steps."
    )
    base: str = Field("", description="Candidate that the steps are applied to; default: the baseline, else the first.")
    design: Literal["steps", "factorial"] = Field(
        "steps",
        description="steps: the base, each step alone, and the combinations; factorial: every combination, for main "
        f"effects and interactions (2 to {MOST_FACTORS} steps).",
    )
    combine: tuple[Annotated[Texts, Field(min_length=2)], ...] | None = Field(
        None,
        description="Combinations beside each step alone, in the order in which their steps are applied, e.g. "
        "[[tuned, small]]; each with its beginnings. Default: all steps.",
    )
    domain: Texts = Field(
        (),
        description="Tasks, by their names in tables, that the steps are meant to help with; all others, and harm, "
        "show what was forgotten. Default: all that are not about harm.",
    )

    @model_validator(mode="after")
    def _combinations_are_of_steps(self) -> LeversStudy:
        names = self.list_names()
        for i, combination in enumerate(self.combine or ()):
            for at, name in enumerate(combination):
                if name not in names:
                    near = did_you_mean(name, names)
                    raise make_problem(f"{name!r} is no step.{near} Steps: {', '.join(names)}", "combine", i, at)
        if self.design == "factorial" and self.combine is not None:
            raise make_problem("a factorial design has every combination: leave 'combine' out", "combine")
        if self.design == "factorial" and not 2 <= len(names) <= MOST_FACTORS:
            more = f", which would be {2 ** len(names):,} candidates" if len(names) > MOST_FACTORS else ""
            told = f"a factorial design takes 2 to {MOST_FACTORS} steps; got {len(names)}{more}"
            raise make_problem(told, "levers")
        return self

    def list_names(self) -> list[str]:
        """Return the names of the steps, in order."""
        return [one.step for one in self.levers]

    def list_arms(self) -> list[tuple[str, ...]]:
        """Return the combinations of steps that stand trial, each in the order of its steps, the base first."""
        return list(iterate_arms(self.list_names(), self.design, self.combine))

    def make_candidates(self, base: Candidate) -> Iterator[Candidate]:
        """Yield the base and a candidate for every combination of steps.

        Raises pydantic's error for a name that gets too long.
        """
        levers_of = {one.step: one.levers for one in self.levers}
        for arm in self.list_arms():
            name = name_arm(base.id, arm)
            if len(name) > LONGEST_NAME:
                told = f"the id {name!r} would be too long: at most {LONGEST_NAME} characters"
                raise make_problem(told, "study", "levers")
            levers = (*base.levers, *(lever for step in arm for lever in levers_of[step]))
            yield base.model_copy(update={"id": name, "levers": levers})


def iterate_arms(
    steps: Sequence[str], design: str, combine: Sequence[Sequence[str]] | None
) -> Iterator[tuple[str, ...]]:
    """Yield combinations of steps, the base first, each once."""
    if design == "factorial":
        chosen = range(2 ** len(steps))
        arms = [tuple(step for at, step in enumerate(steps) if number >> at & 1) for number in chosen]
        yield from sorted(arms, key=lambda arm: (len(arm), [steps.index(step) for step in arm]))
        return
    wholes = [tuple(steps)] if combine is None else [tuple(one) for one in combine]
    begun = [whole[:end] for whole in wholes for end in range(2, len(whole) + 1)]
    yield from dict.fromkeys([(), *((step,) for step in steps), *begun])


def list_chains(steps: Sequence[str], combine: Sequence[Sequence[str]] | None) -> list[tuple[str, ...]]:
    """Return the combinations whose steps are told one after the other; none that begins another one."""
    wholes = [tuple(one) for one in combine or [tuple(steps)]]
    return [
        whole
        for i, whole in enumerate(wholes)
        if whole not in wholes[:i]
        and not any(len(other) > len(whole) and other[: len(whole)] == whole for other in wholes)
    ]


def name_arm(base: str, arm: Sequence[str]) -> str:
    """Return the id of the candidate that is the base with some steps.

    >>> name_arm("smol", ("tuned", "small"))
    'smol-tuned-small'
    """
    return "-".join((base, *arm))


def make_arms(candidates: Sequence[Candidate], study: Any, baseline: str) -> tuple[Candidate, ...]:
    """Return a trial's candidates with those that the study `levers` makes of its base behind it.

    Raises pydantic's error if there is no such base, or another candidate has the name of one that is made.
    """
    if not isinstance(study, LeversStudy):
        return tuple(candidates)
    known = {candidate.id: candidate for candidate in candidates}
    name = study.base or baseline or candidates[0].id
    if name not in known:
        near = did_you_mean(name, list(known))
        raise make_problem(f"{name!r} is not a candidate.{near} Candidates: {', '.join(known)}", "study", "base")
    made = list(study.make_candidates(known[name]))
    for one in made:
        if one.id in known and known[one.id] != one:
            raise make_problem(f"the study makes a candidate {one.id!r} of its own: give yours another id", "study")
    ids = {one.id for one in made}
    found: list[Candidate] = []
    for candidate in candidates:
        found += made if candidate.id == name else [] if candidate.id in ids else [candidate]
    return tuple(found)

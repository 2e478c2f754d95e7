"""What may be written after ``grade:``: graders by name, each with its settings.

A mistake is told with its line before anything is asked; what a grader does is in `fairtrial.tasks.graders`.  The
settings of a plugin's grader are those that it declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from fairtrial.errors import FairtrialError, did_you_mean
from fairtrial.plugins import PluginTable
from fairtrial.spec.answers import Anls, ListSettings, PointInBox, Relaxed, SetSettings
from fairtrial.spec.conduct import ConductSettings
from fairtrial.spec.references import GraderSettings, Refers
from fairtrial.spec.section import NAME, Positive, Switch, Text, make_problem
from fairtrial.spec.sources import OverlapSettings, Retrieved
from fairtrial.spec.tolerances import Ignore, OneOrMore, Tolerance, as_list


def _check_scale(value: Any) -> tuple[int | str, ...]:
    """Return a scale of grades; raise pydantic's error if it is neither two whole numbers nor different words."""
    every = tuple(value) if isinstance(value, list | tuple) else ()
    if any(isinstance(one, bool) for one in every):
        raise make_problem(f"YAML reads grades as true and false here: write words in quotes; got {list(every)}")
    if len(every) == 2 and all(isinstance(one, int) for one in every):
        if not every[0] < every[1] <= every[0] + _MOST_GRADES:
            raise make_problem(f"a scale of numbers goes from the worst to the best, at most {_MOST_GRADES} apart")
        return every
    words = [one.casefold().strip() for one in every if isinstance(one, str)]
    if not 2 <= len(words) <= _MOST_WORDS or len(words) != len(every) or len({*words}) != len(words) or not all(words):
        raise make_problem(f"a scale is two whole numbers, or different words from worst to best; got {value!r}")
    return every


_MOST_GRADES = 100
_MOST_WORDS = 20
RatingScale = Annotated[tuple[int | str, ...], BeforeValidator(_check_scale)]
UnitSize = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]


class Exact(GraderSettings):
    """Settings of the grader `exact`."""

    ignore: Ignore = Field(
        (), description="What may differ: case, punctuation, articles (a, an, the), numbers, spaces."
    )


class Contains(GraderSettings):
    """Settings of the grader `contains`."""

    texts: OneOrMore = Field((), description="Texts to look for; default: the row's right answers.")
    column: Text | None = Field(None, description="Column with the texts to look for, one or a list.")
    need: Literal["any", "all"] = Field("any", description="Whether one of the texts is enough.")
    forbid: OneOrMore = Field((), description="Texts that must not be in the answer.")
    ignore: Ignore = Field(("case",), description="What may differ, as for exact.")
    whole_words: Switch = Field(True, description="Whether 12 is not found in 112, nor art in party.")

    @model_validator(mode="after")
    def _one_source(self) -> Contains:
        if self.texts and self.column:
            raise make_problem("texts says what to look for, and column where it stands: write one of them", "column")
        return self


class Regex(GraderSettings):
    """Settings of the grader `regex`."""

    pattern: Text | None = Field(None, description="Regular expression of Python's re, looked for anywhere.")
    column: Text | None = Field(None, description="Column with each row's own pattern.")
    whole: Switch = Field(False, description="Whether the pattern must match the whole answer.")
    extract: Switch = Field(
        False, description="Compare what the last match (its first group) has found with the right answer."
    )
    ignore: Ignore = Field((), description="What may differ, as for exact; case also makes the pattern ignore it.")

    @model_validator(mode="after")
    def _one_source(self) -> Regex:
        if (self.pattern is None) == (self.column is None):
            raise make_problem("regex needs a pattern, or a column with each row's pattern: write one of them")
        return self


class NumberSettings(GraderSettings):
    """Settings of the grader `number`."""

    tolerance: Tolerance = Field(
        0.0, description="How far off is right: a number such as 0.5, or a share of the right answer such as 1%."
    )
    units: dict[Text, UnitSize] = Field(
        {}, description="What a number counts with a unit behind it, e.g. {m: 1, km: 1000}; without one it is as it is."
    )


class OneOf(GraderSettings):
    """Settings of the grader `one_of`."""

    options: OneOrMore = Field((), description="The answers that there are, e.g. [billing, refund, other].")
    column: Text | None = Field(None, description="Column with each row's own list of answers.")

    @model_validator(mode="after")
    def _one_source(self) -> OneOf:
        if bool(self.options) == (self.column is not None):
            raise make_problem("one_of needs options, or a column with each row's list: write one of them")
        if len(self.options) == 1:
            raise make_problem("one_of needs two options or more", "options")
        return self


class Json(GraderSettings):
    """Settings of the grader `json`."""

    json_schema: Annotated[Any, Refers("file")] = Field(
        None,
        alias="schema",
        description="JSON Schema that the answer must satisfy: written out, or the path of a file.",
    )
    fields: OneOrMore = Field((), description="Fields to compare with the right answer; default: all that it has.")
    ignore: Ignore = Field(("case",), description="What may differ in texts, as for exact.")
    tolerance: Tolerance = Field(0.0, description="How far off numbers may be, as for number.")

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, str | dict | bool):
            raise make_problem("schema is a JSON Schema written out, or the path of a file with one")
        return value


Likeness = Literal["bleu", "chrf", "chrf++", "ter", "rouge1", "rouge2", "rougeL", "f1"]


class Similar(GraderSettings):
    """Settings of the grader `similar`."""

    by: Annotated[tuple[Likeness, ...], BeforeValidator(as_list), Field(min_length=1)] = Field(
        ("chrf",), description="Likeness to the right answer; the first is the main measure."
    )
    ignore: Ignore = Field((), description="What may differ, as for exact.")


class Code(GraderSettings):
    """Settings of the grader `code`: the answer is a program that must pass tests."""

    tests: Text | None = Field(
        None, description="Column with the tests, Python run after the answer; default: the row's right answers."
    )
    before: Text | None = Field(
        None, description="Column with the beginning of the program, which the answer continues."
    )
    seconds: Annotated[float, Field(strict=True, gt=0, le=600)] = Field(
        10.0, description="Seconds of processor time that a program may take with its tests."
    )


class Judge(GraderSettings):
    """Settings of the grader `judge`: another candidate reads the answer and grades it."""

    by: Annotated[Text, Refers("candidate")] = Field(
        description="Who judges: the id of one of the trial's judges, or of one of its candidates."
    )
    criteria: Text | None = Field(None, description="What a good answer is, in a few sentences.")
    rubric: Annotated[Text | None, Refers("file")] = Field(
        None, description="File with a template of your own in place of ours; {{answer}} must stand in it."
    )
    scale: RatingScale = Field(
        ("fail", "pass"), description="Grades from worst to best: words, or two whole numbers such as [1, 5]."
    )
    measure: Annotated[str, Field(pattern=NAME)] = Field("judged", description="Name of the measure.")
    labels: Annotated[Text | None, Refers("file")] = Field(
        None,
        description="File with answers that people have graded (columns question, answer, grade): the judge grades "
        "them too, and how often the two agree is shown.",
    )
    max_tokens: Positive = Field(
        512, description="Tokens that the judge may write, unless its decoding says otherwise."
    )

    @model_validator(mode="after")
    def _one_instruction(self) -> Judge:
        if self.rubric and self.criteria:
            raise make_problem("a rubric is the whole instruction: write the criteria into it", "criteria")
        return self


def _declares_settings(found: object) -> bool:
    model = getattr(found, "Settings", None)
    return isinstance(model, type) and issubclass(model, GraderSettings)


GRADER_SETTINGS: PluginTable[Any] = PluginTable(
    "grader",
    {
        "exact": Exact,
        "contains": Contains,
        "regex": Regex,
        "number": NumberSettings,
        "one_of": OneOf,
        "json": Json,
        "similar": Similar,
        "set": SetSettings,
        "list": ListSettings,
        "anls": Anls,
        "relaxed": Relaxed,
        "point_in_box": PointInBox,
        "code": Code,
        "judge": Judge,
        "retrieved": Retrieved,
        "overlap": OverlapSettings,
        "conduct": ConductSettings,
    },
    "a subclass of fairtrial.tasks.graders.base.Grader that declares its Settings",
    _declares_settings,
)
"""Grader name to its settings; of a plugin to the grader, which declares them."""


def find_grader_settings(name: str) -> type[GraderSettings]:
    """Return the class of a grader's settings.  Raises UnknownNameError or PluginError if there is no such grader."""
    found = GRADER_SETTINGS.find(name)
    model: type[GraderSettings] = getattr(found, "Settings", found)
    return model


def read_grader_settings(name: str, given: Any) -> GraderSettings:
    """Return what was written after a grader's name as its settings.

    Raises pydantic's ValidationError for wrong settings, and what `find_grader_settings` raises.
    """
    return find_grader_settings(name).model_validate(_expand_settings(name, given))


def list_setting_names(name: str) -> list[str]:
    """Return what may be set of a grader, as users write it, the setting of the short form first."""
    return [field.alias or key for key, field in find_grader_settings(name).model_fields.items()]


def _expand_settings(name: str, given: Any) -> dict[str, Any]:
    """Return what was written after a grader's name with its short form written out."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    first = next(iter(list_setting_names(name)), "")
    if not first:
        raise make_problem(f"the grader {name} has no settings; got {given!r}")
    return {first: given}


def _list_graders(given: Any) -> Any:
    """Return what was written after ``grade:`` as a list of mappings with one key, the grader's name."""
    every = given if isinstance(given, list | tuple) else [given]
    return tuple({one: {}} if isinstance(one, str) else one for one in every)


def _check_graders(graders: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Return graders with short forms written out; raise pydantic's errors for unknown ones and wrong settings."""
    found = []
    for i, grader in enumerate(graders):
        if len(grader) != 1:
            raise make_problem(f"each grader has exactly one key, its name; got the keys {sorted(grader)}", i)
        [(name, given)] = grader.items()
        if name not in GRADER_SETTINGS:
            known = GRADER_SETTINGS.list_names()
            raise make_problem(
                f"grader {name!r} does not exist.{did_you_mean(name, known)} Graders: {', '.join(known)}", i
            )
        try:
            read_grader_settings(name, given)
        except ValidationError as error:
            first = error.errors()[0]
            context = {"text": f"{name}: {first['msg']}", "at": [i, name], "inner": error.errors()}
            raise PydanticCustomError("fairtrial", "{text}", context) from None
        except FairtrialError as error:
            raise make_problem(error.message.removesuffix("."), i) from None
        found.append({name: _expand_settings(name, given)})
    return tuple(found)


Graders = Annotated[
    tuple[dict[str, Any], ...],
    BeforeValidator(_list_graders, json_schema_input_type=str | dict[str, Any] | list[str | dict[str, Any]]),
    AfterValidator(_check_graders),
]
"""A grader's name, a mapping of one name to its settings, or a list of these; kept as a tuple of mappings."""


def locate_graders(graders: tuple[dict[str, Any], ...], folder: Path) -> tuple[dict[str, Any], ...]:
    """Return checked graders with the files and archives that they name as absolute paths, relative to ``folder``."""
    found = []
    for grader in graders:
        [(name, given)] = grader.items()
        model = find_grader_settings(name)
        named = {**model.references("file"), **model.references("archive")}
        files = [model.model_fields[key].alias or key for key in named]
        paths = {
            key: str(folder.resolve() / Path(given[key]).expanduser())
            for key in files
            if isinstance(given.get(key), str) and "://" not in given[key]
        }
        found.append({name: {**given, **paths}})
    return tuple(found)

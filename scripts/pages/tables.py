"""The reference of what can be named: tasks, graders, levers, measures, studies, forms of export, readers of logs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from fairtrial.measures import MEASURES, WHOLE_MEASURES
from fairtrial.plugins import PluginTable
from fairtrial.recorded import IMPORTERS
from fairtrial.records import Measure
from fairtrial.report.export import EXPORTERS
from fairtrial.spec.graders import GRADER_SETTINGS
from fairtrial.spec.levers import LEVER_SETTINGS
from fairtrial.spec.schemes import SCHEMES
from fairtrial.spec.study import STUDY_SETTINGS
from fairtrial.spec.trial import Trial
from fairtrial.tasks.find import TaskFinder, TaskListing
from fairtrial.tasks.graders.base import GRADERS
from scripts.pages.fields import write_fields
from scripts.pages.writing import read_docstring, write_cell, write_code, write_table

PAGES_OF_LEVERS = {"quantize": "quantisation", "read": "read", "think": "prompts"}
FAMILIES = {"procedural": "Ours", "suite": "Suites that others published, read from their files"}


def write_tasks() -> str:
    """Return the page of tasks that a trial can name."""
    lines = [
        "# Tasks",
        "",
        "What a trial can name under `tasks` without a file of yours. Add `@LEVEL` for another level: `arithmetic@2`.",
        "`fairtrial tasks` lists the same, with those of your plugins. Thousands more come with",
        "[lm-evaluation-harness](../lm-eval.md), and any [file of your own](../own-data.md) is a task.",
        "",
    ]
    listed = list(TaskFinder(installed=False).list_all())
    for kind in dict.fromkeys(one.kind for one in listed):
        lines += [f"## {FAMILIES.get(kind, kind.capitalize() + 's')}", "", *_write_tasks(listed, kind)]
    return "\n".join(lines)


def _write_tasks(listed: Iterable[TaskListing], kind: str) -> list[str]:
    rows = [(write_code(one.name), write_cell(one.description or one.where)) for one in listed if one.kind == kind]
    return write_table(("task", "what it asks"), rows)


def write_graders() -> str:
    """Return the page of graders with their settings and measures."""
    lines = [
        "# Graders and their settings",
        "",
        "What `grade:` of a [file of your own](../own-data.md) can name. [Graders](../graders.md) shows each at work.",
        "",
    ]
    for name in GRADERS.built_in:
        found: Any = GRADERS.find(name)
        settings = _find_settings(GRADER_SETTINGS, name)
        lines += [f"## {name}", "", _say(settings, found), ""]
        if measures := _list_measures(found):
            lines += [f"Measures: {measures}.", ""]
        lines += write_fields(settings)
    return "\n".join(lines)


def _list_measures(grader: Any) -> str:
    measures = getattr(grader, "measures", ())
    return ", ".join(write_code(one.name) for one in measures) if isinstance(measures, tuple) else ""


def write_levers() -> str:
    """Return the page of levers with their settings."""
    lines = [
        "# Candidates and levers",
        "",
        "Every key of a candidate, and of each lever that it can name under `levers`.",
        "",
        "## Candidate",
        "",
        *write_fields(Trial.model_fields["candidates"].annotation.__args__[0]),  # type: ignore[union-attr]
        "## Names of models",
        "",
        *write_table(("form", "example"), _list_schemes()),
    ]
    for name in LEVER_SETTINGS.built_in:
        settings = _find_settings(LEVER_SETTINGS, name)
        page = PAGES_OF_LEVERS.get(name, name)
        lines += [f"## Lever {name}", "", f"{_say(settings)} See [{name}](../{page}.md).", "", *write_fields(settings)]
    return "\n".join(lines)


def _list_schemes() -> list[tuple[str, str]]:
    return [(write_code(f"{name}:"), write_code(getattr(SCHEMES.find(name), "form", ""))) for name in SCHEMES.built_in]


def write_measures() -> str:
    """Return the page of measures that exist for every task."""
    return "\n".join(
        [
            "# Measures that exist for every task",
            "",
            "Each can be named under `measures`. [Measures of cost](../measures.md) says how they are taken,",
            "and what they leave out; what a grader measures of its own stands with [the graders](graders.md).",
            "",
            "## Of an item",
            "",
            *_write_measures(MEASURES),
            "## Of a candidate as a whole",
            "",
            *_write_measures(WHOLE_MEASURES),
        ]
    )


def _write_measures(measures: Mapping[str, Measure]) -> list[str]:
    better = {True: "more", False: "less", None: "neither"}
    rows = [(write_code(name), write_cell(one.unit), better[one.higher_is_better]) for name, one in measures.items()]
    return write_table(("measure", "unit", "better"), rows)


def write_forms() -> str:
    """Return the page of studies, forms of export, and logs that are read."""
    lines = [
        "# Studies, exports and logs",
        "",
        "What `study:`, `export --format` and `recorded: {format: ...}` can name.",
        "",
    ]
    for name in STUDY_SETTINGS.built_in:
        settings = _find_settings(STUDY_SETTINGS, name)
        lines += [f"## Study {name}", "", _say(settings), "", *write_fields(settings)]
    lines += ["## Forms of export", "", "See [exports](../export.md).", ""]
    lines += write_table(
        ("form", "what is written"), [(write_code(name), _say(EXPORTERS.find(name))) for name in EXPORTERS.built_in]
    )
    lines += ["## Logs that are read", "", "See [recorded candidates](../recorded.md).", ""]
    lines += [", ".join(write_code(name) for name in IMPORTERS.built_in) + ".", ""]
    return "\n".join(lines)


def write_trial_keys() -> str:
    """Return the page of every key of a trial file."""
    lines = [
        "# Every key of a trial file",
        "",
        "From the specification itself; the same as a [JSON schema](../schemas/trial.schema.json), for editors.",
        "[Trial files](../trial-file.md) explains and shows them.",
        "",
    ]
    models: dict[str, Any] = {"The trial": Trial}
    for key, name in (
        ("tasks", "tasks"),
        ("decide", "decide"),
        ("budget", "budget"),
        ("machine", "machine"),
        ("device", "device"),
        ("limits", "limits"),
    ):
        models[name] = _find_model(Trial.model_fields[key].annotation)
    for heading, model in models.items():
        shown = heading if heading == "The trial" else f"Below `{heading}`"
        lines += [f"## {shown}", "", *write_fields(model)]
    lines += ["Below `candidates` and `judges`: [candidates and levers](levers.md).", ""]
    return "\n".join(lines)


def _find_model(annotation: Any) -> type[BaseModel]:
    """Return the model within an annotation: itself, or the first inside a tuple or union."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        try:
            return _find_model(inner)
        except ValueError:
            continue
    raise ValueError(f"no settings in {annotation}")


def _find_settings(table: PluginTable[Any], name: str) -> type[BaseModel]:
    found = table.find(name)
    settings: type[BaseModel] = getattr(found, "Settings", found)
    return settings


def _say(*found: Any) -> str:
    """Return the first paragraph of the first docstring there is."""
    texts = (read_docstring(inspect.cleandoc(vars(one).get("__doc__") or one.__doc__ or "")).text for one in found)
    return write_cell(next((text.partition("\n\n")[0] for text in texts if text), ""))

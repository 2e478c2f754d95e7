"""Reading trial and candidate files, and writing a trial as YAML.

Every mistake is one `SpecError` with the file and line.  Knows the shape of the files and where their paths lead, not
whether the models and tasks that they name exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fairtrial.errors import FairtrialError, SpecError
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.levers import locate_levers
from fairtrial.spec.problems import validate_section
from fairtrial.spec.recorded import Recorded
from fairtrial.spec.schemes import scheme_of
from fairtrial.spec.steps import LeversStudy
from fairtrial.spec.textfile import read_text_files
from fairtrial.spec.trial import Trial
from fairtrial.spec.yamlfile import Location, Places, read_yaml

NOWHERE = Places(Path())


@dataclass(frozen=True, slots=True)
class LoadedTrial:
    """A trial with the text that it was read from.

    Attributes:
        trial: what the text says.
        text: the file, character by character; for a trial made in Python, the YAML that says the same.
        path: the file; None for a trial made in Python.
        places: where everything stands in the file.
    """

    trial: Trial
    text: str
    path: Path | None
    places: Places = field(default=NOWHERE, compare=False, repr=False)

    def where(self, *at: str | int) -> str:
        """Return ``file:line`` of a part, e.g. ``where("tasks", 0, "task")``; empty for a trial made in Python."""
        if not self.path:
            return ""
        if at[:1] == ("candidates",) and len(at) > 1 and isinstance(at[1], int):
            at = self.trial.locate(at[1], *at[2:])
        if at[:2] == ("study", "levers") and len(at) > 2 and ("study", "levers", 0) in self.places.lines:
            names = self.trial.study.list_names() if isinstance(self.trial.study, LeversStudy) else []
            at = (*at[:2], names.index(at[2]) if at[2] in names else at[2], *at[3:])  # steps written as a list
        return self.places.where(at)


def load_trial(path: Path) -> LoadedTrial:
    """Read a trial file.

    Candidates given as text are files of their own.  Paths in the trial are relative to its folder and stay as written.

    Raises:
        SpecError: the file is missing, is no YAML, or says something that a trial cannot say; every problem is listed
            with its line, the value seen and what is allowed.
    """
    text, data, places = read_yaml(path)
    trial = validate_section(Trial, read_candidate_files(data, places), places)
    check_task_names(trial, places)
    return LoadedTrial(trial, text, path, places)


def load_candidate(path: Path) -> Candidate:
    """Read a candidate file; raises SpecError as `load_trial` does.  Relative paths in it become absolute."""
    _, data, places = read_yaml(path)
    candidate = validate_section(Candidate, read_mapping_file(data, places, ()), places)
    folder = path.parent.resolve()
    changed: dict[str, Any] = {}
    scheme = scheme_of(candidate.model)
    if scheme and scheme.is_path:
        name, _, inside = candidate.model.partition(":")
        changed["model"] = f"{name}:{folder / Path(inside).expanduser()}"
    if candidate.chat not in ("none", "model"):
        changed["chat"] = str(folder / candidate.chat)
    if candidate.projector not in ("auto", "none") and not candidate.projector.startswith(("pkg:", "hf:")):
        changed["projector"] = str(folder / Path(candidate.projector).expanduser())
    if candidate.adapter and not candidate.adapter.startswith(("pkg:", "hf:")):
        changed["adapter"] = str(folder / Path(candidate.adapter).expanduser())
    changed["levers"] = locate_levers(candidate.levers, folder)
    return candidate.model_copy(update=changed)


def dump_trial(trial: Trial) -> str:
    """Return the YAML text that says what ``trial`` says, defaults left out."""
    document = {"fairtrial": 1, **trial.model_dump(mode="json", exclude_defaults=True)}
    return yaml.dump(document, Dumper=Writer, sort_keys=False, allow_unicode=True)


class Writer(yaml.SafeDumper):
    """Writes rare line breaks as escapes; PyYAML's plain style would lose them."""

    def text(self, value: str) -> yaml.ScalarNode:
        """Return the node of a text."""
        style = '"' if any(mark in value for mark in "\x85\u2028\u2029\ufeff") else None
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Writer.add_representer(str, Writer.text)


def check_task_names(trial: Trial, places: Places) -> None:
    """Raise SpecError if two tasks would have the same name in tables."""
    names = trial.task_names()
    for i, name in enumerate(names):
        if name in names[:i]:
            told = f"two tasks have the name {name!r}; give one of them an id of its own."
            raise SpecError(told, where=places.where(("tasks", i)))


def read_candidate_files(data: Any, places: Places) -> Any:
    """Return the data with candidates and judges that are given as a path replaced by what their files say."""
    if not isinstance(data, dict):
        return data
    read = {
        key: [
            read_candidate_file(entry, places, (key, i))
            if isinstance(entry, str)
            else read_mapping_file(entry, places, (key, i))
            for i, entry in enumerate(data[key])
        ]
        for key in ("candidates", "judges")
        if isinstance(data.get(key), list)
    }
    return {**data, **read}


def read_candidate_file(entry: str, places: Places, at: Location) -> dict[str, Any]:
    """Return what a candidate file says."""
    path = places.path.parent / Path(entry).expanduser()
    try:
        return load_candidate(path).model_dump(mode="json", exclude_defaults=True)
    except FairtrialError as error:
        if error.where:
            raise
        told = f"a candidate given as text is the path of a candidate file; {error.message}"
        raise SpecError(told, where=places.where(at)) from error


def read_mapping_file(data: Any, places: Places, at: Location) -> Any:
    """Return a candidate's data with what the files say that it names for its texts and its ``recorded``.

    Raises SpecError if the path of ``recorded`` leads out of the folder of the file that names it, or a file says
    something else.
    """
    data = read_text_files(data, places, at)
    given = data.get("recorded") if isinstance(data, dict) else None
    if not isinstance(given, str) or not given.lower().endswith((".yaml", ".yml")):
        return data
    where, folder = places.where((*at, "recorded")), places.path.parent
    try:
        inside = (folder / given).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise SpecError(f"recorded: {given!r} is no path: {error}.", where=where) from error
    if not inside:
        told = f"recorded: the file {given!r} is not in the folder of the file that names it."
        raise SpecError(told, where=where, fix="Put it beside that file, or in a folder there.")
    try:
        _, body, own = read_yaml(folder / given)
        mapping = validate_section(Recorded, body, own)
    except SpecError as error:
        if error.where:
            raise
        raise SpecError(f"recorded: {error.message}", where=where) from error
    return {**data, "recorded": mapping.model_dump(mode="json", exclude_defaults=True)}

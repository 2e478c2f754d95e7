"""Reading trial and candidate files: YAML whose every error names a line.

Files are hostile input: only plain YAML is read (no tags, so no code), size and depth are limited, and nothing in it is
expanded.  Knows the shape of the files, not whether the models and tasks that they name exist.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.trial import Decide, TaskEntry, Trial

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
MAX_ALIASES = 1_000

Location = tuple[str | int, ...]
Lines = dict[Location, int]


@dataclass(frozen=True, slots=True)
class LoadedTrial:
    """A trial with the text that it was read from.

    Attributes:
        trial: what the text says.
        text: the file, character by character; for a trial made in Python, the YAML that says the same.
        path: the file; None for a trial made in Python.
    """

    trial: Trial
    text: str
    path: Path | None


def load_trial(path: Path) -> LoadedTrial:
    """Read a trial file.

    Raises:
        SpecError: the file is missing, is no YAML, or says something that a trial cannot say; every problem is listed
            with its line, the value seen and what is allowed.
    """
    text, data, lines = read_yaml(path)
    data = with_candidate_files(data, path, lines)
    trial = validated(Trial, data, path, lines)
    check_names(trial, path, lines)
    return LoadedTrial(trial, text, path)


def load_candidate(path: Path) -> Candidate:
    """Read a candidate file; raises SpecError as `load_trial` does.  A relative model path is made absolute."""
    _, data, lines = read_yaml(path)
    candidate = validated(Candidate, data, path, lines)
    if candidate.model.startswith("gguf:"):
        inside = Path(candidate.model.removeprefix("gguf:")).expanduser()
        candidate = candidate.model_copy(update={"model": f"gguf:{(path.parent / inside).resolve()}"})
    return candidate


def dump_trial(trial: Trial) -> str:
    """Return the YAML text that says what ``trial`` says, defaults left out."""
    document = trial.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump({"fairtrial": 1, **document}, sort_keys=False, allow_unicode=True)


def read_yaml(path: Path) -> tuple[str, Any, Lines]:
    """Return a file's text, its values, and the line of every key and list entry by location."""
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        seen = text.splitlines()[line - 1].strip() if 0 < line <= len(text.splitlines()) else ""
        raise SpecError(
            f"not valid YAML: {error.problem or error.context}: {seen!r}", where=f"{path}:{line}"
        ) from error
    except yaml.YAMLError as error:
        raise SpecError(f"not valid YAML: {error}", where=str(path)) from error
    if node is None:
        raise SpecError("the file is empty.", where=str(path), fix="`fairtrial init` writes a trial to start from.")
    reader = NodeReader(path)
    return text, reader.value(node, ()), reader.lines


def read_text(path: Path) -> str:
    """Return a file's text; raise SpecError if it is missing, too large or not UTF-8."""
    if not path.is_file():
        folder = path.parent if path.parent.is_dir() else Path()
        known = sorted(p.name for p in folder.iterdir() if p.suffix in {".yaml", ".yml"})
        raise SpecError(f"there is no file {str(path)!r}.{did_you_mean(path.name, known)}")
    if path.stat().st_size > MAX_BYTES:
        raise SpecError(f"the file has {path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read.", where=str(path))
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"the file is not UTF-8 text (byte {error.start}).", where=str(path)) from error


class NodeReader:
    """Turns YAML nodes into plain values and remembers the line of each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: Lines = {}
        self.seen = 0

    def value(self, node: yaml.Node, at: Location) -> Any:
        """Return the value of a node; raises SpecError for tags, duplicate keys, and too deep or too large files."""
        line = node.start_mark.line + 1
        self.lines.setdefault(at, line)
        self.seen += 1
        where = f"{self.path}:{line}"
        if len(at) > MAX_DEPTH or self.seen > 50 * MAX_ALIASES:
            raise SpecError("the file is nested too deeply or refers to itself.", where=where)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*at, i)) for i, child in enumerate(node.value)]
        if not node.tag.startswith("tag:yaml.org,2002:"):
            raise SpecError(f"the tag {node.tag!r} is not allowed here.", where=where)
        try:
            return SCALARS.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            raise SpecError(f"{node.value!r} is not a valid value.", where=where) from error

    def mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Any]:
        """Return a mapping with text keys."""
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            where = f"{self.path}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise SpecError("a key must be plain text.", where=where)
            key = str(key_node.value)
            if key in found:
                raise SpecError(f"the key {key!r} appears twice in one place.", where=where)
            self.lines[(*at, key)] = key_node.start_mark.line + 1
            found[key] = self.value(child, (*at, key))
        return found


SCALARS = yaml.SafeLoader("")


def with_candidate_files(data: Any, path: Path, lines: Lines) -> Any:
    """Return the data with candidates that are given as a path replaced by what their files say."""
    if not isinstance(data, dict) or not isinstance(data.get("candidates"), list):
        return data
    candidates = [
        load_candidate(path.parent / entry).model_dump(mode="json", exclude_defaults=True)
        if isinstance(entry, str)
        else entry
        for entry in data["candidates"]
    ]
    return {**data, "candidates": candidates}


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], data: Any, path: Path, lines: Lines) -> Model:
    """Return ``data`` as ``model``; raise one SpecError that lists every problem."""
    if not isinstance(data, dict):
        raise SpecError(f"expected keys and values, e.g. 'name: my-trial'; got {shown(data)}.", where=str(path))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = [p for p in error.errors() if not (p["type"] == "too_short" and p["input"])]  # follows from the others
        problems = list(dict.fromkeys(described(problem, model, lines) for problem in found))
        if len(problems) == 1:
            line, text = problems[0]
            raise SpecError(text, where=f"{path}:{line}") from None
        listed = "\n".join(f"  {path}:{line}: {text}" for line, text in sorted(problems))
        raise SpecError(f"{len(problems)} problems:\n{listed}", where=str(path)) from None


def described(problem: ErrorDetails, model: type[BaseModel], lines: Lines) -> tuple[int, str]:
    """Return the line of a problem and a sentence about it: what is wrong, the value seen, what is allowed."""
    at = tuple(part for part in problem["loc"] if not is_branch(part))
    line = line_of(at, lines)
    key = dotted(at)
    kind, seen = problem["type"], shown(problem["input"])
    if kind == "extra_forbidden":
        known = known_keys(model, at[:-1])
        return line, f"unknown key {at[-1]!r}.{did_you_mean(str(at[-1]), known)} Keys here: {', '.join(known)}."
    if kind == "missing":
        return line, f"the key {at[-1]!r} is missing{f' in {dotted(at[:-1])}' if at[:-1] else ''}."
    allowed = problem.get("ctx", {})
    if kind == "literal_error":
        expected = str(allowed.get("expected", ""))
        near = difflib.get_close_matches(
            str(problem["input"]), [w.strip("' ") for w in expected.replace(" or ", ",").split(",")], 1
        )
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return line, f"{key} must be {expected}; got {seen}.{hint}"
    if kind == "string_pattern_mismatch":
        return (
            line,
            f"{key} must be letters, digits, '.', '_' or '-', at most 64, not beginning with a sign; got {seen}.",
        )
    if kind == "value_error":
        return line, f"{key}: {allowed.get('error')}."
    message = problem["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    return line, f"{key} must be {message}; got {seen}."


def is_branch(part: str | int) -> bool:
    """Return whether a location part is pydantic's own note on a union's branch and not a key."""
    return isinstance(part, str) and (part.startswith(("literal[", "function-", "constrained-")) or part == "str")


def line_of(at: Location, lines: Lines) -> int:
    """Return the line of the nearest place that the file has."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def dotted(at: Location) -> str:
    """Return a location as people write it, e.g. ``candidates[0].model``."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def known_keys(model: type[BaseModel], at: Location) -> Sequence[str]:
    """Return the keys that are allowed at a location of a file that says a ``model``."""
    named = [part for part in at if isinstance(part, str)]
    return sorted((SECTIONS[named[-1]] if named else model).model_fields)


SECTIONS: Mapping[str, type[BaseModel]] = {
    "candidates": Candidate,
    "decoding": Decoding,
    "tasks": TaskEntry,
    "decide": Decide,
}


def shown(value: object) -> str:
    """Return a value as it is shown in an error, not too long."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def check_names(trial: Trial, path: Path, lines: Lines) -> None:
    """Raise SpecError if names that must differ are the same, or the baseline is no candidate."""
    ids = [c.id for c in trial.candidates]
    for i, name in enumerate(ids):
        if name in ids[:i]:
            line = line_of(("candidates", i, "id"), lines)
            raise SpecError(f"two candidates have the id {name!r}.", where=f"{path}:{line}")
    if trial.baseline and trial.baseline not in ids:
        line = line_of(("baseline",), lines)
        raise SpecError(
            f"the baseline {trial.baseline!r} is not a candidate.{did_you_mean(trial.baseline, ids)}",
            fix=f"Candidates: {', '.join(ids)}.",
            where=f"{path}:{line}",
        )
    names = trial.task_names()
    for i, name in enumerate(names):
        if name in names[:i]:
            line = line_of(("tasks", i), lines)
            raise SpecError(
                f"two tasks have the name {name!r}.", fix="Give one of them an id of its own.", where=f"{path}:{line}"
            )

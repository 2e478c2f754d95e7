"""Decides which Python functions of task files are replaced by our own re-implementations; runs and imports none.

A ``!function`` is replaced

* if it is written ``!function fairtrial:FAMILY.name``: somebody asked for ours;
* if the Python file beside the task file holds exactly the code that ours re-implements, whatever the folder is called:
  compared are the texts of the function and of all that it uses in that file, without blank lines;
* if there is no such Python file and the task file lies in a folder named after the family.

Code of the same name that differs is somebody else's: it is never replaced, and runs only if it is trusted.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fairtrial.errors import TaskCodeError, did_you_mean
from fairtrial.spec.regular import read_regular
from fairtrial.tasks.lmeval.loading import CodeRef
from fairtrial.tasks.lmeval.native import NATIVE

ORIGINALS: Mapping[str, str] = {
    "hellaswag/utils.process_docs": "32c160bb8a8cdd50",
    "winogrande/preprocess_winogrande.doc_to_text": "209f98ca866ca43f",
    "winogrande/preprocess_winogrande.doc_to_target": "e7f36e60b06fe5fb",
    "winogrande/preprocess_winogrande.doc_to_choice": "c539fb65f429ca01",
    "truthfulqa/utils.process_results_mc2": "a7ebd225eb7e93c2",
    "crows_pairs/utils.doc_to_choice": "1b94127f9e0e7769",
    "crows_pairs/utils.process_results": "aef59a8c69902785",
    "crows_pairs/utils.filter_race_color": "7aa6f20b5ea36e77",
    "crows_pairs/utils.filter_socio": "bd254fbc949c5361",
    "crows_pairs/utils.filter_gender": "46439be34531b4f6",
    "crows_pairs/utils.filter_age": "4060d26a0d408d26",
    "crows_pairs/utils.filter_religion": "b7a79ff58f4edd64",
    "crows_pairs/utils.filter_disability": "9cd6b79b2a369e0b",
    "crows_pairs/utils.filter_orientation": "9ceeb38026dafda0",
    "crows_pairs/utils.filter_nationality": "506aae6502b4575d",
    "crows_pairs/utils.filter_appearance": "a27c1aecd90bd017",
    "crows_pairs/utils.filter_autre": "d173215e68cac081",
    "ifeval/utils.process_results": "a0bf5fbbff2ac489",
    "bbq/utils.process_docs": "0c5eeac54ac954e9",
    "bbq/utils.process_docs_ambig": "dd08334914c2c3cd",
    "bbq/utils.process_docs_disambig": "71c07967dfc349e5",
    "bbq/utils.doc_to_choice": "d454a2b56712f921",
    "bbq/utils.doc_to_target": "8c6bf6a88e1433fa",
    "bbq/utils.process_results_multiple_choice": "4f4369896e4f7e8d",
    "bbq/utils.agg_accuracy_amb": "e884d56ebbf41d96",
    "bbq/utils.agg_accuracy_disamb": "1fef6234ff245527",
    "bbq/utils.agg_amb_bias_scores": "4ccd4c337b460f97",
    "bbq/utils.agg_disamb_bias_scores": "8562cc446845ba4e",
}
"""Fingerprint of the code that each of ours re-implements, as in lm-evaluation-harness 0.4.9 to 0.4.13."""

_MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Replacement:
    """One of our re-implementations.

    Attributes:
        family: the family of tasks that it is for.
        function: what stands in for the task file's function.
    """

    family: str
    function: Any


def find_replacement(reference: CodeRef) -> Replacement | None:
    """Return what replaces a ``!function``, or None if it is somebody else's code.

    Raises TaskCodeError for a ``fairtrial:`` name that does not exist.
    """
    if reference.module == "fairtrial":
        return _make_replacement(reference)
    key = str(reference)
    if not any(key in functions for functions in NATIVE.values()):
        return None
    if not reference.source.is_file():
        family = reference.path.parent.name
        return Replacement(family, NATIVE[family][key]) if key in NATIVE.get(family, {}) else None
    try:
        found = compute_fingerprint(read_regular(reference.source, _MOST_BYTES).decode(), reference.name)
    except (OSError, UnicodeDecodeError):
        return None
    for family, functions in NATIVE.items():
        if found and key in functions and ORIGINALS[f"{family}/{key}"] == found:
            return Replacement(family, functions[key])
    return None


def name_replacement(reference: CodeRef) -> str:
    """Return the ``!function`` that would name ours in the place of somebody's function of that name, or nothing."""
    family = reference.path.parent.name
    if str(reference) not in NATIVE.get(family, {}):
        return ""
    return f"!function fairtrial:{family}.{reference.name}"


def _make_replacement(reference: CodeRef) -> Replacement:
    known = {f"{family}.{name}": entry for family, name, entry in _list_all()}
    if reference.name not in known:
        raise TaskCodeError(
            f"fairtrial has no function {reference.name!r} of its own.{did_you_mean(reference.name, known)}",
            fix=f"It has: {', '.join(known)}.",
            where=reference.where,
        )
    return Replacement(reference.name.partition(".")[0], known[reference.name])


def _list_all() -> Iterator[tuple[str, str, Any]]:
    for family, functions in NATIVE.items():
        for key, entry in functions.items():
            yield family, key.rpartition(".")[2], entry


@lru_cache(maxsize=256)
def compute_fingerprint(source: str, name: str) -> str | None:
    """Return 16 hexadecimal digits of the sha256 of a top-level function and of all that it uses in the same file.

    Args:
        source: text of a Python file.
        name: of the function.

    None if the file is not Python or has no such function.
    """
    try:
        with warnings.catch_warnings():  # about the style of somebody else's code
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = source.splitlines()
    defined: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        for each in _list_defined(node):
            defined.setdefault(each, []).append(node)
    if name not in defined:
        return None
    wanted, rest = set[str](), {name}
    while rest:
        one = rest.pop()
        wanted.add(one)
        used = {part.id for node in defined[one] for part in ast.walk(node) if isinstance(part, ast.Name)}
        rest |= (used & defined.keys()) - wanted
    parts = [_cut_text(node, lines) for one in sorted(wanted) for node in defined[one]]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _list_defined(node: ast.stmt) -> list[str]:
    """Names that a statement at the top of a file gives a value, wherever in it that happens; imports left out."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    inner = ast.walk(node)
    return [part.id for part in inner if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del)]


def _cut_text(node: ast.stmt, lines: list[str]) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(line.rstrip() for line in lines[first - 1 : node.end_lineno] if line.strip())

"""Prompts and system messages: written in the file, or a text file that is named there.

The text itself enters the candidate, so that what is identified, kept and shown is what was said, wherever it stood.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.regular import read_regular
from fairtrial.spec.section import Section, Text, make_problem
from fairtrial.spec.yamlfile import Location, Places

TEXTS = ("prompt", "system")
"""Keys of a candidate that may be text or ``{file: PATH}``."""

_MOST_BYTES = 1_000_000


class TextFile(Section):
    """A file with the text."""

    file: Text = Field(description="Path of a UTF-8 text file, relative to the file that names it.")


def _check_text(value: Any) -> Any:
    if isinstance(value, dict):
        raise make_problem(
            "{file: PATH} is read in trial and candidate files; in Python give the text, e.g. Path(...).read_text()"
        )
    return value


def _check_prompt(value: Any) -> Any:
    value = _check_text(value)
    if not isinstance(value, str) or not value or "{{" in value or "{%" in value:
        return value
    if single := re.search(r"\{\s*([A-Za-z_]\w*)\s*\}", value):
        raise make_problem(f"names stand in two braces: write {{{{{single[1]}}}}} for {single[0]}")
    raise make_problem(
        "a prompt without {{...}} would be the same for every item: write {{prompt}} where the task's own prompt "
        "belongs, or names of the task's columns such as {{question}}"
    )


SystemText = Annotated[str, BeforeValidator(_check_text, json_schema_input_type=str | TextFile)]
"""What a candidate says after ``system:``."""

PromptString = Annotated[str, BeforeValidator(_check_prompt, json_schema_input_type=str | TextFile)]
"""What a candidate says after ``prompt:``: a Jinja template around what a task asks."""


def read_text_files(data: Any, places: Places, at: Location) -> Any:
    """Return a candidate's data with each ``{file: PATH}`` that stands for a text replaced by the file's text.

    Raises SpecError, with the line, if the file cannot be read, or is no text.
    """
    if not isinstance(data, dict):
        return data
    found = dict(data)
    for key in TEXTS:
        given = data.get(key)
        if isinstance(given, dict) and set(given) == {"file"} and isinstance(given["file"], str):
            found[key] = _read_text(key, places.path.parent / Path(given["file"]).expanduser(), places, (*at, key))
        elif isinstance(given, dict):
            told = f"{key} must be text, or {{file: PATH}}; got a mapping of {', '.join(map(str, given)) or 'nothing'}."
            raise SpecError(told, where=places.where((*at, key)))
    return found


def _read_text(key: str, path: Path, places: Places, at: Location) -> str:
    """Return a file's text, with plain line ends and without the one at its end."""
    where = places.where(at)
    try:
        text = read_regular(path, _MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError as error:
        near = [found.name for found in path.parent.glob("*")] if path.parent.is_dir() else []
        told = f"{key}: there is no file {str(path)!r}.{did_you_mean(path.name, near)}"
        raise SpecError(told, where=where) from error
    except OSError as error:
        raise SpecError(f"{key}: the file {str(path)!r} cannot be read: {error.strerror}.", where=where) from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{key}: the file {str(path)!r} is not UTF-8 text.", where=where) from error
    text = text.replace("\r\n", "\n").removesuffix("\n")
    if not text.strip():
        raise SpecError(f"{key}: the file {str(path)!r} is empty.", where=where)
    return text

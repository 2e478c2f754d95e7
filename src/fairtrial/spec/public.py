"""Sections that are also made in Python, e.g. ``ft.TaskEntry(task="arithmetic")``: mistakes are told as in files."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from fairtrial.errors import SpecError
from fairtrial.spec.section import Section
from fairtrial.spec.wording import describe_error


class PublicSection(Section):
    """Base of sections with a public name.  Called with wrong settings, it raises SpecError, not pydantic's error.

    Reading files does not call it, so that all problems of a file are found together.
    """

    def __init__(self, /, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            told = describe_error(error, sorted(type(self).model_fields))
            raise SpecError(f"{type(self).__name__}: {told}") from error

    # Says to pydantic that validation of what is inside others need not call it.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

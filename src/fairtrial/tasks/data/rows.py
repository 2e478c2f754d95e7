"""One row of a task's data: column to value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]
"""To be read only, as graders and templates get it."""
RowDict = dict[str, Any]
"""As it is made: whoever reads a file fills it."""

"""The file with the details of an error that nobody foresaw, without the secrets of the environment."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_log_path

from fairtrial import __version__

SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.I)
"""Names of environment variables whose values are masked."""

SHORTEST = 6
"""Characters of a value that is masked; anything shorter would mask ordinary words."""


def mask_secrets(text: str) -> str:
    """Return text without the values of environment variables that are named like secrets."""
    values = {value.strip() for name, value in os.environ.items() if SECRET.search(name)}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= SHORTEST:
            text = text.replace(value, "***").replace(repr(value)[1:-1], "***")
    return text


def write_details(error: BaseException) -> Path | None:
    """Write where an error came from to a file of its own, and return its path; None if no folder can be written."""
    now = datetime.now(UTC)
    told = "".join(traceback.format_exception(error))
    versions = f"fairtrial {__version__}, Python {platform.python_version()}, {platform.platform()}"
    text = mask_secrets(f"{now:%Y-%m-%d %H:%M:%S} UTC\n{versions}\n{' '.join(sys.argv)}\n\n{told}")
    for folder in (user_log_path("fairtrial"), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(f"-{now:%Y%m%d-%H%M%S}.txt", "fairtrial-error-", folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return Path(name)
    return None

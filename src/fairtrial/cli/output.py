"""What reaches the terminal: JSON without characters that deceive, and text that every encoding can take."""

from __future__ import annotations

import codecs
import io
import json
import sys
from typing import Any

from fairtrial.pages.showing import HIDDEN

PLAIN = str.maketrans(
    {
        "▲": "^", "▼": "v", "≠": "!=", "−": "-", "–": "-", "—": "-", "…": "...", "∞": "inf", "±": "+-", "·": "*",
        "×": "x", "⟨": "<", "⟩": ">", "✓": "+", "✗": "x", "━": "-", "─": "-", "│": "|", "┊": ":", "╋": "+", "┿": "+",
        "◀": "<", "▶": ">",
    }
)  # fmt: skip
"""Signs of ours to what stands for them where an encoding lacks them."""

ERRORS = "fairtrial.plain"


def print_json(document: Any) -> None:
    """Print one JSON document.

    Control, zero-width and direction-changing characters come as escapes, and so does all that the encoding of standard
    output lacks.
    """
    text = json.dumps(document, ensure_ascii=not _speaks_unicode(), allow_nan=False, default=str)
    sys.stdout.write(HIDDEN.sub(lambda found: _escape_character(found[0]), text) + "\n")


def accept_any_encoding() -> None:
    """Let standard output and error replace what their encoding lacks, rather than fail."""
    codecs.register_error(ERRORS, _replace_unencodable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def _replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(PLAIN)
    return text.encode(error.encoding, "replace").decode(error.encoding), error.end


def _escape_character(character: str) -> str:
    """Return a character as JSON escapes; one beyond the basic plane as two."""
    return json.dumps(character)[1:-1]


def _speaks_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")

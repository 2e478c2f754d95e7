"""The hash that names a value by its content."""

from __future__ import annotations

import hashlib
import json


def content_hash(value: object) -> str:
    """Return the 32 hexadecimal digits (128 bits of BLAKE2b) that identify ``value`` by its canonical JSON.

    Canonical: sorted keys, no spaces, UTF-8, floats as Python's shortest repr.  Raises TypeError for what JSON lacks.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

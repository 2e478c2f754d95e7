"""The hashes that name values and bytes by their content: 32 hexadecimal digits, 128 bits of BLAKE2b (RFC 7693)."""

from __future__ import annotations

import hashlib
import json


def hash_bytes(data: bytes) -> str:
    """Return the digits that identify ``data``."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def content_hash(value: object) -> str:
    """Return the digits that identify ``value`` by its canonical JSON.

    Canonical: sorted keys, no spaces, UTF-8, floats as Python's shortest repr.  Raises TypeError for what JSON lacks.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hash_bytes(text.encode("utf-8", "surrogatepass"))

"""The hashes that name values and bytes by their content: 32 hexadecimal digits, 128 bits of BLAKE2b (RFC 7693)."""

from __future__ import annotations

import hashlib
import json

write_canonically = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode
"""Returns a value as canonical JSON; one encoder for all, as a run writes some thousand texts a second.

Raises TypeError for what JSON lacks, ValueError for numbers that are not finite, RecursionError for what holds itself.
"""


def hash_bytes(data: bytes) -> str:
    """Return the digits that identify ``data``."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def content_hash(value: object) -> str:
    """Return the digits that identify ``value`` by its canonical JSON.

    Canonical: sorted keys, no spaces, UTF-8, floats as Python's shortest repr.  Raises TypeError for what JSON lacks.
    """
    return hash_bytes(write_canonically(value).encode("utf-8", "surrogatepass"))

"""Names of passages that answers have cited: who has one may ask to open that passage, and no other.

A name is signed with a key of this process, so that nobody can make one, and nothing has to be kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets

from fairtrial.levers.retrieve.opening import PassageName
from fairtrial.records import PassageUse

PLACE = "/v1/passages"
LONGEST = 1000
_SIGNED = 16


class PassageOpeners:
    """Writes and reads the names of one candidate's passages."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def write_path(self, use: PassageUse) -> str:
        """Return where a passage is opened."""
        body = json.dumps([use.document, use.start, use.end, use.sha256]).encode("utf-8", "replace")
        return f"{PLACE}/{base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip('=')}"

    def read(self, name: str) -> PassageName | None:
        """Return the passage that a name means; None if it is not one of ours."""
        if len(name) > LONGEST or not name.isascii():
            return None
        try:
            data = base64.b64decode(name + "=" * (-len(name) % 4), b"-_", validate=True)
        except binascii.Error:
            return None
        body = data[_SIGNED:]
        return PassageName(*json.loads(body)) if hmac.compare_digest(self._sign(body), data[:_SIGNED]) else None

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:_SIGNED]

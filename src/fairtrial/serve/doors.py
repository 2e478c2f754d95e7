"""Who may come in: keys, pages of other sites, and how much a request may bring in how long."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request

from fairtrial.errors import SpecError
from fairtrial.pages.safety import is_own_machine
from fairtrial.serve.errors import ApiError
from fairtrial.serve.incoming import find_body
from fairtrial.serve.served import Served

KEYS = "FAIRTRIAL_API_KEYS"
"""Environment variable with the keys that clients may have, separated by commas."""
SHORTEST_KEY = 16
OPEN = ("/health",)
"""Paths that need no key: they tell nothing."""


def read_keys(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the keys of the environment.  Raises SpecError for one that is too short; never shows it."""
    keys = tuple(key.strip() for key in environment.get(KEYS, "").split(",") if key.strip())
    if any(len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() for key in keys):
        raise SpecError(f"a key in {KEYS} has fewer than {SHORTEST_KEY} characters, or others than ASCII.")
    return keys


def is_loopback(host: str) -> bool:
    """Return whether a host, a name or an address, is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name that only begins like an address, and leads wherever its owner wants


def check_door(served: Served, request: Request) -> None:
    """Raise ApiError for a client without a key, and for whom `check_origin` does not let in."""
    check_origin(served, request)
    if not served.keys or request.url.path in OPEN:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    token = given.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    data = token.encode("utf-8", "replace")
    found = [hmac.compare_digest(data, key.encode()) for key in served.keys]
    if not any(found):
        told = "a key is needed: send it as `Authorization: Bearer KEY`."
        raise ApiError(401, told, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


def check_origin(served: Served, request: Request) -> None:
    """Raise ApiError for scripts of pages that were not let in, and for other names of this machine.

    A page of any site can have a browser ask a server on this machine, and with a name of its own that leads there it
    can read the answer; so the names are looked at.
    """
    origin = request.headers.get("origin")
    if origin and origin not in served.origins and not _is_own(origin, request):
        raise ApiError(403, "pages of other sites are not let in; start the server with --cors ORIGIN.", code="origin")
    if served.loopback and not served.keys and not is_own_machine(request.headers.get("host", "")):
        raise ApiError(403, "without a key this server is reached by the name of this machine only.", code="host")


def _is_own(origin: str, request: Request) -> bool:
    return urlsplit(origin).netloc == request.headers.get("host")


async def read_within(served: Served, request: Request) -> bytes:
    """Return the body of a request.  Raises ApiError if it is too large, or has not come in time."""
    limits = served.limits
    if (packed := request.headers.get("content-encoding", "identity").strip().lower()) != "identity":
        told = f"Content-Encoding {packed!r:.40} is not read: send the body as it is."
        raise ApiError(415, told, code="body_encoded", headers={"Connection": "close"})
    told = f"a body may have {limits.body_bytes:,} bytes at most."
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limits.body_bytes:
        raise ApiError(413, told, code="body_too_large", headers={"Connection": "close"})
    body = find_body(request.scope)

    async def read() -> bytes:
        parts: list[bytes] = []
        async for part in request.stream():
            if body.size + len(part) > limits.body_bytes:
                raise ApiError(413, told, code="body_too_large", headers={"Connection": "close"})
            served.incoming.take(body, part)
            parts.append(part)
        return b"".join(parts)

    try:
        return await asyncio.wait_for(read(), limits.body_seconds)
    except TimeoutError:
        late = f"the body was not there within {limits.body_seconds:g} s."
        raise ApiError(408, late, code="body_too_slow", headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise ApiError(400, "the client has left.", code="left") from None

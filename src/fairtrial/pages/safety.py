"""Who may come in, and what a page may do: names of this machine, pages of ours, tokens, and the policy of content.

A page of any site can have a browser ask a server on this machine, and with a name of its own that leads there it can
read the answer.  So the name that was asked for is looked at; and what changes something must come from a page of ours,
which knows the token.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import secrets
from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairtrial.errors import FairtrialError

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Nothing of others, nothing inline, no text that becomes HTML in a script."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Of every response.  ``no-referrer`` would make browsers hide where a form comes from, even from ourselves."""

SAFE_METHODS = frozenset({"GET", "HEAD"})
METHODS = ("GET", "HEAD", "POST")
"""All that any page takes."""
METHODS_TOLD = f"This server takes {', '.join(METHODS[:-1])} and {METHODS[-1]} only."
LENGTHS_TOLD = "This request says its length twice (Transfer-Encoding and Content-Length)."
MOST_FIELDS = 400
"""Fields of a form, at most."""
FORM_SECONDS = 30.0
"""In which a form must have come."""
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/@\s]+))(?::[0-9]{1,5})?", re.ASCII)


class FormError(FairtrialError):
    """What was sent is no form of ours, or is too large."""


def make_token() -> str:
    """Return a new token for the forms of one process."""
    return secrets.token_urlsafe(24)


def find_host_name(host: str) -> str:
    """Return the name or address in a header ``Host``, without its port; empty if it is no such header."""
    match = _HOST.fullmatch(host)
    return (match["address"] or match["name"]) if match else ""


def is_own_machine(host: str) -> bool:
    """Return whether a name or address, perhaps with a port, means this machine alone."""
    name = find_host_name(host)
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False  # a name that only begins like an address, and leads wherever its owner wants


def has_two_lengths(headers: Headers) -> bool:
    """Return whether a request says its length twice: proxies may read it otherwise, and find another request in it."""
    return "transfer-encoding" in headers and "content-length" in headers


class PageDoors:
    """Wraps an application: refuses names and pages of others, and adds the headers that keep a page to itself.

    Args:
        app: what answers.
        hosts: names, with their ports, under which the server may be reached beside those of this machine.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self.app, self.hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    given[name] = value
                given.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self.find_refusal(scope["method"], Headers(scope=scope))
        if refusal == METHODS_TOLD:
            allowed = {"Allow": ", ".join(METHODS)}
            await PlainTextResponse(refusal, 405, allowed)(scope, receive, send_with_headers)
        elif refusal == LENGTHS_TOLD:
            await PlainTextResponse(refusal, 400, {"Connection": "close"})(scope, receive, send_with_headers)
        elif refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)

    def find_refusal(self, method: str, headers: Headers) -> str:
        """Return why a request is not let in; empty if it is."""
        if has_two_lengths(headers):
            return LENGTHS_TOLD
        host = headers.get("host", "")
        if host not in self.hosts and not is_own_machine(host):
            return "This server is reached by the name of this machine only."
        if method in SAFE_METHODS:
            return ""
        if method not in METHODS:
            return METHODS_TOLD
        origin = headers.get("origin", "")
        site = headers.get("sec-fetch-site", "same-origin")
        if not origin or urlsplit(origin).netloc != host or site != "same-origin":
            return "Only pages of this server may change something here."
        return ""


async def read_form(request: Request, token: str, most_bytes: int = 1 << 20) -> dict[str, list[str]]:
    """Return the fields of a form (``application/x-www-form-urlencoded``), each with its values.

    Raises FormError if it is too large, no form, or does not have the token.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError(f"a form is expected, not {kind or 'nothing'}.")
    data = bytearray()
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for part in request.stream():
                data += part
                if len(data) > most_bytes:
                    raise FormError(f"what was sent has more than {most_bytes:,} bytes.", fix="Send less.")
    except TimeoutError:
        raise FormError(f"the form was not there within {FORM_SECONDS:g} s.", fix="Send it again.") from None
    except ClientDisconnect:
        raise FormError("the browser has left.") from None
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError as error:
        raise FormError(f"what was sent is no form: {error}.") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    sent = fields.pop("token", [""])[0]
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), token.encode()):
        raise FormError("the form is of another start of this server.", fix="Load the page again, and send it anew.")
    return fields

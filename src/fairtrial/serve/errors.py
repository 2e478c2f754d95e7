"""Errors as clients of OpenAI's API read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse

from fairtrial.errors import CapabilityError, FairtrialError, SpecError, TaskError, TooLongError

LONGEST = 2000
"""Characters of a message."""
HIDDEN = "[a key]"
"""Stands where a client's own key would."""


class ApiError(Exception):
    """An answer that is an error.

    Args:
        status: of HTTP.
        message: what is wrong, and what to do.
        code: a word for programs; empty if there is none.
        param: the field that it is about; empty if it is about none.
        headers: of the response.
    """

    def __init__(
        self, status: int, message: str, *, code: str = "", param: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers = dict(headers or {})

    @property
    def kind(self) -> str:
        """The kind of error, as OpenAI's API names it."""
        kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
        return kinds.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")

    def hide(self, secrets: Iterable[str]) -> ApiError:
        """Return it without keys that a client has put where they do not belong, and that it would be told again."""
        for secret in secrets:
            self.message = self.message.replace(secret, HIDDEN)
        return self

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told = self.message[:LONGEST]
        body = {"message": told, "type": self.kind, "param": self.param or None, "code": self.code or None}
        return {"error": body}

    def respond(self) -> JSONResponse:
        """Return the response."""
        return JSONResponse(self.document(), self.status, headers=self.headers)


class BusyError(ApiError):
    """More wait than may."""

    def __init__(self, waiting: int, seconds: int) -> None:
        told = f"{waiting} requests wait already; try again in {seconds} s."
        super().__init__(429, told, code="queue_full", headers={"Retry-After": str(seconds)})


def explain(error: BaseException) -> ApiError:
    """Return what a client is told of an error; of one that nobody foresaw, nothing of its inside."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, TooLongError):
        return ApiError(400, _say(error), code="context_length_exceeded", param="messages")
    if isinstance(error, SpecError | CapabilityError | TaskError):
        return ApiError(400, _say(error))
    if isinstance(error, FairtrialError):
        return ApiError(500, _say(error), code="engine_failed")
    return ApiError(500, "an unexpected error ended this request; the server's log has its name.", code="unexpected")


def _say(error: FairtrialError) -> str:
    message = error.message[:1].upper() + error.message[1:]
    return f"{message} {error.fix}".strip()

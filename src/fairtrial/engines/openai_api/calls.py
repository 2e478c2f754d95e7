"""One request to an endpoint, sent again after passing failures, and its failures in words.

Knows HTTP and the `openai` package; nothing of prompts or scores.  A key appears in no error.
"""

from __future__ import annotations

import email.utils
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fairtrial.engines.openai_api.throttle import Throttle
from fairtrial.errors import EngineError, MissingExtraError, TooLongError, did_you_mean
from fairtrial.spec.endpoint import Endpoint

T = TypeVar("T")

LONGEST_WAIT = 120.0
"""Seconds waited at most before a request is sent again, whatever the server asks for."""

PASSING = (408, 409, 425, 429)
"""Statuses below 500 after which the same request may succeed."""

SHOWN = 300
"""Characters of a server's own words that are shown."""


class CutShortError(Exception):
    """The server's answer ended before it was whole."""


class RefusedError(EngineError):
    """The server refuses this request for good; another one may be answered."""


@dataclass
class Caller:
    """Calls one endpoint.

    Attributes:
        endpoint: as the candidate writes it.
        model: the model's name there.
        throttle: shared with all other threads.
    """

    endpoint: Endpoint
    model: str
    throttle: Throttle
    client: Any = field(init=False, repr=False)
    _key: str = field(init=False, repr=False)
    _library: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            import openai
        except ImportError as error:
            raise MissingExtraError("The client of OpenAI-compatible endpoints", "openai") from error
        self._library = openai
        self._key = os.environ.get(self.endpoint.key_env, "")
        if not self._key and not self.endpoint.here:
            raise EngineError(
                f"{self.endpoint.host} needs a key, and the environment variable {self.endpoint.key_env} is not set.",
                fix=f"Set {self.endpoint.key_env}, or name another variable with endpoint: {{key_env: NAME}}.",
            )
        self.client = openai.OpenAI(
            api_key=self._key or "none",
            base_url=self.endpoint.base_url,
            timeout=self.endpoint.timeout,
            max_retries=0,
        )

    def call(self, work: Callable[[], T], label: str) -> T:
        """Return what ``work`` returns, trying again after passing failures.

        Raises EngineError (TooLongError for a prompt that does not fit), naming ``label``, when it is hopeless.
        """
        for attempt in range(self.endpoint.retries + 1):
            with self.throttle.slot():
                try:
                    found = work()
                except Exception as error:
                    why, asked, pushed = self.judge(error, label)
                else:
                    self.throttle.went_well()
                    return found
            if attempt < self.endpoint.retries:
                backoff = min(LONGEST_WAIT, 0.5 * 2**attempt) * random.uniform(0.5, 1)
                if pushed:
                    self.throttle.push_back(backoff if asked is None else asked)
                else:
                    self.throttle.wait(backoff)
        raise EngineError(
            f"{self.endpoint.host} did not answer {label or 'a request'} in {self.endpoint.retries + 1} attempts; "
            f"the last one: {why}",
            fix="Answers so far are in the ledger; the same command goes on from there.",
        )

    def judge(self, error: Exception, label: str) -> tuple[str, float | None, bool]:
        """Return a passing failure in words, the seconds to wait if the server says, and whether it pushes back.

        Raises any other failure, in words where the server refuses.
        """
        lib = self._library
        if isinstance(error, lib.APIStatusError):
            status, headers = error.status_code, error.response.headers
            if status in PASSING or status >= 500:
                return f"status {status}: {self.clean(error.message)}", retry_after(headers), status in (429, 503)
            raise self.refused(error, label) from None
        if isinstance(error, lib.APITimeoutError):
            return f"no byte for {self.endpoint.timeout:g} seconds", None, False
        if isinstance(error, lib.APIConnectionError):
            return f"no connection: {self.clean(str(error.__cause__ or error))}", None, False
        if isinstance(error, CutShortError | json.JSONDecodeError | lib.APIResponseValidationError | lib.APIError):
            return f"an answer that cannot be read: {self.clean(str(error))}", None, False
        if type(error).__module__.partition(".")[0] in ("httpx", "httpcore"):
            return f"the connection was cut: {self.clean(str(error))}", None, False
        raise error

    def refused(self, error: Any, label: str) -> EngineError:
        """Return the error about a request that is refused for good."""
        status, said, host = error.status_code, self.clean(error.message), self.endpoint.host
        about = f" ({label})" if label else ""
        if status in (401, 403):
            return EngineError(
                f"{host} does not accept the key: {said}",
                fix=f"Check the environment variable {self.endpoint.key_env}.",
            )
        if "context" in said.lower() and any(word in said.lower() for word in ("length", "size", "exceed", "maximum")):
            return TooLongError(f"A prompt{about} does not fit the model's context: {said}")
        if status == 404:
            names = self.models()
            near = did_you_mean(self.model, names)
            fix = f"Models there: {', '.join(names[:12])}." if names else "Check base_url; it ends in /v1 as a rule."
            return EngineError(f"{host} knows no such model or address: {said}{near}", fix=fix)
        return RefusedError(f"{host} refuses a request{about} with status {status}: {said}")

    def models(self) -> list[str]:
        """Return the names of the models that the endpoint has; none if it does not tell."""
        try:
            return sorted(str(model.id) for model in self.client.models.list())
        except Exception:  # only a help in an error about something else
            return []

    def clean(self, text: str) -> str:
        """Return a server's words, shortened and without the key."""
        if self._key:
            text = text.replace(self._key, "***")
        return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def retry_after(headers: Any) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); None without one."""
    given = headers.get("retry-after")
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)

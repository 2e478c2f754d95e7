"""What a failed exchange means: sent again, asked otherwise, refused for good, or the end of the run.

Knows the endpoint's name and how to mask its key; sends nothing.
"""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fairtrial.engines.openai_api.masking import KeyMask
from fairtrial.engines.openai_api.requests import SYSTEM
from fairtrial.engines.openai_api.wire import RedirectedError, StatusError, WireError
from fairtrial.engines.openai_api.words import ErrorDetails, UnreadableError, read_error, read_status
from fairtrial.errors import EngineError, TooLongError
from fairtrial.spec.endpoint import Endpoint

LONGEST_WAIT = 120.0
"""Seconds waited at most before a request is sent again, whatever the server asks for."""

PASSING = (408, 409, 425, 429)
"""Statuses below 500 after which the same request may succeed."""

SHOWN = 300
"""Characters of a server's own words that are shown."""


class SingleRequestError(EngineError):
    """One request has no answer; others may well have one."""


class RefusedError(SingleRequestError):
    """The server refuses this request as it is; asked otherwise it may be answered.

    Attributes:
        told: the server's words.
    """

    def __init__(self, message: str, told: ErrorDetails) -> None:
        super().__init__(message)
        self.told = told


class FilteredError(SingleRequestError):
    """The server refuses to answer a prompt for what it says.

    Attributes:
        words: the server's, masked and short.
    """

    def __init__(self, message: str, words: str) -> None:
        super().__init__(message)
        self.words = words


@dataclass(frozen=True, slots=True)
class RetryableFailure:
    """A failure after which the request is sent again.

    Attributes:
        why: in words.
        wait: seconds that the server asks to wait; None if it does not say.
        pushed: whether the server has had enough for now.
        paid: whether something came back, which may have been charged.
    """

    why: str
    wait: float | None = None
    pushed: bool = False
    paid: bool = False


@dataclass(frozen=True, slots=True)
class FailureClassifier:
    """Judges the failures of one endpoint.

    Attributes:
        endpoint: as the candidate writes it.
        mask: takes its key out of a text.
        advise: returns what to do where the endpoint knows no such model.
    """

    endpoint: Endpoint
    mask: KeyMask
    advise: Callable[[], str]

    def judge(self, error: Exception, label: str) -> RetryableFailure:
        """Return a passing failure; raise any other one in words, without the key."""
        if isinstance(error, StatusError):
            return self._classify_status(error.status, read_error(error.body), error.headers, label)
        if isinstance(error, UnreadableError):
            status = read_status(error.told) if error.told is not None else None
            if error.told is not None and (status is not None or error.told.filtered):
                return self._classify_status(status or 400, error.told, {}, label)
            return RetryableFailure(f"an answer that cannot be read: {self.clean(str(error))}", paid=True)
        if isinstance(error, WireError):
            return RetryableFailure(self.clean(str(error)))
        if isinstance(error, RedirectedError):
            target = self.clean(str(error).partition("?")[0])
            raise EngineError(
                f"{self.endpoint.host} points to another address, {target}. No redirect is followed, so that prompts "
                "and key go nowhere but where the trial file says.",
                fix="If that is where to ask, write it as base_url.",
            )
        raise error

    def _classify_status(
        self, status: int, told: ErrorDetails, headers: Mapping[str, str], label: str
    ) -> RetryableFailure:
        said = self.clean(told.message)
        host, about = self.endpoint.host, f" ({label})" if label else ""
        if told.unpaid and status in (400, 402, 403, 429):
            raise EngineError(f"{host} demands payment first: {said}", fix="Answers so far are in the ledger.")
        if status == 451 or (status in (400, 403, 422) and self._is_filtered(status, told)):
            raise FilteredError(f"{host} refuses to answer a request{about}: {said}", said)
        if status >= 500 and SYSTEM.search(told.message):
            raise RefusedError(f"{host} refuses a request{about} with status {status}: {said}", told)
        if status in PASSING or status >= 500:
            return RetryableFailure(f"status {status}: {said}", read_retry_after(headers), status in (429, 503))
        if status in (401, 403):
            raise EngineError(
                f"{host} does not accept the key: {said}",
                fix=f"Check the environment variable {self.endpoint.key_env}.",
            )
        if status == 402:
            raise EngineError(f"{host} demands payment first: {said}", fix="Answers so far are in the ledger.")
        if told.too_long:
            raise TooLongError(f"A prompt{about} does not fit the model's context: {said}")
        if status in (404, 405):
            raise EngineError(f"{host} knows no such model or address: {said}", fix=self.advise())
        raise RefusedError(f"{host} refuses a request{about} with status {status}: {said}", told)

    def _is_filtered(self, status: int, told: ErrorDetails) -> bool:
        return told.filtered and not (status == 403 and told.of_account)

    def clean(self, text: str) -> str:
        """Return a server's words, shortened and without the key."""
        text = self.mask(text)
        return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); None without a good one.

    However long they are: what is waited at most is another question.
    """
    given = headers.get("retry-after")
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError, OSError):
            return None
    return None if math.isnan(seconds) else max(seconds, 0.0)

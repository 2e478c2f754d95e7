"""One request to an endpoint, sent again after passing failures, waiting as long as the server wants within limits."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fairtrial.engines.openai_api.failures import LONGEST_WAIT, FailureClassifier, RetryableFailure, SingleRequestError
from fairtrial.engines.openai_api.masking import KeyMask, read_key
from fairtrial.engines.openai_api.replies import Reply, read_reply
from fairtrial.engines.openai_api.streams import read_stream
from fairtrial.engines.openai_api.throttle import Throttle
from fairtrial.engines.openai_api.wire import Wire
from fairtrial.engines.openai_api.words import parse_document
from fairtrial.errors import EngineError, did_you_mean
from fairtrial.spec.endpoint import Endpoint

T = TypeVar("T")

MOST_UNREADABLE = 3
"""Answers that cannot be read after which a request is given up: each may be charged."""

WORTH_TELLING = 5.0
"""Seconds of waiting from which it is said."""


class Caller:
    """Calls one endpoint.

    Attributes:
        endpoint: as the candidate writes it.
        model: the model's name there.
        mask: takes the key out of a text.
    """

    def __init__(self, endpoint: Endpoint, model: str, tell: Callable[[str], None]) -> None:
        """Make ready to call; ``tell`` is given lines for the user.  Raises EngineError without a usable key."""
        self.endpoint, self.model = endpoint, model
        key = read_key(os.environ.get(endpoint.key_env, ""), endpoint.key_env)
        if not key and not endpoint.here:
            raise EngineError(
                f"{endpoint.host} needs a key, and the environment variable {endpoint.key_env} is not set.",
                fix=f"Set {endpoint.key_env}, or name another variable with endpoint: {{key_env: NAME}}.",
            )
        self.mask = KeyMask(key)
        self._wire = Wire(endpoint, key)
        self._judge = FailureClassifier(endpoint, self.mask, self._suggest_models)
        self._throttle = Throttle(endpoint.concurrency)
        self._tell = tell
        self._told_until = 0.0

    def read(self, path: str, payload: bytes, chat: bool, streams: bool) -> Reply:
        """Send a request once and return the answer.

        Raises WireError, StatusError, RedirectedError or UnreadableError.
        """
        begun = time.perf_counter()
        with contextlib.closing(self._wire.exchange("POST", path, payload)) as pieces:
            if streams:
                return read_stream(pieces, chat, begun)
            whole = b"".join(pieces)
        return read_reply(whole, chat, time.perf_counter() - begun)

    def document(self, path: str, payload: bytes) -> dict[str, Any]:
        """Send a request once and return the answer as JSON values.  Raises as `read` does."""
        with contextlib.closing(self._wire.exchange("POST", path, payload)) as pieces:
            return parse_document(b"".join(pieces))

    def call(self, work: Callable[[], T], label: str) -> T:
        """Return what ``work`` returns, trying again after passing failures.

        Raises, naming ``label``, when it is hopeless: OneError or TooLongError if that is this request's own fault, any
        other EngineError if there is no use in going on.
        """
        unreadable = 0
        for attempt in range(self.endpoint.retries + 1):
            with self._throttle.wait_for_slot():
                try:
                    found = work()
                except Exception as error:
                    failure = self._judge.judge(error, label)
                else:
                    self._throttle.went_well()
                    return found
            unreadable += failure.paid
            if unreadable >= MOST_UNREADABLE:
                break
            if attempt < self.endpoint.retries:
                self._wait(attempt, failure)
        tries = f"{attempt + 1} attempts" if attempt else "1 attempt"
        kind = SingleRequestError if failure.paid else EngineError
        raise kind(
            f"{self.endpoint.host} did not answer {label or 'a request'} in {tries}; the last one: {failure.why}",
            fix="Answers so far are in the ledger; the same command continues from there.",
        )

    def close(self) -> None:
        """Give up whatever is under way."""
        self._throttle.close()
        self._wire.close()

    def _wait(self, attempt: int, failure: RetryableFailure) -> None:
        backoff = min(LONGEST_WAIT, 0.5 * 2**attempt) * random.uniform(0.5, 1)
        seconds = backoff if failure.wait is None else min(failure.wait, LONGEST_WAIT)
        until = time.time() + seconds
        if seconds >= WORTH_TELLING and until > self._told_until + WORTH_TELLING:
            self._told_until = until
            asked = "" if failure.wait is None else f"{self.endpoint.host} asks to wait {failure.wait:,.0f} s; "
            clock = time.strftime("%H:%M:%S", time.localtime(until))
            self._tell(f"{asked}asking again at {clock}, in {seconds:.0f} s ({failure.why})")
        if failure.pushed:
            self._throttle.push_back(seconds)
        else:
            self._throttle.wait(seconds)

    def _suggest_models(self) -> str:
        names = self._list_models()
        near = did_you_mean(self.model, names).strip()
        return (
            f"{near} Models there: {', '.join(names[:12])}.".strip()
            if names
            else "Check base_url; it ends in /v1 as a rule."
        )

    def _list_models(self) -> list[str]:
        """Return the names of the models that the endpoint has, without the key; none if it does not tell."""
        try:
            with contextlib.closing(self._wire.exchange("GET", "models")) as pieces:
                listed = parse_document(b"".join(pieces)).get("data")
            names = [model["id"] for model in listed if isinstance(model.get("id"), str)]  # type: ignore[union-attr]
        except Exception:  # only a help in an error about something else
            return []
        return sorted(self.mask(name)[:80] for name in names[:1000])

"""The check ``moderation``: an endpoint that answers ``/moderations`` as OpenAI's does.

Texts leave this machine for it, unless it is here; their bytes are counted.  The key comes from the environment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fairtrial.engines.openai_api.calls import Caller
from fairtrial.errors import FairtrialError
from fairtrial.levers.guard.checks.base import CheckFailedError, CheckFinding, Looked, Seen
from fairtrial.spec.guard import ModerationSettings

LONGEST = 40_000
"""Characters of a text that are sent; what comes after is not looked at, and the check fails."""


class ModerationLooker:
    """See `Looker`.  Raises EngineError without a usable key, MissingExtraError without the client."""

    def __init__(self, settings: ModerationSettings) -> None:
        self.settings = settings
        self._caller = Caller(settings.endpoint, settings.model, lambda _: None)

    def look(self, at: Looked) -> Seen:
        """Return the categories that count.  Raises CheckFailedError where the endpoint gives no answer."""
        if len(at.text) > LONGEST:
            raise CheckFailedError(f"the text has more than {LONGEST:,} characters")
        payload = json.dumps({"model": self.settings.model, "input": at.text or " "}).encode()
        try:
            told = self._caller.call(lambda: self._caller.document("moderations", payload), "a moderation")
        except FairtrialError as error:
            raise CheckFailedError(f"{self.settings.endpoint.host} gave no answer ({type(error).__name__})") from None
        sent = 0 if self.settings.endpoint.here else len(payload)
        return Seen(tuple(self._read(told)), sent=sent)

    def close(self) -> None:
        """Give up whatever is under way."""
        self._caller.close()

    def _read(self, told: Mapping[str, Any]) -> list[CheckFinding]:
        results = told.get("results")
        one = results[0] if isinstance(results, list) and len(results) == 1 else None
        if not isinstance(one, Mapping) or not isinstance(one.get("flagged"), bool):
            raise CheckFailedError("it answers otherwise than a moderation endpoint does")
        flags, scores = _get_mapping(one, "categories"), _get_mapping(one, "category_scores")
        own = self.settings
        read: Mapping[str, Any] = flags if own.threshold is None else scores
        if own.threshold is not None and not scores:
            raise CheckFailedError("it gives no scores, and a threshold is set")
        if untold := [name for name in own.categories if name not in read]:
            raise CheckFailedError(f"it says nothing of the category {untold[0]!r:.60}")
        for name, value in read.items():
            if not (isinstance(value, bool) if own.threshold is None else _is_share(value)):
                raise CheckFailedError(f"what it says of {name!r:.60} cannot be read")
        if own.threshold is not None:
            bad = [name for name, score in scores.items() if score >= own.threshold]
        else:
            bad = [name for name, flag in flags.items() if flag]
            bad = bad or (["flagged"] if one["flagged"] and not own.categories else [])
        chosen = [str(name)[:60] for name in bad if not own.categories or name in own.categories]
        return [CheckFinding(name, name, _tell_score(scores.get(name))) for name in chosen]


def _get_mapping(one: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = one.get(key)
    return found if isinstance(found, Mapping) else {}


def _is_share(score: object) -> bool:
    """Return whether a score is a number from 0 to 1; one that is not would be below any threshold, or none."""
    return isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1


def _tell_score(score: object) -> tuple[str, ...]:
    return (f"score {score:.2f}",) if isinstance(score, int | float) else ()

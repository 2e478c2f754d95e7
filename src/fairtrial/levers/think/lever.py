"""Thinking as a lever: what it needs, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairtrial.engines.base import Engine
from fairtrial.levers.base import Calls, Need, WrapLever
from fairtrial.levers.think.answers import OWN
from fairtrial.levers.think.engine import ThinkEngine
from fairtrial.levers.think.steps import CUE, LONGEST_CUE
from fairtrial.records import Request
from fairtrial.spec.think import NATIVE, Think

TAGS_BYTES = 100
"""Bytes of the tags around a thought at most, wherever they come from."""


class ThinkLever(WrapLever[Think]):
    """Has the candidate without it think for a set number of tokens, then asks for the answer."""

    Settings = Think
    own_part = OWN

    def wrap(self, settings: Think, engine: Engine, others: Mapping[str, Engine]) -> ThinkEngine:
        """Return the engine that asks ``engine`` twice."""
        return ThinkEngine(settings, engine)

    def needs(self, settings: Think) -> Sequence[Need]:
        """Return that a thought has to be written."""
        return ("generate",) if settings.tokens else ()

    def calls(self, settings: Think, request: Request) -> tuple[Calls, Calls]:
        """Return two calls, the second with the thought in its prompt; one, if nothing is thought."""
        around = TAGS_BYTES + len(settings.opener.encode()) + len((settings.cue or CUE).encode()) + LONGEST_CUE
        if not settings.tokens:
            return Calls(added=around), Calls()
        written = settings.tokens * len(request.prompts)
        # a thought is read again in tokens that may be cut otherwise where it was cut
        about = None if settings.budget == NATIVE else 2.0
        return Calls(about, 2, around + 2 * settings.tokens, written), Calls()

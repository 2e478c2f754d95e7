"""Finding the archive behind a candidate that has a passage which an answer has cited."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.engines.base import Engine
from fairtrial.errors import ArchiveError
from fairtrial.levers.retrieve.engine import RetrievingEngine
from fairtrial.levers.retrieve.opening import OpenedPassage, PassageName, open_passage


def open_cited(engine: Engine, name: PassageName) -> OpenedPassage:
    """Return what may be shown of a passage at this moment, from the first archive behind a candidate that has it.

    To be called in the thread that uses the engine.  Raises ArchiveError where none has it.
    """
    last = ArchiveError("this candidate has no archive.")
    for one in _walk(engine):
        if isinstance(one, RetrievingEngine):
            try:
                return open_passage(one.finder, name, one.clock())
            except ArchiveError as error:
                last = error
    raise last


def _walk(engine: object) -> Iterator[object]:
    """Yield an engine and those inside it, outermost first."""
    seen: set[int] = set()
    waiting = [engine]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inside = [getattr(one, name, None) for name in ("engine", "small", "larger")]
        waiting += [engine for engine in inside if engine is not None]

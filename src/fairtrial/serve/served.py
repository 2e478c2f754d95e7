"""What the handlers share: the candidate, its desk, and how it is served."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairtrial.archive.embedders.base import Embedder
from fairtrial.serve.conversation import ImageShelf
from fairtrial.serve.desk import Desk
from fairtrial.serve.incoming import Incoming
from fairtrial.serve.metrics import ServerMetrics
from fairtrial.serve.openers import PassageOpeners
from fairtrial.serve.storing import Recorder
from fairtrial.serve.tickets import AnsweredRequest
from fairtrial.spec.candidate import Candidate


@dataclass(frozen=True, slots=True)
class About:
    """Who is served, for ``/`` and for every answer.

    Attributes:
        name: of the candidate.
        candidate: its id.
        trial: the id of the trial that it was judged in; empty if it was judged in none.
        verdicts: of that trial about it, as JSON values.
        facts: more for ``/``.
    """

    name: str
    candidate: str
    trial: str = ""
    verdicts: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """What one request may cost.

    Attributes:
        body_bytes: of a request's body.
        body_seconds: in which it must have come.
        answer_seconds: in which an answer must have ended.
        answer_tokens: of an answer where a client does not say.
        places: answers that grow at once.
        waiting: requests that may wait beside them.
        connections: at once.
        drain_seconds: in which answers may end when the server is stopped.
    """

    body_bytes: int = 32 << 20
    body_seconds: float = 30.0
    answer_seconds: float = 600.0
    answer_tokens: int = 1024
    places: int = 16
    waiting: int = 128
    connections: int = 1024
    drain_seconds: float = 20.0


@dataclass
class Served:
    """A candidate that is served.

    Attributes:
        about: who it is.
        spec: as it was written.
        desk: where it answers.
        limits: of requests.
        metrics: what happened so far.
        images: of requests on their way.
        keys: one of which a client must have; empty: none is needed.
        origins: of pages whose scripts may ask; empty: none.
        recorder: keeps answers; None if none is kept.
        embedder: gives vectors of texts; None if there is none.
        loopback: whether it is reached from this machine alone.
        openers: names of passages that its answers have cited.
        price: what an answer cost, as JSON values, nothing where that is not known; None: nobody knows.
        incoming: bodies that are being read; those of the first candidate's are all of a server's.
        sameness: what the comparison with stored answers came to, as JSON values.
        began: when it was opened, in seconds since 1970.
    """

    about: About
    spec: Candidate
    desk: Desk
    limits: ServingLimits = field(default_factory=ServingLimits)
    metrics: ServerMetrics = field(default_factory=ServerMetrics)
    images: ImageShelf = field(default_factory=ImageShelf)
    keys: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    recorder: Recorder | None = None
    embedder: Embedder | None = None
    loopback: bool = True
    openers: PassageOpeners = field(default_factory=PassageOpeners)
    price: Callable[[AnsweredRequest], Mapping[str, Any]] | None = None
    incoming: Incoming = field(default_factory=Incoming)
    sameness: Mapping[str, Any] = field(default_factory=dict)
    began: int = field(default_factory=lambda: int(time.time()))

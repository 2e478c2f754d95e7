"""Cells of requests and answers, made where the answers are, so that whoever keeps them has less to do.

Plain values; `fairtrial.ledger.ready` makes and reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RequestRow = tuple[str, str | None, bytes]
"""Id of a request, of the one that it is packed with, and the request packed."""


@dataclass(frozen=True, slots=True)
class ReadyCells:
    """Cells of some requests and of the answers to them.

    Attributes:
        requests: rows of the requests, in order.
        answers: by request id.
    """

    requests: Sequence[RequestRow] = ()
    answers: Mapping[str, str] = field(default_factory=dict)


NO_CELLS = ReadyCells()

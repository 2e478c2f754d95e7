"""Cells of requests and answers, made where the answers are, so that whoever writes them has less to do.

They are the very cells that the writer would make; where they do not fit what is to be written, it makes its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import dumps, encode_answer, encode_request, pack
from fairtrial.records import Answer, Request

RequestRow = tuple[str, str | None, bytes]
"""Id of a request, of the one that it is packed with, and the request packed."""


@dataclass(frozen=True, slots=True)
class ReadyCells:
    """Cells of some requests, all of them new to a ledger, and of the answers to them.

    Attributes:
        requests: their rows, in order.
        answers: by request id.
    """

    requests: Sequence[RequestRow] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    def list_rows(self, requests: Mapping[str, Request]) -> Sequence[RequestRow]:
        """Return the rows of requests that are new to a ledger, by their ids."""
        fit = [row[0] for row in self.requests] == list(requests)
        return self.requests if fit else pack_rows(requests)

    def write(self, request_id: str, answer: Answer) -> str:
        """Return the cell of an answer.  Raises LedgerError if it has no place in a ledger."""
        return self.answers.get(request_id) or dumps(encode_answer(answer))


NO_CELLS = ReadyCells()


def make_cells(requests: Mapping[str, Request], answers: Mapping[str, Answer]) -> ReadyCells:
    """Return the cells of answered requests, in the order of the requests; none where one cannot be stored."""
    answered = {name: request for name, request in requests.items() if name in answers}
    try:
        return ReadyCells(pack_rows(answered), {name: NO_CELLS.write(name, answers[name]) for name in answered})
    except LedgerError:  # whoever stores it says so
        return NO_CELLS


def pack_rows(requests: Mapping[str, Request]) -> list[RequestRow]:
    """Return rows of requests by their ids: the first as it is, the others as what differs from it."""
    base_id, base = None, b""
    rows: list[RequestRow] = []
    for request_id, request in requests.items():
        text = encode_request(request)
        rows.append((request_id, base_id, pack(text, base)))
        if base_id is None:
            base_id, base = request_id, text
    return rows

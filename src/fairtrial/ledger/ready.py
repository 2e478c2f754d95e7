"""Making cells of requests and answers, here or where the answers are.

Those that were made elsewhere are the very cells that would be made here; where they do not fit, they are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import dumps, encode_answer, encode_request, pack
from fairtrial.records import Answer, Request
from fairtrial.records.cells import NO_CELLS, ReadyCells, RequestRow


def make_cells(requests: Mapping[str, Request], answers: Mapping[str, Answer]) -> ReadyCells:
    """Return the cells of answered requests, in the order of the requests; none where one cannot be stored."""
    answered = {name: request for name, request in requests.items() if name in answers}
    try:
        return ReadyCells(list_rows(answered), {name: write_answer(name, answers[name]) for name in answered})
    except LedgerError:  # whoever stores it says so
        return NO_CELLS


def write_answer(request_id: str, answer: Answer, cells: ReadyCells = NO_CELLS) -> str:
    """Return the cell of an answer.  Raises LedgerError if it has no place in a ledger."""
    return cells.answers.get(request_id) or dumps(encode_answer(answer))


def list_rows(requests: Mapping[str, Request], cells: ReadyCells = NO_CELLS) -> Sequence[RequestRow]:
    """Return rows of requests by their ids: the first as it is, the others as what differs from it."""
    if requests and [row[0] for row in cells.requests] == list(requests):
        return cells.requests
    base_id, base = None, b""
    rows: list[RequestRow] = []
    for request_id, request in requests.items():
        text = encode_request(request)
        rows.append((request_id, base_id, pack(text, base)))
        if base_id is None:
            base_id, base = request_id, text
    return rows

"""People say of a grade that it is right or wrong, and take it back.  The only writing in ledgers that pages do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fairtrial.errors import FairtrialError, LedgerBusyError
from fairtrial.ledger import Ledger
from fairtrial.ledger.marks import GradeMark, GradePlace, enter_mark, take_back_mark
from fairtrial.pages.safety import FormError, read_form
from fairtrial.workbench.bench import TrialPlace, Workbench, find_place, read_query
from fairtrial.workbench.choosing import read_wish
from fairtrial.workbench.columns import ItemColumns
from fairtrial.workbench.listing import get_columns, read_columns
from fairtrial.workbench.single import respond_item

FORM_FIELDS = ("candidate", "repeat", "value", "says", "drawn", "who", "note", "back")


async def mark_grade(bench: Workbench, request: Request) -> Response:
    """Enter a mark, or take one back, and go to the item's page; where that fails the page says why, with the note."""
    if bench.read_only:
        raise FormError("this workbench was started with --read-only.")
    fields = {
        name: values[0] for name, values in (await read_form(request, bench.token)).items() if name in FORM_FIELDS
    }
    place = await find_place(bench, request)
    columns = read_columns(await get_columns(bench, place, read_wish(read_query(request)).task))
    if columns is None:
        raise FairtrialError("the items of this task are being read.", fix="Send the form again in a moment.")
    try:
        await bench.room.run_here(
            _write, place.shelved.path, _read_form(request, columns, fields), fields.get("back", "")
        )
    except FairtrialError as error:
        told = _explain(error, place)
        return await respond_item(bench, request, told, fields)
    query = f"?{request.url.query}" if request.url.query else ""
    where = fields.get("candidate", "0")
    return RedirectResponse(f"{request.url.path}{query}#answer-{where if where.isdigit() else 0}", 303)


def _read_form(request: Request, columns: ItemColumns, fields: Mapping[str, str]) -> GradeMark | None:
    """Return the mark that a form asks for; None if it takes one back.  Raises FormError."""
    if fields.get("back"):
        return None
    at = columns.find(request.path_params["item"])
    row, repeat = fields.get("candidate", ""), fields.get("repeat", "")
    try:
        candidate = columns.candidates[int(row)][1] if row.isdigit() else ""
        value = float(fields.get("value", ""))
    except (IndexError, ValueError):
        raise FormError("the form does not say which grade it is about.", fix="Load the page again.") from None
    if at < 0 or not candidate or not repeat.isdigit() or fields.get("says") not in ("right", "wrong"):
        raise FormError("the form does not say which grade it is about, or what of it.", fix="Load the page again.")
    return GradeMark(
        GradePlace(candidate, columns.task_id, columns.item(at), int(repeat), columns.measure),
        value,
        agrees=fields["says"] == "right",
        drawn=fields.get("drawn") == "1",
        who=fields.get("who", "").strip(),
        note=fields.get("note", "").strip(),
    )


def _write(path: Path, mark: GradeMark | None, back: str) -> None:
    with Ledger.open(path, create=False) as ledger, ledger.writing(wait_seconds=0):
        if mark is not None:
            enter_mark(ledger, mark)
        elif back.isdigit():
            take_back_mark(ledger, int(back))
        else:
            raise FormError(f"{back[:20]!r} is no number of a mark.")


def _explain(error: FairtrialError, place: TrialPlace) -> FairtrialError:
    if isinstance(error, LedgerBusyError):
        name = place.shelved.path.name
        return LedgerBusyError(
            f"a run is writing to {name}, and one process at a time may. Your note is kept in the form below.",
            fix="Send it again when the run has ended.",
        )
    return error

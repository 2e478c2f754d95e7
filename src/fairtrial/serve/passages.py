"""``GET /v1/passages/NAME``: a passage that an answer has cited, as far as its rights allow it now."""

from __future__ import annotations

from functools import partial

from starlette.responses import JSONResponse, Response

from fairtrial.errors import ArchiveError
from fairtrial.levers.passages import open_cited
from fairtrial.levers.retrieve.opening import OpenedPassage
from fairtrial.serve.errors import ApiError
from fairtrial.serve.hall import Hall


async def tell_passage(hall: Hall, name: str) -> Response:
    """Return a passage's words and context; where its words may not be shown, why."""
    for served in hall.served:
        wanted = served.openers.read(name)
        if wanted is None:
            continue
        try:
            found = await served.desk.call(partial(open_cited, served.desk.engine, wanted))
        except ArchiveError as error:
            raise ApiError(404, f"{error.message} {error.fix}".strip(), code="passage_gone") from None
        return JSONResponse(_describe(found), headers={"Cache-Control": "no-store"})
    told = "no answer of this server has cited such a passage since it was started; ask again."
    raise ApiError(404, told, code="passage_unknown")


def _describe(found: OpenedPassage) -> dict[str, object]:
    names = ("uri", "publisher", "published", "modified", "label", "licence", "holder", "rule", "until", "title",
             "text", "retracted")  # fmt: skip
    told = {name: getattr(found, name) for name in names if getattr(found, name)}
    more = {
        "attribution": list(found.attribution),
        "headings": list(found.headings),
        "corrections": [{"at": at, "text": text} for at, text in found.corrections],
        "hidden": found.hidden,
    }
    return {"object": "fairtrial.passage", **told, **{name: value for name, value in more.items() if value}}

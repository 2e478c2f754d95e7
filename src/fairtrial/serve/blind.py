"""Two candidates that answer one question, on sides drawn by chance; who they are is told after the vote alone.

A pair is asked like any model, under a name of its own for each side.  Its answers are given whole and without what
tells who wrote them: names, ids, trace, tokens and seconds.  Both must be asked the same, as they were tested, once.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fairtrial.ledger.votes import Vote, VoteChoice
from fairtrial.records import ImagePart, content_hash
from fairtrial.serve.answers import describe_chat_choice, describe_extras, describe_usage
from fairtrial.serve.asking import gather_answers
from fairtrial.serve.bodies import ChatBody
from fairtrial.serve.chat import prepare_chat
from fairtrial.serve.errors import ApiError
from fairtrial.serve.hall import Hall
from fairtrial.serve.pairs import PREFIX, SIDES, BlindPair
from fairtrial.serve.served import Served
from fairtrial.serve.settling import list_changes
from fairtrial.serve.tickets import AnsweredRequest

TOLD = ("citations", "rights", "withheld", "credits", "quotes", "guard", "truncated_tokens")
"""What stands beside a blind answer."""


class PairBody(BaseModel):
    """Of ``/chat/pairs``."""

    model_config = ConfigDict(extra="ignore")
    images: StrictBool = False


class VoteBody(BaseModel):
    """Of ``/chat/votes``."""

    model_config = ConfigDict(extra="ignore")
    pair: StrictStr
    vote: VoteChoice
    session: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


def draw_pair(hall: Hall, body: PairBody) -> Response:
    """Return the names by which two candidates are asked."""
    able = tuple(one for one in hall.served if one.desk.engine.can.images or not body.images)
    if len(able) < 2:
        told = "fewer than two candidates here see images." if body.images else "there is one candidate only."
        raise ApiError(400, f"no pair can be drawn: {told}", code="no_pair")
    token = hall.pairs.draw(able)
    return JSONResponse({"pair": token, **{side: f"{PREFIX}{token}/{side}" for side in SIDES}})


async def answer_blind(hall: Hall, client: Request, body: ChatBody) -> Response:
    """Answer a conversation for one side of a pair."""
    token, _, side = str(body.model).removeprefix(PREFIX).rpartition("/")
    if side not in SIDES:
        raise ApiError(404, "a side of a pair is left or right.", code="pair_unknown", param="model")
    pair, place = hall.pairs.find(token), SIDES.index(side)
    served = pair.sides[place]
    _check_same(pair, place, body, served)
    images: dict[ImagePart, bytes] = {}
    request, wishes = await prepare_chat(served, body, images)
    pair.asked.add(place)
    begun = time.monotonic()
    try:
        with served.images.holding(images):
            shrinks = not served.spec.decoding.max_tokens
            [found] = await gather_answers(served, client, [(request, wishes)], shrinks)
    except BaseException:
        pair.asked.discard(place)
        raise
    pair.answers[place] = (request, found, time.monotonic() - begun)
    return JSONResponse(_mask(str(body.model), served, found))


def _check_same(pair: BlindPair, place: int, body: ChatBody, served: Served) -> None:
    """Raise ApiError unless both sides are asked the same, once, and as they were tested."""
    if body.stream or (body.n or 1) > 1:
        raise ApiError(400, "answers of a blind pair are given whole, one a side.", param="stream")
    wants_calls = any(one.role == "tool" or one.tool_calls for one in body.messages)
    changed = [*list_changes(body, served.spec), *("stop" for _ in range(bool(body.stop)))]
    if changed or body.response_format or body.tools or wants_calls or body.logprobs:
        raise ApiError(400, "a blind pair is asked as it was tested: leave decoding out.", param=(changed or [""])[0])
    prompt = content_hash([one.model_dump(mode="json") for one in body.messages])
    if place in pair.asked or (pair.prompt and pair.prompt != prompt):
        told = "both sides of a pair are asked the same, each of them once; draw another pair."
        raise ApiError(409, told, code="pair_asked", param="messages")
    pair.prompt = prompt


def _mask(name: str, served: Served, found: AnsweredRequest) -> dict[str, Any]:
    extras = describe_extras(served, found, ())
    told = {key: extras[key] for key in TOLD if key in extras}
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": name,
        "choices": [describe_chat_choice(0, found, told, noted=False)],
    }


async def vote_on_pair(hall: Hall, body: VoteBody) -> Response:
    """Take a vote, keep it if votes are kept, and tell who stood on which side."""
    pair = hall.pairs.find(body.pair)
    if len(pair.answers) < len(SIDES):
        raise ApiError(409, "both answers must have ended before they are voted on.", code="pair_unfinished")
    del hall.pairs.held[body.pair]
    left, right = pair.sides
    texts = [pair.answers[place][1].answer.text for place in range(2)]
    vote = Vote(
        left.about.candidate,
        right.about.candidate,
        body.vote,
        texts[0] == texts[1],
        pair.prompt,
        body.session,
        datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    if hall.ballot is not None:
        await asyncio.to_thread(hall.ballot.add, vote)
    for served, (request, found, _) in zip(pair.sides, (pair.answers[0], pair.answers[1]), strict=True):
        if hall.ballot is not None and served.recorder is not None:
            served.recorder.keep(request, found.answer)
    told = {side: _tell_side(pair, place) for place, side in enumerate(SIDES)}
    return JSONResponse({**told, "vote": body.vote, "kept": hall.ballot is not None})


def _tell_side(pair: BlindPair, place: int) -> Mapping[str, Any]:
    served, (_, found, seconds) = pair.sides[place], pair.answers[place]
    extras = describe_extras(served, found, ())
    return {
        "name": served.about.name,
        "candidate": served.about.candidate,
        "trial": served.about.trial or None,
        "seconds": seconds,
        "finish": found.answer.finish,
        "usage": describe_usage([found]),
        "cost": extras.get("cost"),
    }


async def tell_votes(hall: Hall) -> Response:
    """Return what all votes so far say.  Raises ApiError where none are kept."""
    if hall.ballot is None:
        raise ApiError(404, "votes are not kept: start the server with --votes LEDGER.", code="no_votes")
    found = await asyncio.to_thread(hall.ballot.tell)
    return JSONResponse(dict(found), headers={"Cache-Control": "no-store"})

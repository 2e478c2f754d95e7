"""``POST /v1/chat/completions``."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fairtrial.engines.live import AnswerPiece, Wishes
from fairtrial.engines.tool_prompts import ToolReader
from fairtrial.records import GenerateRequest, ImagePart, Prompt
from fairtrial.serve.answers import describe_chat_choice, describe_chat_notes, describe_extras, describe_usage
from fairtrial.serve.asking import answer_events, gather_answers
from fairtrial.serve.bodies import ChatBody, ResponseFormat, refuse_unknown_effects
from fairtrial.serve.calling import hold_calls
from fairtrial.serve.conversation import read_messages
from fairtrial.serve.errors import ApiError
from fairtrial.serve.forms import write_form
from fairtrial.serve.served import Served
from fairtrial.serve.settling import list_changes, settle, spread, write_prompt
from fairtrial.serve.streaming import Events, finish_word, respond_stream
from fairtrial.serve.tickets import AnsweredRequest
from fairtrial.serve.tools import describe_calls, read_talk


async def complete_chat(served: Served, client: Request, body: ChatBody) -> Response:
    """Answer a conversation."""
    images: dict[ImagePart, bytes] = {}
    request, wishes = await prepare_chat(served, body, images)
    return await _answer(served, client, body, request, wishes, images)


async def prepare_chat(
    served: Served, body: ChatBody, images: dict[ImagePart, bytes]
) -> tuple[GenerateRequest, Wishes]:
    """Return what the engine is asked for a conversation; the bytes of its images are put into ``images``.

    Raises ApiError for what cannot be asked.
    """
    refuse_unknown_effects(body)
    talk, choice = await read_talk(served, body)
    if body.max_completion_tokens is not None:
        body.max_tokens = body.max_completion_tokens
    if body.max_tokens == 0:
        raise ApiError(400, "max_tokens: at least 1.", param="max_tokens")
    noted = bool(body.logprobs)
    if noted and not served.desk.offers_notes:
        raise ApiError(400, "logprobs are given for plain models of llama.cpp only.", param="logprobs")
    sees = served.desk.engine.can.images
    prompt = Prompt("") if talk else await asyncio.to_thread(read_messages, body.messages, images, sees)
    request = settle(body, served.spec, write_prompt(prompt, served.spec), served.limits.answer_tokens)
    if talk and choice.tools:
        grammar, after = await asyncio.to_thread(hold_calls, choice)
    else:
        grammar, after = await asyncio.to_thread(_make_grammar, served, body.response_format), ""
    top = (body.top_logprobs or 0) if noted else None
    wishes = Wishes(top=top, grammar=grammar, after=after, talk=talk)
    body.forget()
    return request, wishes


def _make_grammar(served: Served, form: ResponseFormat | None) -> str:
    if form is None or form.type == "text":
        return ""
    if not served.desk.offers_forms:
        told = "response_format needs a model that llama.cpp runs here, and a candidate whose levers ask it once."
        raise ApiError(400, told, param="response_format")
    if form.type == "json_object":
        return write_form(json.dumps(form.held) if form.held else "")
    schema = (form.json_schema or {}).get("schema")
    if not isinstance(schema, dict):
        told = "response_format.json_schema.schema must be an object: the JSON schema that answers have to keep to."
        raise ApiError(400, told, param="response_format")
    return write_form(json.dumps(schema))


async def _answer(
    served: Served,
    client: Request,
    body: ChatBody,
    request: GenerateRequest,
    wishes: Wishes,
    images: dict[ImagePart, bytes],
) -> Response:
    count = body.n or 1
    shrinks = body.max_tokens is None and not served.spec.decoding.max_tokens
    changed = [*list_changes(body, served.spec), *(["tools"] if wishes.talk else [])]
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion.chunk" if body.stream else "chat.completion",
        "created": int(time.time()),
        "model": served.about.name,
        "system_fingerprint": f"fairtrial-{served.about.candidate[:16]}",
    }
    noted, talk = wishes.top is not None, wishes.talk if wishes.talk and wishes.talk.offers else None
    if not body.stream:
        with served.images.holding(images):
            found = await gather_answers(served, client, [(one, wishes) for one in spread(request, count)], shrinks)
        choices = [
            describe_chat_choice(i, one, describe_extras(served, one, changed), noted=noted, talk=talk)
            for i, one in enumerate(found)
        ]
        return JSONResponse({**head, "choices": choices, "usage": describe_usage(found)})
    if count > 1:
        raise ApiError(400, "n: a stream has one choice.", param="n")
    told = [0]
    reader = ToolReader(talk) if talk else None

    def describe(piece: AnswerPiece | None, ended: AnsweredRequest | None) -> list[dict[str, Any]]:
        if piece is not None:
            shown = AnswerPiece(reader.feed(piece.text), piece.thought) if reader else piece
            return [_choose(delta) for delta in _list_deltas(shown)]
        assert ended is not None
        rest, made = reader.end() if reader else ("", ())
        chunks = [_choose({"content": rest})] if rest else []
        chunks += [_choose({"tool_calls": describe_calls(made, places=True)})] if made else []
        if noted:
            notes = describe_chat_notes(ended.notes[told[0] :])
            chunks.append({**_choose({"content": ""}), "logprobs": notes})
        extras = describe_extras(served, ended, changed)
        return [
            *chunks,
            {**_choose({}), "finish_reason": "tool_calls" if made else finish_word(ended), "fairtrial": extras},
        ]

    events = _hold_images(served, images, answer_events(served, request, wishes, shrinks))
    opening = [_choose({"role": "assistant", "content": ""})]
    usage = bool(body.stream_options and body.stream_options.include_usage)
    return await respond_stream(events, head, describe, opening, usage=usage)


async def _hold_images(served: Served, images: dict[ImagePart, bytes], events: Events) -> Events:
    """Yield an answer's events, and keep the images of its request until its end."""
    with served.images.holding(images):
        async with aclosing(events):  # type: ignore[type-var]
            async for event in events:
                yield event


def _list_deltas(piece: AnswerPiece) -> list[dict[str, str]]:
    thought = [{"reasoning_content": piece.thought}] if piece.thought else []
    return [*thought, *([{"content": piece.text}] if piece.text else [])]


def _choose(delta: Mapping[str, Any]) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}

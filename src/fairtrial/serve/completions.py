"""``POST /v1/completions``: text that goes on, and with ``echo`` how likely a given text is."""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fairtrial.engines.live import AnswerPiece, ReadsTokens, Wishes
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.serve.answers import describe_extras, describe_text_choice, describe_text_notes, describe_usage
from fairtrial.serve.asking import answer_events, gather_answers
from fairtrial.serve.bodies import CompletionBody, read_body, refuse_unknown_effects
from fairtrial.serve.errors import ApiError
from fairtrial.serve.hall import Hall
from fairtrial.serve.served import Served
from fairtrial.serve.settling import list_changes, settle, spread, write_prompt
from fairtrial.serve.streaming import finish_word, respond_stream
from fairtrial.serve.tickets import AnsweredRequest

USUAL_TOKENS = 16
"""New tokens where nobody says how many, as in OpenAI's API."""

Given = str | list[int]


async def complete_text(hall: Hall, client: Request, data: bytes) -> Response:
    """Go on with texts."""
    body = await read_body(data, CompletionBody)
    served = hall.find(body.model)
    refuse_unknown_effects(body)
    prompts = _list_prompts(body)
    _refuse_impossible(served, body, prompts)
    asked = [pair for given in prompts for pair in _make_requests(served, body, given)]
    changed = list_changes(body, served.spec)
    head: dict[str, Any] = {
        "id": f"cmpl-{secrets.token_hex(12)}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": served.about.name,
        "system_fingerprint": f"fairtrial-{served.about.candidate[:16]}",
    }
    echoed = [await _show(served, given) if body.echo else "" for given in prompts for _ in range(body.n or 1)]
    if not body.stream:
        found = await gather_answers(served, client, asked)
        choices = [
            describe_text_choice(
                i, one, describe_extras(served, one, changed), noted=body.logprobs is not None,
                prompt=echoed[i],
            )
            for i, one in enumerate(found)
        ]  # fmt: skip
        return JSONResponse({**head, "choices": choices, "usage": _add_usage(found, body.n or 1)})
    if len(asked) > 1:
        raise ApiError(400, "a stream has one prompt and one choice.", param="stream")
    return await _stream(served, body, asked[0], head, echoed[0])


async def _stream(
    served: Served, body: CompletionBody, asked: tuple[GenerateRequest, Wishes], head: dict[str, Any], echoed: str
) -> Response:
    changed = list_changes(body, served.spec)

    def describe(piece: AnswerPiece | None, ended: AnsweredRequest | None) -> list[dict[str, Any]]:
        if piece is not None:
            return [{"index": 0, "text": piece.text, "logprobs": None, "finish_reason": None}] if piece.text else []
        assert ended is not None
        notes = describe_text_notes(ended.notes) if body.logprobs is not None else None
        extras = describe_extras(served, ended, changed)
        last = {"index": 0, "text": "", "logprobs": notes, "finish_reason": finish_word(ended), "fairtrial": extras}
        return [last]

    opening = [{"index": 0, "text": echoed, "logprobs": None, "finish_reason": None}] if echoed else []
    usage = bool(body.stream_options and body.stream_options.include_usage)
    return await respond_stream(answer_events(served, *asked), head, describe, opening, usage=usage)


def _list_prompts(body: CompletionBody) -> list[Given]:
    """Return the prompts, each a text or tokens."""
    given = body.prompt
    if isinstance(given, str):
        return [given]
    if given and isinstance(given[0], int):
        return [[token for token in given if isinstance(token, int)]]
    return [one for one in given if not isinstance(one, int)]


def _refuse_impossible(served: Served, body: CompletionBody, prompts: list[Given]) -> None:
    wants_notes = body.echo or body.logprobs is not None
    if wants_notes and not served.desk.offers_notes:
        param = "echo" if body.echo else "logprobs"
        raise ApiError(400, f"{param}: given for plain models of llama.cpp only.", param=param)
    if (body.echo or any(isinstance(one, list) for one in prompts)) and served.spec.chat != "none":
        told = (
            "this candidate is asked through its chat template, so a completion cannot be its raw text: leave out "
            "`echo` and tokens, or serve it with `chat: none`."
        )
        raise ApiError(400, told, param="echo" if body.echo else "prompt")
    if any(isinstance(one, list) for one in prompts) and not served.desk.offers_notes:
        raise ApiError(400, "prompt: tokens are read for models of llama.cpp only.", param="prompt")
    if body.suffix:
        raise ApiError(400, "suffix is not supported: leave it out.", param="suffix")
    if body.best_of is not None and body.best_of > (body.n or 1):
        raise ApiError(400, "best_of: only as many as `n`.", param="best_of")
    if body.max_tokens == 0 and not body.echo:
        raise ApiError(400, "max_tokens: 0 is for `echo` only.", param="max_tokens")


def _make_requests(served: Served, body: CompletionBody, given: Given) -> list[tuple[GenerateRequest, Wishes]]:
    raw = body.echo or isinstance(given, list)
    prompt = Prompt(given if isinstance(given, str) else "")
    prompt = prompt if raw else write_prompt(prompt, served.spec)
    request = settle(body, served.spec, prompt, USUAL_TOKENS)
    tokens = tuple(given) if isinstance(given, list) else None
    wishes = Wishes(top=body.logprobs if not body.echo else body.logprobs or 0, echo=bool(body.echo), tokens=tokens)
    return [(one, wishes) for one in spread(request, body.n or 1)]


async def _show(served: Served, given: Given) -> str:
    """Return a prompt as text."""
    if isinstance(given, str):
        return given
    live = served.desk.live
    assert isinstance(live, ReadsTokens)
    return await served.desk.call(lambda: live.detokenize(given))


def _add_usage(found: list[AnsweredRequest], n: int) -> dict[str, Any]:
    """Return the tokens of all prompts, each once, and of all choices."""
    each = [describe_usage(found[at : at + n]) for at in range(0, len(found), n)]
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: sum(one[name] for one in each) for name in names}

"""Answers in the forms of OpenAI's API, and what of fairtrial's own stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.engines.live import TokenNote, ToolTalk
from fairtrial.engines.tool_prompts import split_calls
from fairtrial.records.trace import trace_document
from fairtrial.serve.served import Served
from fairtrial.serve.tickets import AnsweredRequest
from fairtrial.serve.tools import describe_calls

FINISH = {"stop": "stop", "length": "length", "refused": "content_filter"}


def describe_usage(found: Sequence[AnsweredRequest]) -> dict[str, Any]:
    """Return how many tokens were read and written; the prompt of several choices counts once."""
    read = max((one.answer.prompt_tokens for one in found), default=0)
    written = sum(one.answer.tokens for one in found)
    thought = sum(one.answer.reasoning_tokens for one in found)
    details = {"completion_tokens_details": {"reasoning_tokens": thought}} if thought else {}
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written, **details}


def describe_extras(served: Served, found: AnsweredRequest, changed: Sequence[str]) -> dict[str, Any]:
    """Return the field ``fairtrial``: who answered, from what, with whose rights, and what was done to the answer.

    What does not apply is left out.
    """
    about, answer = served.about, found.answer
    uses = [use for step in answer.trace for use in step.passages]
    told: dict[str, Any] = {
        "candidate": about.candidate,
        "trial": about.trial,
        "decoding_changed": list(changed),
        "citations": [
            {
                "number": use.number, "uri": use.uri, "start": use.start, "end": use.end, "publisher": use.publisher,
                "published": use.published, "label": use.label, "corrected": use.corrected, "cited": use.cited,
                "open": served.openers.write_path(use),
            }
            for use in uses
            if use.number
        ],
        "rights": [
            {
                "uri": use.uri, "licence": use.licence, "holder": use.holder, "attribution": use.attribution,
                "rule": use.rule,
            }
            for use in uses
            if use.number
        ],
        "withheld": [{"uri": use.uri, "reason": use.withheld} for use in uses if use.withheld],
        "credits": list(answer.credits),
        "quotes": [dict(quote) for step in trace_document(answer.trace) for quote in step.get("quotes", ())],
        "guard": [one.document() for step in answer.trace for one in step.interventions],
        "trace": [_without_words(step) for step in trace_document(answer.trace)],
        "truncated_tokens": answer.truncated_tokens,
        "cost": dict(served.price(found)) if served.price else {},
    }  # fmt: skip
    return {name: value for name, value in told.items() if value or name == "candidate"}


def _without_words(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step of a trace without what is told elsewhere and without prompts, which may hold others' words."""
    return {
        name: value for name, value in step.items() if name not in ("prompt", "passages", "quotes", "interventions")
    }


def describe_chat_choice(
    index: int, found: AnsweredRequest, extras: Mapping[str, Any], *, noted: bool, talk: ToolTalk | None = None
) -> dict[str, Any]:
    """Return one choice of a chat completion; ``talk``: calls of its tools are told from the words."""
    answer = found.answer
    words, calls = split_calls(answer.text, talk) if talk else (answer.text, ())
    message: dict[str, Any] = {"role": "assistant", "content": words or (None if calls else ""), "refusal": None}
    if calls:
        message["tool_calls"] = describe_calls(calls)
    if answer.thought:
        message["reasoning_content"] = answer.thought
    return {
        "index": index,
        "message": {**message, "fairtrial": extras},
        "logprobs": describe_chat_notes(found.notes) if noted else None,
        "finish_reason": "tool_calls" if calls else FINISH[answer.finish],
    }


def describe_chat_notes(notes: Sequence[TokenNote]) -> dict[str, Any]:
    """Return log-probabilities as chat completions have them."""
    return {"content": [{**_note(note.data, note.logprob or 0.0), "top_logprobs": [_note(*one) for one in note.top]}
                        for note in notes]}  # fmt: skip


def _note(data: bytes, logprob: float) -> dict[str, Any]:
    return {"token": data.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(data)}


def describe_text_notes(notes: Sequence[TokenNote], begin: int = 0) -> dict[str, Any]:
    """Return log-probabilities as completions have them; the first token of an echoed text has none.

    ``begin`` is the place in the text at which the first token stands.
    """
    offsets, text = [], b""
    for note in notes:
        offsets.append(begin + len(text.decode("utf-8", "ignore")))
        text += note.data
    return {
        "tokens": [write_token(note.data) for note in notes],
        "token_logprobs": [note.logprob for note in notes],
        "top_logprobs": [_map_top(note) for note in notes],
        "text_offset": offsets,
    }


def _map_top(note: TokenNote) -> dict[str, float] | None:
    if note.logprob is None:
        return None
    listed: dict[str, float] = {}
    for data, logprob in note.top:
        listed.setdefault(write_token(data), logprob)  # two tokens may read alike: the likelier one counts
    return listed


def write_token(data: bytes) -> str:
    """Return a token as text; bytes that are no whole characters as OpenAI's API writes them."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)


def describe_text_choice(
    index: int, found: AnsweredRequest, extras: Mapping[str, Any], *, noted: bool, prompt: str
) -> dict[str, Any]:
    """Return one choice of a completion; ``prompt`` stands before it where it is echoed."""
    return {
        "index": index,
        "text": prompt + found.answer.text,
        "logprobs": describe_text_notes(found.notes) if noted else None,
        "finish_reason": FINISH[found.answer.finish],
        "fairtrial": extras,
    }

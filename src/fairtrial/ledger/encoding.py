"""How items, requests and answers become table cells, and back.

Numbers keep every bit: JSON has the shortest text that reads back as the same float64.  Requests of one chunk are much
alike, with the same few-shot block before every question, so each is compressed with the chunk's first one as the
dictionary (zlib, RFC 1950).  Knows no SQL.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from fairtrial.errors import LedgerError
from fairtrial.ledger.shape import guard_reading, is_finite, read_mapping
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    Item,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
)
from fairtrial.records.hashing import write_canonically
from fairtrial.records.requests import describe_sought
from fairtrial.records.trace import Trace, TraceStep, read_trace, renamed_trace, trace_document

OPTIONAL = (
    ("trace", ()),
    ("logprob", None),
    ("logprob_tokens", None),
    ("reasoning_tokens", 0),
    ("paid", None),
    ("sent_bytes", None),
    ("thought", ""),
    ("counted", False),
    ("masked", False),
    ("said", ""),
    ("changed", ()),
    ("credits", ()),
)
"""Fields of answers that are not stored while they hold this."""

FIELDS = {
    kind: (
        [field.name for field in fields(kind) if field.name not in dict(OPTIONAL)],
        [(name, nothing) for name, nothing in OPTIONAL if name in {field.name for field in fields(kind)}],
    )
    for kind in (ScoreAnswer, GenerateAnswer)
}
"""Fields that are always stored, and the others with what they hold where they are not."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
LONGEST = 1 << 28
"""Bytes of a request's text; what unpacks to more was not packed here."""

WINDOW = 32_768
"""Bytes that zlib looks back; what lies further back in a dictionary is of no use."""


def dumps(value: object) -> str:
    """Return canonical JSON that SQLite can store.

    Text that is no valid Unicode (a lone surrogate) is escaped and comes back as it was.  Raises LedgerError for what
    JSON lacks: numbers that are not finite, and Python objects.
    """
    try:
        text = write_canonically(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise LedgerError(f"a value has no place in a ledger: {error}.", fix="Rows hold JSON values only.") from error
    if text.isascii() or not LONE_SURROGATE.search(text):
        return text
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def escape_surrogates(text: str) -> str:
    """Return plain text that SQLite can store: a lone surrogate becomes a backslash escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def encode_request(request: Request) -> bytes:
    """Return a request as JSON, each prompt once; the label is not kept."""
    if isinstance(request, GenerateRequest):
        body = {f.name: getattr(request, f.name) for f in fields(request) if f.init and f.name != "label"}
        body = {name: value for name, value in body.items() if value or name not in ("row", "query", "relevant")}
        return dumps({**body, "kind": "generate", "prompt": request.prompt.document()}).encode()
    body = {"delimiter": request.delimiter, "rolling": request.rolling}
    first = {id(pair.prompt): pair.prompt for pair in request.pairs}  # comparing takes long, and is seldom needed
    prompts = list(dict.fromkeys(first.values())) if len(first) > 1 else list(first.values())
    at = {same: prompts.index(prompt) for same, prompt in first.items()}
    body["pairs"] = [[at[id(pair.prompt)], pair.continuation] for pair in request.pairs]
    body["prompts"] = [prompt.document() for prompt in prompts]
    return dumps({"kind": "score", **body, **describe_sought(request)}).encode()


def pack(text: bytes, base: bytes = b"") -> bytes:
    """Return ``text`` compressed, with ``base`` as the dictionary if there is one."""
    if not base:
        return zlib.compress(text, 6)
    squeeze = zlib.compressobj(6, zdict=base[-WINDOW:])
    return squeeze.compress(text) + squeeze.flush()


def unpack(body: bytes, base: bytes = b"") -> bytes:
    """Return what `pack` packed with the same ``base``.

    Raises ValueError for what it did not pack, or what would be longer than `LONGEST`.
    """
    swell = zlib.decompressobj(zdict=base[-WINDOW:]) if base else zlib.decompressobj()
    try:
        text = swell.decompress(body, LONGEST)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not swell.eof:
        raise ValueError(f"it is cut off, or longer than {LONGEST:,} bytes")
    return text


def decode_request(body: bytes, base: bytes | None) -> Request:
    """Return a stored request; raises LedgerError if it is none.

    Args:
        body: as stored.
        base: as stored, of the request that it starts from; None if it stands alone.
    """
    text = guard_reading(lambda: unpack(body, unpack(base) if base is not None else b""), "a request")
    found = read_mapping(text.decode("utf-8", "surrogatepass"), "a request")
    return guard_reading(lambda: _request_of(found), "a request")


def _request_of(found: dict[str, Any]) -> Request:
    if found.pop("kind") == "generate":
        prompt = Prompt.from_document(found.pop("prompt"))
        lists = {name: tuple(found.get(name, ())) for name in ("stop", "relevant")}
        return GenerateRequest(**{**found, "prompt": prompt, **lists})
    prompts = [Prompt.from_document(prompt) for prompt in found["prompts"]]
    pairs = tuple(Pair(prompts[at], str(continuation)) for at, continuation in found["pairs"])
    query, relevant = str(found.get("query", "")), tuple(found.get("relevant", ()))
    return ScoreRequest(pairs, found["delimiter"], found["rolling"], query=query, relevant=relevant)


def encode_answer(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON values; an impossible continuation's minus infinity becomes null."""
    always, optional = FIELDS[type(answer)]
    body = {name: getattr(answer, name) for name in always}
    for name, nothing in optional:
        if (value := getattr(answer, name)) != nothing:
            body[name] = value
    if answer.trace:
        for step in answer.trace:
            if odd := _find_odd_field(step):
                raise LedgerError(
                    f"a step of an answer's trace, by {step.by!r}, has another kind of {odd}: {getattr(step, odd)!r}.",
                    fix="The lever or the engine that made it has to be mended.",
                )
        body["trace"] = trace_document(answer.trace)
    if isinstance(answer, ScoreAnswer):
        for value in answer.logprobs:
            if not math.isfinite(value) and value != -math.inf:
                raise LedgerError(f"{value} is not a log-probability.", fix="The engine's arithmetic has failed.")
        body["logprobs"] = [None if value == -math.inf else value for value in answer.logprobs]
    return body


def decode_answer(body: Mapping[str, Any], where: str = "") -> Answer:
    """Return the answer that `encode_answer` described; raises LedgerError, which names ``where``, if that is none."""
    return guard_reading(lambda: _answer_of(body), "an answer", where)


def decode_trace(body: Mapping[str, Any], where: str = "") -> Trace:
    """Return the trace of an answer given as JSON values; raises LedgerError, which names ``where``, if it is none."""
    return guard_reading(lambda: _trace_of(body), "the trace of an answer", where)


def _trace_of(body: Mapping[str, Any]) -> Trace:
    trace = read_trace(body)
    for i, step in enumerate(trace):
        if odd := _find_odd_field(step):
            raise ValueError(f"step {i + 1} of its trace has another kind of {odd}")
    return trace


def _find_odd_field(step: TraceStep) -> str:
    """Return the first field of a step that is not of its type; empty if all are."""
    counts = {"tokens_in": step.tokens_in, "tokens_out": step.tokens_out}
    right = {
        **{name: isinstance(getattr(step, name), str) for name in ("by", "prompt", "action")},
        **{name: n is None or (type(n) is int and n >= 0) for name, n in counts.items()},
        "signal": step.signal is None or (not isinstance(step.signal, bool) and is_finite(step.signal)),
        "sources": all(isinstance(source, str) for source in step.sources),
    }
    return next((name for name, fine in right.items() if not fine), "")


def _answer_of(body: Mapping[str, Any]) -> Answer:
    trace = _trace_of(body)
    if "text" in body:
        if not (isinstance(body["text"], str) and isinstance(body["tokens"], int) and body.get("finish")):
            raise ValueError("its text, tokens or finish are of another kind")
        changed = tuple((name, words) for name, words in body.get("changed", ()))
        credits = tuple(body.get("credits", ()))
        if not all(isinstance(credit, str) for credit in credits):
            raise ValueError("its credits are no texts")
        told = {"trace": trace, "changed": changed, "credits": credits}
        return GenerateAnswer(**{**renamed_trace(body), **told})
    lengths = {len(body[name]) for name in ("logprobs", "greedy", "tokens")}
    if len(lengths) != 1 or not all(value is None or math.isfinite(value) for value in body["logprobs"]):
        raise ValueError("its log-probabilities are no numbers, or not as many as its tokens")
    return ScoreAnswer(
        logprobs=tuple(-math.inf if value is None else value for value in body["logprobs"]),
        greedy=tuple(body["greedy"]),
        tokens=tuple(body["tokens"]),
        prompt_tokens=body["prompt_tokens"],
        truncated_tokens=body["truncated_tokens"],
        paid=tuple(body["paid"]) if "paid" in body else None,
        sent_bytes=body.get("sent_bytes"),
        trace=trace,
    )


def encode_item(item: Item) -> dict[str, Any]:
    """Return what of an item is not in columns of its own."""
    body = {"question": item.question, "choices": item.choices, "gold": item.gold, "data": dict(item.data)}
    return {**body, "images": [asdict(image) for image in item.images]} if item.images else body


def decode_item(item_id: str, doc_id: int, cluster: str, body: str) -> Item:
    """Return an item from its row; raises LedgerError if that is none."""
    held = read_mapping(body, "an item", item_id)
    return guard_reading(lambda: _item_of(item_id, doc_id, cluster, held), "an item", item_id)


def _item_of(item_id: str, doc_id: int, cluster: str, held: Mapping[str, Any]) -> Item:
    texts = [held["question"], *held["choices"], *held["gold"]]
    if not all(isinstance(text, str) for text in texts) or not isinstance(held["data"], dict):
        raise ValueError("its question, choices, gold or data are of another kind")
    choices, gold = tuple(held["choices"]), tuple(held["gold"])
    images = tuple(ImagePart(str(image["hash"]), str(image["media_type"])) for image in held.get("images", ()))
    return Item(item_id, doc_id, held["question"], choices, gold, cluster, held["data"], images)

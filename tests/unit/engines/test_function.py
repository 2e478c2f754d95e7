"""Functions as engines: what they are called with, what becomes of what they return, raise or never return."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.function import FunctionEngine
from fairtrial.engines.settings import ReadImage, refuse_image
from fairtrial.errors import CapabilityError, EngineError, SpecError
from fairtrial.images import encode_png
from fairtrial.ledger.encoding import decode_request, encode_request, pack
from fairtrial.models.schemes import resolve
from fairtrial.records import GenerateAnswer, GenerateRequest, ImagePart, Pair, Prompt, ScoreRequest, TextPart
from fairtrial.records.content import make_example
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.functions import Function

QUESTION = Prompt("Two and two?", "Be brief.", "", ())


@contextmanager
def opened(
    call: Callable[..., Any], notes: list[str] | None = None, read_image: ReadImage = refuse_image, **settings: Any
) -> Iterator[FunctionEngine]:
    candidate = Candidate(id="mine", model=Function(call, **settings))
    told = EngineSettings(on_note=(notes if notes is not None else []).append, read_image=read_image)
    engine = open_engine(candidate, resolve(candidate.model, Path()), told)
    assert isinstance(engine, FunctionEngine)
    try:
        yield engine
    finally:
        engine.close()


def asked(*texts: str, **more: Any) -> list[GenerateRequest]:
    return [GenerateRequest(Prompt(text), max_tokens=8, label=f"item {text}", **more) for text in texts]


def text_of(call: Callable[..., Any], request: GenerateRequest, **settings: Any) -> str:
    with opened(call, **settings) as engine:
        [answer] = engine.generate([request])
        return answer.text


def test_each_parameter_gets_its_own_form_of_the_question() -> None:
    seen: dict[str, Any] = {}

    def call(prompt: str, messages: Any, row: Any, *, max_tokens: int, temperature: float, stop: Any, seed: int) -> str:
        seen.update(locals())
        return "4"

    request = GenerateRequest(QUESTION, 8, (";",), row='{"a": 1}')
    assert text_of(call, request) == "4"
    assert seen["prompt"] == QUESTION.plain()
    assert seen["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Two and two?"},
    ]
    assert (seen["row"], seen["max_tokens"], seen["temperature"], seen["stop"]) == ({"a": 1}, 8, 0.0, [";"])


def test_answers_are_kept_whole_and_thoughts_apart() -> None:
    request = asked("x", stop=("\n",))[0]
    with opened(lambda prompt: "<think>hm</think>four\nfive") as engine:
        [answer] = engine.generate([request])
    assert (answer.text, answer.thought, answer.finish, answer.counted) == ("four\nfive", "hm", "stop", True)


def test_an_answer_that_tells_its_tokens_is_taken_as_it_is() -> None:
    told = GenerateAnswer("4", tokens=1, finish="stop", prompt_tokens=9)
    with opened(lambda prompt: told) as engine:
        assert list(engine.generate(asked("x"))) == [told]


def test_async_functions_run_at_the_same_time() -> None:
    together, most = 0, 0

    async def call(prompt: str) -> str:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.02)
        together -= 1
        return prompt

    with opened(call) as engine:
        answers = [answer.text for answer in engine.generate(asked(*"abcdefgh"))]
    assert answers == list("abcdefgh")
    assert most > 1


def test_a_plain_function_is_called_in_the_callers_own_thread() -> None:
    here = threading.get_ident()
    assert text_of(lambda prompt: str(threading.get_ident()), asked("x")[0]) == str(here)
    assert text_of(lambda prompt: str(threading.get_ident()), asked("x")[0], concurrency=2) != str(here)


def fail_at(*bad: str) -> Callable[[str], Any]:
    def call(prompt: str) -> Any:
        if prompt in bad:
            raise KeyError("x")
        return prompt

    return call


def test_a_row_that_fails_has_a_reason_and_the_others_answers() -> None:
    notes: list[str] = []
    with opened(fail_at("b"), notes) as engine:
        got = dict(engine.answer_or_tell(asked("a", "b", "c")))
    told = {request.prompt.user: got[request] for request in got}  # type: ignore[union-attr]
    assert told["b"].startswith("raised KeyError: 'x' (test_function.py:")  # type: ignore[union-attr]
    assert isinstance(told["a"], GenerateAnswer) and isinstance(told["c"], GenerateAnswer)
    assert len(notes) == 1 and notes[0].startswith("mine, item b: raised KeyError")


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "returned None, not text"), (4, "returned int 4, not text"), (b"4", "returned bytes b'4', not text")],
)
def test_what_is_no_text_is_a_failure(value: Any, told: str) -> None:
    with opened(lambda prompt: value) as engine:
        [(_, why)] = engine.answer_or_tell(asked("a"))
    assert why == told


async def _sleep_long(prompt: str) -> str:
    await asyncio.sleep(30)
    return prompt


@pytest.mark.parametrize("call", [lambda prompt: time.sleep(30), _sleep_long])
def test_a_call_that_takes_too_long_is_a_failure(call: Any) -> None:
    with opened(call, timeout=0.05) as engine:
        [(_, why)] = engine.answer_or_tell(asked("a"))
    assert why == "took longer than 0.05 seconds"


def test_too_many_failures_end_the_run() -> None:
    with (
        opened(fail_at(*"bcde"), max_failures=2) as engine,
        pytest.raises(EngineError, match="3 of 4 rows so far, and 2"),
    ):
        list(engine.answer_or_tell(asked(*"abcdef")))
    with opened(fail_at(*"abcdef")) as engine, pytest.raises(EngineError, match="So it went with all rows") as raised:
        list(engine.answer_or_tell(asked(*"abcdef")))
    assert isinstance(raised.value.__cause__, KeyError)


def test_who_cannot_do_without_an_answer_gets_an_error() -> None:
    with opened(fail_at("b")) as engine, pytest.raises(EngineError, match="item b: candidate 'mine' raised KeyError"):
        list(engine.generate(asked("a", "b")))


def test_scores_are_refused() -> None:
    request = ScoreRequest((Pair(Prompt("x"), "y"),))
    with opened(lambda prompt: "") as engine, pytest.raises(CapabilityError, match="gives no token scores"):
        engine.check([request])


def test_a_function_that_names_images_gets_their_bytes_in_order() -> None:
    pictures = [encode_png(np.full((4, 4, 3), shade, np.uint8)) for shade in (0, 255)]
    parts = [ImagePart.of(data, "image/png") for data in pictures]
    by_hash = {part.hash: data for part, data in zip(parts, pictures, strict=True)}
    shown = GenerateRequest(Prompt([parts[1], TextPart(" or "), parts[0], TextPart("?")]), 8, label="item 1")
    seen: list[Any] = []

    def look(prompt: str, images: Any = None) -> str:
        seen.append((prompt, images))
        return "4"

    with opened(look, read_image=lambda part: by_hash[part.hash]) as engine:
        assert engine.can.images
        list(engine.generate([shown, *asked("x")]))
    assert seen == [("<image> or <image>?", pictures[::-1]), ("x", [])]
    with opened(lambda prompt: "") as engine, pytest.raises(CapabilityError) as raised:
        engine.check([shown])
    assert "item 1: candidate 'mine' cannot see images: the function has no parameter `images`" in str(raised.value)
    assert engine.record["sees_no_images"] == "the function has no parameter `images`"
    with pytest.raises(SpecError, match="takes no question"):
        Function(lambda images: "")


def test_examples_are_turns_of_the_messages() -> None:
    prompt = Prompt("Q2", "", "", make_example("Q1", "A1", "\n", "\n\n"))
    seen: list[Any] = []

    def call(messages: Any) -> str:
        seen.extend(messages)
        return ""

    text_of(call, GenerateRequest(prompt, 4))
    assert [(m["role"], m["content"]) for m in seen] == [("user", "Q1"), ("assistant", "A1"), ("user", "Q2")]


def test_the_row_that_a_function_was_given_is_part_of_its_request() -> None:
    plain = GenerateRequest(QUESTION, 8)
    given = GenerateRequest(QUESTION, 8, row='{"a": 1}')
    assert given.id != plain.id
    for request in (plain, given):
        assert decode_request(pack(encode_request(request)), None) == request
    assert b'"row"' not in encode_request(plain)

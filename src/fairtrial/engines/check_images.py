"""What an engine that sees must hold to, checked on an opened engine: a part of `fairtrial.engines.check`.

Knows only the protocol in `fairtrial.engines.base`, and made-up pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fairtrial.engines.base import Engine
from fairtrial.engines.pictures import PICTURES
from fairtrial.errors import EngineError
from fairtrial.records import (
    GenerateRequest,
    ImagePart,
    Pair,
    Part,
    Prompt,
    ScoreAnswer,
    ScoreRequest,
    TextPart,
    make_example,
)

_Findings = Iterator[str]

_CHOICES = ("red", "a large blue circle", "seven bars, of which the last is the highest")
_UNLIKE = 1e-6  # nats by which another picture must move a score


def check_seeing(engine: Engine, slack: float) -> _Findings:
    """Yield what ``engine`` does wrong with images; it reads them by `fairtrial.engines.pictures.read_picture`.

    Args:
        engine: one whose ``can.images`` is true.
        slack: nats by which a score may depend on what else is asked.
    """
    try:
        engine.check(_make_questions())
    except EngineError as error:
        yield (
            f"The engine says that it sees, and refuses made-up pictures ({error.message}); open it with "
            "`EngineSettings(read_image=fairtrial.engines.pictures.read_picture)`."
        )
        return
    if engine.can.score:
        yield from _check_scores(engine, slack)
        yield from _check_pictures_count(engine)
        yield from _check_text_after_images(engine)
    if engine.can.generate:
        yield from _check_texts(engine)
    if engine.can.score and engine.can.generate:
        yield from _check_greedy_text(engine)


def _make_prompt(*parts: str | ImagePart) -> Prompt:
    return Prompt(_make_parts(*parts))


def _make_parts(*parts: str | ImagePart) -> list[Part]:
    return [TextPart(part) if isinstance(part, str) else part for part in parts]


def _make_prompts() -> dict[str, Prompt]:
    """Return prompts by what is shown in them."""
    a, b, c = PICTURES
    shots = [
        *make_example(_make_parts(b, "What is it?"), "blue"),
        *make_example(_make_parts("This one?\n", c), "green"),
    ]
    return {
        "a picture": _make_prompt(a, "\nWhat is it? Answer:"),
        "the same, another question": _make_prompt(a, "\nHow many bars are there? Answer:"),
        "the same after text": _make_prompt("Look at this.\n", a, "\nWhat is it? Answer:"),
        "another picture": _make_prompt(b, "\nWhat is it? Answer:"),
        "two pictures": _make_prompt("One: ", a, " Two: ", c, "\nWhich one is larger? Answer:"),
        "the two turned round": _make_prompt("One: ", c, " Two: ", a, "\nWhich one is larger? Answer:"),
        "the same picture twice": _make_prompt(a, a, "\nAre they alike? Answer:"),
        "a picture at the end": _make_prompt("The answer is in the picture: ", b),
        "pictures in examples": Prompt(_make_parts(a, "What is it?"), examples=shots),
        "text alone": _make_prompt("What is a circle? Answer:"),
    }


def _make_questions() -> list[ScoreRequest]:
    return [
        ScoreRequest(tuple(Pair(prompt, choice) for choice in _CHOICES), label=name)
        for name, prompt in _make_prompts().items()
    ]


def _ask(engine: Engine, requests: Sequence[ScoreRequest]) -> dict[str, ScoreAnswer]:
    return {request.label: answer for request, answer in zip(requests, engine.score(requests), strict=True)}


def _measure_difference(a: ScoreAnswer, b: ScoreAnswer) -> float:
    return max(abs(x - y) for x, y in zip(a.logprobs, b.logprobs, strict=True))


def _check_scores(engine: Engine, slack: float) -> _Findings:
    questions = _make_questions()
    together = _ask(engine, questions)
    if _ask(engine, questions) != together:
        yield "The same requests with images, asked twice, got different answers."
    backwards = _ask(engine, questions[::-1])
    for question in questions:
        alone = _ask(engine, [question])[question.label]
        singly = [
            _ask(engine, [replace(question, pairs=(pair,))])[question.label].logprobs[0] for pair in question.pairs
        ]
        ours = together[question.label]
        apart = max(
            _measure_difference(ours, alone),
            _measure_difference(ours, backwards[question.label]),
            _measure_difference(ours, replace(ours, logprobs=tuple(singly))),
        )
        if apart > slack:
            yield f"With {question.label}, a score moves by {apart:.4f} nats with what else is asked; {slack} allowed."
    if _ask(engine, questions) != together:
        yield "The same requests with images got different answers after others had been asked."


def _check_pictures_count(engine: Engine) -> _Findings:
    found = _ask(engine, _make_questions())
    for one, other in (("a picture", "another picture"), ("two pictures", "the two turned round")):
        if _measure_difference(found[one], found[other]) < _UNLIKE:
            yield f"The scores are the same with {one} and with {other}: what is shown does not count."
    if found["a picture"].prompt_tokens <= found["text alone"].prompt_tokens:
        yield "The tokens of a prompt do not count what a picture takes."


def _check_text_after_images(engine: Engine) -> _Findings:
    text = [question for question in _make_questions() if question.label == "text alone"]
    before = _ask(engine, text)
    _ask(engine, _make_questions())
    if _ask(engine, text) != before:
        yield "A question without images got another answer after questions with images."


def _check_texts(engine: Engine) -> _Findings:
    for temperature in (0.0, 1.0):
        requests = [
            GenerateRequest(prompt, 8, temperature=temperature, seed=seed, label=name)
            for seed, (name, prompt) in enumerate(_make_prompts().items())
        ]
        first = list(engine.generate(requests))
        if len(first) != len(requests):
            yield f"{len(requests)} requests with images got {len(first)} answers."
        if list(engine.generate(requests)) != first:
            yield f"The same requests with images at temperature {temperature}, asked twice, got different answers."


def _check_greedy_text(engine: Engine) -> _Findings:
    for name, prompt in _make_prompts().items():
        written = next(iter(engine.generate([GenerateRequest(prompt, 6)])))
        scored = next(iter(engine.score([ScoreRequest((Pair(prompt, written.text),), delimiter="")])))
        # Where the text is cut into the same tokens again, it must be called what it is.
        same = scored.tokens[0] == written.tokens and "\ufffd" not in written.text
        if same and written.finish == "length" and not scored.greedy[0]:
            yield f"The greedy text {written.text!r} after {name} is scored as not greedy."

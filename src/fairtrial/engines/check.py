"""What every engine must hold to, checked on an opened engine: run it on an engine of your own before using it.

Knows only the protocol in `fairtrial.engines.base`.  The questions are made up here; the model's answers need not make
sense, but they must be consistent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fairtrial.engines.base import Engine, GivesDistributions
from fairtrial.engines.check_images import check_seeing
from fairtrial.errors import EngineError, TooLongError
from fairtrial.records import GenerateAnswer, GenerateRequest, Pair, Prompt, ScoreAnswer, ScoreRequest

_Findings = Iterator[str]

_SHOTS = "The sky is blue. Grass is green. Snow is white. Coal is black. " * 4
_ITEMS = (
    ("A ripe banana is", ("yellow", "made of iron", "seven")),
    ("Two and two are", ("four", "five hundred", "a kind of fish that lives in rivers")),
    ("In winter it is often", ("cold", "cold and dark", "purple")),
    ("The old sailor looked at the sea and", ("sighed", "said nothing", "bought a house")),
    ("A cat has four", ("legs", "wheels", "legs and a tail")),
)


def check_engine(engine: Engine, *, tolerance: float = 0.05) -> list[str]:
    """Return what ``engine`` does wrong, one sentence each; an empty list is a pass.  Closes the engine.

    Args:
        engine: freshly opened, for running text (``chat: none``), with ``overflow: error``; where it sees images,
            with `fairtrial.engines.pictures.read_picture` as ``EngineSettings.read_image``.
        tolerance: nats by which a continuation's score may depend on what else is in the batch; 0 is used for an
            engine whose ``can.batch_invariant`` is true.
    """
    slack = 0.0 if engine.can.batch_invariant else tolerance
    checks: list[Callable[[Engine, float], _Findings]] = []
    if engine.can.score:
        checks += [_check_repeated_scores, _check_composed_scores, _check_score_sums, _check_document_sums]
    if engine.can.generate:
        checks += [_check_repeated_text, _check_stops, _check_length_limit]
    if engine.can.score and engine.can.generate:
        checks.append(_check_greedy)
    if engine.can.score and isinstance(engine, GivesDistributions):
        checks.append(_check_distributions)
    if engine.can.images:
        checks.append(check_seeing)
    checks += [_check_overlong, _check_close]
    return [finding for check in checks for finding in check(engine, slack)]


def _make_questions() -> list[ScoreRequest]:
    return [
        ScoreRequest(tuple(Pair(Prompt(_SHOTS + question), choice) for choice in choices), label=f"item {i}")
        for i, (question, choices) in enumerate(_ITEMS)
    ]


def _ask(engine: Engine, requests: Sequence[ScoreRequest]) -> list[ScoreAnswer]:
    return list(engine.score(requests))


def _score_one(engine: Engine, prompt: str, continuation: str, delimiter: str = " ") -> ScoreAnswer:
    return _ask(engine, [ScoreRequest((Pair(Prompt(prompt), continuation),), delimiter=delimiter)])[0]


def _measure_difference(a: ScoreAnswer, b: ScoreAnswer) -> float:
    return max((abs(x - y) for x, y in zip(a.logprobs, b.logprobs, strict=True)), default=0.0)


def _check_repeated_scores(engine: Engine, slack: float) -> _Findings:
    questions = _make_questions()
    first = _ask(engine, questions)
    if len(first) != len(questions):
        yield f"{len(questions)} requests got {len(first)} answers."
        return
    for question, answer in zip(questions, first, strict=True):
        if not len(question.pairs) == len(answer.logprobs) == len(answer.greedy) == len(answer.tokens):
            yield f"The answer to {question.label} has not one entry a continuation."
        if any(score > 1e-6 for score in answer.logprobs):
            yield f"A log-probability in the answer to {question.label} is above 0: {max(answer.logprobs)}."
    if _ask(engine, questions) != first:
        yield "The same requests, asked twice, got different answers."
    _score_one(engine, "Something quite different:", "really")
    if _ask(engine, questions) != first:
        yield "The same requests got different answers after something else had been asked."


def _check_composed_scores(engine: Engine, slack: float) -> _Findings:
    questions = _make_questions()
    together = _ask(engine, questions)
    alone = [_ask(engine, [question])[0] for question in questions]
    backwards = _ask(engine, questions[::-1])[::-1]
    for question, a, b, c in zip(questions, together, alone, backwards, strict=True):
        if max(_measure_difference(a, b), _measure_difference(a, c)) > slack:
            apart = max(_measure_difference(a, b), _measure_difference(a, c))
            yield f"The score of {question.label} moves by {apart:.4f} nats with what else is asked; {slack} allowed."


def _check_score_sums(engine: Engine, slack: float) -> _Findings:
    whole = _score_one(engine, "The old sailor", "looked at the sea")
    first = _score_one(engine, "The old sailor", "looked at")
    rest = _score_one(engine, "The old sailor looked at", "the sea")
    parts = first.logprobs[0] + rest.logprobs[0]
    if abs(whole.logprobs[0] - parts) > 2 * slack + 1e-6:
        yield f"A continuation scores {whole.logprobs[0]:.4f}, its two halves {parts:.4f} together."


def _check_document_sums(engine: Engine, slack: float) -> _Findings:
    text = "Rain fell on the harbour. Nobody came."
    pair = (Pair(Prompt(""), text),)
    rolling, plain = _ask(engine, [ScoreRequest(pair, rolling=True), ScoreRequest(pair, delimiter="")])
    if _measure_difference(rolling, plain) > slack + 1e-6:
        yield f"A short document scores {rolling.logprobs[0]:.4f} rolling, {plain.logprobs[0]:.4f} after nothing."


def _check_distributions(engine: Engine, slack: float) -> _Findings:
    text = "Rain fell on the harbour. Nobody came. The lamps along the quay were lit one by one."
    assert isinstance(engine, GivesDistributions)
    tokens = engine.text_tokens(text)
    logits = engine.text_logits(tokens).astype(np.float64)
    if logits.shape[0] != len(tokens) - 1:
        yield f"{len(tokens)} tokens got {logits.shape[0]} rows of logits."
        return
    peak = logits.max(axis=1)
    mass = np.log(np.exp(logits - peak[:, None]).sum(axis=1)) + peak
    told = float((logits[np.arange(len(mass)), tokens[1:]] - mass).sum())
    scored = _ask(engine, [ScoreRequest((Pair(Prompt(""), text),), rolling=True)])[0].logprobs[0]
    if abs(told - scored) > slack + 1e-3:
        yield f"A text scores {scored:.4f}, and {told:.4f} by what the engine expects after every token."


def _generate(engine: Engine, request: GenerateRequest) -> GenerateAnswer:
    return next(iter(engine.generate([request])))


def _make_prompts(temperature: float) -> list[GenerateRequest]:
    return [GenerateRequest(Prompt(_SHOTS + q), 12, temperature=temperature, seed=i) for i, (q, _) in enumerate(_ITEMS)]


def _check_repeated_text(engine: Engine, slack: float) -> _Findings:
    for temperature in (0.0, 1.0):
        requests = _make_prompts(temperature)
        first = list(engine.generate(requests))
        if len(first) != len(requests):
            yield f"{len(requests)} requests got {len(first)} answers."
        if list(engine.generate(requests)) != first:
            yield f"The same requests at temperature {temperature}, asked twice, got different answers."
    if engine.can.batch_invariant and list(engine.generate(requests[::-1]))[::-1] != first:
        yield "Sampled text depends on the order of the requests, though the engine says it does not."


def _check_stops(engine: Engine, slack: float) -> _Findings:
    request = GenerateRequest(Prompt(_SHOTS), 24)
    text = _generate(engine, request).text
    if len(text) < 6:
        return
    stop = text[len(text) // 2 : len(text) // 2 + 3]
    cut = _generate(engine, GenerateRequest(Prompt(_SHOTS), 24, stop=(stop, "never to be seen")))
    if cut.text != text[: text.index(stop)] or cut.finish != "stop":
        yield f"With the stop string {stop!r}, {text!r} became {cut.text!r}, finish {cut.finish!r}."


def _check_length_limit(engine: Engine, slack: float) -> _Findings:
    answer = _generate(engine, GenerateRequest(Prompt("One, two, three,"), 3))
    if answer.tokens > 3 or (answer.finish == "length" and answer.tokens != 3):
        yield f"With max_tokens 3, {answer.tokens} tokens came, finish {answer.finish!r}."


def _check_greedy(engine: Engine, slack: float) -> _Findings:
    prompt = _SHOTS + "Blood is"
    written = _generate(engine, GenerateRequest(Prompt(prompt), 6))
    scored = _score_one(engine, prompt, written.text, delimiter="")
    # Where the text is cut into the same tokens again, it must be called what it is.
    if scored.tokens[0] == written.tokens and written.finish == "length" and not scored.greedy[0]:
        yield f"The greedy text {written.text!r} is scored as not greedy."
    if _score_one(engine, prompt, "xqj zzv 77 kkw").greedy[0]:
        yield "Nonsense is scored as what greedy decoding would have produced."


def _check_overlong(engine: Engine, slack: float) -> _Findings:
    endless = Prompt("word and " * (engine.can.context_tokens + 1))
    requests: list[ScoreRequest | GenerateRequest] = []
    if engine.can.score:
        requests.append(ScoreRequest((Pair(endless, "more"),), label="the endless item"))
    if engine.can.generate:
        requests.append(GenerateRequest(endless, 4, label="the endless item"))
    for request in requests:
        try:
            engine.check([request])
        except TooLongError as error:
            if "the endless item" not in str(error):
                yield "The error about a request that is too long does not name its item."
        else:
            yield f"A {type(request).__name__} longer than the context passes the check."


def _check_close(engine: Engine, slack: float) -> _Findings:
    engine.close()
    engine.close()
    try:
        if engine.can.score:
            _ask(engine, _make_questions())
        else:
            list(engine.generate(_make_prompts(0.0)))
    except EngineError:
        return
    yield "A closed engine still answers."

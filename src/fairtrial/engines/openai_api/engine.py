"""An engine that asks an endpoint: many requests at a time, each answer handed over as it comes.

With ``chat: none`` prompts go to ``/completions`` as running text, else to ``/chat/completions`` as messages.
Continuations are scored where the endpoint is seen to do it right (see `scores`).  Knows one endpoint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

from fairtrial.engines.base import Capabilities
from fairtrial.engines.openai_api.calls import Caller, RefusedError
from fairtrial.engines.openai_api.requests import Reply, messages, read, request_body, size_of
from fairtrial.engines.openai_api.scores import QUESTION, NotEchoedError, Trust, score_pair, trusted
from fairtrial.engines.openai_api.throttle import Throttle
from fairtrial.engines.refusing import counted_characters, refuse_empty
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import CapabilityError, EngineError
from fairtrial.models import ResolvedModel
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Prompt, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate

UNKNOWN_CONTEXT = 2**31 - 1


class OpenAIEngine:
    """See `fairtrial.engines.base.Engine`."""

    def __init__(self, candidate: Candidate, model: ResolvedModel) -> None:
        self._candidate = candidate
        self._throttle = Throttle(candidate.endpoint.concurrency)
        self._caller = Caller(candidate.endpoint, model.name, self._throttle)
        self._chat = candidate.chat != "none"
        self._streams = True
        self._tells: bool | None = None  # the log-probabilities of its own text; None until it is known
        self.work = {"prefill_tokens": 0, "prefill_seconds": 0.0, "decode_tokens": 0, "decode_seconds": 0.0}
        chat = Trust("a chat endpoint gives no scores of given text; completions, with `chat: none`, may")
        self._trust = chat if self._chat else trusted(self._caller)
        self.can = Capabilities(
            score=not self._trust.why_not,
            generate=True,
            chat=self._chat,
            images=False,
            context_tokens=candidate.context or UNKNOWN_CONTEXT,
            batch_invariant=False,
        )
        self.record = {
            "engine": "openai",
            "model": model.name,
            "base_url": candidate.endpoint.base_url,
            "api": "chat/completions" if self._chat else "completions",
            "scores": self._trust.why_not or "echo and logprobs, checked",
        }

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> OpenAIEngine:
        """Connect; asks what a short text's tokens score, where that may be of use, and nothing else.

        Raises EngineError if there is no key, or the endpoint refuses.
        """
        if candidate.chat not in ("none", "model"):
            raise EngineError(
                f"candidate {candidate.id!r}: an endpoint applies its own chat template, not {candidate.chat!r}.",
                fix="Write chat: model, or chat: none for running text.",
            )
        return cls(candidate, model)

    def check(self, requests: Sequence[Request]) -> None:
        """Raise CapabilityError for scores that the endpoint does not give; lengths are known to the endpoint only."""
        if not self.can.score and any(isinstance(request, ScoreRequest) for request in requests):
            raise CapabilityError(
                f"candidate {self._candidate.id!r} gives no token scores: {self.record['scores']}.",
                fix="Use a task that asks for text, e.g. with `ask: letter`, or a candidate that scores given texts.",
            )
        if any(isinstance(request, ScoreRequest) and request.rolling for request in requests):
            raise CapabilityError(f"candidate {self._candidate.id!r} cannot score whole documents.")
        for request in requests:
            if isinstance(request, ScoreRequest):
                refuse_empty(request, counted_characters(request))
            if isinstance(request, ScoreRequest) and (why := self._why_not_scored(request)):
                raise CapabilityError(f"candidate {self._candidate.id!r} {why}.", where=request.label)

    def _why_not_scored(self, request: ScoreRequest) -> str:
        host = self._candidate.endpoint.host
        if not self._trust.begins and any(not pair.prompt.plain().strip() for pair in request.pairs):
            return f"cannot score a text with nothing before it: {host} gives the first token of a text no score"
        if not self._trust.likeliest and len(request.pairs) == 1:
            return f"cannot say whether a text is what it would write itself: {host} does not tell the likeliest tokens"
        return ""

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield answers in the order of the requests."""
        for answer in self._in_order(requests):
            assert isinstance(answer, ScoreAnswer)
            yield answer

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield answers in the order of the requests."""
        for answer in self._in_order(requests):
            assert isinstance(answer, GenerateAnswer)
            yield answer

    def as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Yield requests with their answers as they come; after a failure those that were under way, then raise it."""
        pool = ThreadPoolExecutor(self._candidate.endpoint.concurrency, thread_name_prefix="endpoint")
        failure: BaseException | None = None
        try:
            under_way: dict[Future[Answer], Request] = {pool.submit(self._answer, r): r for r in requests}
            for done in as_completed(under_way):
                if done.cancelled():
                    continue
                if (error := done.exception()) is not None:
                    failure = failure or error
                    for waiting in under_way:
                        waiting.cancel()
                else:
                    yield under_way[done], done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Close the connections; whatever is under way is given up."""
        self._throttle.close()
        self._caller.client.close()

    def _in_order(self, requests: Sequence[Request]) -> Iterator[Answer]:
        known: dict[int, Answer] = {}
        place = {id(request): i for i, request in enumerate(requests)}
        following = 0
        for request, answer in self.as_answered(requests):
            known[place[id(request)]] = answer
            while following in known:
                yield known.pop(following)
                following += 1

    def _answer(self, request: Request) -> Answer:
        if isinstance(request, ScoreRequest):
            return self._scored(request)
        return self._generated(request)

    def why_silent(self) -> str:
        """Return why the endpoint does not tell how likely its own text is; see `fairtrial.engines.base`."""
        if self._tells is None:
            self._generated(GenerateRequest(Prompt(QUESTION), max_tokens=4, label="the check of its log-probabilities"))
        return "" if self._tells else f"{self._candidate.endpoint.host} does not tell them"

    def _generated(self, request: GenerateRequest) -> GenerateAnswer:
        sent = 0

        def ask() -> Reply:
            body = self._body(request)

            def work() -> Reply:
                nonlocal sent
                sent += size_of(body)
                begun = time.perf_counter()
                return read(self._caller.client, body, self._streams, begun)

            return self._caller.call(work, request.label)

        try:
            reply = ask()
        except RefusedError:
            if self._tells is not None:
                raise
            self._tells = False  # perhaps it is `logprobs` that it refuses
            reply = ask()
        if self._streams and reply.prompt_tokens is None:
            self._streams = False  # streams of this server do not say what they used
            reply = ask()
        if reply.prompt_tokens is None or reply.tokens is None:
            raise EngineError(f"{self._candidate.endpoint.host} does not say how many tokens it used.")
        if self._tells is None and reply.text:
            self._tells = bool(reply.logprobs)
        self._count(reply)
        told = len(reply.logprobs)
        return GenerateAnswer(
            text=cut(reply.text, request.stop),
            tokens=reply.tokens,
            finish="length" if reply.finish == "length" else "stop",
            prompt_tokens=reply.prompt_tokens,
            logprob=math.fsum(reply.logprobs) if told else None,
            logprob_tokens=told if told and told != reply.tokens else None,
            reasoning_tokens=reply.reasoning_tokens,
            sent_bytes=0 if self._candidate.endpoint.here else sent,
        )

    def _body(self, request: GenerateRequest) -> dict[str, Any]:
        told = messages(request.prompt, self._candidate.system) if self._chat else request.prompt.plain()
        return request_body(self._caller.model, told, request, self._tells is not False)

    def _count(self, reply: Reply) -> None:
        if reply.first is not None and reply.tokens and reply.prompt_tokens:
            self.work["prefill_tokens"] += reply.prompt_tokens
            self.work["prefill_seconds"] += reply.first
            self.work["decode_tokens"] += reply.tokens - 1
            self.work["decode_seconds"] += reply.seconds - reply.first

    def _scored(self, request: ScoreRequest) -> ScoreAnswer:
        try:
            found = [score_pair(self._caller, pair, request.delimiter, request.label) for pair in request.pairs]
        except NotEchoedError as error:
            host = self._candidate.endpoint.host
            raise EngineError(f"{host} does not score {request.label or 'a request'}: {error}.") from error
        return ScoreAnswer(
            logprobs=tuple(f.logprob for f in found),
            greedy=tuple(bool(f.greedy) for f in found),
            tokens=tuple(f.tokens for f in found),
            prompt_tokens=max(f.prompt_tokens for f in found),
            paid=(sum(f.paid[0] for f in found), sum(f.paid[1] for f in found)),
            sent_bytes=0 if self._candidate.endpoint.here else sum(f.sent for f in found),
        )


def cut(text: str, stops: Sequence[str]) -> str:
    """Return a text up to the first of the stop strings: servers take only a few of them, or keep the one they met."""
    ends: list[Any] = [text.find(stop) for stop in stops if stop and stop in text]
    return text[: min(ends)] if ends else text

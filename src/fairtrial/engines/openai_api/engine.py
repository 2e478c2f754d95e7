"""An engine that asks an endpoint: many requests at a time, each answer handed over as it comes.

With ``chat: none`` prompts go to ``/completions`` as running text, else to ``/chat/completions`` as messages.
Continuations are scored where the endpoint is seen to do it right (see `scores`).  Knows one endpoint.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fairtrial.engines.base import Capabilities
from fairtrial.engines.crew import run_in_threads
from fairtrial.engines.openai_api.answers import (
    RequestContext,
    is_stopped_in_thought,
    list_changes,
    make_answer,
    make_refusal,
)
from fairtrial.engines.openai_api.calls import Caller
from fairtrial.engines.openai_api.failures import FilteredError, RefusedError, SingleRequestError
from fairtrial.engines.openai_api.replies import Reply
from fairtrial.engines.openai_api.requests import Begun, ServerQuirks, adapt_quirks, make_messages, make_request_body
from fairtrial.engines.openai_api.scores import QUESTION, EchoCheck, NotEchoedError, check_echo, score_pair
from fairtrial.engines.openai_api.wire import encode_payload
from fairtrial.engines.openai_api.words import UnreadableError
from fairtrial.engines.refusing import count_characters, refuse_empty
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import CapabilityError, EngineError, TooLongError
from fairtrial.models import ResolvedModel
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Prompt, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.candidate import Candidate
from fairtrial.thoughts import opened_by

MOST_CHANGES = 20
"""Times that one request is sent in another form."""

STOPS_THOUGHTS = "its stop strings end thoughts, too"

LONE = (SingleRequestError, TooLongError)
"""Failures of one request, after which others may be answered."""

UNKNOWN_CONTEXT = 2**31 - 1


def _discard_line(line: str) -> None:
    """Tell nobody."""


class OpenAIEngine:
    """See `fairtrial.engines.base.Engine`."""

    def __init__(self, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> None:
        self._candidate = candidate
        self._read_image = settings.read_image
        self._caller = Caller(candidate.endpoint, model.name, settings.on_note or _discard_line)
        self._chat = candidate.chat != "none"
        begun = candidate.endpoint.begun
        self._begun = Begun(begun, candidate.tags)
        self._streams = True
        self._tells: bool | None = None  # the log-probabilities of its own text; None until it is known
        self._manners = self._proven = ServerQuirks()
        self._settled = False  # whether the way of asking has proved itself
        self._hopeless: EngineError | None = None  # why it is no use to ask at all
        self._settling, self._learning = threading.Lock(), threading.Lock()
        self.work = {"prefill_tokens": 0, "prefill_seconds": 0.0, "decode_tokens": 0, "decode_seconds": 0.0}
        chat = EchoCheck("a chat endpoint gives no scores of given text; completions, with `chat: none`, may")
        self._trust = chat if self._chat else check_echo(self._caller)
        self.can = Capabilities(
            score=not self._trust.why_not,
            generate=True,
            chat=self._chat,
            images=self._chat,
            context_tokens=candidate.context or UNKNOWN_CONTEXT,
            batch_invariant=False,
            begins=not self._chat or bool(begun),
            thoughts=self._tells_thoughts() if self._chat and begun else False,
        )
        self.record: Mapping[str, object] = {
            "engine": "openai",
            "model": model.name,
            "base_url": candidate.endpoint.base_url,
            "api": "chat/completions" if self._chat else "completions",
            "scores": self._trust.why_not or "echo and logprobs, checked",
        }

    def _tells_thoughts(self) -> bool | None:
        """Return whether the model thinks: nobody knows but who names its tags."""
        return None if self._candidate.thoughts == "auto" else bool(self._candidate.tags)

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
        return cls(candidate, model, settings)

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
                refuse_empty(request, count_characters(request))
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
        """Yield requests with their answers as they come; at the end, or when it is no use to go on, raise a failure.

        Failures of single requests keep no other one from being answered; the first of them is raised.
        """
        failures: list[BaseException] = []
        threads = self._candidate.endpoint.concurrency
        for request, got in run_in_threads(requests, self._answer, threads, lambda error: isinstance(error, LONE)):
            if isinstance(got, BaseException):
                failures.append(got)
            else:
                yield request, got
        if failures:
            worst = next((error for error in failures if not isinstance(error, LONE)), failures[0])
            if isinstance(worst, EngineError) and len(failures) > 1:
                worst.message = (
                    f"{worst.message.rstrip('.')}. So it went with {len(failures)} of {len(requests)} requests; the "
                    "others are kept."
                )
            raise worst

    def close(self) -> None:
        """Close the connections; whatever is under way is given up."""
        self._caller.close()

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
            return self._score_one(request)
        return self._generate_one(request)

    def why_silent(self) -> str:
        """Return why the endpoint does not tell how likely its own text is; see `fairtrial.engines.base`."""
        if self._tells is None:
            self._generate_one(
                GenerateRequest(Prompt(QUESTION), max_tokens=4, label="the check of its log-probabilities")
            )
        return "" if self._tells else f"{self._candidate.endpoint.host} does not tell them"

    def _generate_one(self, request: GenerateRequest) -> GenerateAnswer:
        """Return one answer.  Until one has come, requests go one at a time: how to ask is found out once."""
        if self._settled:
            return self._ask_as_wanted(request)
        with self._settling:
            if self._hopeless is not None:
                raise self._hopeless
            if not self._settled:
                try:
                    found = self._ask_as_wanted(request)
                except EngineError as error:
                    self._hopeless = None if isinstance(error, LONE) else error
                    raise
                self._settled = found.finish != "refused"
                return found
        return self._ask_as_wanted(request)

    def _ask_as_wanted(self, request: GenerateRequest) -> GenerateAnswer:
        """Return one answer, asked in the way that the server was found to want, or is found to want now."""
        sent = [0]
        asking = self._make_context(request)
        for _ in range(MOST_CHANGES):
            manners = self._manners
            try:
                reply = self._reply(request, manners, sent)
            except FilteredError as error:
                return replace(make_refusal(error.words, asking.told), sent_bytes=self._count_sent(sent[0]))
            except RefusedError as error:
                if not self._adapt(manners, request, error):
                    self._restore(manners)
                    raise
                continue
            if request.stop and "stop" not in manners.changes and is_stopped_in_thought(reply, asking):
                with self._learning:
                    self._change(self._manners.with_change("stop", STOPS_THOUGHTS))
                continue
            self._learn(manners, reply)
            self._count(reply)
            found = make_answer(reply, request, asking)
            changed = list_changes(manners, self._make_body(request, ServerQuirks()), self._caller.mask)
            return replace(found, sent_bytes=self._count_sent(sent[0]), changed=changed)
        raise SingleRequestError(
            f"{self._candidate.endpoint.host} refuses {request.label or 'a request'} in whatever form."
        )

    def _make_context(self, request: GenerateRequest) -> RequestContext:
        prompt, tags = request.prompt, self._candidate.tags
        told = len((self._candidate.system + prompt.plain()).encode(errors="replace"))
        opened = opened_by(prompt.assistant if self._chat else prompt.plain(), tags)
        return RequestContext(told, self._caller.mask, tags, opened)

    def _learn(self, manners: ServerQuirks, reply: Reply) -> None:
        """Note what an answer shows of the server."""
        with self._learning:
            self._proven = manners
            if self._tells is None and reply.text:
                self._tells = bool(reply.logprobs)
            if manners.streams and reply.usage.read is None:
                self._streams = False  # streams of this server do not say what they used; whole answers may

    def _reply(self, request: GenerateRequest, manners: ServerQuirks, sent: list[int]) -> Reply:
        path = "chat/completions" if self._chat else "completions"

        def work() -> Reply:
            body = self._make_body(request, manners)
            payload = encode_payload(body)
            sent[0] += len(payload)
            reply = self._caller.read(path, payload, self._chat, "stream" in body)
            if "logprobs" not in body or (reply.wrong and self._tells is None):
                return replace(reply, logprobs=())
            if reply.wrong:
                raise UnreadableError(reply.wrong)
            return reply

        return self._caller.call(work, request.label)

    def _adapt(self, manners: ServerQuirks, request: GenerateRequest, error: RefusedError) -> bool:
        """Change how the server is asked by what it says; return whether there is any sense in asking again."""
        with self._learning:
            if self._manners is not manners:
                return True  # another thread has seen the same
            body = self._make_body(request, manners)
            changed = adapt_quirks(manners, body, error.told)
            if changed is None and self._tells is None and "logprobs" in body:
                changed = manners.with_change("logprobs", error.told.message)  # perhaps it is these
            if changed is None:
                return False
            self._change(changed)
            self._tells = False if "logprobs" in changed.changes else self._tells
            return True

    def _restore(self, manners: ServerQuirks) -> None:
        """Take back changes that did not help."""
        with self._learning:
            if self._manners is manners and manners is not self._proven:
                if "logprobs" not in self._proven.changes and "logprobs" in manners.changes:
                    self._tells = None
                self._change(self._proven)

    def _change(self, manners: ServerQuirks) -> None:
        """Ask otherwise from now on, and enter in the record why."""
        self._manners = manners
        changed = {name: self._caller.mask(why) for name, why in manners.changes.items()}
        self.record = {**self.record, "changed": changed}

    def _count_sent(self, size: int) -> int:
        return 0 if self._candidate.endpoint.here else size

    def _make_body(self, request: GenerateRequest, manners: ServerQuirks) -> dict[str, Any]:
        system = self._candidate.system
        with_system = "system" not in manners.changes
        told = (
            make_messages(request.prompt, system, with_system, self._read_image, self._begun)
            if self._chat
            else request.prompt.plain()
        )
        tells = self._tells is not False
        body = make_request_body(self._caller.model, told, request, manners, tells, self._begun.how)
        if not self._streams:
            body.pop("stream", None)
            body.pop("stream_options", None)
        return body

    def _count(self, reply: Reply) -> None:
        usage = reply.usage
        if reply.first is not None and usage.written and usage.read:
            self.work["prefill_tokens"] += usage.read
            self.work["prefill_seconds"] += reply.first
            self.work["decode_tokens"] += usage.written - 1
            self.work["decode_seconds"] += reply.seconds - reply.first

    def _score_one(self, request: ScoreRequest) -> ScoreAnswer:
        try:
            found = [score_pair(self._caller, pair, request.delimiter, request.label) for pair in request.pairs]
        except NotEchoedError as error:
            host = self._candidate.endpoint.host
            raise SingleRequestError(f"{host} does not score {request.label or 'a request'}: {error}.") from error
        return ScoreAnswer(
            logprobs=tuple(f.logprob for f in found),
            greedy=tuple(bool(f.greedy) for f in found),
            tokens=tuple(f.tokens for f in found),
            prompt_tokens=max(f.prompt_tokens for f in found),
            paid=(sum(f.paid[0] for f in found), sum(f.paid[1] for f in found)),
            sent_bytes=self._count_sent(sum(f.sent for f in found)),
        )

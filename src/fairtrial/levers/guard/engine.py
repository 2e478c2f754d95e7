"""The engine of a guarded candidate: questions are checked before they are asked, answers before they are given.

Scores of given texts pass as they are: there is nothing written to be held back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from fairtrial.engines.base import Engine, StreamsAnswers
from fairtrial.levers.guard.checks.base import Looked, LooksAtMany, Supplied
from fairtrial.levers.guard.checks.civic import CivicLooker
from fairtrial.levers.guard.checks.personal import PersonalDataLooker
from fairtrial.levers.guard.checks.rules import LEFT_OUT
from fairtrial.levers.guard.deciding import GuardOutcome, apply_changes, apply_checks, tell_interventions
from fairtrial.levers.guard.policy import OpenPolicy
from fairtrial.levers.guard.streaming import AnswerGuard
from fairtrial.levers.guard.supplying import find_archive, find_supplied, look_at_question
from fairtrial.levers.wrapping import WrappedEngine
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Intervention,
    Message,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    TextPart,
    TraceStep,
)
from fairtrial.records.trace import GUARD_LEFT_OUT, UNGUARDED, Trace, trace_of_part

OWN = "model"
"""What traces call the candidate without its guard, where others are asked too."""
OF_TEXTS = ("rules", "personal_data", "classifier", "quotes")
"""Checks that thoughts and a server's words are looked at with, too."""
OF_OTHERS = ("moderation", "model")
"""Checks that would ask once more for them."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A request whose question was checked.

    Attributes:
        request: as it came.
        question: as it was looked at.
        outcome: what came of it.
        sent: what the model is asked; None if it is not asked.
    """

    request: GenerateRequest
    question: Looked
    outcome: GuardOutcome
    sent: GenerateRequest | None


class GuardEngine(WrappedEngine):
    """See `fairtrial.engines.base.Engine`.

    Attributes:
        opened: the policy; it is closed with this engine.
    """

    def __init__(self, engine: Engine, name: str, opened: OpenPolicy, others: Mapping[str, Engine]) -> None:
        super().__init__(engine, name)
        self.opened = opened
        self._asks_others = bool(others)
        self._searches = find_archive(engine) is not None
        others_told = {f"asks_{key}": dict(one.record) for key, one in others.items()}
        self.record = {**self.record, **others_told}

    def close(self) -> None:
        """Answer no more, and let go of the checks."""
        super().close()
        self.opened.close()

    @property
    def gives_early(self) -> bool:
        """Whether sentences of an answer may be given before its end."""
        return self.opened.policy.stream == "sentence" and not self._searches

    def check(self, requests: Sequence[Request]) -> None:
        """Raise what the engine inside raises; no check is made yet."""
        self.engine.check(requests)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request, in order, as the engine inside gives it."""
        self._check_open()
        for answer in self.engine.score(requests):
            yield self._pass_scores(answer)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request, in order."""
        self._check_open()
        checked = self._check_questions(requests)
        sent = [one.sent for one in checked if one.sent is not None]
        answers: Iterator[GenerateAnswer] = iter(self.engine.generate(sent) if sent else ())
        if self._looks_at_many(self.opened.output):
            answers = iter(self._prepare_answers([one for one in checked if one.sent is not None], list(answers)))
        for one in checked:
            yield self._hold_back(one) if one.sent is None else self._check_answer(one, next(answers))

    def _as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        self._check_open()
        written = [one for one in requests if isinstance(one, GenerateRequest)]
        checked = self._check_questions(written)
        of = {id(one.sent): one for one in checked if one.sent is not None}
        for one in checked:
            if one.sent is None:
                yield one.request, self._hold_back(one)
        scored: list[Request] = [one for one in requests if isinstance(one, ScoreRequest)]
        wanted = [*scored, *(one.sent for one in checked if one.sent is not None)]
        for asked, answer in cast(StreamsAnswers, self.engine).as_answered(wanted) if wanted else ():
            if isinstance(answer, GenerateAnswer):
                known = of[id(asked)]
                yield known.request, self._check_answer(known, answer)
            else:
                yield asked, self._pass_scores(answer)

    def _pass_scores(self, answer: ScoreAnswer) -> ScoreAnswer:
        """Return scores as they are, and that nobody looked at them."""
        own = trace_of_part(OWN, answer) if self._asks_others else answer.trace
        return replace(answer, trace=(*own, TraceStep(self.name, action=UNGUARDED)))

    def _looks_at_many(self, checks: Sequence[object]) -> bool:
        return any(isinstance(getattr(one, "looker", None), LooksAtMany) for one in checks)

    def _check_questions(self, requests: Sequence[GenerateRequest]) -> list[Checked]:
        """Return the requests as they are asked, or why they are not."""
        questions = [look_at_question(request.prompt, self._searches) for request in requests]
        for one in self.opened.input:
            if isinstance(one.looker, LooksAtMany):
                one.looker.prepare(questions)
        return [self._check_question(r, q) for r, q in zip(requests, questions, strict=True)]

    def _check_question(self, request: GenerateRequest, question: Looked) -> Checked:
        outcome = apply_checks(self.opened.policy, self.opened.input, question)
        if outcome.said is None:
            outcome = self._refer_without_documents(question, outcome)
        if outcome.said is not None:
            return Checked(request, question, outcome, None)
        sent = request
        if outcome.text != request.prompt.user:
            sent = replace(request, prompt=request.prompt.with_question(outcome.text))
        sent, masked = self._mask_turns(sent)
        if masked:
            outcome = replace(outcome, interventions=(*outcome.interventions, *masked))
        asked = replace(sent) if sent is request else sent  # one object a request, by which its answer is known
        return Checked(request, question, outcome, asked)

    def _refer_without_documents(self, question: Looked, outcome: GuardOutcome) -> GuardOutcome:
        """Return that a question about voting is not asked at all where nothing was supplied to answer it from."""
        for one in self.opened.output:
            if not isinstance(one.looker, CivicLooker) or one.check.done == "pass":
                continue
            found = one.looker.needs_no_answer(question)
            if found is not None:
                policy = self.opened.policy
                said = one.check.say or (policy.refusal if one.check.done == "block" else policy.referred)
                done = Intervention("input", "civic", found.rule, found.category, one.check.done)
                return replace(outcome, said=said, interventions=(*outcome.interventions, done))
        return outcome

    def _mask_turns(self, request: GenerateRequest) -> tuple[GenerateRequest, list[Intervention]]:
        """Return a request without personal data in its earlier turns, and what was masked there."""
        done: list[Intervention] = []
        for one in self.opened.input:
            if not isinstance(one.looker, PersonalDataLooker) or one.check.done != "rewrite":
                continue
            messages: list[Message] = []
            for message in request.prompt.messages:
                seen = one.looker.look(Looked("input", message.text, ""))
                if message is request.prompt.question or message.images or not seen.findings:
                    messages.append(message)
                    continue
                text = apply_changes(message.text, [change for f in seen.findings for change in f.changes])
                messages.append(replace(message, parts=(TextPart(text),)))
                done += [
                    Intervention("input", "personal_data", f.rule, f.category, "rewrite", f.evidence)
                    for f in seen.findings
                ]
            if done:
                request = replace(request, prompt=Prompt.from_messages(messages))
        return request, done

    def _hold_back(self, one: Checked) -> GenerateAnswer:
        """Return what stands for the answer to a question that is not asked."""
        assert one.outcome.said is not None
        trace = (*one.outcome.trace, *tell_interventions(self.name, one.outcome.interventions, one.outcome.said))
        return GenerateAnswer(one.outcome.said, 0, "stop", sent_bytes=one.outcome.sent or None, trace=trace)

    def _prepare_answers(self, asked: Sequence[Checked], answers: list[GenerateAnswer]) -> list[GenerateAnswer]:
        """Have checks find out at once what they will be asked about some answers."""
        if self.opened.policy.stream == "answer":
            looked = [
                replace(one.question, stage="output", text=answer.text, supplied=self._find_supplied(one, answer))
                for one, answer in zip(asked, answers, strict=True)
            ]
            for check in self.opened.output:
                if isinstance(check.looker, LooksAtMany):
                    check.looker.prepare(looked)
        return answers

    def _find_supplied(self, one: Checked, answer: GenerateAnswer) -> Supplied:
        assert one.sent is not None
        return find_supplied(self.engine, one.sent, answer, one.question)

    def _check_answer(self, one: Checked, answer: GenerateAnswer, begun: AnswerGuard | None = None) -> GenerateAnswer:
        """Return the answer that is given, with what happened to it; ``begun`` has seen all of its text already."""
        own = trace_of_part(OWN, answer) if self._asks_others else answer.trace
        before = (*one.outcome.trace, *tell_interventions(self.name, one.outcome.interventions))
        if one.sent is not None and one.sent.prompt != one.request.prompt:
            before = (*before, TraceStep(self.name, prompt=one.sent.prompt.plain()))
        sent = _add(answer.sent_bytes, one.outcome.sent)
        supplied = self._find_supplied(one, answer)
        at = replace(one.question, stage="output", supplied=supplied)
        if answer.finish == "refused" and not answer.text.strip():
            hidden = self._check_unasked(at, answer)
            return replace(hidden, trace=(*before, *own, *hidden.trace), sent_bytes=sent)
        guard = begun or AnswerGuard(self.opened, one.question, supplied)
        text = guard.given if begun else guard.feed(answer.text)
        text += guard.finish()
        after: Trace = (*guard.trace, *tell_interventions(self.name, guard.interventions, guard.said))
        given = replace(answer, text=text, sent_bytes=_add(sent, guard.sent))
        if guard.stopped:
            return replace(given, thought="", said="", trace=(*before, *own, *after))
        hidden = self._check_unasked(at, given)
        return replace(hidden, trace=(*before, *own, *after, *hidden.trace))

    def _check_unasked(self, at: Looked, answer: GenerateAnswer) -> GenerateAnswer:
        """Return an answer with what may be shown of its thought and of a server's words, and what was left out.

        Checks that ask a model or an endpoint are not made of either: where the policy has one, all of it is left out.
        """
        thought, said = (self._show(replace(at, text=text)) for text in (answer.thought, answer.said))
        changed = (thought, said) != (answer.thought, answer.said)
        told = (TraceStep(self.name, action=GUARD_LEFT_OUT),) if changed else ()
        return replace(answer, thought=thought, said=said, trace=told)

    def _show(self, at: Looked) -> str:
        """Return what may be shown of a text that is no part of the answer; it is told without its words."""
        if not at.text:
            return ""
        acting = [one for one in self.opened.output if one.check.done != "pass"]
        if any(one.check.kind in OF_OTHERS for one in acting):
            return LEFT_OUT
        found = apply_checks(self.opened.policy, [one for one in acting if one.check.kind in OF_TEXTS], at)
        return found.text if found.said is None else LEFT_OUT


def _add(sent: int | None, more: int) -> int | None:
    return sent if not more else (sent or 0) + more

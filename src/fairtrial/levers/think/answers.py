"""What a first call came to, and answers of two calls put together.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairtrial.errors import CapabilityError
from fairtrial.levers.wrapping import get_prompt
from fairtrial.records import GenerateAnswer, Request, ScoreAnswer, TraceStep
from fairtrial.records.trace import Trace, trace_of_part

LEVER, OWN = "think", "model"
"""What traces call the lever, and the model that it asks."""


TAG = 20
"""Characters, or tokens, of an opening tag at most."""


@dataclass(frozen=True, slots=True)
class Thought:
    """What thinking about one prompt came to.

    Attributes:
        text: what was thought; None if the model answered without a thought.
        tokens: that it took.
        cut: whether it was cut.
        begun: the answer as far as it was begun after it, of ``begun_tokens`` tokens.
        answer: of the first call; None if there was none.
        done: the whole answer, where no second call is needed.
    """

    text: str | None = ""
    tokens: int = 0
    cut: bool = False
    begun: str = ""
    begun_tokens: int = 0
    answer: GenerateAnswer | None = None
    done: GenerateAnswer | None = None

    def describe(self) -> str:
        """Return in words what was thought."""
        if self.text is None:
            return "no thought"
        return f"thought for {self.tokens:,} token{'s' * (self.tokens != 1)}, {'cut' if self.cut else 'to its end'}"


def read_thought(answer: GenerateAnswer, final: bool, given: bool, most: int) -> Thought:
    """Return what a first call came to, of a model that thinks between tags.

    Args:
        answer: of that call.
        final: whether nothing more is asked for, whatever it says.
        given: whether the answer, or its beginning, will be given, so that what it answers by itself does not count.
        most: tokens that its answer may have.

    Raises CapabilityError if a thought was cut that cannot be given back.
    """
    spent = answer.tokens if answer.unfinished else answer.reasoning_tokens
    over = answer.finish == "length"
    begun = answer.text.strip()
    if over and not answer.thought and 0 < len(begun) <= TAG and begun[0] in "<[◁":  # it was about to think
        return Thought("", answer.tokens, True, answer=answer)
    thinks = bool(answer.thought) or spent > 0 or not answer.text.strip()
    cut = over and thinks and not answer.text.strip()
    if cut and spent > TAG and not answer.thought and not final:
        raise CapabilityError(
            "think: the model does not show its thoughts, so none can be given back where it was cut.",
            fix="Write a limit in place of the budget.",
        )
    thought = Thought(answer.thought if thinks else None, spent, cut, answer=answer)
    if given and not final:
        return replace(thought, text=answer.thought)
    begun_tokens = max(0, answer.tokens - spent)
    if final or not over or (not cut and begun_tokens >= most):
        return replace(thought, done=answer)
    if cut:
        return thought
    return replace(thought, begun=answer.text, begun_tokens=begun_tokens)


def keep_answer(thought: Thought) -> GenerateAnswer:
    """Return the answer of a first call that needed no second one."""
    assert thought.done is not None
    return replace(thought.done, trace=(*trace_of_part(OWN, thought.done), _tell(thought)))


def finish_answer(thought: Thought | None, asked: Request, request: Request, answer: GenerateAnswer) -> GenerateAnswer:
    """Return the text that two calls have written; of one alone its own, with its trace.

    Args:
        thought: what the first call came to.
        asked: in the second call.
        request: of the candidate.
        answer: to the second call.
    """
    trace = _join_trace([thought] if thought else [], asked, request, trace_of_part(OWN, answer))
    first = thought.answer if thought else None
    if thought is None or first is None:
        return replace(answer, trace=trace)
    known = first.logprob is not None and answer.logprob is not None
    sent = [one.sent_bytes for one in (first, answer) if one.sent_bytes is not None]
    return replace(
        answer,
        text=thought.begun + answer.text,
        tokens=first.tokens + answer.tokens,
        reasoning_tokens=thought.tokens + answer.reasoning_tokens,
        thought="\n\n".join(filter(None, (thought.text, answer.thought))),
        logprob=(first.logprob or 0.0) + (answer.logprob or 0.0) if known else None,
        logprob_tokens=None,
        sent_bytes=sum(sent) if sent else None,
        truncated_tokens=max(first.truncated_tokens, answer.truncated_tokens),
        counted=first.counted or answer.counted,
        masked=first.masked or answer.masked,
        trace=trace,
    )


def finish_scores(thoughts: Sequence[Thought], asked: Request, request: Request, answer: ScoreAnswer) -> ScoreAnswer:
    """Return the scores of choices after what was thought about their prompts."""
    first = [thought.answer for thought in thoughts if thought.answer]
    sent = [size for size in (*(one.sent_bytes for one in first), answer.sent_bytes) if size is not None]
    trace = _join_trace(thoughts, asked, request, trace_of_part(OWN, answer))
    return replace(answer, trace=trace, sent_bytes=sum(sent) if sent else None)


def _join_trace(thoughts: Sequence[Thought], asked: Request, request: Request, last: Trace) -> Trace:
    """Return what happened: each thought, the prompt really sent, the last call."""
    first = [step for one in thoughts if one.answer for step in (*trace_of_part(OWN, one.answer), _tell(one))]
    prompt = get_prompt(asked)
    sent = [TraceStep(LEVER, prompt=prompt.plain())] if prompt != get_prompt(request) else []
    return (*first, *sent, *last)


def _tell(thought: Thought) -> TraceStep:
    return TraceStep(LEVER, action=thought.describe())

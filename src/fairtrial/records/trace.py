"""What happened to an answer on its way: who was asked, what was really sent, which sources were used, what was done.

A plain candidate's answers have no trace.  Each lever that acts while the model answers adds its steps, in the order in
which things happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Protocol

from fairtrial.records.interventions import Intervention
from fairtrial.records.passages import PassageUse, QuoteUse


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One thing that happened: a model was asked, or a lever did something.

    Attributes:
        by: who did it: the lever's name, or of a model that was asked the name of its part (``small``, or the candidate
            whose model it was); a part of a part is ``PART/PART``.
        tokens_in: tokens that the model read, as `fairtrial.measures.sharing` counts them; None where none was asked.
        tokens_out: tokens that it generated.
        signal: how sure it was of its own answer, from 0 to 1; None where nobody looked.
        prompt: the prompt really sent, as running text, where it differs from the request's.
        sources: what was consulted, e.g. passages by their names.
        action: what was done, in words, e.g. ``refused``; empty if there is nothing to say.
        passages: what became of each passage of an archive that was found, best first.
        quotes: what became of each quotation in the answer.
        interventions: what a guard did or noted.
        said: a guard's own words, with which it ended the answer.
    """

    by: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    signal: float | None = None
    prompt: str = ""
    sources: tuple[str, ...] = ()
    action: str = ""
    passages: tuple[PassageUse, ...] = ()
    quotes: tuple[QuoteUse, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    said: str = ""

    @property
    def is_call(self) -> bool:
        """Whether a model was asked."""
        return self.tokens_in is not None


Trace = tuple[TraceStep, ...]

READ_NOTHING = "read nothing in an image"
READ_PART = "left out a part of an image's text"
"""Actions of who reads images to a model that knows text alone; they make an answer doubtful."""

FOUND_NOTHING = "found no passage"
DROPPED_PASSAGES = "left out passages that did not fit"
ABSTAINED = "abstained"
WITHHELD = "withheld the answer"
CUT_QUOTES = "cut what is repeated beyond the licence"
UNSHOWN_CITED = "cites passages that were not shown"
RIGHTS_CHANGED = "rights changed since the trial was planned"
SPOKEN_TO = "a passage reads like instructions"
STRIPPED = "left out sentences that read like instructions"
"""Actions of who searches an archive for a model; all but the abstention make an answer doubtful."""

GUARD_BLOCKED = "the guard blocked it"
GUARD_REFERRED = "the guard referred to an authority"
GUARD_REWROTE = "the guard changed it"
GUARD_NOTED = "the guard noted something"
GUARD_LEFT_OUT = "the guard left out some of what was thought, or of the server's words"
GUARD_FAILED = "a check of the guard could not be made"
UNGUARDED = "scores pass the guard as they are"
"""Actions of a guard."""

_DEFAULTS = {f.name: f.default for f in fields(TraceStep) if f.name != "by"}


def trace_document(trace: Iterable[TraceStep]) -> list[dict[str, Any]]:
    """Return a trace as JSON values, without what a step does not tell."""
    return [_describe_step(step) for step in trace]


def _describe_step(step: TraceStep) -> dict[str, Any]:
    told = {name: getattr(step, name) for name in ("by", *_DEFAULTS)}
    body = {name: value for name, value in told.items() if name == "by" or value != _DEFAULTS[name]}
    if step.passages:
        body["passages"] = [use.document_of() for use in step.passages]
    if step.quotes:
        body["quotes"] = [asdict(use) for use in step.quotes]
    if step.interventions:
        body["interventions"] = [one.document() for one in step.interventions]
    return body


def read_trace(answer: Mapping[str, Any]) -> Trace:
    """Return the trace of an answer given as JSON values; also of one stored when traces were called ``steps``.

    Raises TypeError for a step that is none.
    """
    steps = [TraceStep(**step) for step in renamed_trace(answer).get("trace", ())]
    if any(isinstance(step.sources, str | Mapping) for step in steps):
        raise TypeError("the sources of a step are no list")
    lists = (held for step in steps for held in (step.passages, step.quotes, step.interventions))
    if any(isinstance(held, str | Mapping) for held in lists):
        raise TypeError("the passages, the quotations or the interventions of a step are no list")
    return tuple(
        replace(
            step,
            sources=tuple(step.sources),
            passages=tuple(PassageUse.from_document(use) for use in step.passages),  # type: ignore[arg-type]
            quotes=tuple(QuoteUse.from_document(use) for use in step.quotes),  # type: ignore[arg-type]
            interventions=tuple(Intervention.from_document(one) for one in step.interventions),  # type: ignore[arg-type]
        )
        for step in steps
    )


def renamed_trace(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer's JSON values with its trace under that name, however long ago it was stored."""
    return {"trace" if name == "steps" else name: value for name, value in answer.items()}


class Traced(Protocol):
    """An answer."""

    @property
    def trace(self) -> Trace:
        """See `TraceStep`."""
        ...

    @property
    def moved(self) -> tuple[int, int]:
        """Tokens read and generated by the one model that gave it."""
        ...


def trace_of_part(name: str, answer: Traced, samples: Sequence[Traced] = ()) -> Trace:
    """Return what happened to an answer of one of several candidates that answer together, as they know it.

    Args:
        name: of the candidate among them.
        answer: its answer.
        samples: further answers of it that had to be paid for.
    """
    steps = list(_with_call(answer))
    for step in (step for sample in samples for step in _with_call(sample) if step.is_call):
        at = next((i for i, known in enumerate(steps) if known.is_call and known.by == step.by), None)
        if at is None:
            steps.append(TraceStep(step.by, step.tokens_in, step.tokens_out))
        else:
            read, new = count_calls((steps[at], step), (0, 0))
            steps[at] = replace(steps[at], tokens_in=read, tokens_out=new)
    return tuple(replace(step, by=f"{name}/{step.by}" if step.by else name) for step in steps)


def _with_call(answer: Traced) -> Trace:
    """Return an answer's trace with the call of the one model that gave it, if it tells of none."""
    trace = answer.trace
    if any(step.is_call for step in trace):
        return trace
    sent = next((i for i in range(len(trace), 0, -1) if trace[i - 1].prompt), 0)
    return (*trace[:sent], TraceStep("", *answer.moved), *trace[sent:])


def with_signal(trace: Trace, name: str, signal: float) -> Trace:
    """Return a trace that says how sure the part ``name`` was of its answer."""
    at = next((i for i, step in enumerate(trace) if step.by == name and step.is_call), None)
    if at is None:  # several models answered for it
        return (*trace, TraceStep(name, signal=signal))
    return (*trace[:at], replace(trace[at], signal=signal), *trace[at + 1 :])


def count_calls(trace: Trace, moved: tuple[int, int]) -> tuple[int, int]:
    """Return the tokens read and generated by all models of an answer; ``moved``: those of the one that gave it."""
    calls = [step for step in trace if step.is_call]
    if not calls:
        return moved
    return sum(step.tokens_in or 0 for step in calls), sum(step.tokens_out or 0 for step in calls)

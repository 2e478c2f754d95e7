"""What follows from what checks find: passed, blocked, rewritten or referred; and what was done, for the trace.

Checks are made in the policy's order.  The first one that blocks or refers ends it; what one rewrites the next see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairtrial.levers.guard.checks.base import Change, CheckFailedError, CheckFinding, Looked, Seen
from fairtrial.levers.guard.policy import OpenCheck
from fairtrial.records import Intervention
from fairtrial.records.interventions import GuardAction, bound_evidence
from fairtrial.records.trace import (
    GUARD_BLOCKED,
    GUARD_FAILED,
    GUARD_NOTED,
    GUARD_REFERRED,
    GUARD_REWROTE,
    Trace,
    TraceStep,
)
from fairtrial.spec.guard import Policy

WORDS: dict[GuardAction, str] = {
    "block": GUARD_BLOCKED,
    "refer": GUARD_REFERRED,
    "rewrite": GUARD_REWROTE,
    "pass": GUARD_NOTED,
}
MOST = 20
"""Interventions of one stage that are told."""


@dataclass(frozen=True, slots=True)
class GuardOutcome:
    """What came of the checks of a text.

    Attributes:
        text: that goes on; as it was if nothing is rewritten.
        said: what is answered in place of it; None if it goes on.
        interventions: what was done or noted.
        trace: models that were asked.
        sent: bytes that went to another machine.
    """

    text: str
    said: str | None = None
    interventions: tuple[Intervention, ...] = ()
    trace: Trace = ()
    sent: int = 0


def apply_checks(policy: Policy, checks: Sequence[OpenCheck], at: Looked) -> GuardOutcome:
    """Return what becomes of a text."""
    done: list[Intervention] = []
    trace: list[TraceStep] = []
    sent = 0
    for one in checks:
        seen, told, action = _look(one, at)
        trace += seen.trace
        sent += seen.sent
        done += told
        if action in ("block", "refer"):
            said = one.check.say or (policy.refusal if action == "block" else policy.referred)
            return GuardOutcome(at.text, said, tuple(done[-MOST:]), tuple(trace), sent)
        if action == "rewrite":
            at = replace(at, text=apply_changes(at.text, [change for f in seen.findings for change in f.changes]))
    return GuardOutcome(at.text, None, tuple(done[:MOST]), tuple(trace), sent)


def _look(one: OpenCheck, at: Looked) -> tuple[Seen, list[Intervention], GuardAction]:
    """Return what one check saw, what is told of it, and what follows."""
    check = one.check
    try:
        seen = one.looker.look(at)
    except CheckFailedError as error:
        seen = Seen(trace=error.trace, sent=error.sent)
        why = str(error)
    except Exception as error:  # whatever a check does, the policy says what follows
        seen, why = Seen(), type(error).__name__
    else:
        told = [_tell(one, at, finding, check.done) for finding in seen.findings]
        return seen, told, check.done if told else "pass"
    closed: GuardAction = "refer" if check.done == "refer" else "block"
    action: GuardAction = closed if check.fail == "closed" else "pass"
    return seen, [Intervention(at.stage, check.kind, why[:120], "", action, failed=True)], action


def _tell(one: OpenCheck, at: Looked, finding: CheckFinding, action: GuardAction) -> Intervention:
    evidence = bound_evidence(finding.evidence)
    return Intervention(at.stage, one.check.kind, finding.rule[:120], finding.category[:60], action, evidence)


def apply_changes(text: str, changes: Sequence[Change]) -> str:
    """Return a text with its changes made; of those that overlap the first one, and of these the longest."""
    given, at = [], 0
    for one in sorted(changes, key=lambda one: (one.start, -one.end)):
        if one.start < at:
            continue
        given += [text[at : one.start], one.put]
        at = one.end
    return "".join([*given, text[at:]])


def tell_interventions(name: str, done: Sequence[Intervention], said: str = "") -> Trace:
    """Return the step of a trace that tells what a guard did; nothing if it did nothing.

    Args:
        name: of the guard.
        done: what it did or noted.
        said: its own words, with which it ended the answer.
    """
    if not done:
        return ()
    actions = [WORDS[one.action] for one in done if not (one.failed and one.action == "pass")]
    actions += [GUARD_FAILED] if any(one.failed for one in done) else []
    return (TraceStep(name, action="; ".join(dict.fromkeys(actions)), interventions=tuple(done), said=said),)

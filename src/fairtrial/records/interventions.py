"""What a guard did to a question or an answer: which check, by which rule, what it found and what was done.

The record holds the few words that a rule rests on, never the text that was held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Stage = Literal["input", "output"]
GuardAction = Literal["pass", "block", "rewrite", "refer"]

MOST_EVIDENCE = 5
"""Pieces of evidence that one intervention tells."""
LONGEST_EVIDENCE = 80
"""Characters of each."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """One thing that a guard did, or noted.

    Attributes:
        stage: ``input``, the question; ``output``, the answer.
        check: which kind of check, e.g. ``rules``.
        rule: what it looks like, e.g. ``making explosives``; of a check that failed why.
        category: a hazard or kind, as the check names it, e.g. ``iwp``, ``S13``, ``card``; empty if it has none.
        action: what was done; ``pass``: nothing, it was noted.
        evidence: words that it rests on, each at most `LONGEST_EVIDENCE` characters, `MOST_EVIDENCE` of them.
        failed: whether the check could not be made, so that the policy's ``fail`` decided.
    """

    stage: Stage
    check: str
    rule: str
    category: str
    action: GuardAction
    evidence: tuple[str, ...] = ()
    failed: bool = False

    def describe(self) -> str:
        """Return it in words."""
        what = f"{self.check}: {self.rule}" + (f" ({self.category})" if self.category else "")
        told = f", which rests on {', '.join(map(repr, self.evidence))}" if self.evidence else ""
        done = {"pass": "noted", "block": "blocked", "rewrite": "rewritten", "refer": "referred"}[self.action]
        failed = "; the check could not be made" if self.failed else ""
        return f"{self.stage} {done} by {what}{told}{failed}"

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, without what it does not tell."""
        told = asdict(self)
        return {name: list(value) if name == "evidence" else value for name, value in told.items() if value}

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> Intervention:
        """Return what `document` described.  Raises TypeError or ValueError if it is none."""
        given = {"rule": "", "category": "", **found, "evidence": found.get("evidence", ())}
        if isinstance(given["evidence"], str | Mapping):
            raise TypeError("the evidence of an intervention is no list")
        made = cls(**{**given, "evidence": tuple(given["evidence"])})
        texts = (made.check, made.rule, made.category, *made.evidence)
        if made.stage not in get_args(Stage) or made.action not in get_args(GuardAction):
            raise ValueError("an intervention has no such stage or action")
        if not all(isinstance(text, str) for text in texts) or type(made.failed) is not bool:
            raise ValueError("an intervention has another kind of check, rule, category, evidence or failed")
        return made


def bound_evidence(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return evidence within its limits, each piece on one line."""
    short = (" ".join(one.split()) for one in dict.fromkeys(words))
    cut = (one if len(one) <= LONGEST_EVIDENCE else one[: LONGEST_EVIDENCE - 1] + "\u2026" for one in short)
    return tuple(one for one in cut if one)[:MOST_EVIDENCE]

"""Rights in the terminal: what is decided of a document and why, readable at 60 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from fairtrial.pages.showing import make_inline, make_visible
from fairtrial.rights.circumstances import Circumstances
from fairtrial.rights.decision import Decision
from fairtrial.rights.explaining import (
    RULES,
    USES,
    Explanation,
    describe_duties,
    group_decisions,
    group_statements,
    leave_out_use,
    write_moment,
)
from fairtrial.rights.record import Evidence
from fairtrial.rights.signals import name_signal

_RAW_LINES = 4
_RAW_CHARACTERS = 300


def render_circumstances(circumstances: Circumstances) -> Text:
    """Return for whom, where and when it was decided."""
    told = [
        write_moment(circumstances.at),
        f"territory {circumstances.territory or 'not known'}",
        f"operator {circumstances.operator or 'not known'}",
        f"profile {circumstances.profile}",
    ]
    return Text("Decided for " + ", ".join(told), style="dim")


def render_explanation(explanation: Explanation) -> Iterator[RenderableType]:
    """Yield what is decided of a document, each use with its reasons and duties, then everything that was seen."""
    yield Text(make_inline(explanation.title or explanation.name), style="bold")
    about = [explanation.name if explanation.title else "", explanation.publisher]
    if any(about):
        yield Text(make_inline("  ·  ".join(one for one in about if one)), overflow="fold")
    if explanation.id:
        kept = "; kept: hash and evidence only" if explanation.hash_only else ""
        yield Text(f"id {explanation.id[:12]}{kept}", style="dim")
    for decisions in group_decisions(explanation.decisions):
        yield from _render_decisions(decisions)
    yield Text("")
    yield Text("What was seen" if explanation.evidence else "Nothing was seen of its rights.", style="bold")
    for number, evidence in enumerate(explanation.evidence, 1):
        yield from _render_evidence(number, evidence)


def _render_decisions(decisions: list[Decision]) -> Iterator[RenderableType]:
    """Yield decisions that differ in the use alone."""
    first = decisions[0]
    word, style = ("allowed", "green") if first.allowed else ("denied", "red")
    yield Text("")
    for one in decisions:
        yield Text.assemble((f"{one.use.value:<9}", "bold"), " ", (f"{word:<8}", style), " ", USES[one.use])
    yield _indent(Text(f"{first.rule.value}: {RULES[first.rule]}", style="dim"))
    for reason in first.reasons:
        told = reason if len(decisions) == 1 else leave_out_use(reason, first.use)
        yield _indent(Text(make_inline(told), overflow="fold"))
    duties = describe_duties(first.duties)
    if duties:
        yield _indent(Text(make_inline(f"in return: {'; '.join(duties)}"), overflow="fold"))
    if first.changes is not None:
        yield _indent(Text(f"changes at {write_moment(first.changes)}"))


def _render_evidence(number: int, evidence: Evidence) -> Iterator[RenderableType]:
    yield Text(make_inline(f"{number}. {name_signal(evidence.signal)}: {evidence.where}"), overflow="fold")
    trust = "" if evidence.ttl_days is None else f", for {evidence.ttl_days:g} days"
    facts = [f"seen {write_moment(evidence.seen)}{trust}"]
    facts += [f"sha256 {evidence.sha256[:12]}"] if evidence.sha256 else []
    named = (("holder", evidence.holder), ("licence", evidence.licence), ("terms", evidence.terms_url))
    facts += [f"{name} {value}" for name, value in named if value]
    yield _indent(Text(make_inline("; ".join(facts)), style="dim", overflow="fold"))
    if evidence.problem:
        yield _indent(Text(make_inline(f"cannot be read: {evidence.problem}"), style="yellow", overflow="fold"))
    for says, uses, because, terms in group_statements(evidence):
        under = f"; {'; '.join(terms)}" if terms else ""
        told = f"{says} {', '.join(use.value for use in uses)} ({because}){under}"
        yield _indent(Text(make_inline(told), overflow="fold"))
    if not evidence.statements and not evidence.problem:
        yield _indent(Text("says nothing of any use"))
    if raw := _shorten(evidence.raw):
        yield _indent(Text(make_visible(raw), style="dim", overflow="fold"), 4)


def _shorten(raw: str) -> str:
    lines = raw.strip()[:_RAW_CHARACTERS].splitlines()
    text = "\n".join(line.rstrip() for line in lines[:_RAW_LINES])
    return f"{text} …" if len(text) < len(raw.strip()) else text


def _indent(text: Text, columns: int = 2) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)

"""The summary of risks as one HTML page that needs no network and no script; everything in it is escaped."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from fairtrial.pages.showing import make_visible
from fairtrial.report import words
from fairtrial.report.harms.risk.document import NO_CLAIM, RiskSummary
from fairtrial.studies.harms import describe_decision


def _name_levers(risks: RiskSummary) -> str:
    """Return what was put around the model, by name: ``retrieve, guard``."""
    return ", ".join(name for lever in risks.candidate.spec.levers for name in lever)


def render_risks(risks: RiskSummary) -> str:
    """Return the page: the summary on its first sheet, the evidence behind it."""
    environment = Environment(
        loader=PackageLoader("fairtrial.report.harms.risk"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=make_visible, share=lambda value: words.format_quantity(value, "1"))
    style = (files("fairtrial.report.html") / "templates" / "report.css").read_text("utf-8")
    decision = "" if risks.decision is None else describe_decision(risks.decision)
    return environment.get_template("risk.html").render(
        risks=risks,
        levers=_name_levers(risks),
        style=style,
        decision=decision,
        document=risks.document(),
        no_claim=NO_CLAIM,
    )

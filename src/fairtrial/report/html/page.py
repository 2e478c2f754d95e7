"""The report: one HTML file that needs no network, no script and no model.

Everything that came from a model, a task or a trial file is hostile text: it is escaped by the template engine, its
control and direction-changing characters are made visible, and the page's own policy forbids whatever might run.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from fairtrial.analysis.doubts import show_exactly
from fairtrial.analysis.standings import WeightedPlace
from fairtrial.analysis.verdicts import Estimate
from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger
from fairtrial.pages.showing import make_visible, offer_breaks
from fairtrial.report import across, best, family, judges, needs, repeats, settings, study, words
from fairtrial.report.corpus import make_corpus_rows
from fairtrial.report.examples import find_flips
from fairtrial.report.harms import limits
from fairtrial.report.harms.detail import find_harm_details
from fairtrial.report.html import bands, costs, parity, plots, scatter, slopes, waterfalls
from fairtrial.report.pictures import ReportPictures
from fairtrial.report.prompts import find_prompt_examples
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary, summarise
from fairtrial.studies.base import Findings

FOLD_AFTER = 700
"""Characters of a question or answer that are shown before the rest is folded away."""


def write_report(ledger: Ledger, trial_id: str, path: Path, summary: Summary | None = None) -> Path:
    """Write the report of a trial and return its path; the file appears whole or not at all.

    Args:
        ledger: with the trial.
        trial_id: of the trial.
        path: where the report goes.
        summary: what it is about, where that is known already.

    Raises FairtrialError if the file cannot be written.
    """
    text = render_report(ledger, summarise(ledger, trial_id) if summary is None else summary)
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as file:
            partial = Path(file.name)
            file.write(text)
        partial.chmod(0o666 & ~_read_umask())
        partial.replace(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FairtrialError(
            f"the report {path} cannot be written: {reason}.", fix="Name another place with --report."
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    return path


def _read_umask() -> int:
    """Return the process's mask for new files (it can only be read by setting it)."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _make_environment() -> Environment:
    """Return what reads the page's templates, with the filters and functions that they use."""
    environment = Environment(
        loader=PackageLoader("fairtrial.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=make_visible,
        name=offer_breaks,
        exact=show_exactly,
        number=words.format_number,
        quantity=words.format_quantity,
        points=words.format_difference,
        figures=_keep_together,
    )
    environment.globals.update(
        MARKS=words.MARKS,
        estimate_bar=plots.place_estimate,
        at_chance=words.is_at_chance,
        score_bar=_place_score,
        count_tasks=words.count_tasks,
        sentence=words.describe_verdict,
        beside=_describe_beside,
        corpus_rows=make_corpus_rows,
        is_doubtful=words.is_doubtful,
        fold_after=FOLD_AFTER,
        megabytes=_format_megabytes,
        p_text=family.format_p_value,
        e_text=family.format_e_value,
        wide=family.format_wide_interval,
    )
    return environment


def render_report(ledger: Ledger, summary: Summary) -> str:
    """Return the report as HTML text."""
    pictures = ReportPictures(ledger)
    examples = {
        "flips": find_flips(ledger, summary, pictures),
        "prompts": find_prompt_examples(ledger, summary, pictures),
    }
    values = _gather_values(ledger, summary)
    return _make_environment().get_template("report.html").render({**values, **examples})


def render_parts(ledger: Ledger, summary: Summary) -> tuple[str, str]:
    """Return the verdicts, one by one with what they claim, and the evidence below them, as HTML text.

    They are for pages that show single answers themselves: without examples, pictures and inline styles.
    """
    values = {**_gather_values(ledger, summary), "flips": (), "prompts": ()}
    environment = _make_environment()
    verdicts, evidence = (environment.get_template(name) for name in ("verdicts_alone.html", "evidence.html"))
    return verdicts.render(values), evidence.render(values)


def render_findings(found: Findings) -> str:
    """Return what a study found as HTML text, as the report shows it."""
    shown = SimpleNamespace(study=found, further=())
    values = {"summary": shown, "scatter": scatter, "bands": bands, "slopes": slopes, "waterfalls": waterfalls}
    return _make_environment().get_template("study.html").render(**values, study=study)


def _gather_values(ledger: Ledger, summary: Summary) -> dict[str, Any]:
    """Return what the templates show."""
    asked = max((v.family for v in summary.verdicts), default=1)
    return {
        "summary": summary,
        "headline": words.describe_outcome(summary),
        "claim": words.describe_rule(summary.decide, asked),
        "interval_kind": "the interval of each question alone" if asked > 1 else "the interval",
        "coverage": words.format_coverage(summary.decide.confidence),
        "family": family.describe_family(summary),
        "legend": family.describe_columns(summary),
        "evidence": family.has_evidence(summary),
        "doubts": words.group_headline_doubts(summary),
        "minor_doubts": words.list_minor_doubts(summary),
        "notes": [*words.list_chance_notes(summary), *judges.describe_costs(summary)],
        "forests": plots.make_forests(summary),
        "estimates": [(task, groups) for task in summary.tasks if (groups := _group_by_measure(summary, task))],
        "harms": find_harm_details(ledger, summary),
        "broken": limits.describe_limits(summary),
        "latencies": needs.find_latencies(ledger, summary),
        "paths": plots.make_paths(summary),
        "levers": [_format_levers(candidate) for candidate in summary.candidates],
        "ledger_name": ledger.path.name,
        **SECTIONS,
    }


SECTIONS: Mapping[str, Any] = {
    "across": across,
    "best": best,
    "limits": limits,
    "parity": parity,
    "repeats": repeats,
    "settings": settings,
    "costs": costs,
    "needs": needs,
    "scatter": scatter,
    "bands": bands,
    "slopes": slopes,
    "waterfalls": waterfalls,
    "study": study,
}
"""Modules whose functions the templates call."""


def _describe_beside(summary: Summary, estimate: Estimate) -> str:
    """Return what must stand beside a score: answers that were not read, and the judge that gave it."""
    told = (
        words.describe_misread(summary, estimate),
        judges.describe_beside(summary, estimate),
        judges.describe_corrected(summary, estimate),
    )
    return "; ".join(filter(None, told))


def _group_by_measure(summary: Summary, task: TaskSummary) -> list[tuple[str, list[Any]]]:
    """Return a task's shown estimates by measure."""
    found = words.select_estimates(summary, task)
    names = dict.fromkeys(e.measure for e in found)
    return [(name, [e for e in found if e.measure == name]) for name in names]


def _place_score(place: WeightedPlace) -> plots.Bar:
    """Return a weighted score's place on an axis from 0 to 1."""
    axis = plots.LinearAxis(0.0, 1.0, (0.0, 0.5, 1.0))
    return plots.place_interval(axis, place.low or 0.0, place.score, 1.0 if place.high is None else place.high)


def _format_levers(candidate: CandidateSummary) -> str:
    """Return a candidate's levers as the trial file writes them, on one line."""
    levers = [
        yaml.safe_dump(dict(lever), default_flow_style=True, sort_keys=False, allow_unicode=True, width=math.inf)
        for lever in candidate.spec.levers
    ]
    return ", ".join(lever.strip().removeprefix("{").removesuffix("}") for lever in levers) or "none"


def _keep_together(text: str) -> str:
    """Return figures that lines do not break apart: a number and its unit, and the ends of a short interval."""
    kept = re.sub(r"(?<=\d) (?=[A-Za-z])", "\u00a0", text)
    return kept.replace(", ", ",\u00a0") if len(kept) <= LONGEST else kept


LONGEST = 28
"""Characters of figures whose interval stays on one line."""


def _format_megabytes(size: int | None) -> str:
    """Return a file size in decimal megabytes."""
    return "unknown" if size is None else f"{size / 1e6:,.1f} MB"

"""A gate as JUnit XML, which pipelines display."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.report import words
from fairtrial.report.gate import Check, Gate, fails
from fairtrial.report.summary import Summary


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its name, and why it failed or was skipped; it passed if neither is said."""

    name: str
    failed: str = ""
    skipped: str = ""
    text: str = ""


def junit(summary: Summary, gate: Gate) -> str:
    """Return the gate as JUnit XML: a suite a task, a case a claim; then what is missing and what is doubtful.

    What is undecided, missing or doubtful and allowed is skipped.
    """
    root = ET.Element("testsuites", name=words.visible(f"fairtrial {summary.name}"))
    for task in dict.fromkeys(check.task for check in gate.checks):
        own = [claim_case(summary, check, gate) for check in gate.checks if check.task == task]
        add_suite(root, task, own)
    allowed = gate.allowed
    for name, texts, may in (("missing", gate.missing, allowed.missing), ("doubts", gate.doubts, allowed.doubts)):
        if texts:
            cases = [Case(text, "" if may else name, name if may else "", text) for text in texts]
            add_suite(root, f"{summary.name}: {name}", cases)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def claim_case(summary: Summary, check: Check, gate: Gate) -> Case:
    """Return the case of one claim."""
    name = f"{check.candidate} is {check.claim} than {summary.baseline} ({check.measure})"
    name = name.replace("not-worse than", "not worse than")
    if fails(check, gate.allowed.undecided):
        return Case(name, failed=check.outcome, text=check.text)
    return Case(name, skipped=check.text if check.outcome == "undecided" else "")


def add_suite(root: ET.Element, name: str, cases: Sequence[Case]) -> None:
    """Add a suite with its cases."""
    suite = ET.SubElement(
        root,
        "testsuite",
        name=words.visible(name),
        tests=str(len(cases)),
        failures=str(sum(bool(case.failed) for case in cases)),
        skipped=str(sum(bool(case.skipped) for case in cases)),
    )
    for case in cases:
        made = ET.SubElement(suite, "testcase", classname=words.visible(name), name=words.visible(case.name))
        if case.failed:
            ET.SubElement(made, "failure", message=case.failed).text = words.visible(case.text)
        elif case.skipped:
            ET.SubElement(made, "skipped", message=words.visible(case.skipped))

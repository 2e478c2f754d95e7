"""A gate as JUnit XML, which pipelines display."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.pages.showing import make_visible
from fairtrial.report.gate import ClaimCheck, Gate, is_failure
from fairtrial.report.summary import Summary


@dataclass(frozen=True, slots=True)
class TestCaseElement:
    """One case: its name, and why it failed or was skipped; it passed if neither is said."""

    name: str
    failed: str = ""
    skipped: str = ""
    text: str = ""


def write_junit(summary: Summary, gate: Gate) -> str:
    """Return the gate as JUnit XML: a suite a task, a case a claim; then what is missing and what is doubtful.

    What is undecided, missing or doubtful and allowed is skipped.
    """
    root = ET.Element("testsuites", name=make_visible(f"fairtrial {summary.name}"))
    for task in dict.fromkeys(check.task for check in gate.checks):
        own = [_make_case(summary, check, gate) for check in gate.checks if check.task == task]
        add_suite(root, task, own)
    allowed = gate.allowed
    for name, texts, may in (("missing", gate.missing, allowed.missing), ("doubts", gate.doubts, allowed.doubts)):
        if texts:
            cases = [TestCaseElement(text, "" if may else name, name if may else "", text) for text in texts]
            add_suite(root, f"{summary.name}: {name}", cases)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _make_case(summary: Summary, check: ClaimCheck, gate: Gate) -> TestCaseElement:
    """Return the case of one claim."""
    name = f"{check.candidate} is {check.claim} than {summary.baseline} ({check.measure})"
    name = name.replace("not-worse than", "not worse than")
    if is_failure(check, gate.allowed.undecided):
        return TestCaseElement(name, failed=check.outcome, text=check.text)
    return TestCaseElement(name, skipped=check.text if check.outcome == "undecided" else "")


def add_suite(root: ET.Element, name: str, cases: Sequence[TestCaseElement]) -> None:
    """Add a suite with its cases."""
    suite = ET.SubElement(
        root,
        "testsuite",
        name=make_visible(name),
        tests=str(len(cases)),
        failures=str(sum(bool(case.failed) for case in cases)),
        skipped=str(sum(bool(case.skipped) for case in cases)),
    )
    for case in cases:
        made = ET.SubElement(suite, "testcase", classname=make_visible(name), name=make_visible(case.name))
        if case.failed:
            ET.SubElement(made, "failure", message=case.failed).text = make_visible(case.text)
        elif case.skipped:
            ET.SubElement(made, "skipped", message=make_visible(case.skipped))

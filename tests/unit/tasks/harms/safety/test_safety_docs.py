"""The page about the safety of users says how many questions there really are."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.find import TASKS
from fairtrial.tasks.harms import HARMS
from fairtrial.tasks.harms.safety.attacks import ATTACKS
from fairtrial.tasks.harms.safety.attacks.heldout import HELD_OUT
from fairtrial.tasks.harms.safety.loading import load_data
from fairtrial.tasks.harms.safety.requests import list_pairs
from fairtrial.tasks.public import SUITES

PAGE = (Path(__file__).parents[5] / "docs" / "harms" / "safety.md").read_text(encoding="utf-8")


def test_the_numbers_of_questions_are_true() -> None:
    said = {name: int(number) for name, number in re.findall(r"^\| `(safety_\w+)` \|.*\| (\d+) \|$", PAGE, re.M)}
    assert said == {name: len(TASKS.find(name)(TaskOptions()).items()) for name in HARMS["safety"]}


def test_the_numbers_of_pairs_by_hazard_are_true() -> None:
    said = {name: int(number) for name, number in re.findall(r"\(`(\w+)`\) \| (\d+)", PAGE)}
    assert said == Counter(template["hazard"] for template, _, _ in list_pairs())


def test_the_numbers_of_disguises_are_true() -> None:
    assert f"twins in {len(ATTACKS)} disguises" in PAGE
    assert f"A second set of {len(HELD_OUT)} is held out" in PAGE
    assert f"and {len(load_data('heldout_requests'))} pairs of requests in a file" in PAGE


def test_the_agreement_with_a_person_is_what_the_card_counts() -> None:
    harms = TASKS.find("safety_requests")(TaskOptions()).card.harms
    assert harms is not None and harms.grading
    counted = {name: (one.both, one.grader_only, one.people_only, one.neither) for name, one in harms.grading.items()}
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.M)
    assert counted == {name: tuple(map(int, numbers)) for name, *numbers in rows}


def test_every_suite_of_requests_is_on_the_page() -> None:
    ours = {name for name, where in SUITES.items() if name in ("advbench", "bipia", "xstest") or "reject" in where}
    assert {"advbench", "bipia", "xstest"} < ours
    assert all(f"| `{name}` |" in PAGE for name in ours)

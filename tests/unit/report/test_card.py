"""A picture for a slide: size, text that is no markup, and what it refuses."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.analysis.doubts import Doubt
from fairtrial.errors import SpecError
from fairtrial.report.card import write_card
from fairtrial.report.summary import Summary, summarise
from tests.support.report_ledger import TRIAL_ID, report_ledger


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    path = tmp_path_factory.mktemp("card") / "l.db"
    with report_ledger(path) as ledger:
        return summarise(ledger, TRIAL_ID)


def test_a_png_is_sixteen_to_nine(tmp_path: Path, summary: Summary) -> None:
    data = write_card(summary, tmp_path / "card.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1920, 1080)


def test_an_svg_is_the_same_every_time(tmp_path: Path, summary: Summary) -> None:
    one = write_card(summary, tmp_path / "one.svg").read_text()
    assert one == write_card(summary, tmp_path / "two.svg").read_text()
    assert not re.search(r"<script|javascript:", one)
    assert one != write_card(summary, tmp_path / "dark.svg", dark=True).read_text()


def test_other_kinds_are_refused(tmp_path: Path, summary: Summary) -> None:
    with pytest.raises(SpecError, match=r"'card\.pdf' is neither"):
        write_card(summary, tmp_path / "card.pdf")


def test_the_reason_of_a_doubt_is_told_to_its_end(tmp_path: Path, summary: Summary) -> None:
    reason = "answers of the longer candidate were not read as answers and " * 6 + "the verdict would not stand."
    [one, *_] = summary.verdicts
    doubts = (
        Doubt("doubtful_verdict", reason, one.task, one.a, 30, 30, True),
        Doubt("unread", "A second reason. " * 30, headline=True),
    )
    card = write_card(replace(summary, doubts=doubts, verdicts=[one], best=()), tmp_path / "card.svg")
    told = " ".join(re.findall(r"<!-- (.*?) -->", card.read_text()))
    assert "the verdict would not stand. (and 1 more)" in " ".join(told.split())
    assert ", doubtful: 30 of 30 answers" in " ".join(told.split())

"""Shares as people write them: 0.05 and 5% are one thing, and 5 is a mistake, wherever a share is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.errors import SpecError
from fairtrial.spec.candidate import Decoding
from fairtrial.spec.cascade import Cascade, Learn
from fairtrial.spec.shares import read_margin
from fairtrial.spec.trial import Decide

PLACES: tuple[tuple[Callable[..., BaseModel], str], ...] = (
    (Decide, "margin"),
    (Decide, "confidence"),
    (Learn, "escalate"),
    (Learn, "margin"),
    (lambda confidence: Learn(margin=0.05, confidence=confidence), "confidence"),
    (lambda threshold: Cascade(to="b", threshold=threshold), "threshold"),
    (Decoding, "top_p"),
)


@pytest.mark.parametrize(("section", "name"), PLACES)
def test_per_cent_is_read_wherever_a_share_is_written(section: Callable[..., BaseModel], name: str) -> None:
    assert section(**{name: "60%"}) == section(**{name: 0.6})


@pytest.mark.parametrize(("section", "name"), PLACES)
def test_whole_numbers_are_refused_wherever_a_share_is_written(section: Callable[..., BaseModel], name: str) -> None:
    with pytest.raises((SpecError, ValidationError), match=r"60 means 6,000.*write 0\.6 or 60%"):
        section(**{name: 60})


def test_margins_of_single_measures() -> None:
    assert Decide(margins={"seconds": "10%"}).margins == {"seconds": 0.1}
    with pytest.raises((SpecError, ValidationError), match=r"3 means 300 points; for 3 points write 0\.03 or 3%"):
        Decide(margins={"seconds": 3})


def test_a_trial_without_margins_of_single_measures_keeps_its_identity() -> None:
    assert Decide().model_dump(mode="json") == {
        "margin": 0.02,
        "confidence": 0.95,
        "target": "population",
        "stop_early": False,
        "eliminate": False,
    }


@pytest.mark.parametrize(("given", "value"), [("5%", 0.05), ("0.05", 0.05), (" 2.5 % ", 0.025), ("0", 0.0)])
def test_the_command_line_reads_them_too(given: str, value: float) -> None:
    assert read_margin(given) == value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("5", "--margin: 5 means 500 points; for 5 points write 0.05 or 5%."),
        ("1", "--margin: 1 means 100 points; for 1 point write 0.01 or 1%."),
        ("100%", "1 means 100 points"),
        ("-5%", "a share from 0 to below 1"),
        ("nan", "a share from 0 to below 1"),
        ("much", "a share such as 0.05 or 5%; got 'much'"),
    ],
)
def test_the_command_line_refuses_what_is_none(given: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_margin(given)
    assert message in str(caught.value)


@pytest.mark.parametrize("verb", [["compare", "fake:a", "fake:b", "--tasks", "table"], ["fit", "--models", "fake:a"]])
def test_the_verbs_refuse_it(verb: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*verb, "--margin", "5", "--ledger", str(tmp_path / "l.db")])
    assert done.exit_code != 0
    assert "5 means 500 points" in done.output + str(done.exception)

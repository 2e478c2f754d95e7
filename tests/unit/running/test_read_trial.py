"""A model that knows text alone answers questions about images, in a trial."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fairtrial.analysis.doubts import find_doubts
from fairtrial.engines import EngineSettings
from fairtrial.engines.fake import FakeEngine
from fairtrial.errors import CapabilityError
from fairtrial.images import encode_png
from fairtrial.ledger import Ledger, query
from fairtrial.levers.read import lever
from fairtrial.levers.read.layout import Line
from fairtrial.planning.plan import plan_trial
from fairtrial.running.budget import find_worst
from fairtrial.running.conductor import run
from fairtrial.spec.source import load_trial
from fairtrial.spec.stated import StatedMachine

READ, BLIND = {"id": "reads", "model": "fake:a", "levers": ["read"]}, {"id": "other", "model": "fake:b"}


class Told:
    """Reads the shade of the first pixel; nothing from white."""

    def __init__(self, settings: object) -> None:
        self.settings = settings

    def read(self, pixels: NDArray[np.uint8]) -> list[Line]:
        shade = int(pixels[0, 0, 0])
        text = "word " * 3_000 if shade == 20 else f"total {shade}"
        return [] if shade == 255 else [Line(0, 0, 90, 20, text, 0.9)]


@pytest.fixture(autouse=True)
def _reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lever, "OcrReader", Told)


def conduct(folder: Path, *candidates: dict[str, object]) -> tuple[Ledger, str]:
    """Run a trial on twelve images of one shade, of which two are white and one holds much text."""
    rows = []
    for i, shade in enumerate([255, 255, 20, *range(30, 39)]):
        pixels = np.full((3, 3, 3), shade, np.uint8)
        pixels[2, 2] = i  # no two are one image
        (folder / f"{i}.png").write_bytes(encode_png(pixels))
        rows.append({"question": f"What is the total of number {i}?", "answer": str(shade), "image": f"{i}.png"})
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = {"file": "rows.jsonl", "grade": "number", "blind": False}
    (folder / "trial.yaml").write_text(json.dumps({"candidates": candidates, "tasks": [task]}))
    plan = plan_trial(load_trial(folder / "trial.yaml").trial, folder)
    ledger = Ledger.open(folder / "ledger.db")
    with ledger.writing():
        return ledger, run(plan, "text", ledger, EngineSettings(threads=1))


def test_what_was_not_read_is_said_in_the_headline(tmp_path: Path) -> None:
    ledger, trial = conduct(tmp_path, READ, {**READ, "id": "short", "levers": [{"read": {"max_characters": 100}}]})
    with ledger:
        told = {doubt.text: doubt.headline for doubt in find_doubts(ledger, trial) if doubt.kind.startswith("read_")}
        traces = [json.loads(a)["trace"] for (a,) in ledger.read("SELECT answer FROM answers")]
    nothing = "OCR read nothing in an image of 2 of 12 items of rows; {} answered them without that image."
    assert told.pop(nothing.format("reads")) and told.pop(nothing.format("short"))
    assert all(headline for headline in told.values())
    assert any("too long in 1 of 12 items of rows, and short saw its beginning only" in text for text in told)
    assert len(traces) == 24
    assert all(step["by"] == "read" and step["sources"][0].startswith("image ") for [step] in traces)
    assert sum("> total 3" in step["prompt"] for [step] in traces) == 18


def test_candidates_that_cannot_see_are_still_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: Callable[..., None] = FakeEngine.__init__

    def blind(self: FakeEngine, name: str, candidate: object) -> None:
        opened(self, name, candidate)
        self.can = replace(self.can, images=False)

    monkeypatch.setattr(FakeEngine, "__init__", blind)
    with pytest.raises(CapabilityError, match="'other' cannot see images"):
        conduct(tmp_path, READ, BLIND)


def test_a_ledger_that_was_begun_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    ledger, _ = conduct(tmp_path, READ, BLIND)
    with ledger:
        before = query.count_rows(ledger)["answers"]
    ledger, _ = conduct(tmp_path, READ, BLIND)
    with ledger:
        assert query.count_rows(ledger)["answers"] == before == 24


def test_captions_are_asked_of_another_candidate_and_counted(tmp_path: Path) -> None:
    eyes = {"id": "eyes", "model": "fake:eyes"}
    captioned = {"id": "told", "model": "fake:a", "levers": [{"read": {"caption": "eyes", "caption_tokens": 6}}]}
    ledger, _ = conduct(tmp_path, captioned, eyes)
    with ledger:
        told = [
            json.loads(a)["trace"] for (a,) in ledger.read("SELECT answer FROM answers WHERE answer LIKE '%trace%'")
        ]
    assert [[step["by"] for step in trace] for trace in told] == [["eyes", "read"]] * 12
    assert all("described by another model" in trace[1]["prompt"] for trace in told)
    plan = plan_trial(load_trial(tmp_path / "trial.yaml").trial, tmp_path)
    [request] = plan.tasks[0].plain.requests(plan.tasks[0].items[0])
    counted = {part.name: calls for part, calls in plan.candidates[0].count_calls(request)}
    assert counted["eyes"].most == 1 and counted["told"].added > 6_000
    assert find_worst(plan.candidates[0], plan.tasks[0], StatedMachine()) == []

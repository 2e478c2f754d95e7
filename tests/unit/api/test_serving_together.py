"""Candidates side by side: told apart by their names, and refused where they do not fit the memory together."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("prometheus_client")

from fairtrial.api import serving_together
from fairtrial.api.serving_together import check_together
from fairtrial.engines import EngineSettings
from fairtrial.errors import BudgetError, SpecError
from fairtrial.planning.base import PlannedCandidate
from fairtrial.running.opening import plan_alone
from fairtrial.spec.candidate import Candidate


def plan(name: str, **more: object) -> tuple[str, PlannedCandidate]:
    spec = Candidate.model_validate({"id": name, "model": f"fake:{name}", **more})
    return name, plan_alone(spec, Path.cwd(), lambda _: None, None, None)[0]


def test_names_and_candidates_are_different_ones() -> None:
    check_together([plan("ann"), plan("bob")], EngineSettings())
    with pytest.raises(SpecError, match="two candidates are called 'ann'"):
        check_together([plan("ann"), plan("ann", system="x", chat="model")], EngineSettings())
    with pytest.raises(SpecError, match=r"(ann and other|other and ann) are the same candidate"):
        check_together([plan("ann"), plan("other", model="fake:ann")], EngineSettings())
    for other in ("default", "winner"):
        with pytest.raises(SpecError, match=f"'{other}' is another name of the first"):
            check_together([plan("ann"), plan(other)], EngineSettings())


def test_what_does_not_fit_together_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"ann": 1 << 30, "bob": 1 << 60}
    monkeypatch.setattr(
        serving_together, "predict_candidate", lambda one, tasks, settings: {"memory": {"full": sizes[one.name]}}
    )
    check_together([plan("bob")], EngineSettings())  # one alone is the engine's own business
    with pytest.raises(BudgetError, match=r"together they need .* \(ann .*, bob .*\); .* are free"):
        check_together([plan("ann"), plan("bob")], EngineSettings())

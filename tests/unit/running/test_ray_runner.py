"""What a machine of a Ray must have before it answers: files of models, found or sent, and the same software."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import EngineError, ModelError
from fairtrial.models import ResolvedModel
from fairtrial.planning.plan import plan_trial
from fairtrial.running.runners.ray import list_distributions
from fairtrial.running.runners.shipping import NodeFiles, describe_path, list_pieces
from fairtrial.spec.trial import Trial
from fairtrial.workers.actor import list_software
from fairtrial.workers.ray import check_versions


def test_a_model_is_found_by_its_hash_or_taken_in_pieces_and_verified(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    path = here / "m.gguf"
    path.write_bytes(b"weights" * 1000)
    shipped = describe_path(path)
    files = NodeFiles(there)
    assert files.find(shipped)
    model = ResolvedModel("gguf:m", "llamacpp", path, "x", "m")
    assert files.locate(model).path == path
    pieces = list(list_pieces(shipped))
    path.write_bytes(b"others!" * 1000)
    assert not files.find(shipped)
    for name, at, data in pieces:
        files.take(shipped, name, at, data)
    files.finish(shipped)
    found = files.locate(model).path
    assert found is not None and found.is_relative_to(there)
    assert found.read_bytes() == b"weights" * 1000
    assert NodeFiles(there).find(shipped)
    damaged = NodeFiles(tmp_path / "damaged")
    damaged.take(shipped, "m.gguf", 0, b"x")
    with pytest.raises(ModelError, match="did not arrive as it was sent"):
        damaged.finish(shipped)
    with pytest.raises(ModelError, match="leads elsewhere"):
        damaged.take(shipped, "../../m.gguf", 0, b"x")


def test_other_software_on_a_machine_is_refused(tmp_path: Path) -> None:
    spec = {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": [{"task": "table", "level": 1, "limit": 50}]}
    plan = plan_trial(Trial.model_validate(spec), tmp_path)
    own = list_software(list_distributions(plan.candidates))
    check_versions(own, own)
    with pytest.raises(EngineError, match=r"has fairtrial 0\.0\.1, and this machine has"):
        check_versions(own, {**own, "fairtrial": "0.0.1"})

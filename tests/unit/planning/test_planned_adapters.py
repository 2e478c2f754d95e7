"""A candidate with an adapter, planned: found, fitted to its engine, part of who it is."""

from __future__ import annotations

from pathlib import Path

from support.adapters import draw_tensors, write_peft, write_small

from fairtrial.planning.candidates import CandidatePlanner
from fairtrial.spec.candidate import Candidate


def test_an_adapter_is_fitted_to_the_engine_and_part_of_the_identity(tmp_path: Path) -> None:
    write_small(tmp_path / "m.gguf")
    write_peft(tmp_path / "one")
    write_peft(tmp_path / "other", draw_tensors(seed=9))
    planner = CandidatePlanner(tmp_path)

    plain = planner.plan(Candidate(id="plain", model="gguf:m.gguf"))
    one = planner.plan(Candidate(id="one", model="gguf:m.gguf", adapter="one"))
    here = planner.plan(Candidate(id="here", model="gguf:m.gguf", adapter="one", engine="transformers"))
    other = planner.plan(Candidate(id="other", model="gguf:m.gguf", adapter="other"))
    assert len({plain.id, one.id, here.id, other.id}) == 4
    assert one.model.adapter is not None and one.model.adapter.suffix == ".gguf"
    assert here.model.adapter == tmp_path / "one"
    given = planner.plan(Candidate(id="file", model="gguf:m.gguf", adapter=str(one.model.adapter)))
    assert given.id == one.id
    quantized = planner.plan(Candidate(id="q", model="gguf:m.gguf", adapter="one", levers=({"quantize": "q8_0"},)))
    assert quantized.model.adapter is None
    assert quantized.model.notes["merged_adapter_sha256"]

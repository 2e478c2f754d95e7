"""Images through a server that nobody here wrote, beside the same model in this process: the same greedy texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.pictures import PICTURES, read_picture
from fairtrial.models import resolve_candidate
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt, TextPart
from fairtrial.spec.candidate import Candidate
from tests.support.servers.llama_server import llama_server
from tests.support.tiny_lmm import TinyModel, tiny_lmm

for name in ("httpx2", "xllamacpp", "llama_cpp", "torch", "transformers"):
    pytest.importorskip(name)

pytestmark = [pytest.mark.model, pytest.mark.slow]

A, B, C = PICTURES
SETTINGS = EngineSettings(threads=1, batch_tokens=64, flash_attention=False, read_image=read_picture)
PROMPTS = [
    Prompt([TextPart("Look: "), A, TextPart(" what is above?")]),
    Prompt([A, TextPart(" and "), B, TextPart(": which is red?")]),
    Prompt([TextPart("What?"), C]),
    Prompt("Without an image: what is red?"),
]


@pytest.fixture(scope="module", params=["idefics3", "qwen2_vl"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[TinyModel, str]]:
    model = tiny_lmm(request.param)
    with llama_server(str(model.text), slots=2, context=4096, projector=str(model.projector)) as url:
        yield model, url


def write(**candidate: object) -> list[GenerateAnswer]:
    spec = Candidate.model_validate({"id": "a", "chat": "model", **candidate})
    engine = open_engine(spec, resolve_candidate(spec, Path()), SETTINGS)
    assert engine.can.images
    requests = [GenerateRequest(prompt, 8, label=f"item {i}") for i, prompt in enumerate(PROMPTS)]
    answers = list(engine.generate(requests))
    engine.close()
    return answers


def test_a_server_and_this_process_write_the_same(
    served: tuple[TinyModel, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, url = served
    monkeypatch.setenv("PLANTED_KEY", "sk-planted-7f3a91c2")
    there = write(model="openai:tiny", endpoint={"base_url": url, "key_env": "PLANTED_KEY"})
    here = write(model=f"gguf:{model.text}")
    # A character may be cut off where an answer ends; the server leaves out what is left of it.
    assert [one.text.rstrip("\ufffd") for one in there] == [one.text.rstrip("\ufffd") for one in here]
    assert [one.prompt_tokens for one in there] == [one.prompt_tokens for one in here]
    assert len({one.text for one in here}) == len(PROMPTS)

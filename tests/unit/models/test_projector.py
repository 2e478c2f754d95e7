"""Projectors: named by a candidate or found beside its model, and part of who it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import ModelError, SpecError
from fairtrial.levers.quantize.imatrix import encode_gguf
from fairtrial.models import ResolvedModel, identify_candidate, resolve_candidate
from fairtrial.models.projector import add_projector
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.problems import validate_section
from fairtrial.spec.yamlfile import Places


def write(folder: Path, *names: str, kind: str = "") -> None:
    for name in names:
        architecture = kind or ("clip" if "mmproj" in name.lower() else "llama")
        (folder / name).write_bytes(encode_gguf({"general.architecture": architecture, "general.name": name}, {}))


def find(folder: Path, projector: str = "auto", model: str = "gguf:small.gguf") -> ResolvedModel:
    return resolve_candidate(Candidate(id="one", model=model, projector=projector), folder)


@pytest.mark.parametrize(
    ("model", "projector"),
    [
        ("small.gguf", "mmproj-small.gguf"),
        ("Small-3B-Instruct-Q4_K_M.gguf", "mmproj-Small-3B-Instruct-f16.gguf"),
        ("Small-3B-Instruct.IQ4_XS.gguf", "Small-3B-Instruct.mmproj-Q8_0.gguf"),
        ("small.gguf", "mmproj-model-f16.gguf"),
        ("small.gguf", "mmproj-BF16.gguf"),
        ("small-q8_0.gguf", "small-MMPROJ.gguf"),
    ],
)
def test_the_projector_beside_a_model_is_found_by_its_name(tmp_path: Path, model: str, projector: str) -> None:
    write(tmp_path, model, projector)
    found = find(tmp_path, model=f"gguf:{model}")
    assert found.projector == tmp_path / projector
    assert found.record()["projector_sha256"] == found.projector_sha256 != ""


def test_the_projector_of_another_model_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path, "small.gguf", "other.gguf", "mmproj-other.gguf", "mmproj-model-f16.gguf")
    assert find(tmp_path).projector is None
    assert "projector_sha256" not in find(tmp_path).record()
    assert find(tmp_path, model="gguf:other.gguf").projector == tmp_path / "mmproj-other.gguf"


def test_several_projectors_are_refused_with_their_names(tmp_path: Path) -> None:
    write(tmp_path, "small.gguf", "mmproj-small-f16.gguf", "mmproj-small-q8_0.gguf")
    with pytest.raises(
        ModelError, match=r"2 projectors stand beside small.gguf: mmproj-small-f16.gguf, mmproj-small-q"
    ):
        find(tmp_path)
    assert find(tmp_path, "none").projector is None
    assert find(tmp_path, "mmproj-small-q8_0.gguf").projector == tmp_path / "mmproj-small-q8_0.gguf"
    assert find(tmp_path, "gguf:mmproj-small-q8_0.gguf").projector == tmp_path / "mmproj-small-q8_0.gguf"


def test_a_named_projector_must_be_one(tmp_path: Path) -> None:
    write(tmp_path, "small.gguf", "mmproj-a.gguf")
    write(tmp_path, "text.gguf", kind="llama")
    (tmp_path / "cut.gguf").write_bytes((tmp_path / "text.gguf").read_bytes()[:30])
    with pytest.raises(ModelError, match="of the kind 'llama', not a projector"):
        find(tmp_path, "text.gguf")
    with pytest.raises(ModelError, match=r"projector 'mmproj-b.gguf': there is no file .*Did you mean 'mmproj-a.gguf'"):
        find(tmp_path, "mmproj-b.gguf")
    with pytest.raises(ModelError, match=r"cannot be read: the file ends too soon"):
        find(tmp_path, "cut.gguf")


def test_a_projector_needs_a_gguf_model(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="a projector belongs to a model in a GGUF file, not to openai:gpt"):
        validate_section(Candidate, {"id": "a", "model": "openai:gpt", "projector": "mmproj-a.gguf"}, Places(tmp_path))
    with pytest.raises(ModelError, match=r"belongs to a model in a GGUF file that llama\.cpp runs"):
        find(tmp_path, "mmproj-a.gguf", "fake:a")


def test_a_projector_is_part_of_who_a_candidate_is(tmp_path: Path) -> None:
    write(tmp_path, "small.gguf", "mmproj-a.gguf", "mmproj-b.gguf")

    def identify(projector: str) -> str:
        found = find(tmp_path, projector)
        spec = Candidate(id="one", model="gguf:small.gguf", projector=projector)
        return identify_candidate(spec, found, base_dir=tmp_path, engine_version="1")

    blind = identify("none")
    assert len({blind, identify("mmproj-a.gguf"), identify("mmproj-b.gguf")}) == 3
    for one in tmp_path.glob("mmproj-*"):
        one.unlink()
    assert identify("auto") == blind


def test_what_is_in_the_cache_of_the_hub_decides_nothing(tmp_path: Path) -> None:
    write(tmp_path, "small.gguf", "mmproj-small.gguf")
    cached = ResolvedModel("hf:o/small:small.gguf", "llamacpp", tmp_path / "small.gguf", "0" * 64, "small")
    spec = Candidate(id="one", model=cached.spec)
    assert add_projector(spec, cached, tmp_path).projector is None
    named = spec.model_copy(update={"projector": "mmproj-small.gguf"})
    assert add_projector(named, cached, tmp_path).projector == tmp_path / "mmproj-small.gguf"

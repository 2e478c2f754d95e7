from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fairtrial.archive.embedders import small
from fairtrial.archive.embedders.base import name_space, scale_rows
from fairtrial.archive.embedders.opening import check_embedder, open_embedder, open_reranker
from fairtrial.errors import MissingExtraError, ModelError, SpecError
from tests.support.small_embedder import embedder_bytes
from tests.support.small_gguf import model_bytes

HERE = Path()


def test_none_is_no_embedder() -> None:
    assert open_embedder("", HERE) is open_embedder("none", HERE) is None
    assert open_reranker("none") is None


@pytest.mark.parametrize("name", ["smal", "gguf", "gguf:", "small:1", "fasttext:x", "openai: "])
def test_names_that_are_none_are_refused_without_opening_anything(name: str) -> None:
    with pytest.raises(SpecError, match=r"embedder '|no embedder"):
        check_embedder(name)


def test_a_gguf_model_gives_each_text_its_own_vector(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(model_bytes())
    embedder = open_embedder("gguf:tiny.gguf", tmp_path)
    assert embedder is not None
    try:
        texts = ["a ferry", "a boat on the sea", "", "x" * 10_000]
        found = embedder.embed(texts, "passage")
        assert found.shape == (4, 256) and found.dtype == np.float32
        assert np.linalg.norm(found, axis=1).round(4).tolist()[:2] == [1, 1]
        assert np.array_equal(embedder.embed(texts[1:2], "passage")[0], found[1])
        assert "mean" in embedder.identity()
    finally:
        embedder.close()
        embedder.close()


@pytest.mark.parametrize(("number", "pooling"), [(0, "mean"), (1, "mean"), (2, "cls")])
def test_a_model_in_which_every_token_sees_all_others_is_pooled_as_its_file_says(
    tmp_path: Path, number: int, pooling: str
) -> None:
    (tmp_path / "bert.gguf").write_bytes(embedder_bytes(pooling=number))
    embedder = open_embedder("gguf:bert.gguf", tmp_path)
    assert embedder is not None and pooling in embedder.identity()
    found = embedder.embed(["a ferry", "a boat", "ferry " * 400], "passage")
    embedder.close()
    assert found.shape == (3, 64) and np.isfinite(found).all()
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3))
    assert found[0] @ found[1] < 0.9999


def test_prefixes_and_pooling_are_part_of_the_identity(tmp_path: Path) -> None:
    spaces = set()
    for name, seed in (("tiny.gguf", 1), ("nomic-embed-text.gguf", 1), ("other.gguf", 2)):
        (tmp_path / name).write_bytes(model_bytes(seed=seed))
        embedder = open_embedder(f"gguf:{name}", tmp_path)
        assert embedder is not None
        spaces.add(name_space(embedder).partition(":")[2])
        embedder.close()
    assert len(spaces) == 3


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is not a GGUF file"):
        open_embedder("gguf:bad.gguf", tmp_path)


def test_static_embeddings_in_a_folder(tmp_path: Path) -> None:
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "ferry": 1, "boat": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    save_file({"embeddings": np.array([[0, 0], [3, 4], [0, 5]], np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"normalize": False}))
    embedder = open_embedder(f"model2vec:{tmp_path.name}", tmp_path.parent)
    assert embedder is not None
    assert embedder.embed(["ferry", "boat"], "query") == pytest.approx(np.array([[0.6, 0.8], [0, 1]]))
    with pytest.raises(ModelError, match="no folder of model2vec"):
        open_embedder("model2vec:nowhere", tmp_path)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small.importlib.util, "find_spec", lambda _: None)
    for opened in (lambda: open_embedder("small", HERE), lambda: open_reranker("small")):
        with pytest.raises(MissingExtraError, match="embed"):
            opened()


@pytest.mark.model
def test_the_small_ones_find_what_answers() -> None:
    embedder, reranker = open_embedder("small", HERE), open_reranker("small")
    assert embedder is not None and reranker is not None
    texts = ["The ferry stays in port until Monday.", "Cats sleep most of the day."]
    found = embedder.embed([*texts, ""], "passage")
    asked = embedder.embed(["When does the boat sail again?"], "query")[0]
    assert found.shape == (3, 384) and found[0] @ asked > found[1] @ asked + 0.1
    assert np.array_equal(embedder.embed(texts[:1], "passage")[0], found[0])
    assert not np.array_equal(embedder.embed(texts[:1], "query")[0], found[0])
    scores = reranker.score("When does the boat sail again?", texts)
    assert scores[0] > scores[1] + 1
    embedder.close()
    reranker.close()


def test_rows_are_scaled_and_what_is_no_number_is_refused() -> None:
    assert scale_rows(np.array([[3, 4], [0, 0]], np.float32), "m") == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
    with pytest.raises(ModelError, match="no numbers"):
        scale_rows(np.array([[np.nan]], np.float32), "m")

"""The llama.cpp engine on small models that see: what it scores is what the library itself makes of the prompt."""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.engines.check import check_engine
from fairtrial.engines.pictures import PICTURES, read_picture
from fairtrial.engines.settings import ReadImage
from fairtrial.errors import CapabilityError, EngineError, ModelError
from fairtrial.images import decode, encode_png
from fairtrial.levers.quantize.imatrix import encode_gguf
from fairtrial.models import resolve_candidate
from fairtrial.records import GenerateRequest, ImagePart, Pair, Prompt, ScoreRequest, TextPart, make_example
from fairtrial.spec.candidate import Candidate

if any(importlib.util.find_spec(name) is None for name in ("llama_cpp", "torch", "transformers")):
    pytest.skip("needs llama-cpp-python, and torch and transformers to make the models", allow_module_level=True)

from tests.support.raw_lmm import ask_llamacpp
from tests.support.small_gguf import model_bytes
from tests.support.tiny_lmm import FAMILIES, tiny_lmm

pytestmark = pytest.mark.model

ROUNDING = 0.002
"""Nats by which scores move with the shape of a pass: keys and values are 16-bit floats."""
A, B, C = PICTURES


def opened(family: str, *, batch: int = 64, read: ReadImage = read_picture, **candidate: object) -> Engine:
    spec = Candidate.model_validate({"id": "a", "model": f"gguf:{tiny_lmm(family).text}", "context": 1500, **candidate})
    settings = EngineSettings(threads=1, batch_tokens=batch, flash_attention=False, read_image=read)
    return open_engine(spec, resolve_candidate(spec, Path()), settings)


def shown(*pieces: str | ImagePart, examples: tuple[object, ...] = ()) -> Prompt:
    return Prompt([TextPart(p) if isinstance(p, str) else p for p in pieces], examples=examples)  # type: ignore[arg-type]


def ask(prompt: Prompt, *choices: str, delimiter: str = " ") -> ScoreRequest:
    return ScoreRequest(tuple(Pair(prompt, choice) for choice in choices), delimiter=delimiter)


def make_questions() -> list[ScoreRequest]:
    """Questions that share images, begin with the same one, show several, show them in examples, or none."""
    example = make_example([A, TextPart("How many?")], "three")
    prompts = [
        shown("Look: ", A, " what is above?"),
        shown("Look: ", A, " what is below?"),
        shown("Look: ", B, " what is above?"),
        shown(A, " and ", B, ": which is red?"),
        shown(B, " and ", A, ": which is red?"),
        shown(A, A, " the same?"),
        shown(C, "How many?", examples=example),
        shown("Is it red? ", C),
        shown("Without an image: what is red?"),
    ]
    return [ask(prompt, "yes", "no", "three circles", "three squares", "left") for prompt in prompts]


@pytest.mark.parametrize("family", FAMILIES)
def test_engines_that_see_conform(family: str) -> None:
    engine = opened(family)
    assert engine.can.images
    assert check_engine(engine, tolerance=ROUNDING) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_and_texts_are_those_of_the_library(family: str) -> None:
    engine = opened(family)
    span = {"gemma3": "\n\n"}.get(family, "")  # what the comparison writes around an image, as transformers does
    prompts = [("What is it? ", A, " a"), (A, " and ", B, ": above"), ("Two: ", C, C, A, " above")]
    for pieces in prompts:
        whole = [p if isinstance(p, str) else decode(PICTURES[p]).pixels for p in pieces]
        found = ask_llamacpp(tiny_lmm(family), whole, exact=False)
        framed = [part for p in pieces for part in ([p] if isinstance(p, str) else [span, p, span])]
        prompt = shown(*framed)
        request = ask(prompt, ":", "?", "1", delimiter="")
        [answer] = engine.score([request])
        [text] = engine.generate([GenerateRequest(prompt, 1)])
        encode = engine._encoder.vocabulary.encode  # type: ignore[attr-defined]
        assert answer.logprobs == pytest.approx([found[encode(end)[-1]] for end in (":", "?", "1")], abs=1e-5)
        assert text.logprob == pytest.approx(found.max(), abs=1e-5)
    engine.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_all_requests_together_are_one_at_a_time(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = opened(family)
    assert engine.record["passes"] == f"text and images {'apart' if family == 'gemma3' else 'together'}"
    monkeypatch.setattr("fairtrial.engines.llamacpp.engine.find_embeddings", lambda *_: None)
    small = opened(family, batch=8)  # blocks of cells are larger than a pass there
    assert small.record["passes"] == "text and images apart"
    questions = make_questions()
    engine.check(questions)
    sees = engine._encoder.images.encoder  # type: ignore[attr-defined]
    assert sees.encoded == 0  # nothing has been paid for yet
    together = list(engine.score(questions))
    assert sees.encoded == 3
    alone = [answer for question in questions for answer in engine.score([question])]
    narrow = list(small.score(questions))
    for one, other, third in zip(together, alone, narrow, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=ROUNDING)
        assert one.logprobs == pytest.approx(third.logprobs, abs=5 * ROUNDING)
        assert (one.tokens, one.prompt_tokens) == (other.tokens, other.prompt_tokens)
    assert list(engine.score(questions)) == together  # bit for bit, whatever was asked before
    assert sees.encoded == 3
    assert np.abs(np.subtract(together[0].logprobs, together[2].logprobs)).max() > 0.1  # another image
    assert np.abs(np.subtract(together[3].logprobs, together[4].logprobs)).max() > 0.1  # another order
    engine.close()
    small.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_written_side_by_side(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, small = opened(family), opened(family, batch=8)
    monkeypatch.setattr("fairtrial.engines.llamacpp.engine.find_embeddings", lambda *_: None)
    apart = opened(family)
    asked = [GenerateRequest(question.pairs[0].prompt, 6) for question in make_questions()]
    asked += [GenerateRequest(asked[3].prompt, 6, temperature=0.7, seed=seed) for seed in (1, 2)]
    together = list(engine.generate(asked))
    alone = [answer for one in asked for answer in engine.generate([one])]
    narrow, split = list(small.generate(asked)), list(apart.generate(asked))
    assert list(engine.generate(asked)) == together
    assert engine._encoder.images.encoder.encoded == 3  # type: ignore[attr-defined]
    for one, other, third, fourth in zip(together, alone, narrow, split, strict=True):
        assert one.logprob == pytest.approx(fourth.logprob, abs=5 * ROUNDING)
        assert (one.text, one.prompt_tokens) == (other.text, other.prompt_tokens)
        assert one.logprob == pytest.approx(other.logprob, abs=ROUNDING)
        assert one.logprob == pytest.approx(third.logprob, abs=5 * ROUNDING)
    for opened_engine in (engine, small, apart):
        opened_engine.close()


def test_one_image_is_encoded_once_and_its_cells_are_read_once() -> None:
    engine = opened("idefics3")
    questions = [
        ask(shown(A, f"Is bar {n} higher than bar {n + 1}?"), "yes", "no", "maybe so", "none") for n in range(6)
    ]
    answers = list(engine.score(questions))
    sees = engine._encoder.images.encoder  # type: ignore[attr-defined]
    cells = sees.layout(A).cells
    assert sees.encoded == 1
    assert sum(a.prompt_tokens * len(a.tokens) for a in answers) > 24 * cells
    assert engine.nodes_computed < cells + 400  # type: ignore[attr-defined]
    engine.close()


def test_prompt_tokens_count_cells() -> None:
    engine = opened("llava")
    [seen] = engine.generate([GenerateRequest(shown("What? ", A), 1)])
    [blind] = engine.generate([GenerateRequest(shown("What? "), 1)])
    assert seen.prompt_tokens - blind.prompt_tokens == 64
    assert engine.record["images"]["cells_of_64x64"] == 64  # type: ignore[index]
    engine.close()


def test_without_its_projector_a_model_reads_text_alone() -> None:
    engine = opened("llava", projector="none")
    assert not engine.can.images
    assert "images" not in engine.record
    assert "projector: none" in str(engine.record["sees_no_images"])
    with pytest.raises(CapabilityError, match="cannot see it"):
        engine.check([ask(shown(A, "?"), "yes")])
    engine.close()


def patched(path: Path, target: Path, key: str, value: int) -> Path:
    """Copy a GGUF file with another number under a key."""
    data = bytearray(path.read_bytes())
    at = data.index(key.encode()) + len(key) + 4
    data[at : at + 4] = struct.pack("<I", value)
    target.write_bytes(data)
    return target


def test_a_projector_of_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'gemma3' belongs to gemma3, and the language model is qwen2vl"):
        opened("qwen2_vl", projector=str(tiny_lmm("gemma3").projector))
    with pytest.raises(ModelError, match=r"'mlp' does not belong to qwen2vl"):
        opened("qwen2_vl", projector=str(tiny_lmm("llava").projector))
    with pytest.raises(ModelError, match="lacks a token that stands around images"):
        opened("llava", projector=str(tiny_lmm("idefics3").projector))
    (tmp_path / "wide.gguf").write_bytes(model_bytes())
    with pytest.raises(ModelError, match=r"cells of 64 numbers, and the language model reads 256"):
        opened("llava", model=f"gguf:{tmp_path / 'wide.gguf'}", projector=str(tiny_lmm("llava").projector))


def test_a_projector_is_no_language_model() -> None:
    with pytest.raises(ModelError, match="This is a projector, not a language model"):
        opened("llava", model=f"gguf:{tiny_lmm('llava').projector}")


def test_an_image_that_cannot_be_prepared_is_told_with_its_item() -> None:
    data = encode_png(np.zeros((1, 5000, 3), np.uint8))
    line = ImagePart.of(data, "image/png")
    engine = opened("idefics3", read={line: data}.__getitem__)
    request = replace(ask(shown(line, "?"), "yes"), label="item 7")
    with pytest.raises(EngineError, match=r"item 7: llama\.cpp cannot prepare an image of 5000x1 pixels"):
        engine.check([request])
    engine.close()


def test_a_tower_with_a_class_token_is_refused(tmp_path: Path) -> None:
    facts = {"general.architecture": "clip", "clip.projector_type": "mlp"}
    (tmp_path / "p.gguf").write_bytes(encode_gguf(facts, {"v.class_embd": np.zeros(48, np.float32)}))
    with pytest.raises(ModelError, match=r"'mlp' has a tower with a class token.*computes wrongly"):
        opened("llava", projector=str(tmp_path / "p.gguf"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clip.vision.image_size", 2**31),
        ("clip.vision.patch_size", 0),
        ("clip.vision.attention.head_count", 0),
        ("clip.vision.embedding_length", 2**30),
        ("clip.vision.block_count", 7),
    ],
)
def test_a_projector_that_contradicts_itself_is_refused(tmp_path: Path, key: str, value: int) -> None:
    broken = patched(tiny_lmm("llava").projector, tmp_path / "mmproj-broken.gguf", key, value)
    with pytest.raises(ModelError, match="projector"):
        opened("llava", projector=str(broken))


def test_a_projector_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    data = tiny_lmm("llava").projector.read_bytes()
    for size in (10, 700, len(data) // 2, len(data) - 40):
        (tmp_path / f"{size}.gguf").write_bytes(data[:size])
        with pytest.raises(ModelError, match=r"projector|GGUF"):
            opened("llava", projector=str(tmp_path / f"{size}.gguf"))

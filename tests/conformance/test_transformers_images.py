"""The transformers engine on small models that see: what it scores is what the library itself makes of the prompt."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.engines.check import check_engine
from fairtrial.engines.pictures import PICTURES, read_picture
from fairtrial.errors import CapabilityError, ModelError, TooLongError
from fairtrial.images import decode, encode_png
from fairtrial.models import resolve
from fairtrial.records import GenerateRequest, ImagePart, Pair, Prompt, ScoreRequest, TextPart
from fairtrial.spec.candidate import Candidate

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
    pytest.skip("needs torch and transformers (the transformers extra)", allow_module_level=True)

import transformers

from tests.support.odd_lmm import save_mllama, save_paligemma, save_qwen3_vl
from tests.support.raw_lmm import ask_transformers
from tests.support.tiny_lmm import FAMILIES, tiny_lmm

pytestmark = pytest.mark.model

SETTINGS = EngineSettings(threads=1, batch_tokens=64, read_image=read_picture)
A, B, C = PICTURES


def opened(folder: Path, **candidate: object) -> Engine:
    model = resolve(f"hf:{folder}", folder)
    spec = Candidate.model_validate({"id": "a", "model": model.spec, "context": 1500, "dtype": "float32", **candidate})
    return open_engine(spec, model, SETTINGS)


def shown(*pieces: str | ImagePart) -> Prompt:
    return Prompt([TextPart(piece) if isinstance(piece, str) else piece for piece in pieces])


@pytest.mark.parametrize("family", FAMILIES)
def test_engines_that_see_conform(family: str) -> None:
    engine = opened(tiny_lmm(family).folder)
    assert engine.can.images
    assert engine.record["images"]["scoring"] == "packed tree"  # type: ignore[index]
    assert check_engine(engine, tolerance=0.0005) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_and_texts_are_those_of_the_library(family: str) -> None:
    model = tiny_lmm(family)
    engine = opened(model.folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model.folder)
    prompts = [("What is it? ", A, " a"), (A, " and ", B, ": above"), ("Two: ", C, C, A, " above")]
    asked = [ScoreRequest(tuple(Pair(shown(*p), end) for end in (":", "?", "1")), delimiter="") for p in prompts]
    answers = list(engine.score(asked))
    texts = list(engine.generate([GenerateRequest(shown(*pieces), 1) for pieces in prompts]))
    assert engine._encoder.images.encoder.encoded == 3  # type: ignore[attr-defined]  # once each, whatever was asked
    for pieces, answer, text in zip(prompts, answers, texts, strict=True):
        whole = [p if isinstance(p, str) else decode(PICTURES[p]).pixels for p in pieces]
        found = ask_transformers(model, whole)
        wanted = [found[tokenizer(end).input_ids[-1]] for end in (":", "?", "1")]
        assert answer.logprobs == pytest.approx(wanted, abs=5e-5)
        assert text.logprob == pytest.approx(found.max(), abs=5e-5)
    engine.close()


def test_one_image_is_encoded_once_for_many_questions_and_choices() -> None:
    engine = opened(tiny_lmm("idefics3").folder)
    questions = [f"Is bar {n} higher than bar {n + 1}?" for n in range(6)]
    asked = [ScoreRequest(tuple(Pair(shown(A, q), c) for c in ("yes", "no", "maybe so", "none"))) for q in questions]
    answers = list(engine.score(asked))
    sees = engine._encoder.images.encoder  # type: ignore[attr-defined]
    assert sees.encoded == 1
    cells = sees.layout(A).cells
    usual = sum(a.prompt_tokens * len(a.tokens) for a in answers)
    assert usual > 24 * cells
    assert engine.nodes_computed < cells + 400  # type: ignore[attr-defined]
    engine.close()


def test_chat_templates_place_images() -> None:
    engine = opened(tiny_lmm("qwen2_vl").folder, chat="model")
    answer = next(iter(engine.generate([GenerateRequest(shown("Look: ", A, " what is it?"), 4)])))
    hostile = next(iter(engine.generate([GenerateRequest(shown("Look: <|image_pad|>", A, " what is it?"), 4)])))
    assert hostile.prompt_tokens > answer.prompt_tokens + 3
    engine.close()


class Changed:
    """Copies of a model's folder with something else in them."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def __call__(self, family: str, name: str, change: Callable[[Any], None]) -> Path:
        target = self.base / family
        shutil.copytree(tiny_lmm(family).folder, target)
        path = target / name
        body = json.loads(path.read_text())
        change(body)
        path.write_text(json.dumps(body))
        return target


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    return Changed(tmp_path)


def test_without_its_processor_a_model_reads_text_alone(tmp_path: Path) -> None:
    folder = tmp_path / "blind"
    shutil.copytree(tiny_lmm("llava").folder, folder)
    for name in ("preprocessor_config.json", "processor_config.json"):
        (folder / name).unlink(missing_ok=True)
    engine = opened(folder)
    assert not engine.can.images
    assert "no preprocessor_config.json" in str(engine.record["sees_no_images"])
    assert next(iter(engine.score([ScoreRequest((Pair(Prompt("One, two,"), "three"),))]))).tokens[0] > 0
    with pytest.raises(CapabilityError, match=r"item 3: .*cannot see it: the folder has no preprocessor_config"):
        engine.check([GenerateRequest(shown(A, "What?"), 4, label="item 3")])
    engine.close()


def test_what_needs_torchvision_says_so(changed: Changed, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **others: object) -> None:
        raise ImportError("LlavaProcessor requires the Torchvision library but it was not found")

    monkeypatch.setattr(transformers.AutoImageProcessor, "from_pretrained", refuse)
    engine = opened(tiny_lmm("llava").folder)
    assert "needs torchvision" in str(engine.record["sees_no_images"])
    assert "pip install torchvision" in str(engine.record["sees_no_images"])
    engine.close()


def test_a_model_that_does_not_score_as_its_own_forward_is_not_shown_images(monkeypatch: pytest.MonkeyPatch) -> None:
    from fairtrial.engines.transformers.images import HubImages

    real = HubImages._encode
    monkeypatch.setattr(HubImages, "_encode", lambda self, pixels: np.roll(real(self, pixels), 1, axis=0))
    engine = opened(tiny_lmm("llava").folder)
    assert not engine.can.images
    assert "scores differently here and in the model's own forward" in str(engine.record["sees_no_images"])
    engine.close()


def test_beyond_the_window_images_that_see_themselves_are_refused(changed: Changed) -> None:
    folder = changed("gemma3", "config.json", lambda body: body["text_config"].update(sliding_window=180))
    engine = opened(folder)
    assert engine.can.images
    engine.check([GenerateRequest(shown(A, "What is it?"), 4)])
    with pytest.raises(TooLongError, match=r"item 5: .*beyond the 180"):
        engine.check([GenerateRequest(shown(A, "word " * 180), 4, label="item 5")])
    engine.close()


def test_an_image_that_a_processor_does_not_take_is_named() -> None:
    thin = encode_png(np.zeros((1, 300, 3), np.uint8))
    folder = tiny_lmm("qwen2_vl").folder
    model = resolve(f"hf:{folder}", folder)
    spec = Candidate(id="a", model=model.spec, context=1500, dtype="float32")
    engine = open_engine(spec, model, EngineSettings(threads=1, read_image=lambda image: thin))
    request = GenerateRequest(shown(ImagePart.of(thin, "image/png"), "What?"), 4, label="item 9")
    with pytest.raises(CapabilityError, match=r"item 9: .*does not take an image of 300x1 pixels: .*aspect ratio"):
        engine.check([request])
    engine.close()


def test_models_that_see_in_another_way_are_refused_by_name(tmp_path: Path) -> None:
    cross = save_mllama(tmp_path / "mllama")
    engine = opened(cross)
    assert not engine.can.images
    assert "MllamaForConditionalGeneration: its text part reads them beside the text" in str(
        engine.record["sees_no_images"]
    )
    engine.close()
    with pytest.raises(ModelError, match="from left to right"):
        opened(save_paligemma(tmp_path / "paligemma"))


def test_images_added_at_later_layers_are_right(tmp_path: Path) -> None:
    engine = opened(save_qwen3_vl(tmp_path / "qwen3"))
    assert engine.can.images
    assert engine.record["images"]["later_layers"] == 2  # type: ignore[index]
    assert check_engine(engine, tolerance=0.0005) == []

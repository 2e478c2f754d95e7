"""The small multimodal model of the examples: trained for some seconds, it is the same in both engines."""

from __future__ import annotations

import importlib.util
import itertools
import random
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
    pytest.skip("needs torch and transformers (the transformers extra)", allow_module_level=True)

import torch

from examples.tiny_lmm.batches import run_network
from examples.tiny_lmm.evaluate import score_network
from examples.tiny_lmm.lessons import AS_TASKS_ASK, Styles, draw_lessons, offer_letters, put_in_chat, take_away
from examples.tiny_lmm.network import CELLS, Shape, save_network
from examples.tiny_lmm.train import ALL, Recipe, Trained, train_network
from tests.support.raw_lmm import ask_llamacpp, ask_transformers
from tests.support.tiny_lmm import TinyModel

pytestmark = pytest.mark.model

SMALL = Shape(width=64, layers=1, inner=128, heads=1, text_width=64, text_layers=1, text_inner=128, text_heads=1)
QUICK = Recipe(families=("charts", "presence"), pictures=200, batch=8, styles=Styles(teach=2), shape=SMALL)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train_network(QUICK)


def test_the_loss_falls(trained: Trained) -> None:
    assert len(trained.losses) == QUICK.steps
    assert np.mean(trained.losses[-8:]) < 0.7 * np.mean(trained.losses[:8])


def test_both_engines_say_the_same_of_what_was_trained(trained: Trained, tmp_path: Path) -> None:
    save_network(trained.network, trained.tokenizer, tmp_path, "small")
    model = TinyModel("llava", tmp_path / "small", tmp_path / "small.gguf", tmp_path / "mmproj-small.gguf")
    lesson = next(draw_lessons("charts", seed=9))
    asked = [lesson.before[0], lesson.pictures[0], lesson.questions[0].text]
    ours, theirs = ask_llamacpp(model, asked), ask_transformers(model, asked)
    assert np.abs(ours - theirs).max() < 0.02
    # the network as it was trained, with all questions in one row
    batch = trained.writer.write([lesson])
    places = ((batch.branches == 1) & (batch.answers >= 0)).nonzero()
    with torch.inference_mode():
        logits = run_network(trained.network, batch, batch.branches == 1)[0]
    first = int(places[0, 1] - (batch.branches[0] == 1).nonzero()[0, 0])
    assert np.abs(np.asarray(torch.log_softmax(logits[first].double(), -1)) - theirs).max() < 1e-3


def test_scores_come_with_controls(trained: Trained) -> None:
    scores = score_network(trained.network, trained.writer, ["presence"], 4)
    assert {score.kind for score in scores} == {"presence: colour", "presence: shape"}
    assert all(0 <= share <= 1 for score in scores for share in (score.right, score.swapped, score.blind))
    assert {score.chance for score in scores} == {0.5}


@pytest.mark.parametrize("family", ALL)
def test_lessons_ask_what_tasks_ask(family: str) -> None:
    [lesson, other] = itertools.islice(draw_lessons(family, styles=AS_TASKS_ASK), 2)
    assert lesson.looks.shape == (CELLS * len(lesson.pictures), 3)
    assert len(lesson.before) == len(lesson.pictures)
    assert all(one.answer in one.choices and one.text.endswith("\nAnswer:") for one in lesson.questions)
    assert any((a != b).any() for a, b in zip(lesson.pictures, other.pictures, strict=True))


def test_lessons_in_other_styles() -> None:
    lesson = next(draw_lessons("differences"))
    chat = put_in_chat(lesson)
    assert chat.before[0].startswith(
        "<|im_start|>system\nCompare the two pictures and answer the question.\n\n<|im_end|>"
    )
    assert chat.questions[0].text.endswith("\nAnswer:<|im_end|>\n<|im_start|>assistant\n")
    assert chat.questions[0].answer == lesson.questions[0].answer.strip()
    assert (take_away(lesson).pictures, len(take_away(lesson).looks)) == ((), 0)
    letter = offer_letters(lesson.questions[0], random.Random(1))
    at = letter.choices.index(letter.answer)
    assert (
        letter.text.splitlines()[-len(letter.choices) - 2 + at]
        == f"{letter.answer.strip()}.{lesson.questions[0].answer}"
    )

"""The small multimodal models of the tests: both libraries see the same in them."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from tests.support.raw_lmm import Piece, ask_llamacpp, ask_transformers
from tests.support.tiny_lmm import FAMILIES, draw_picture, tiny_lmm

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
    pytest.skip("needs torch and transformers (the transformers extra)", allow_module_level=True)

pytestmark = pytest.mark.model

SIZES = {"idefics3": (150, 90), "llava": (64, 64), "gemma3": (64, 64), "qwen2_vl": (80, 48)}
CLOSE = {"idefics3": 1e-4, "llava": 2e-3, "gemma3": 5e-3, "qwen2_vl": 5e-3}


def show(family: str, *seeds: int) -> list[Piece]:
    pictures = [draw_picture(seed, *SIZES[family]) for seed in seeds]
    return ["<|im_start|>user\nLook: ", *[piece for one in pictures for piece in (one, " and ")], "what is above?"]


@pytest.mark.parametrize("family", FAMILIES)
def test_both_libraries_see_the_same(family: str) -> None:
    model = tiny_lmm(family)
    one, two, both = show(family, 1), show(family, 2), show(family, 2, 1)
    ours = [ask_llamacpp(model, pieces) for pieces in (one, two, both)]
    theirs = [ask_transformers(model, pieces) for pieces in (one, two, both)]
    assert [np.abs(a - b).max() < CLOSE[family] for a, b in zip(ours, theirs, strict=True)] == [True] * 3
    assert np.abs(ours[0] - ours[1]).max() > 1  # another picture is another answer


def test_weights_depend_on_the_seed_alone() -> None:
    again, other = tiny_lmm("llava", seed=0), tiny_lmm("llava", seed=1)
    assert again == tiny_lmm("llava")
    assert again.text.read_bytes() != other.text.read_bytes()

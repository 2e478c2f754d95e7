"""The most tokens of an image, beside what providers publish and what has been charged."""

from __future__ import annotations

import pytest

from fairtrial.measures.image_tokens import AROUND, estimate_image_tokens, find_image_ceiling

CHARGED = [
    ("gpt-4o", 1024, 1024, 765),
    ("gpt-4o", 2048, 4096, 1105),
    ("gpt-4o-2024-11-20", 128, 64, 255),
    ("gpt-4o-mini-2024-07-18", 128, 64, 8500),
    ("openai/gpt-4o-mini", 1024, 1024, 2833 + 4 * 5667),
    ("gpt-4.1-mini", 4000, 1474, 2488),
    ("gpt-4.1-nano", 1024, 1024, 2520),
    ("o4-mini", 1024, 1024, 1762),
    ("claude-sonnet-4-5", 1024, 1024, 1398),
    ("anthropic/claude-opus-4", 1000, 1000, 1334),
    ("gemini-2.0-flash", 960, 540, 6 * 258),
    ("google/gemini-2.5-pro", 384, 384, 258),
    ("gemini-3-flash", 1024, 1024, 1090),
    ("qwen2.5-vl-72b-instruct", 1120, 1120, 1600),
    ("pixtral-12b", 1024, 1024, 4096 + 64),
    ("internvl3-78b", 120, 160, 3328),
]
"""Model, size, and the tokens that its provider publishes for it, or that users were charged."""


@pytest.mark.parametrize(("model", "width", "height", "charged"), CHARGED)
def test_no_image_is_charged_more(model: str, width: int, height: int, charged: int) -> None:
    assert find_image_ceiling(model, width, height) >= charged
    assert find_image_ceiling(model, height, width) >= charged


@pytest.mark.parametrize("size", [(1, 1), (112, 112), (40, 3000), (1024, 768), (6000, 6000)])
def test_a_model_of_no_known_family_is_counted_as_the_dearest(size: tuple[int, int]) -> None:
    known = [find_image_ceiling(model, *size) for model, *_ in CHARGED[:13]]
    assert find_image_ceiling("deployment-7", *size) >= max(known)


def test_a_known_family_is_bounded_closely() -> None:
    assert find_image_ceiling("claude-sonnet-4-5", 1024, 1024) == 37 * 37 + AROUND
    assert find_image_ceiling("gpt-4o-mini", 224, 224) == 8500 + AROUND
    assert find_image_ceiling("minigpt-4", 224, 224) == find_image_ceiling("deployment-7", 224, 224)


def test_an_estimate_is_never_above_the_ceiling() -> None:
    assert all(estimate_image_tokens(model, w, h) < find_image_ceiling(model, w, h) for model, w, h, _ in CHARGED)
    assert estimate_image_tokens("deployment-7", 280, 280) == 100

"""How many tokens an endpoint can charge for an image, at most, by its size; pure.

Published rules, of 2026, each without its upper limits where these differ between models of a family:

* OpenAI, tiles (https://platform.openai.com/docs/guides/images-vision#calculating-costs): scaled down into 2,048 by
  2,048 and to a shorter side of 768; so many tokens for each tile of 512 by 512, and some at first.
* OpenAI, patches of 32 by 32, times a factor of the model; 2.46 is the largest.
* Anthropic (https://platform.claude.com/docs/en/build-with-claude/vision): width x height / 750, since then patches of
  28 by 28, which are more.
* Google (https://ai.google.dev/gemini-api/docs/image-understanding): 258 a tile, whose side is two thirds of the
  image's shorter one, 256 to 768; newer models up to 2,240 an image.
* Open models: patches of 28 by 28 (Qwen2-VL) or 16 by 16 with a token a row (Pixtral), or a number that does not depend
  on the size: up to 3,328 (InternVL), 7,290 (LLaVA-OneVision).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

AROUND = 64
"""Tokens that may stand around an image."""

FIXED = 8_192
"""Of open models that take the same number for images of any size, at most."""

GEMINI_MOST = 2_240
"""That newer models of Google take for an image at the highest resolution."""

SizeRule = Callable[[int, int], int]
"""Width and height in pixels to tokens."""


def find_image_ceiling(model: str, width: int, height: int) -> int:
    """Return the most tokens that an image can be charged for.

    Args:
        model: its name at the endpoint; where it names no family whose rule is published, the largest of all counts.
        width: of the image as it is sent, in pixels, above 0.
        height: likewise.
    """
    if any(re.search(pattern, model, re.IGNORECASE) for pattern, _ in _RULES):
        return estimate_image_tokens(model, width, height) + AROUND
    return max(FIXED, _count_rows(width, height), *(rule(width, height) for _, rule in _RULES)) + AROUND


def estimate_image_tokens(model: str, width: int, height: int) -> int:
    """Return about how many tokens an image is charged for: by the rule of its family, else patches of 28 by 28."""
    rules = (rule for pattern, rule in _RULES if re.search(pattern, model, re.IGNORECASE))
    return next(rules, _count_claude)(width, height)


def _count_tiles(width: int, height: int) -> int:
    """Return the tiles of 512 pixels after scaling down into 2,048 by 2,048 and to a shorter side of 768."""
    scale = min(1.0, 2048 / max(width, height))
    scale = min(scale, 768 / min(width, height))
    return math.ceil(round(width * scale, 6) / 512) * math.ceil(round(height * scale, 6) / 512)


def _count_patches(width: int, height: int, side: int) -> int:
    return math.ceil(width / side) * math.ceil(height / side)


def _count_rows(width: int, height: int) -> int:
    return _count_patches(width, height, 16) + math.ceil(max(width, height) / 16)


def _count_dear_tiles(width: int, height: int) -> int:
    return 2833 + 5667 * _count_tiles(width, height)


def _count_openai(width: int, height: int) -> int:
    return max(85 + 170 * _count_tiles(width, height), math.ceil(2.46 * _count_patches(width, height, 32)))


def _count_claude(width: int, height: int) -> int:
    return _count_patches(width, height, 28)


def _count_gemini(width: int, height: int) -> int:
    side = min(768, max(256, int(min(width, height) / 1.5)))
    return max(GEMINI_MOST, 258 * _count_patches(width, height, side))


_RULES: tuple[tuple[str, SizeRule], ...] = (
    (r"gpt-4o-mini", _count_dear_tiles),
    (r"(^|[/:.])(gpt-|chatgpt-|o\d\b)", _count_openai),
    (r"(^|[/:.])claude\b", _count_claude),
    (r"(^|[/:.])gemini\b", _count_gemini),
)
"""Names of models to the rule of their family; the first that fits counts."""

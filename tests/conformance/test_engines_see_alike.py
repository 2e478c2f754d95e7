"""Both local engines on the same small models that see: what one scores, the other scores."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.images import encode_png
from fairtrial.models import resolve_candidate
from fairtrial.records import GenerateRequest, ImagePart, Pair, Prompt, ScoreRequest, TextPart, make_example
from fairtrial.spec.candidate import Candidate

if any(importlib.util.find_spec(name) is None for name in ("llama_cpp", "torch", "transformers")):
    pytest.skip("needs llama-cpp-python, torch and transformers", allow_module_level=True)

from tests.support.tiny_lmm import FAMILIES, draw_picture, tiny_lmm

pytestmark = pytest.mark.model

SIZES = {"idefics3": (150, 90), "llava": (64, 64), "gemma3": (64, 64), "qwen2_vl": (80, 48)}
"""Widths and heights that both libraries prepare alike."""
SPANS = {"gemma3": "\n\n"}
"""What transformers writes around an image, and llama.cpp does not."""
ROUNDING = 0.02
"""llama.cpp keeps keys and values in 16 bits."""


def opened(family: str, engine: str, files: dict[str, bytes]) -> Engine:
    model = tiny_lmm(family)
    named = (
        {"model": f"gguf:{model.text}"} if engine == "llamacpp" else {"model": f"hf:{model.folder}", "dtype": "float32"}
    )
    spec = Candidate.model_validate({"id": "a", "context": 1500, **named})
    settings = EngineSettings(
        threads=1, batch_tokens=96, flash_attention=False, read_image=lambda image: files[image.hash]
    )
    return open_engine(spec, resolve_candidate(spec, Path()), settings)


@pytest.mark.parametrize("family", FAMILIES)
def test_both_engines_see_alike(family: str) -> None:
    made = [encode_png(draw_picture(seed, *SIZES[family])) for seed in (1, 2, 3)]
    files = {ImagePart.of(data, "image/png").hash: data for data in made}
    one, two, three = (ImagePart.of(data, "image/png") for data in made)

    def shown(span: str, *pieces: str | ImagePart) -> list[TextPart | ImagePart]:
        parts: list[TextPart | ImagePart] = []
        for piece in pieces:
            parts += [TextPart(piece)] if isinstance(piece, str) else [TextPart(span), piece, TextPart(span)]
        return parts

    def make_requests(span: str) -> list[ScoreRequest]:
        example = make_example(shown(span, three, "How many?"), "three")
        prompts = [
            Prompt(shown(span, "Look: ", one, " what is above?")),
            Prompt(shown(span, "Look: ", one, " what is below?")),
            Prompt(shown(span, "Look: ", two, " what is above?")),
            Prompt(shown(span, one, " and ", two, ": which is red?")),
            Prompt(shown(span, "Now: ", one, "How many?"), examples=example),
            Prompt("Without an image: what is red?"),
        ]
        choices = ("yes", "no", "three circles", "left")
        return [ScoreRequest(tuple(Pair(prompt, choice) for choice in choices)) for prompt in prompts]

    ours, theirs = opened(family, "transformers", files), opened(family, "llamacpp", files)
    asked, framed = make_requests(""), make_requests(SPANS.get(family, ""))
    here, there = list(ours.score(asked)), list(theirs.score(framed))
    for a, b in zip(here, there, strict=True):
        assert (a.tokens, a.prompt_tokens) == (b.tokens, b.prompt_tokens)
        assert a.logprobs == pytest.approx(b.logprobs, abs=ROUNDING)
        assert int(np.argmax(a.logprobs)) == int(np.argmax(b.logprobs))
    assert np.abs(np.subtract(here[0].logprobs, here[2].logprobs)).max() > 0.1  # another image is another answer
    texts = [
        [answer.text for answer in engine.generate([GenerateRequest(r.pairs[0].prompt, 6) for r in requests])]
        for engine, requests in ((ours, asked), (theirs, framed))
    ]
    assert sum(a == b for a, b in zip(*texts, strict=True)) >= len(asked) - 1  # one near-tie may part them
    ours.close()
    theirs.close()

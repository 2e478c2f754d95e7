"""Whether llama.cpp computes with an adapter what transformers computes with it, in numbers.

Both engines read the same texts and answer the same beginnings, without the adapter and with it.  What they differ by
without it is their own rounding: llama.cpp rounds what goes into quantised weights to 8 bits.  An adapter that was
carried over wrongly differs by as much as it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines import open_engine
from fairtrial.engines.base import GivesDistributions
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import EngineError, ModelError
from fairtrial.levers.tune.adapters.fitting import fit_adapter
from fairtrial.models import ResolvedModel, choose_engine
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.candidate import Candidate
from fairtrial.stats.divergence import compute_divergence

TEXTS = (
    "The harbour was closed on Monday after the storm, and ferries stayed away until the evening of the next day.",
    "To add two numbers of several digits, begin with the digits on the right and carry what is more than nine.",
    "Question: Which of these is a metal? A. wood B. iron C. glass D. wool\nAnswer: B",
    "def area(width, height):\n    if width < 0 or height < 0:\n        raise ValueError('negative')\n    return",
    "Dear neighbours, the meeting about the new bridge takes place in the town hall; bring your questions with you.",
    "Seven hens laid three eggs each, and four of the eggs were sold. How many are left? 7 x 3 = 21, 21 - 4 = 17.",
)
"""What is read if no texts are given."""
ANSWER_TOKENS = 16
MOST_TEXTS = 200
ALLOWED = 2.0
"""With the adapter the engines may differ by so many times what they differ by without it."""
ROUNDING = 0.01
"""Nats a token that are never called a difference."""


@dataclass(frozen=True, slots=True)
class EngineDifference:
    """How far two ways of computing are apart on the same texts.

    Attributes:
        kl: Kullback-Leibler divergence of what is expected next, nats a token.
        same_top: share of tokens after which the likeliest next token is the same.
        same_answers: share of greedy answers that are the same text; None where none were compared.
    """

    kl: float
    same_top: float
    same_answers: float | None = None


@dataclass(frozen=True, slots=True)
class AdapterAgreement:
    """What was found.

    Attributes:
        texts: how many were read and answered.
        tokens: that something was expected after.
        without: llama.cpp and transformers without the adapter.
        with_adapter: the same with it.
        effect: transformers without the adapter and with it: what the adapter changes.
        why_merged: why llama.cpp had it in its weights and not beside them; empty if it had not.
    """

    texts: int
    tokens: int
    without: EngineDifference
    with_adapter: EngineDifference
    effect: EngineDifference
    why_merged: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the engines differ by no more than their rounding, and by far less than the adapter changes."""
        apart, usual = self.with_adapter.kl, self.without.kl
        return apart <= ROUNDING or (apart <= ALLOWED * usual + ROUNDING and apart <= self.effect.kl / 2)

    @property
    def tells(self) -> bool:
        """Whether the texts can tell: an adapter that changes less than the engines' rounding hides any mistake."""
        return self.effect.kl > ALLOWED * self.without.kl + ROUNDING

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "agrees": self.agrees, "tells": self.tells}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an engine made of the texts: tokens, logits after each, and greedy answers to the texts' first halves."""

    tokens: list[NDArray[np.int32]]
    logits: list[NDArray[np.float32]]
    answers: list[str]


def measure_agreement(
    model: ResolvedModel,
    texts: Sequence[str],
    cache_dir: Path,
    on_progress: Callable[[str], None],
    threads: int | None = None,
) -> AdapterAgreement:
    """Return how far llama.cpp and transformers are apart with a model's adapter, and without it.

    Both compute in 32-bit floats where they let one choose.  One engine is open at a time.

    Args:
        model: a GGUF file with an adapter in PEFT's form.
        texts: to read; at most `MOST_TEXTS`.
        cache_dir: where the converted adapter is kept.
        on_progress: called with a line for each engine.
        threads: processor threads; None takes what suits the machine.

    Raises:
        ModelError: the model is not of that kind, or an engine cannot load it.
        EngineError: the engines cut the texts into other tokens.
    """
    if model.adapter is None or model.path is None or not model.path.is_file() or not model.adapter.is_dir():
        raise ModelError(
            "Only a GGUF model with an adapter in PEFT's form is run by both engines.",
            fix="Name the folder with adapter_config.json, and a model in one GGUF file.",
        )
    plain = replace(model, adapter=None, adapter_sha256="")
    ways = {
        "transformers": choose_engine(plain, "transformers"),
        "llama.cpp": plain,
        "transformers with the adapter": choose_engine(model, "transformers"),
        "llama.cpp with the adapter": fit_adapter(model, cache_dir, on_progress),
    }
    found = []
    for name, way in ways.items():
        on_progress(f"reading {len(texts)} texts: {name}")
        found.append(_read(way, texts[:MOST_TEXTS], EngineSettings(threads)))
    here, there, here_with, there_with = found
    merged = ways["llama.cpp with the adapter"].notes.get("adapter_merged", "")
    return AdapterAgreement(
        texts=len(here.tokens),
        tokens=sum(len(logits) for logits in here.logits),
        without=_compare(here, there),
        with_adapter=_compare(here_with, there_with),
        effect=_compare(here, here_with),
        why_merged=str(merged),
    )


def _read(model: ResolvedModel, texts: Sequence[str], settings: EngineSettings) -> _Reading:
    candidate = Candidate(id="agreement", model=model.spec, engine=model.engine, dtype=_choose_dtype(model))
    engine = open_engine(candidate, model, settings)
    try:
        if not isinstance(engine, GivesDistributions):
            raise EngineError(f"the engine {model.engine} does not tell what it expects after every token")
        tokens = [engine.text_tokens(text) for text in texts]
        logits = [engine.text_logits(one) for one in tokens]
        asked = [GenerateRequest(Prompt(text[: len(text) // 2].rstrip()), ANSWER_TOKENS) for text in texts]
        return _Reading(tokens, logits, [answer.text for answer in engine.generate(asked)])
    finally:
        engine.close()


def _choose_dtype(model: ResolvedModel) -> Any:
    return "float32" if model.engine == "transformers" else "auto"


def _compare(one: _Reading, other: _Reading) -> EngineDifference:
    if any(not np.array_equal(a, b) for a, b in zip(one.tokens, other.tokens, strict=True)):
        raise EngineError("llama.cpp and transformers cut the texts into other tokens, so they cannot be compared.")
    width = min(one.logits[0].shape[1], other.logits[0].shape[1])
    parts = [compute_divergence(a[:, :width], b[:, :width]) for a, b in zip(one.logits, other.logits, strict=True)]
    same = [a == b for a, b in zip(one.answers, other.answers, strict=True)]
    kl = np.concatenate([part.kl for part in parts])
    top = np.concatenate([part.same_top for part in parts])
    if not np.isfinite(kl).all():
        raise EngineError("A model expects what is no number after some token.")
    return EngineDifference(float(kl.mean()), float(top.mean()), sum(same) / len(same))

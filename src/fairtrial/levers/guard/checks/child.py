"""The program that classifies texts for `fairtrial.levers.guard.checks.classifier`, in a process of its own.

Started as ``child.py KIND MODEL TOKENIZER PACKAGE_FOLDER [IMPORT_FOLDER ...]``.  It reads JSON lines ``{"text": ...}``
and answers each with ``{"scores": [...]}``, or ``{"error": ...}``.  What crashes here is no crash of whoever asks.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
import types
from collections.abc import Callable
from typing import Any

MEMORY = 4 << 30
"""Bytes of address space."""
TOKENS = 512
"""That an ONNX file is given at most at a time; a longer text is looked at piece by piece."""

_Score = Callable[[str], list[float]]
"""A text to the probabilities of the labels."""


def load_securevector(model: str) -> tuple[_Score, list[str], float]:
    """Return what scores a text, its labels and its own threshold."""
    predict_windowed = importlib.import_module("svguardian.window").predict_windowed
    guardian = importlib.import_module("svguardian.model.pure_infer").PureGuardian.load(model)

    def score(text: str) -> list[float]:
        found = predict_windowed(guardian, text)
        bad = float(found["malicious_score"]) if found["verdict"] == "malicious" else 0.0
        named = found["category"]
        return [bad if label == named else 0.0 for label in guardian.classes]

    return score, list(guardian.classes), guardian.threshold


def load_onnx(model: str, tokenizer: str) -> tuple[_Score, list[str], float]:
    """Return what scores a text, no labels, and no threshold."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    reader: Any = Tokenizer.from_file(tokenizer)
    reader.no_padding()
    reader.enable_truncation(TOKENS, stride=64)
    wanted = [one.name for one in session.get_inputs()]

    def score(text: str) -> list[float]:
        read = reader.encode(text)
        best: list[float] = []
        for piece in (read, *read.overflowing):
            values = {"input_ids": piece.ids, "attention_mask": piece.attention_mask, "token_type_ids": piece.type_ids}
            logits = session.run(None, {name: np.array([values[name]], np.int64) for name in wanted})[0][0]
            found = turn_to_probabilities([float(one) for one in np.ravel(logits)])
            best = [max(a, b) for a, b in zip(best, found, strict=True)] if best else found
        return best

    return score, [], math.nan


def turn_to_probabilities(logits: list[float]) -> list[float]:
    """Return logits as probabilities: of one by the logistic function, of several by softmax."""
    if len(logits) == 1:
        return [1 / (1 + math.exp(-max(-700.0, min(700.0, logits[0]))))]
    top = max(logits)
    weights = [math.exp(one - top) for one in logits]
    return [one / sum(weights) for one in weights]


def main() -> None:
    """Serve until the input ends."""
    kind, model, tokenizer, package = sys.argv[1:5]
    sys.path += sys.argv[5:]
    for name in ("", "sandbox"):
        made = types.ModuleType(f"fairtrial.{name}".rstrip("."))
        made.__path__ = [os.path.join(package, name)]  # noqa: PTH118
        sys.modules[made.__name__] = made
    limits = importlib.import_module("fairtrial.sandbox.limits")
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    told: dict[str, Any] = {}
    score: _Score = lambda _: []  # noqa: E731
    try:
        score, labels, threshold = load_securevector(model) if kind == "securevector" else load_onnx(model, tokenizer)
        score("A first text, by which all is loaded that is needed.")
        told = {"labels": labels, "threshold": None if math.isnan(threshold) else threshold}
    except Exception as error:
        told = {"error": f"it cannot be loaded: {type(error).__name__}: {str(error)[:200]}"}
    limits.set_limits(memory=MEMORY, files=64)
    limits.refuse_calls((*limits.NETWORK, *limits.PROCESSES, *limits.SIGNALS, *limits.LIMITS, *limits.FOREIGN))
    while line := source.readline():
        asked = json.loads(line)
        answer = told
        if "text" in asked and "error" not in told:
            try:
                answer = {"scores": score(asked["text"])}
            except Exception as error:
                answer = {"error": f"it failed: {type(error).__name__}"}
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()


if __name__ == "__main__":
    main()

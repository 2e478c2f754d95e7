"""The check ``classifier``: a small text classifier in a process of its own, whose end is not ours.

``securevector`` is the model of the package `securevector-guardian-model` (Apache-2.0; 2 MB, without dependencies; by
its authors for prompt injection and jailbreaks, in English).  Any other is an ONNX file with a ``tokenizer.json``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fairtrial.errors import MissingExtraError, ModelError, SpecError
from fairtrial.levers.guard.checks.base import CheckFailedError, CheckFinding, Looked, Seen
from fairtrial.models import hash_file
from fairtrial.sandbox.process import LimitedProcess, ProcessEndedError, make_command
from fairtrial.spec.guard import SECUREVECTOR, ClassifierSettings

METHOD = 1
"""Counts up when the same text gets another score."""
LOADING = 60.0
"""Seconds that loading may take."""
LONGEST = 20_000
"""Characters that are looked at; of a longer text its beginning and its end."""
HARMLESS = ("benign", "safe", "harmless", "legit", "label_0", "negative")
"""Labels that tell nothing, whatever their case."""
_PROGRAM = Path(__file__).with_name("child.py")


def find_network_files(settings: ClassifierSettings) -> tuple[Path, Path | None]:
    """Return the file with the weights, and that with the tokenizer if there is one.

    Raises:
        MissingExtraError: the package is not installed.
        SpecError: a file does not exist.
    """
    if settings.model == SECUREVECTOR:
        spec = find_spec("svguardian")
        folders = list(spec.submodule_search_locations or ()) if spec else []
        if not folders:
            raise MissingExtraError("The classifier securevector", "guard")
        weights = Path(folders[0]) / "_runtime" / "guardian.runtime.json.gz"
        if not weights.is_file():
            raise ModelError(
                "the installed securevector-guardian-model has no weights.", fix="Install it from its wheel."
            )
        return weights, None
    weights = Path(settings.model)
    tokenizer = Path(settings.tokenizer) if settings.tokenizer else weights.with_name("tokenizer.json")
    for path, what in ((weights, "classifier"), (tokenizer, "tokenizer of a classifier")):
        if not path.is_file():
            raise SpecError(
                f"guard: the {what} {str(path)!r} does not exist.",
                fix=f"Name an ONNX file, or write '{SECUREVECTOR}'." if path == weights else "Name it as `tokenizer`.",
            )
    for library in ("onnxruntime", "tokenizers"):
        if find_spec(library) is None:
            raise MissingExtraError("A classifier in an ONNX file", "embed")
    return weights, tokenizer


def identify_classifier(settings: ClassifierSettings) -> list[object]:
    """Return what decides its scores: the hashes of its files."""
    return [METHOD, *(hash_file(path) for path in find_network_files(settings) if path)]


class ClassifierLooker:
    """See `Looker`.  Raises as `find_network_files` does, and ModelError for files that cannot be loaded."""

    def __init__(self, settings: ClassifierSettings) -> None:
        self.settings = settings
        weights, tokenizer = find_network_files(settings)
        kind = "securevector" if settings.model == SECUREVECTOR else "onnx"
        folders = [path for path in sys.path if path and Path(path).is_dir()]
        arguments = (kind, str(weights), str(tokenizer or ""), str(_PROGRAM.parents[3]), *folders)
        self.process = LimitedProcess(make_command(_PROGRAM, *arguments))
        try:
            told = self.process.ask({}, LOADING)
        except ProcessEndedError as error:
            raise ModelError(f"guard: the classifier {settings.model!r} cannot be loaded: {error}.") from None
        if "error" in told:
            raise ModelError(f"guard: the classifier {settings.model!r}: {told['error']}.")
        self.labels: Sequence[str] = settings.labels or told.get("labels") or ()
        self.threshold = settings.threshold if settings.threshold is not None else told.get("threshold") or 0.5

    def look(self, at: Looked) -> Seen:
        """Return the likeliest label that counts, if it is likely enough.  Raises CheckFailedError."""
        text = at.text if len(at.text) <= LONGEST else at.text[: LONGEST // 2] + "\n" + at.text[-LONGEST // 2 :]
        waits = 0.0 if self.process.running else LOADING
        try:
            told = self.process.ask({"text": text}, self.settings.seconds + waits)
        except ProcessEndedError as error:
            raise CheckFailedError(str(error)) from None
        scores = self._read_scores(told)
        labels = self.labels or (["flagged"] if len(scores) == 1 else [f"label_{i}" for i in range(len(scores))])
        if len(labels) != len(scores):
            raise CheckFailedError(f"it gives {len(scores)} scores for {len(labels)} labels")
        wanted = self.settings.categories
        counted = [
            (score, label)
            for score, label in zip(scores, labels, strict=True)
            if (label in wanted if wanted else label.casefold() not in HARMLESS)
        ]
        best, label = max(counted, default=(0.0, ""))
        if best < self.threshold:
            return Seen()
        return Seen((CheckFinding(label.replace("_", " "), label, (f"probability {best:.2f}",)),))

    def close(self) -> None:
        """End its process."""
        self.process.close()

    def _read_scores(self, told: Any) -> list[float]:
        if not isinstance(told, dict) or "error" in told:
            raise CheckFailedError(str(told.get("error", "")) if isinstance(told, dict) else "it answers nonsense")
        scores = told.get("scores")
        if (
            not isinstance(scores, list)
            or not scores
            or not all(isinstance(s, int | float) and math.isfinite(s) for s in scores)
        ):
            raise CheckFailedError("it gives no numbers")
        return [float(s) for s in scores]

"""Reading pixels by `rapidocr` (PP-OCR models on ONNX Runtime), the one adapter of it; extra ``ocr``.

Only model files at hand are used: those in the package, or the user's own.  What would be downloaded is refused.  One
thread reads one image, so that the same pixels give the same text whatever else is being read.
"""

from __future__ import annotations

import importlib.util
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from fairtrial.errors import CapabilityError, MissingExtraError, ModelError, SpecError, did_you_mean
from fairtrial.levers.read.layout import Line
from fairtrial.models import hash_file
from fairtrial.spec.read import Read

PARTS = ("det", "cls", "rec")
"""Of the reader: finds lines, tells which stand on their head, reads them."""

PACKAGES = ("rapidocr", "onnxruntime", "opencv-python-headless")
LONGEST = 6
"""Times that an image may be as long as it is wide; one that is longer is widened with the colour of its edge, for the
package enlarges every image until its shorter side has some hundred pixels, whatever the longer one then has."""

WHAT = "The lever 'read' (rapidocr)"


def find_versions() -> dict[str, str]:
    """Return the versions of the packages that read.  Raises MissingExtraError if one of the first two is missing."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError as error:
            if package in PACKAGES[:2]:
                raise MissingExtraError(WHAT, "ocr") from error
    return found


def find_models(settings: Read) -> dict[str, Path]:
    """Return the model file of each of `PARTS`.

    Raises MissingExtraError without the package, ModelError if it lacks a file, SpecError for a language that its own
    models cannot read.
    """
    find_versions()
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(WHAT, "ocr")
    folder = Path(next(iter(spec.submodule_search_locations)))
    own = {"det": settings.detector, "rec": settings.recognizer}
    if not settings.recognizer:
        _check_language(settings.language, folder)
    return {part: Path(given) if (given := own.get(part)) else _find_file(folder, part) for part in PARTS}


def _find_file(folder: Path, part: str) -> Path:
    found = sorted(path for path in (folder / "models").glob("*.onnx") if f"_{part}_" in path.name)
    if not found:
        raise ModelError(
            f"the installed rapidocr has no model file for '{part}' in {folder / 'models'}, and none is downloaded.",
            fix="Install rapidocr from its wheel, or name model files with `detector` and `recognizer`.",
        )
    return found[0]


def _check_language(language: str, folder: Path) -> None:
    """Raise SpecError if it is known that the models of the package cannot read a language."""
    known = _list_languages(folder)
    if known and language not in known:
        raise SpecError(
            f"read: the model inside the rapidocr package cannot read {language!r}, and no other one is downloaded."
            f"{did_you_mean(language, known)} Languages: {', '.join(known)}.",
            fix="Name a model that reads it with `recognizer: FILE.onnx` (PP-OCR models are published with rapidocr).",
        )


def _list_languages(folder: Path) -> Sequence[str]:
    """Return the languages of the models in the package; none if it does not say."""
    try:
        config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["Rec"]
        told = yaml.safe_load((folder / "default_models.yaml").read_text(encoding="utf-8"))
        routes = told["model_routes"][config["ocr_version"]]["rec"][config["model_type"]]
        return sorted({str(one) for route in routes for one in route["supported_langs"]})
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return ()


def identify(settings: Read) -> Mapping[str, object]:
    """Return what identifies the reader, as JSON values: versions, and the sha256 of its model files."""
    return {**find_versions(), "models": {part: hash_file(path) for part, path in find_models(settings).items()}}


@dataclass
class OcrReader:
    """Reads pixels; safe to be used from several threads, each of which has a reader of its own.

    Attributes:
        settings: of the lever.
    """

    settings: Read
    _own: threading.local = field(default_factory=threading.local, repr=False)

    def read(self, pixels: NDArray[np.uint8]) -> list[Line]:
        """Return the lines found in pixels (h, w, 3), red first.  An image that lies on its side or stands on its head
        is turned and read again, one a little askew is levelled.  Raises CapabilityError if the reader fails.
        """
        found, turns = self._read_once(pixels)
        if turns:
            found, _ = self._read_once(np.rot90(pixels, turns))
        return found

    def _read_once(self, pixels: NDArray[np.uint8]) -> tuple[list[Line], int]:
        """Return the lines, and the quarter turns to the left that would set the image upright."""
        engine, on_head = self._get_engine()
        on_head.clear()
        try:
            found = engine(np.ascontiguousarray(_widen(pixels)[:, :, ::-1]), text_score=0.0)
        except Exception as error:
            told = str(error).strip().splitlines()
            raise CapabilityError(f"the reader failed: {type(error).__name__}: {(told or [''])[-1]:.200}.") from error
        if getattr(found, "boxes", None) is None or not found.txts:
            return [], 0
        boxes = np.asarray(found.boxes, np.float64)
        lines = zip(_level(boxes, found.txts), found.txts, found.scores, strict=True)
        return [_make_line(box, text, float(score)) for box, text, score in lines], _count_turns(
            boxes, found.txts, on_head
        )

    def _get_engine(self) -> tuple[Any, list[bool]]:
        """Return this thread's reader, and the list in which it notes of each line whether it stood on its head."""
        if not hasattr(self._own, "engine"):
            self._own.turned = []
            self._own.engine = _open_engine(find_models(self.settings), self._own.turned)
        return self._own.engine, self._own.turned


def _open_engine(models: Mapping[str, Path], turned: list[bool]) -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise MissingExtraError(WHAT, "ocr") from error
    sections = {"det": "Det", "cls": "Cls", "rec": "Rec"}
    params = {f"{sections[part]}.model_path": str(path) for part, path in models.items()}
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine: Any = RapidOCR(params={"Global.log_level": "critical", **threads, **params})
    _check_characters(models["rec"])
    try:
        classify = engine._load_cls_model()
    except Exception as error:
        raise ModelError(f"{models['cls'].name} cannot be loaded: {str(error)[:200]}.") from error

    def classify_and_note(crops: Any) -> Any:
        found = classify(crops)
        turned.extend("180" in label and score > classify.cls_thresh for label, score in found.cls_res or ())
        found.img_list = crops  # of single lines it is often wrong: they vote, and none is turned alone
        return found

    engine.text_cls = classify_and_note
    return engine


def _check_characters(path: Path) -> None:
    """Raise ModelError if a model that reads lines does not hold its characters: they would be downloaded."""
    import onnxruntime

    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        held = onnxruntime.InferenceSession(str(path), options).get_modelmeta().custom_metadata_map
    except Exception as error:
        raise ModelError(f"{path.name} is no model that ONNX Runtime can load: {str(error)[:200]}.") from error
    if "character" not in held:
        raise ModelError(
            f"{path.name} does not hold the characters that it reads, and nothing is downloaded.",
            fix="Take a PP-OCR model that was exported for rapidocr, with its characters inside.",
        )


def _widen(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels of which neither side is more than `LONGEST` times the other; what is added has the median colour
    of the edge that it stands at.
    """
    height, width = pixels.shape[:2]
    least = -(-max(height, width) // LONGEST)
    if least <= min(height, width):
        return pixels
    edge = pixels[-1] if height < least else pixels[:, -1]
    widened = np.empty((max(height, least), max(width, least), 3), np.uint8)
    widened[:] = np.median(edge, axis=0).astype(np.uint8)
    widened[:height, :width] = pixels
    return widened


def _count_turns(boxes: NDArray[np.float64], texts: Sequence[str], on_head: Sequence[bool]) -> int:
    """Return the quarter turns to the left that set an image upright, by what most of its longer lines say."""
    long = [i for i, text in enumerate(texts) if len(text.strip()) > 2] or list(range(len(texts)))
    across, down = (np.linalg.norm(boxes[long, i] - boxes[long, 0], axis=1) for i in (1, 3))
    lies = int((down >= 1.5 * across).sum()) > len(long) / 2
    heads = sum(on_head) > len(on_head) / 2  # a line that lies is read as if it was turned to the left
    return (3 if heads else 1) if lies else (2 if heads else 0)


def _level(boxes: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
    """Return boxes turned about the corner of the page so that most lines are level; up to 30 degrees."""
    angles = []
    for box, text in zip(boxes, texts, strict=True):
        edges = (box[1] - box[0], box[2] - box[1])
        x, y = max(edges, key=lambda edge: float(np.hypot(*edge)))
        angle = math.degrees(math.atan2(y, x))
        angle = (angle + 90) % 180 - 90
        angles += [angle] * len(text.strip())
    askew = median(angles) if angles else 0.0
    if not 0.5 < abs(askew) < 30:
        return boxes
    c, s = math.cos(math.radians(askew)), math.sin(math.radians(askew))
    turned: NDArray[np.float64] = boxes @ np.array([[c, -s], [s, c]])
    return turned


def _make_line(box: NDArray[np.float64], text: str, confidence: float) -> Line:
    (x0, y0), (x1, y1) = box.min(axis=0), box.max(axis=0)
    shown = "".join(char if char.isprintable() else " " for char in text)
    return Line(float(x0), float(y0), float(x1), float(y1), " ".join(shown.split()), min(1.0, max(0.0, confidence)))

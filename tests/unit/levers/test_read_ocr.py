"""Reading drawn pages with the real reader, and refusing what it would download."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

from fairtrial.errors import MissingExtraError, ModelError, SpecError
from fairtrial.levers.read import ocr
from fairtrial.levers.read.layout import write_page
from fairtrial.levers.read.ocr import OcrReader, find_models, identify
from fairtrial.planning.candidates import CandidatePlanner
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.read import Read
from tests.support import pages

COLUMNS = "\n\n".join(["Notes on a small harbour in the north", "\n".join(pages.LEFT), "\n".join(pages.RIGHT)])
RECEIPT = "\n\n".join(["HARBOUR STORES", pages.markdown(pages.TABLE), "Paid by card, thank you"])


@pytest.fixture(scope="module")
def reader() -> OcrReader:
    return OcrReader(Read())


@pytest.mark.model
@pytest.mark.parametrize(
    ("page", "right"),
    [
        (pages.two_columns(), COLUMNS),
        (pages.spoil(pages.receipt()), RECEIPT),
        (pages.turn(pages.receipt(), 90), RECEIPT),
        (pages.turn(pages.receipt(), -7), RECEIPT),
    ],
    ids=["columns", "noisy", "on its side", "askew"],
)
def test_drawn_pages_are_read_in_order(reader: OcrReader, page: pages.Image.Image, right: str) -> None:
    lines = reader.read(pages.pixels_of(page))
    assert pages.edit_distance(write_page(lines), right) <= 0.01 * len(right)
    assert min(line.confidence for line in lines) > 0.8


@pytest.mark.model
def test_empty_and_tiny_pages_have_no_text_and_the_log_is_silent(
    reader: OcrReader, capfd: pytest.CaptureFixture[str]
) -> None:
    for size in ((300, 200), (1, 1), (700, 2)):
        assert reader.read(np.full((*size, 3), 255, np.uint8)) == []
    assert capfd.readouterr() == ("", "")


def test_long_images_are_widened_in_the_median_colour_of_their_edge() -> None:
    line = np.full((10, 600, 3), (250, 240, 230), np.uint8)
    line[-1, 100:160] = 0  # text that touches the edge
    widened = ocr._widen(line)
    assert widened.shape == (100, 600, 3)
    assert np.array_equal(widened[:10], line) and (widened[10:] == (250, 240, 230)).all()
    column = np.ascontiguousarray(line.swapaxes(0, 1))
    assert np.array_equal(ocr._widen(column), widened.swapaxes(0, 1))
    assert ocr._widen(widened) is widened


def test_the_candidate_is_identified_by_settings_versions_and_model_files(tmp_path: Path) -> None:
    def candidate_id(lever: object) -> str:
        written = {"id": "c", "model": "fake:a", "levers": [lever]}
        return CandidatePlanner(tmp_path).plan(Candidate.model_validate(written)).id

    plain = candidate_id("read")
    assert plain == candidate_id({"read": {}}) == candidate_id({"read": 0.5})
    assert len({plain, candidate_id({"read": 0.6}), candidate_id({"read": {"quote": False}})}) == 3
    found = identify(Read())
    assert {"rapidocr", "onnxruntime"} <= found.keys()
    assert found["models"] and all(len(digest) == 64 for digest in found["models"].values())  # type: ignore[attr-defined]
    other = tmp_path / "other.onnx"
    other.write_bytes(b"no model")
    assert candidate_id({"read": {"recognizer": "other.onnx"}}) != plain
    with pytest.raises(SpecError, match=r"read: the template cannot be filled"):
        candidate_id({"read": {"template": "{{ words }}"}})
    with pytest.raises(SpecError, match="no candidate 'eyes' to refer to"):
        candidate_id({"read": {"caption": "eyes"}})


def test_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match=r"cannot read 'ru', and no other one is downloaded.* Languages: af, "):
        find_models(Read(language="ru"))
    own = tmp_path / "own.onnx"
    own.write_bytes(b"no model")
    assert find_models(Read(language="ru", recognizer=str(own)))["rec"] == own
    with pytest.raises(ModelError, match=r"own.onnx is no model that ONNX Runtime can load"):
        OcrReader(Read(recognizer=str(own))).read(np.zeros((40, 40, 3), np.uint8))
    whole = find_models(Read())
    with pytest.raises(ModelError, match="does not hold the characters that it reads"):
        OcrReader(Read(recognizer=str(whole["cls"]))).read(np.zeros((40, 40, 3), np.uint8))
    monkeypatch.setattr(ocr.Path, "glob", lambda *_: iter(()))
    with pytest.raises(ModelError, match="has no model file for 'det'"):
        find_models(Read())


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(ocr, "version", missing)
    with pytest.raises(MissingExtraError, match=r"The lever 'read' \(rapidocr\) needs the extra 'ocr'(.|\n)*\[ocr\]"):
        identify(Read())

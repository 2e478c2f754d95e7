"""Files made to break a decoder: none crashes, hangs or fills the memory; each is named, or is one image for all."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from PIL import Image

from fairtrial.errors import ImageError
from fairtrial.images import decode, examine, examining
from tests.support.hostile_images import make_hostile_images, save

GIGABYTE = 1 << 30


def read_most_memory() -> int:
    """Bytes that the process with limits has had at most; 0 where that cannot be told."""
    process = examining._EXAMINER.process
    if process is None or not process.running or process._process is None:
        return 0
    status = Path(f"/proc/{process._process.pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) << 10 if found else 0


@pytest.mark.slow
def test_no_file_crashes_hangs_or_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "SECONDS", 4.0)
    files = make_hostile_images()
    assert len(files) >= 100
    refused: dict[str, ImageError] = {}
    took: dict[str, float] = {}
    most = 0
    for name, data in files.items():
        begun = time.monotonic()
        try:
            facts = examine(data, name)
        except ImageError as error:
            refused[name] = error
        else:
            shown = decode(data, name)
            assert (shown.hash, shown.notes) == (facts.pixels, facts.notes)
        took[name] = time.monotonic() - begun
        most = max(most, read_most_memory())
    assert max(took.values()) < 120
    assert most < GIGABYTE
    assert {error.where for error in refused.values()} == refused.keys()
    assert all(error.fix and "0x" not in error.message for error in refused.values())
    passed = files.keys() - refused.keys()
    assert not [name for name in passed if "cut off" in name or "on a side" in name]
    assert len(refused) > 0.7 * len(files)


def test_a_process_that_ends_is_one_error_and_the_next_file_gets_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = save("GIF", Image.effect_noise((2500, 2500), 90).convert("P"), comment=b"some tenths of a second")
    monkeypatch.setattr(examining, "SECONDS", 0.0)
    with pytest.raises(ImageError, match="the GIF image cannot be decoded within the limits: it takes more than 0 s"):
        examine(data, "row 3")
    monkeypatch.setattr(examining, "SECONDS", 600.0)
    assert examine(data).width == 2500

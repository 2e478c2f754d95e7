"""An archive that a small local Ray reads and embeds for is the one that this process makes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from fairtrial.archive import adding
from fairtrial.spreading.base import DoneHere
from fairtrial.spreading.opening import open_spread
from tests.support.small_embedder import embedder_bytes
from tests.unit.archive.test_spreading import embed, fill, read_rows, write_news


@pytest.mark.alone
def test_a_ray_makes_the_archive_that_one_process_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "BATCH_SECONDS", 1e9)
    ray = pytest.importorskip("ray")
    news = write_news(tmp_path)
    model = tmp_path / "bert.gguf"
    model.write_bytes(embedder_bytes())
    usual, spread = tmp_path / "usual.db", tmp_path / "spread.db"
    fill(usual, news, DoneHere())
    made = embed(usual, model, DoneHere())
    with closing(open_spread("ray", workers=2)) as gang:
        fill(spread, news, gang)
        assert embed(spread, model, gang) == made
    assert not ray.is_initialized()
    assert read_rows(spread) == read_rows(usual)

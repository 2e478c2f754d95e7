"""From an archive to an adapter and back: what is withdrawn names the adapter, and is trained on no more."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("peft") is None:
    pytest.skip("needs torch and peft (the tune extra)", allow_module_level=True)

from fairtrial import cache
from fairtrial.api.withdrawing import withdraw
from fairtrial.archive.adding import Rules, add_files
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.archive.tainting import read_taint
from fairtrial.curation.pipeline import curate
from fairtrial.errors import ArchiveError
from fairtrial.planning.base import Training
from fairtrial.planning.contamination import ContaminationCheck
from fairtrial.rights import Circumstances
from fairtrial.spec.curate import Curate
from tests.support.levers import build
from tests.support.tiny_chat import tiny_model

SETTINGS = {"rank": 1, "steps": 1, "batch": 2, "threads": 1, "objective": "sft"}


def test_an_adapter_is_named_when_a_document_that_it_was_tuned_on_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "user_cache_path", lambda _name: tmp_path / "cache")
    news, archive, rows = tmp_path / "news", str(tmp_path / "news.db"), tmp_path / "set"
    news.mkdir()
    for name in ("crane", "ferry", "tower"):
        (news / f"{name}.md").write_text(
            f"# {name}\n\nThe {name} of the town is old, and many people come to see it.\n"
        )
    rules = Rules(Circumstances(datetime(2026, 11, 2, tzinfo=UTC), profile="own-archive"))
    with SqliteStore(archive, create=True) as store, store.writing():
        add_files(store, [news], rules)
        gone = next(one.id for one in store.list_holdings() if one.uri.endswith("ferry.md"))
    settings = {"sources": [{"archive": archive}], "rights": {"profile": "own-archive"}, "split": {"validation": 0}}
    curate(Curate.model_validate({**settings, "duplicates": {"near": None, "together": None}}), rows)
    tuned = build({"tune": {"data": str(rows), **SETTINGS}}, tiny_model(), tmp_path / "cache", lambda _: None)
    assert tuned.adapter is not None
    assert (tuned.adapter / "grams.bin").read_bytes() == (rows / "grams.bin").read_bytes()
    found = withdraw(archive, [gone])
    assert {(one.made.kind, one.made.name) for one in found.tainted if one.made.kind == "adapter"} == {
        ("adapter", tuned.adapter_sha256)
    }
    taint = read_taint(tuned.adapter)
    assert taint is not None
    assert taint.documents == (gone,)
    assert ContaminationCheck().check("tuned", Training(), tuned.adapter).withdrawn == 1
    with pytest.raises(ArchiveError, match="that this training set was made of were withdrawn"):
        build({"tune": {"data": str(rows), **SETTINGS}}, tiny_model(), tmp_path / "cache", lambda _: None)

"""datatrove's executors, of one machine and of a small local Ray, make the training set that this process makes."""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fairtrial.curation.cluster import ClusterKind, DatatroveExecutor
from fairtrial.curation.formats import files
from fairtrial.curation.pieces import cut_file
from fairtrial.curation.pipeline import curate
from fairtrial.errors import FairtrialError
from fairtrial.spec.curate import Curate

pytest.importorskip("rensa")
pytest.importorskip("datatrove")


def write_rows(path: Path) -> Curate:
    draw = random.Random(1)
    texts = [" ".join(draw.choices([f"word{i}" for i in range(500)], k=60)) for _ in range(40)]
    path.write_text("\n".join(json.dumps({"text": text}) for text in [*texts, *texts[:5]]))
    return Curate.model_validate({"sources": [{"file": str(path), "licence": "CC0-1.0"}]})


def start_ray(ray: Any) -> None:
    """Start a Ray of this test's own; its processes have some seconds to start, which a busy machine does not keep."""
    for left in reversed(range(3)):
        try:
            ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
            return
        except Exception:
            ray.shutdown()
            if not left:
                raise


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["local", "ray"])
def test_an_executor_of_datatrove_makes_the_same_bytes(
    kind: ClusterKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "cut_file", partial(cut_file, size=4000))
    settings = write_rows(tmp_path / "texts.jsonl")
    usual = curate(settings, tmp_path / "usual").folder
    if kind == "ray":
        ray = pytest.importorskip("ray")
        start_ray(ray)
    try:
        executor = DatatroveExecutor(kind, 2, tmp_path / "logs")
        other = curate(settings, tmp_path / "other", executor).folder
    finally:
        if kind == "ray":
            ray.shutdown()
    names = sorted(path.name for path in usual.iterdir())
    assert len(names) == 7
    assert [(other / name).read_bytes() for name in names] == [(usual / name).read_bytes() for name in names]


class Lost:
    """A job that a machine cannot do."""

    def is_done(self) -> bool:
        return False

    def run(self) -> None:
        """Leave nothing, as on a machine that sees another folder."""


def test_jobs_that_no_machine_has_done_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FairtrialError, match=r"1 of 1 jobs .* local executor ran are not done"):
        DatatroveExecutor("local", 1, tmp_path / "logs").run([Lost()], lambda *_: None)

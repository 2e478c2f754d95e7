"""datatrove's executors, of one machine and of a small local Ray, make the training set that this process makes."""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.curation.cluster import DatatroveExecutor
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


def make_by_command(settings: Curate, out: Path) -> Path:
    """Have the command make it on a Ray that it starts and ends."""
    ray = pytest.importorskip("ray")
    source = settings.sources[0]
    told = ["curate", str(source.file), "--licence", str(source.licence), "--on", "ray", "--workers", "2"]
    made = CliRunner().invoke(app, [*told, "--out", str(out), "--quiet"], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    assert not ray.is_initialized()
    return out


@pytest.mark.alone
@pytest.mark.parametrize("where", ["datatrove's local executor", "a Ray"])
def test_an_executor_of_datatrove_makes_the_same_bytes(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "cut_file", partial(cut_file, size=4000))
    settings = write_rows(tmp_path / "texts.jsonl")
    usual = curate(settings, tmp_path / "usual").folder
    if where == "a Ray":
        other = make_by_command(settings, tmp_path / "other")
    else:
        other = curate(settings, tmp_path / "other", DatatroveExecutor("local", 2, tmp_path / "logs")).folder
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

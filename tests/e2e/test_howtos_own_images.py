"""The page docs/how-to/own-images.md: its pictures are drawn, its commands run, and print what it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from PIL import Image

from fairtrial.spec.trial import Trial
from tests.support.commands import run_line

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "own-images.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.S)


def called(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_line(command, folder)


def test_the_page_is_true(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    [drawing], [rows], [trial] = blocks("python"), blocks("csv"), blocks("yaml")
    assert subprocess.run([sys.executable, "-c", drawing], cwd=work, check=True).returncode == 0
    (work / "charts.csv").write_text(rows)
    for n in range(3):
        for shade, name in enumerate(("cats", "dogs")):
            (work / "photos" / name).mkdir(parents=True, exist_ok=True)
            picture = Image.new("RGB", (40, 30), "white")
            picture.putpixel((n, shade), (9, 9, 9))
            picture.save(work / "photos" / name / f"{n}.png")
    for block in blocks("console"):
        command, said, *_ = block.splitlines()
        ended = called(command, work)
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr.splitlines()[0] == said
        task = said.partition(":")[0].removesuffix(".csv")
        assert f"{task}-blind" in ended.stdout
    (work / "charts.csv").write_text(rows.replace("june.png", "juni.png"))
    ended = called("fairtrial compare fake:one fake:two --tasks charts.csv", work)
    [told] = blocks("text")
    assert ended.returncode == 2 and all(line in ended.stderr for line in told.splitlines())
    assert len(Trial.model_validate(yaml.safe_load(trial)).candidates) == 2

"""From files to a training set: every row is accounted for, and the bytes are the same however it was made."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fairtrial.curation import pipeline
from fairtrial.curation.formats import files
from fairtrial.curation.jobs import LocalExecutor
from fairtrial.curation.pieces import cut_file
from fairtrial.curation.pipeline import curate, curate_once
from fairtrial.errors import FairtrialError
from fairtrial.spec.curate import Curate

pytest.importorskip("rensa")
WORDS = [f"word{i}" for i in range(900)]
NAMES = ("train.jsonl", "validation.jsonl", "dropped.jsonl", "grams.bin", "card.json", "croissant.json", "README.md")
KILL = """
import os, signal, sys
from functools import partial
from pathlib import Path
from fairtrial.curation.formats import files
from fairtrial.curation.jobs import LocalExecutor
from fairtrial.curation.pieces import cut_file
from fairtrial.curation.pipeline import curate
from fairtrial.spec.curate import Curate
files.cut_file = partial(cut_file, size=4000)
def end(stage, done, of):
    if stage == "writing" and done == 2:
        os.kill(os.getpid(), signal.SIGKILL)
with LocalExecutor(2) as executor:
    curate(Curate.model_validate_json(sys.argv[1]), Path(sys.argv[2]), executor, end)
"""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "cut_file", partial(cut_file, size=4000))


@pytest.fixture
def settings(tmp_path: Path) -> Curate:
    """60 chats: some twice, some nearly, one with an address of e-mail; and lines that cannot be read."""
    draw = random.Random(5)
    lines: list[str] = []
    texts: list[list[str]] = []
    for i in range(60):
        text = draw.choices(WORDS, k=80)
        if i % 10 == 7:
            text = texts[i - 3]
        if i % 10 == 8:
            text = [*texts[i - 5][:78], "nearly", "alike"]
        texts.append(text)
        mail = " anna@example.org" if i == 11 else ""
        turns = [("user", f"{' '.join(text[:20])}?"), ("assistant", " ".join(text[20:]) + mail)]
        lines.append(json.dumps({"messages": [{"role": role, "content": content} for role, content in turns]}))
    path = tmp_path / "chats.jsonl"
    path.write_text("\n".join([*lines, "no json", '{"messages": 3}']))
    return Curate.model_validate({"sources": [{"file": str(path), "licence": "CC0-1.0"}], "split": {"validation": 0.2}})


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES}


@pytest.fixture
def made(settings: Curate, tmp_path: Path) -> Path:
    return curate(settings, tmp_path / "usual").folder


def test_every_row_is_kept_or_dropped_with_its_reason(made: Path) -> None:
    train, validation, dropped = (read_lines(made / name) for name in NAMES[:3])
    places = [line["source"]["row"] for line in [*train, *validation, *dropped]]
    assert sorted(places) == list(range(1, 63))
    assert [line["source"]["row"] for line in dropped] == sorted(line["source"]["row"] for line in dropped)
    reasons = [(line["source"]["row"], line["step"], line["reason"]) for line in dropped]
    exact = [(10 * i + 8, "duplicates", "exact_duplicate") for i in range(6)]
    near = [(10 * i + 9, "duplicates", "near_duplicate") for i in range(6)]
    assert [one for one in reasons if one[1] == "duplicates"] == sorted([*exact, *near])
    assert [(row, step) for row, step, _ in reasons][-2:] == [(61, "reading"), (62, "reading")]
    kept = {line["id"]: line for line in [*train, *validation]}
    assert all(line["detail"].rpartition(" ")[2] in kept for line in dropped if line["step"] == "duplicates")
    assert not {line["cluster"] for line in train} & {line["cluster"] for line in validation}
    [masked] = [line for line in kept.values() if "changes" in line]
    assert "anna@" not in json.dumps(masked)
    assert masked["changes"] == [{"step": "personal", "detail": "masked 1 email"}]
    assert len(validation) == pytest.approx(0.2 * len(kept), abs=2)


def test_the_card_counts_what_the_files_hold(made: Path) -> None:
    card = json.loads((made / "card.json").read_text())
    counts = [len(read_lines(made / name)) for name in NAMES[:3]]
    assert [card["train"], card["validation"], sum(card["dropped"].values())] == counts
    assert card["read"] + card["unread"] == 62
    assert card["sources"][0]["rows"] == card["read"]
    assert card["licences"] == {"CC0-1.0": card["train"] + card["validation"]}
    for name in NAMES[:4]:
        assert card["files"][name]["bytes"] == (made / name).stat().st_size
    assert str(made.parent) not in "".join((made / name).read_text() for name in NAMES if name != "grams.bin")


def test_two_processes_write_the_same_bytes(settings: Curate, made: Path, tmp_path: Path) -> None:
    with LocalExecutor(2) as executor:
        other = curate(settings, tmp_path / "other", executor).folder
    assert read_bytes(other) == read_bytes(made)


def test_a_run_that_is_killed_goes_on_to_the_same_bytes(settings: Curate, made: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    paths = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", KILL, settings.model_dump_json(), str(out)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    told: list[str] = []
    first: dict[str, int] = {}

    def note(stage: str, done: int, of: int) -> None:
        first.setdefault(stage, done)

    curate(settings, out, on_stage=note, on_progress=told.append)
    assert told == ["going on where an earlier run of the same was ended"]
    assert first["reading"] > 4
    assert first["writing"] >= 2
    assert read_bytes(out) == read_bytes(made)
    assert not out.with_name("killed.part").exists()


class StoppedError(Exception):
    """Stands for whatever ends a run."""


def stop_at(number: int) -> Callable[[str, int, int], None]:
    left = iter(range(number))

    def tell(stage: str, done: int, of: int) -> None:
        if next(left, None) is None:
            raise StoppedError

    return tell


def stop_everywhere(settings: Curate, out: Path) -> Iterator[int]:
    """Run and stop one step later each time, until it is done; yield how many steps that was."""
    for number in range(1, 400, 7):
        try:
            curate(settings, out, on_stage=stop_at(number))
        except StoppedError:
            yield number
        else:
            return


def test_a_run_that_is_stopped_again_and_again_ends_with_the_same_bytes(
    settings: Curate, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"
    assert len(list(stop_everywhere(settings, out))) > 3
    assert read_bytes(out) == read_bytes(made)


@pytest.mark.parametrize("keeps_time", [False, True])
def test_a_run_begins_anew_where_its_source_has_changed(settings: Curate, tmp_path: Path, keeps_time: bool) -> None:
    out, path = tmp_path / "changed", Path(settings.sources[0].file or "")
    with pytest.raises(StoppedError):
        curate(settings, out, on_stage=stop_at(6))
    before = path.stat()
    path.write_text("".join(path.read_text().splitlines(keepends=True)[::-1]))
    if keeps_time:  # nothing but its bytes tells that it is another one
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    told: list[str] = []
    curate(settings, out, on_progress=told.append)
    assert not told
    assert read_bytes(out) == read_bytes(curate(settings, tmp_path / "fresh").folder)


def test_what_is_there_is_not_written_over(settings: Curate, made: Path) -> None:
    with pytest.raises(FairtrialError, match="'usual' exists already"):
        curate(settings, made)


def test_a_second_run_of_the_same_is_refused_while_the_first_works(settings: Curate, tmp_path: Path) -> None:
    def begin_another(*_: object) -> None:
        with pytest.raises(FairtrialError, match="another process is making 'twice'"):
            curate(settings, tmp_path / "twice")
        raise StoppedError

    with pytest.raises(StoppedError):
        curate(settings, tmp_path / "twice", on_stage=begin_another)


def test_nothing_is_left_of_a_run_that_could_not_begin(tmp_path: Path) -> None:
    wrong = Curate.model_validate({"sources": str(tmp_path / "gone.jsonl")})
    with pytest.raises(FairtrialError, match=r"gone\.jsonl"):
        curate(wrong, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_set_in_the_cache_is_made_once(
    settings: Curate, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = curate_once(settings, tmp_path / "cache")
    assert read_bytes(folder) == read_bytes(made)
    monkeypatch.setattr(pipeline, "_finish", None)
    assert curate_once(settings, tmp_path / "cache") == folder
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


def test_rows_that_nobody_licensed_are_dropped_and_counted(settings: Curate, tmp_path: Path) -> None:
    plain = Curate.model_validate({"sources": [{"file": settings.sources[0].file}]})
    facts = curate(plain, tmp_path / "unlicensed").facts
    assert (facts.train, facts.validation) == (0, 0)
    assert facts.by_step["rights"] == 60

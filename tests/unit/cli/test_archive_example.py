"""``fairtrial archive example``: what it writes, says and refuses."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from fairtrial.cli.main import app


def test_it_writes_the_archive_and_says_what_is_next(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    found = CliRunner().invoke(app, ["archive", "example", str(folder), "--seed", "7"])
    assert found.exit_code == 0
    assert "fairtrial archive add" in found.output and "seed: 7" in found.output
    assert (folder / "agreements.csv").is_file() and (folder / "articles" / "post" / "rsl.xml").is_file()


def test_as_json_it_counts_documents_by_publisher(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["archive", "example", str(tmp_path / "news"), "--json"])
    told = json.loads(found.output)
    assert told["town"] == "Hestermouth" and sum(told["documents"].values()) > 400


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    found = CliRunner().invoke(app, ["archive", "example", str(tmp_path)])
    assert found.exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_documents_of_an_election_can_be_added_and_name_their_task(tmp_path: Path) -> None:
    folder = tmp_path / "land"
    found = CliRunner().invoke(app, ["archive", "example", str(folder), "--elections", "--seed", "7"])
    assert found.exit_code == 0
    assert "elections_procedures_closed, seed: 7" in found.output
    archive = ["archive", "add", str(folder / "notices"), "--archive", str(tmp_path / "a.db"), "--json"]
    added = CliRunner().invoke(app, archive)
    assert added.exit_code == 0
    assert "15" in added.output

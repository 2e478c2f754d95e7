"""Adding files to an archive: what is skipped, what is kept, what a kill or another order changes: nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairtrial.archive.adding import Adding, Rules, add_files, refresh_rights
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.errors import ArchiveError
from fairtrial.rights import Circumstances
from fairtrial.rights.agreements import load_agreements

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
OWN = Rules(Circumstances(AT, profile="own-archive"))
STRICT = Rules(Circumstances(AT, operator="commercial", territory="DE"))
AGREED = """
agreements:
  - id: all-of-it
    holder: Courier
    sources: ["*"]
    allow: [search, display, ai-input]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "news"
    (place / "city").mkdir(parents=True)
    for name in ("a", "b", "city/c"):
        (place / f"{name}.md").write_text(f"---\ntitle: Story {name}\n---\nThe text of {name} about the harbour.\n")
    return place


def add(archive: Path, *paths: Path, rules: Rules = OWN) -> Adding:
    with SqliteStore(archive, create=True) as store, store.writing():
        return add_files(store, paths, rules)


def fingerprint(archive: Path) -> str:
    with SqliteStore(archive) as store:
        return store.fingerprint()


def keeps(archive: Path) -> dict[str, str]:
    with SqliteStore(archive) as store:
        return {one.uri: one.keep for one in store.list_holdings()}


def test_files_are_added_once_and_read_again_when_they_change(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "news.db"
    first = add(archive, folder)
    assert (first.files, first.documents.new, first.unchanged) == (3, 3, 0)
    before = fingerprint(archive)
    again = add(archive, folder)
    assert (again.documents.new, again.unchanged) == (0, 3)
    assert fingerprint(archive) == before
    (folder / "a.md").write_text("---\ntitle: Story a\n---\nAnother text.\n")
    changed = add(archive, folder)
    assert (changed.documents.new, changed.unchanged) == (1, 2)
    with SqliteStore(archive) as store:
        assert [one.current for one in store.list_holdings() if one.uri == "a.md"].count(True) == 1


def test_the_same_files_give_the_same_fingerprint(folder: Path, tmp_path: Path) -> None:
    add(tmp_path / "one.db", folder)
    add(tmp_path / "two.db", folder / "city")
    shutil.copytree(folder, tmp_path / "other" / "news")
    add(tmp_path / "three.db", tmp_path / "other" / "news")
    assert fingerprint(tmp_path / "one.db") == fingerprint(tmp_path / "three.db") != fingerprint(tmp_path / "two.db")


def test_bad_files_are_named_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00\x00\xff")
    (folder / "empty.md").write_text("")
    (folder / "what.xyz").write_text("?")
    archive = tmp_path / "news.db"
    for unchanged in (0, 6):
        told = add(archive, folder)
        assert told.unchanged == unchanged
        assert {Path(where).name for where, _ in told.refused} >= {"empty.md", "what.xyz"}
        assert told.bad == len(told.refused)
    with pytest.raises(ArchiveError, match="there is no file or folder"):
        add(archive, tmp_path / "nowhere")


def test_what_nothing_permits_is_a_hash_until_a_licence_is_signed(folder: Path, tmp_path: Path) -> None:
    archive, table = tmp_path / "news.db", tmp_path / "agreements.yaml"
    told = add(archive, folder, rules=STRICT)
    assert (told.withheld, told.documents.new) == (3, 3)
    assert set(keeps(archive).values()) == {"hash"}
    assert b"harbour" not in b"".join(one.read_bytes() for one in tmp_path.glob("news.db*"))
    table.write_text(AGREED)
    signed = Rules(STRICT.circumstances, load_agreements(table))
    assert add(archive, folder, rules=signed).documents.new == 3
    assert set(keeps(archive).values()) == {"words"}
    add(archive, folder, rules=STRICT)
    assert set(keeps(archive).values()) == {"hash"}, "the agreement is no longer there"
    assert b"harbour" not in b"".join(one.read_bytes() for one in tmp_path.glob("news.db*"))


def test_a_site_that_denies_later_is_seen_though_its_pages_are_unchanged(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "news.db"
    add(archive, folder)
    (folder / "robots.txt").write_text("User-agent: *\nContent-Signal: search=no, ai-input=no, ai-train=no\n")
    told = add(archive, folder)
    assert told.unchanged == 0


KILLED = """
import sys, time
from pathlib import Path
import fairtrial.archive.adding as adding
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.rights import Circumstances
from dataclasses import replace
from datetime import UTC, datetime, timedelta
adding.BATCH_DOCUMENTS = 3
rules = adding.Rules(Circumstances(datetime.now(UTC), profile="own-archive"))
with SqliteStore(Path(sys.argv[1]), create=True) as store, store.writing():
    adding.add_files(store, [Path(sys.argv[2])], rules, lambda told: (print(told.done, flush=True), input()))
"""


def test_a_killed_run_goes_on_and_ends_with_the_same_archive(tmp_path: Path) -> None:
    place = tmp_path / "news"
    place.mkdir()
    for i in range(40):
        (place / f"{i:02}.md").write_text(f"# Story {i}\n\nText {i} of the harbour.\n")
    rows = "".join(f'{{"text": "Line {i} of the river.", "uri": "https://n.example/{i}"}}\n' for i in range(30))
    (place / "lines.jsonl").write_text(rows)
    add(tmp_path / "whole.db", place)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed.db"), str(place)]
    for batches in (2, 7):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as run:
            assert run.stdin is not None and run.stdout is not None
            for _ in range(batches):
                assert run.stdout.readline()
                run.stdin.write("\n")  # go on, to the next one
                run.stdin.flush()
            time.sleep(0.002)
            run.send_signal(signal.SIGKILL)
    told = add(tmp_path / "killed.db", place)
    assert told.unchanged > 0
    assert told.documents.new > 0
    assert fingerprint(tmp_path / "killed.db") == fingerprint(tmp_path / "whole.db")
    with SqliteStore(tmp_path / "killed.db") as store:
        assert store.check() == []


def test_rights_that_were_seen_too_long_ago_are_read_again(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "a.md").write_text("---\ntitle: A\nurl: https://tide.example/a\n---\nThe text of the harbour.\n")
    licence = (
        '<rsl xmlns="https://rslstandard.org/rsl" max-age="10"><content url="/"><license>'
        '<permits type="usage">all</permits></license></content></rsl>'
    )
    (site / "rsl.xml").write_text(licence)
    archive = tmp_path / "news.db"
    assert add(archive, site, rules=STRICT).withheld == 0
    later = Rules(replace(STRICT.circumstances, at=AT + timedelta(days=11)))
    with SqliteStore(archive) as store, store.writing():
        told, missing = refresh_rights(store, STRICT)
        assert (told.files, missing) == (0, [])
        told, missing = refresh_rights(store, later)
        assert (told.files, missing) == (1, [])
        assert {one.seen for d in store.iterate() for one in d.rights.evidence if one.ttl_days} == {
            later.circumstances.at
        }
        (site / "rsl.xml").write_text(licence.replace("permits", "prohibits"))
        last = Rules(replace(STRICT.circumstances, at=AT + timedelta(days=30)))
        refresh_rights(store, last)
        assert [one.keep for one in store.list_holdings()] == ["hash"]
        (site / "a.md").unlink()
        assert refresh_rights(store, Rules(replace(last.circumstances, at=AT + timedelta(days=60))))[1] == [
            str((site / "a.md").resolve())
        ]


def test_pipes_devices_and_links_that_lead_nowhere_are_refused_and_never_waited_for(
    folder: Path, tmp_path: Path
) -> None:
    os.mkfifo(folder / "pipe.md")
    (folder / "endless.txt").symlink_to("/dev/zero")
    (folder / "loop.md").symlink_to("loop.md")
    (folder / "gone.md").symlink_to("nowhere.md")
    told = add(tmp_path / "news.db", folder)
    assert (told.documents.new, told.bad) == (3, 4)
    why = {Path(where).name: problem for where, problem in told.refused}
    assert why["pipe.md"] == "it cannot be read: it is a named pipe."
    assert why["endless.txt"] == "it cannot be read: it is a device."
    assert "lead to each other" in why["loop.md"] or "symbolic links" in why["loop.md"]
    assert why["gone.md"] == "it cannot be read: No such file or directory."

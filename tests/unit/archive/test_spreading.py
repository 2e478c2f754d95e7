"""Reading and embedding by several processes: the same archive, whoever did it and however many of them were killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.archive import adding
from fairtrial.archive.adding import Rules, add_files
from fairtrial.archive.embedders.base import embed_missing
from fairtrial.archive.embedders.opening import open_embedder
from fairtrial.archive.embedders.spreading import embed_spread, make_embedding
from fairtrial.archive.opening import open_archive
from fairtrial.archive.pieces import FileReading, FileToRead, check_same, hash_site
from fairtrial.errors import ArchiveError, EngineError, FairtrialError
from fairtrial.rights import Circumstances
from fairtrial.spec.endpoint import Endpoint
from fairtrial.spreading import gang
from fairtrial.spreading.base import DoneHere, Spread
from fairtrial.spreading.gang import Gang
from fairtrial.spreading.hosts import SpreadProcessHost, ThreadHost
from fairtrial.spreading.opening import open_spread
from fairtrial.workers.actor import list_software
from fairtrial.workers.joining import check_answers
from fairtrial.workers.ray import check_versions
from tests.support.small_embedder import embedder_bytes

HERE = Circumstances(datetime(2026, 6, 1, tzinfo=UTC), profile="own-archive")


@pytest.fixture(autouse=True)
def batches_know_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a batch is stored sooner, and lists of words are cut at other places."""
    monkeypatch.setattr(adding, "BATCH_SECONDS", 1e9)


def write_news(folder: Path) -> Path:
    (folder / "news").mkdir()
    for number in range(20):
        words = " ".join(f"ferry{number} quay{place} storm" for place in range(60))
        (folder / "news" / f"{number:02}.txt").write_text(f"Report {number}.\n\n{words}.")
    (folder / "news" / "05.json").write_text("{")
    (folder / "news" / "odd.bin").write_bytes(b"\0")
    return folder / "news"


def read_rows(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(map(repr, db.execute(f"SELECT * FROM {name}"))) for name in names}


def fill(path: Path, news: Path, spread: Spread) -> None:
    with closing(open_archive(str(path), create=True)) as store, store.writing():
        told = add_files(store, [news], Rules(HERE), spread=spread)
        assert (told.files, told.done, told.unchanged, told.bad) == (22, 22, 0, 2)
        assert [Path(where).name for where, _ in told.refused] == ["05.json", "odd.bin"]
        again = add_files(store, [news], Rules(HERE), spread=spread)
        assert (again.done, again.unchanged, again.refused) == (22, 22, told.refused)


def embed(path: Path, model: Path, spread: Spread) -> int:
    embedder = open_embedder(f"gguf:{model}", Path())
    assert embedder is not None
    with closing(open_archive(str(path))) as store, closing(embedder):
        if isinstance(spread, DoneHere):
            return embed_missing(store, embedder, HERE)
        work = make_embedding(f"gguf:{model}", Path(), Endpoint(), embedder, hosted=False)
        count, apart = embed_spread(store, work, spread, HERE)
        assert apart == 0
        return count


def test_several_processes_make_the_archive_that_one_makes(tmp_path: Path) -> None:
    news = write_news(tmp_path)
    model = tmp_path / "bert.gguf"
    model.write_bytes(embedder_bytes())
    usual, spread = tmp_path / "usual.db", tmp_path / "spread.db"
    fill(usual, news, DoneHere())
    made = embed(usual, model, DoneHere())
    with closing(open_spread("processes", workers=2)) as workers:
        fill(spread, news, workers)
        assert embed(spread, model, workers) == made > 20
    assert read_rows(spread) == read_rows(usual)


@dataclass(frozen=True)
class Counting:
    """Yields a piece's number five times; the worker that comes first to a marked piece ends itself."""

    folder: Path
    packages: Sequence[str] = ()

    def open(self, threads: int, elsewhere: bool) -> Counting:
        return self

    def do(self, piece: int) -> Iterator[tuple[int, int]]:
        for part in range(5):
            if part == piece % 5 and piece % 4 == 0:
                self.die(f"{piece}")
            yield piece, part

    def die(self, name: str) -> None:
        try:
            (self.folder / name).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def name(self, piece: int) -> str:
        return f"piece {piece}"

    def close(self) -> None:
        """Hold nothing."""


class Deadly(Counting):
    def die(self, name: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Failing(Counting):
    def die(self, name: str) -> None:
        raise ArchiveError("it is damaged.", where=name)


def test_what_lost_processes_were_doing_others_do_again(tmp_path: Path) -> None:
    taken: list[int] = []

    def give() -> Iterator[int]:
        for piece in range(12):
            taken.append(piece)
            yield piece

    with Gang(SpreadProcessHost(2)) as workers:
        for number, (piece, parts) in enumerate(workers.map(Counting(tmp_path), give())):
            assert piece == number and len(taken) <= number + 7
            found = list(parts) if piece != 5 else [next(parts)]
            assert found == [(piece, part) for part in range(len(found))]
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == [0, 4, 8]


class Unready(Counting):
    def open(self, threads: int, elsewhere: bool) -> Counting:
        os.kill(os.getpid(), signal.SIGKILL)
        return self


def test_what_ends_every_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gang, "LOSSES", 2)
    with (
        Gang(SpreadProcessHost(1)) as workers,
        pytest.raises(FairtrialError, match=r"^piece 0: a worker was ended by signal 9, and so it went 2 times"),
    ):
        list(workers.map(Deadly(tmp_path), [0]))
    with (
        Gang(SpreadProcessHost(1)) as workers,
        pytest.raises(FairtrialError, match=r"^a worker was ended by signal 9 before it was ready, and so it went 2"),
    ):
        list(workers.map(Unready(tmp_path), [0]))


def test_what_a_piece_raises_is_raised_in_its_turn(tmp_path: Path) -> None:
    for host in (ThreadHost(2), SpreadProcessHost(2)):
        seen: list[int] = []
        with Gang(host) as workers, pytest.raises(ArchiveError, match=r"^4: it is damaged"):
            for piece, parts in workers.map(Failing(tmp_path), [1, 2, 3, 4, 5, 6]):
                seen += [number for number, part in parts if part == 4]
                assert piece == 4 or seen[-1] == piece
        assert seen == [1, 2, 3]


def test_workers_end_when_nobody_wants_more(tmp_path: Path) -> None:
    workers = Gang(SpreadProcessHost(2))
    found = workers.map(Counting(tmp_path), range(1, 100, 2))
    assert next(next(found)[1]) == (1, 0)
    (run,) = workers._runs
    processes = [link._process for link in run._links]  # type: ignore[attr-defined]
    workers.close()
    for process in processes:
        assert process.wait(600) == -signal.SIGKILL
    for thread in run._hands:
        thread.join(600)
        assert not thread.is_alive()
    with pytest.raises(FairtrialError, match="the workers were ended"):
        for _, parts in found:
            list(parts)


def test_another_machine_must_see_the_same_files(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("A report.")
    seen = FileToRead(path, tmp_path, "s", "s", str(path), "0" * 64, hash_site(tmp_path, tmp_path))
    with pytest.raises(ArchiveError, match=r"a\.txt is another file on a machine of the Ray than here"):
        check_same(seen)
    tool = FileReading(HERE.at, tmp_path).open(1, elsewhere=True)
    with pytest.raises(ArchiveError, match="cannot be read on a machine of the Ray: No such file"):
        list(tool.do([FileToRead(tmp_path / "b", tmp_path, "s", "s", "b", "", "")]))
    (tmp_path / "robots.txt").write_text("User-agent: *\nDisallow: /")
    same = FileToRead(path, tmp_path, "s", "s", str(path), sha256(b"A report.").hexdigest(), seen.site)
    with pytest.raises(ArchiveError, match=r"the files about the site of .*a\.txt"):
        check_same(same)


def test_another_embedder_on_a_machine_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "bert.gguf"
    model.write_bytes(embedder_bytes())
    embedder = open_embedder("gguf:bert.gguf", tmp_path)
    assert embedder is not None
    with closing(embedder):
        work = make_embedding("gguf:bert.gguf", tmp_path, Endpoint(), embedder, hosted=False)
    moved = tuple(np.array(work.sample) + 0.01)
    with pytest.raises(EngineError, match=r"makes other vectors there: one of them is 0\.01 from"):
        type(work)(work.spec, work.base_dir, work.endpoint, work.space, moved).open(1, elsewhere=True)
    model.write_bytes(embedder_bytes(seed=2))
    with pytest.raises(EngineError, match=r"is bert\.gguf:\w+ there, and bert\.gguf:\w+ here|is .* there, and .* here"):
        work.open(1, elsewhere=True)


def test_other_software_and_a_wrong_port_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    own = list_software(["numpy"])
    check_versions(own, own)
    with pytest.raises(EngineError, match=r"it has numpy \(none\), and this machine has \d"):
        check_versions(own, {**own, "numpy": ""})
    begun = time.process_time()
    with pytest.raises(EngineError, match=r"no Ray answers at 127\.0\.0\.1:1: Connection refused"):
        check_answers("127.0.0.1:1")
    assert time.process_time() - begun < 5
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(EngineError, match="something else listens there") as told:
            check_answers(f"127.0.0.1:{other.server_port}")
        monkeypatch.setenv("RAY_USE_TLS", "1")
        check_answers(f"127.0.0.1:{other.server_port}")
        other.shutdown()
    assert "`ray start --head`" in told.value.fix

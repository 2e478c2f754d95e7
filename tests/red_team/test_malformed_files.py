"""Files that cannot be read: what is said of them, and what is kept, has none of their words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.planting import Planted, find_pieces, fold, read_bytes
from tests.support.red_world import run_command

ONE = Planted("readable")
MALFORMED: dict[str, Callable[[Planted], bytes]] = {
    "title.md": lambda one: f"---\ntitle: [{one.title}]\n---\n{one.body}\n".encode(),
    "open.md": lambda one: f"---\ntitle: {one.title}\n{one.body}\n".encode(),
    "yaml.md": lambda one: f"---\ntitle: '{one.title}\nx: [\n---\n{one.body}\n".encode(),
    "corrections.md": lambda one: f"---\ncorrections: {{a: '{one.body}'}}\n---\nText.\n".encode(),
    "retracted.md": lambda one: f"---\nretracted: ['{one.body}']\n---\nText.\n".encode(),
    "bad.jsonl": lambda one: f'{{"text": "{one.body}", "title": "{one.title}\n'.encode(),
    "kind.jsonl": lambda one: f'{{"text": ["{one.body}"], "title": {{"a": "{one.title}"}}}}\n'.encode(),
    "bad.json": lambda one: f'{{"uri": "u", "headline": "{one.title}", "body_text": "{one.body}"'.encode(),
    "kind.json": lambda one: f'{{"uri": "u", "headlines": "{one.title}", "bodies": "{one.body}"}}'.encode(),
    "bad.xml": lambda one: f"<newsItem><a>{one.body}</newsItem>".encode(),
    "entity.xml": lambda one: f'<!DOCTYPE a [<!ENTITY b "{one.body}">]><newsItem>&b;</newsItem>'.encode(),
    "bad.rss": lambda one: f"<rss><channel><item><title>{one.title}</title>{one.body}".encode(),
    "bad.warc": lambda one: f"WARC/1.0\r\n{one.body}\r\n\r\n".encode(),
    "bad.pdf": lambda one: f"%PDF-1.4\n{one.body}".encode(),
    "wide.txt": lambda one: b"\xff\xfe\x00" + one.body.encode(),
    "linked.html": lambda one: (
        f'<script type="application/ld+json">{{"license": x, "articleBody": "{one.body}"}}</script>'
        '<meta name="robots" content="noai"><p>Text.</p>'
    ).encode(),
}


@dataclass(frozen=True)
class Malformed:
    """A folder of files that cannot be read, added and explained.

    Attributes:
        folder: where they and the archive are.
        told: all that is said of them.
        kept: all words in the files of the archive.
    """

    folder: Path
    told: str
    kept: str


@pytest.fixture(scope="module")
def malformed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Malformed]:
    """All of them at once, each with its own words; the archive's one good file shows that words would be found."""
    folder = tmp_path_factory.mktemp("malformed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "1000")
        (folder / "in").mkdir()
        for name, write in MALFORMED.items():
            (folder / "in" / name).write_bytes(write(Planted(name)))
        (folder / "in" / "good.md").write_text(f"---\ntitle: {ONE.title}\nrights: allow\n---\n{ONE.body}\n")
        told = "".join(run_command(*said)[1] for said in (
            ("archive", "add", "in"), ("archive", "add", "in", "--json"), ("rights", "explain", "in"),
            ("rights", "explain", "in", "--json")))  # fmt: skip
        yield Malformed(folder, told, read_bytes(folder.glob("news.db*")))


@pytest.mark.parametrize("name", MALFORMED)
def test_a_file_that_cannot_be_read_is_told_of_without_its_words(
    malformed: Malformed, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(malformed.folder)
    alone = run_command("rights", "explain", f"in/{name}", "--json")[1]
    assert not find_pieces(fold(malformed.told + alone), Planted(name))
    assert not find_pieces(malformed.kept, Planted(name))
    assert Path(name).stem in malformed.told


def test_a_file_that_can_be_read_is_told_of_with_its_words(malformed: Malformed) -> None:
    assert find_pieces(fold(malformed.told), ONE)
    assert find_pieces(malformed.kept, ONE)

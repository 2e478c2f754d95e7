"""Sources of training rows: files of all kinds, and an archive whose documents have their own rights."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fairtrial.archive.opening import open_archive
from fairtrial.curation.base import Note, Reader, StepContext, TrainingRow, Unread
from fairtrial.curation.formats.archives import ArchiveReader
from fairtrial.curation.formats.files import FileReader
from fairtrial.curation.formats.opening import open_source
from fairtrial.curation.pipeline import curate
from fairtrial.curation.steps.rights import RightsStep
from fairtrial.errors import DataError
from fairtrial.rights import Attribution, Evidence, RightsRecord, Statement, Terms, Use
from fairtrial.spec.curate import Curate, Source
from fairtrial.spec.curate_steps import Rights
from tests.support.archives import BRIDGE, FERRY, SECRET, SEEN, make_archive

AT = datetime(2026, 5, 1, tzinfo=UTC)
CHATS = [{"instruction": f"What is {n} plus 1?", "input": "", "output": str(n + 1)} for n in range(5)]


def context(tmp_path: Path, rights: Rights | None = None) -> StepContext:
    return StepContext(AT, tmp_path / "work", rights or Rights())


def read(reader: Reader) -> list[TrainingRow | Unread]:
    return [row for piece in reader.list_pieces() for row in reader.read(piece)]


def rows(found: Iterable[TrainingRow | Unread]) -> list[TrainingRow]:
    return [one for one in found if isinstance(one, TrainingRow)]


def unread(found: Iterable[TrainingRow | Unread]) -> list[Unread]:
    return [one for one in found if isinstance(one, Unread)]


def write_lines(path: Path) -> None:
    path.write_text("\n".join(map(json.dumps, CHATS)) + "\n")


def write_packed(path: Path) -> None:
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, CHATS)).encode()))


def write_array(path: Path) -> None:
    path.write_text("\ufeff" + json.dumps(CHATS, indent=2))


def write_table(path: Path) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(
            file, ["instruction", "input", "output"], delimiter="\t" if path.suffix == ".tsv" else ","
        )
        table.writeheader()
        table.writerows(CHATS)


def write_parquet(path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(CHATS), path)


KINDS: list[tuple[str, Callable[[Path], None]]] = [
    ("a.jsonl", write_lines), ("a.json", write_lines), ("a.jsonl.gz", write_packed), ("a.json", write_array),
    ("a.csv", write_table), ("a.tsv", write_table), ("a.parquet", write_parquet),
]  # fmt: skip


@pytest.mark.parametrize(("name", "write"), KINDS)
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    source = Source(file=str(tmp_path / name), licence="CC0-1.0")
    reader = open_source(source, 0, context(tmp_path))
    found = read(reader)
    assert [row.messages[1].content for row in rows(found)] == ["1", "2", "3", "4", "5"]
    assert [row.place.row for row in rows(found)] == [1, 2, 3, 4, 5]
    assert unread(found) == []
    told = reader.describe()
    assert (told["name"], told["form"], len(told["sha256"])) == (name, "alpaca", 64)
    again = open_source(source, 0, context(tmp_path))  # another process, the file unpacked already
    assert [r.id for r in rows(again.read(reader.list_pieces()[0]))] == [r.id for r in rows(found)]


def test_documents_of_a_plain_text_have_two_empty_lines_between_them(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("One.\n\nStill one.\n\n\n\nTwo.\n")
    found = read(FileReader(Source(file=str(path), licence="CC0-1.0"), 0, context(tmp_path)))
    assert [row.text for row in rows(found)] == ["One.\n\nStill one.", "Two."]


def test_bad_rows_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    bad = ['{"instruction": "x", "output": "y"', "[1, 2]", '{"instruction": "x"}', "NaN", "\xff", "", "  ", "[" * 5000]
    good = json.dumps(CHATS[0])
    path.write_bytes("\n".join([good, *bad, good]).encode("latin-1"))
    found = read(FileReader(Source(file=str(path), licence="MIT"), 0, context(tmp_path)))
    assert [row.place.row for row in rows(found)] == [1, 10]
    assert [(one.place.row, one.drop.reason) for one in unread(found)] == [
        (2, "unreadable: no JSON"),
        (3, "unreadable: no JSON"),
        (4, "unreadable: not of the form alpaca"),
        (5, "unreadable: no JSON"),
        (6, "unreadable: no JSON"),
        (9, "unreadable: no JSON"),
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl", b'{"a": 1}\n', "its columns are a"),
        ("a.jsonl", b"hello\n", "none of its first rows is a JSON object"),
        ("a.bin", b"hello", "does not say what it holds"),
        ("a.jsonl.gz", b"hello", "damaged"),
        ("a.json", b'[{"text": "x"}, {"te', "ends within its list, after 1 rows|row 2 of its list is no JSON"),
        ("a.json", b'[{"text": "x"}, }', "row 2 of its list is no JSON"),
        ("a.txt", b"\xff\xfe", "no UTF-8"),
        ("a.parquet", b"PAR1", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=said):
        FileReader(Source(file=str(tmp_path / name)), 0, context(tmp_path)).describe()


def test_a_missing_file_and_a_missing_column_offer_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "chats.jsonl").write_text(json.dumps({**CHATS[0], "license": "MIT"}))
    with pytest.raises(DataError, match=r"Did you mean 'chats\.jsonl'"):
        FileReader(Source(file=str(tmp_path / "chat.jsonl")), 0, context(tmp_path))
    source = Source(file=str(tmp_path / "chats.jsonl"), licence_column="licence")
    with pytest.raises(DataError, match="Did you mean 'license'"):
        FileReader(source, 0, context(tmp_path)).describe()


def judge(tmp_path: Path, row: dict[str, Any], rights: Rights | None = None, **stated: Any) -> tuple[TrainingRow, str]:
    """Return a row as it was read, and why the step rights drops it; empty if it stays."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"instruction": "a", "output": "b", **row}))
    here = context(tmp_path, rights)
    [found] = rows(read(FileReader(Source(file=str(path), **stated), 0, here)))
    said = RightsStep(here.rights, here).apply(found)
    return found, "" if isinstance(said, TrainingRow) else f"{said.reason}: {said.detail}"


@pytest.mark.parametrize(
    ("licence", "rights", "dropped"),
    [
        ("CC0-1.0", {}, ""),
        ("cc-by-4.0", {}, ""),
        ("apache-2.0", {}, ""),
        ("https://creativecommons.org/licenses/by/4.0/", {}, ""),
        ("", {}, "nobody has permitted training: no licence is stated for it"),
        ("other", {}, "nobody has permitted training: other says nothing of training that is known here"),
        ("CC-BY-NC-4.0", {}, "training is not permitted"),
        ("CC-BY-NC-4.0", {"operator": "education"}, ""),
        ("CC-BY-NC-4.0", {"operator": "commercial"}, "training is not permitted"),
        ("CC-BY-SA-4.0", {}, "training is not permitted"),
        ("CC-BY-SA-4.0", {"proofs": {"CC-BY-SA-4.0": "legal opinion 7"}}, ""),
        ("", {"profile": "own-archive"}, ""),
        ("", {"profile": "eu-tdm", "territory": "DE"}, ""),
        ("", {"profile": "eu-tdm", "territory": "US"}, "nobody has permitted training"),
    ],
)
def test_a_row_of_a_file_is_permitted_by_its_licence_alone(
    tmp_path: Path, licence: str, rights: dict[str, Any], dropped: str
) -> None:
    _, why = judge(tmp_path, {}, Rights(**rights), **({"licence": licence} if licence else {}))
    assert why.startswith(dropped)
    assert bool(why) == bool(dropped)


def test_a_column_names_licence_and_credit_before_what_is_stated_for_all(tmp_path: Path) -> None:
    stated = {"licence": "CC0-1.0", "licence_column": "license", "attribution_column": "by", "attribution": "The Tide"}
    found, why = judge(tmp_path, {"license": "cc-by-4.0", "by": "Ada"}, **stated)
    assert (found.licence, found.attribution, why) == ("CC-BY-4.0", "Ada", "")
    found, why = judge(tmp_path, {"license": "", "by": ""}, **stated)
    assert (found.licence, found.attribution, why) == ("CC0-1.0", "The Tide", "")


def test_a_row_that_names_its_licence_has_no_other(tmp_path: Path) -> None:
    found, why = judge(tmp_path, {"license": "CC-BY-NC-ND-4.0"}, licence="CC0-1.0")
    assert found.licence == "CC-BY-NC-ND-4.0" and why
    found, why = judge(tmp_path, {}, licence="CC0-1.0")
    assert (found.licence, why) == ("CC0-1.0", "")


def test_a_licence_that_asks_for_credit_with_nobody_to_name_says_so(tmp_path: Path) -> None:
    found, _ = judge(tmp_path, {}, licence="CC-BY-4.0")
    assert found.attribution == "authors not named (a.jsonl, CC-BY-4.0)"


def test_rows_that_curation_wrote_keep_licence_credit_and_document(tmp_path: Path) -> None:
    came = {"source": "news.db", "row": 7, "document": "d" * 32, "uri": "https://tide.example/ferry"}
    row = {"id": "0" * 32, "text": "The ferry.", "source": came, "licence": "CC-BY-4.0", "attribution": "The Tide"}
    (tmp_path / "train.jsonl").write_text(json.dumps(row))
    [found] = rows(read(FileReader(Source(file=str(tmp_path / "train.jsonl")), 0, context(tmp_path))))
    assert (found.licence, found.attribution, found.text) == ("CC-BY-4.0", "The Tide", "The ferry.")
    assert (found.place.source, found.place.row, found.place.document) == ("train.jsonl", 1, "d" * 32)
    assert found.permission is not None
    assert found.permission.permitted


def permit(licence: str = "CC-BY-4.0", credit: Attribution | None = None) -> RightsRecord:
    statement = Statement(Use.TRAIN, "allow", "licence", Terms(attribution=credit))
    return RightsRecord((Evidence("licence", "page", "", "0" * 64, SEEN, None, (statement,), licence=licence),))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    free = replace(FERRY, rights=permit(credit=Attribution("")), authors=("Ada Quill",))
    older = replace(free, text="The ferry is broken.", published=datetime(2026, 2, 1, tzinfo=UTC))
    corrected = replace(BRIDGE, rights=permit("CC0-1.0"))
    wrong = replace(free, uri="https://tide.example/wrong", text="The ferry sank.", retracted="It did not.")
    silent = replace(free, uri="https://tide.example/silent", text="The quay is wet.", rights=RightsRecord())
    withdrawn = replace(free, uri="https://tide.example/gone", text="The mayor swims at noon.")
    denied = Statement(Use.TRAIN, "deny", "ai-train=n")
    secret = replace(SECRET, rights=RightsRecord((Evidence("rsl", "page", "", "0" * 64, SEEN, None, (denied,)),)))
    path = make_archive(tmp_path / "news.db", (free, older, corrected, wrong, silent, withdrawn, secret))
    store = open_archive(path)
    with store.writing():
        store.withdraw([withdrawn.id])
    store.close()
    return path


def test_documents_of_an_archive_come_with_their_own_rights(archive: Path, tmp_path: Path) -> None:
    here = context(tmp_path)
    reader = ArchiveReader(Source(archive=str(archive)), 0, here)
    found = read(reader)
    step = RightsStep(here.rights, here)
    kept = {row.place.uri: row for row in rows(found) if isinstance(step.apply(row), TrainingRow)}
    assert set(kept) == {"https://tide.example/ferry", "https://tide.example/bridge"}
    ferry, bridge = kept["https://tide.example/ferry"], kept["https://tide.example/bridge"]
    assert ferry.text.startswith("# Ferry returns\n\nThe ferry to Saltmere sails again")
    assert ferry.attribution == "“Ferry returns”, Ada Quill, The Tide, https://tide.example/ferry, CC-BY-4.0"
    assert bridge.grounds == (Note("reading", "labelled news"),)
    assert bridge.text.endswith("Correction, 2026-02-03: The pier is the second, not the third.")
    assert (bridge.licence, bridge.attribution) == ("CC0-1.0", "")
    assert len(bridge.place.document) == 32
    dropped = {row.place.uri: step.apply(row) for row in rows(found) if row.place.uri not in kept}
    assert {uri.rsplit("/")[-1]: one.reason for uri, one in dropped.items()} == {  # type: ignore[union-attr]
        "secret": "training is not permitted",
        "silent": "nobody has permitted training",
    }


def test_documents_without_current_text_are_left_out_with_the_reason(archive: Path, tmp_path: Path) -> None:
    found = unread(read(ArchiveReader(Source(archive=str(archive)), 0, context(tmp_path))))
    assert sorted((one.place.uri.rsplit("/")[-1], one.drop.reason) for one in found) == [
        ("ferry", "replaced by a newer version"),
        ("gone", "withdrawn"),
        ("wrong", "retracted"),
    ]


def test_an_archive_of_ones_own_permits_what_nobody_forbids(archive: Path, tmp_path: Path) -> None:
    here = context(tmp_path, Rights(profile="own-archive"))
    reader = ArchiveReader(Source(archive=str(archive)), 0, here)
    step = RightsStep(here.rights, here)
    kept = {row.place.uri.rsplit("/")[-1] for row in rows(read(reader)) if isinstance(step.apply(row), TrainingRow)}
    assert kept == {"ferry", "bridge", "silent"}
    assert reader.describe()["profile"] == "own-archive"


def test_hostile_lines_are_told_with_their_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    good = b'{"messages":[{"role":"user","content":"How high?"},{"role":"assistant","content":"Nine metres."}]}'
    lines = {
        b"[" * 200_000: "nested too deeply",
        b'{"messages":[{"role":"user","content":"a\x00b"}]}': "Invalid control character",
        b'{"messages":"\xc3\x28"}': "no UTF-8 text",
        b'{"messages":NaN}': "NaN is no number of JSON",
        b"9" * 5000: "a number has more digits than are read",
        b"\x00": "Expecting value",
    }
    path = tmp_path / "hostile.jsonl"
    path.write_bytes(b"\n".join([good, *lines, good]) + b"\n")
    settings = Curate.model_validate({"sources": [{"file": str(path), "licence": "CC0-1.0"}]})
    made = curate(settings, tmp_path / "out")
    assert (made.facts.read, made.facts.unread) == (2, len(lines))
    told = [json.loads(line)["detail"] for line in (tmp_path / "out" / "dropped.jsonl").open()]
    for reason in lines.values():
        assert any(reason in one for one in told), (reason, told)
    assert (
        f"| hostile.jsonl | openai | {2 + len(lines)} | {len(lines)} |" in (tmp_path / "out" / "README.md").read_text()
    )


def test_a_row_of_another_form_and_a_key_that_stands_twice_are_named(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    twice = json.dumps(chat)[:-1] + ', "messages": [{"role": "user", "content": "a"}]}'
    path = tmp_path / "mixed.jsonl"
    lines = [json.dumps(chat), json.dumps(chat), json.dumps({"text": "A text."}), twice, json.dumps({"other": 1})]
    path.write_text("\n".join(lines))
    refused = [one.drop for one in unread(read(FileReader(Source(file=str(path)), 0, context(tmp_path))))]
    assert [one.reason for one in refused] == [
        "unreadable: text among openai",
        "unreadable: no JSON",
        "unreadable: not of the form openai",
    ]
    assert refused[0].detail == (
        "it has the form text, and the file is read as openai: keep forms in files of their own"
    )
    assert "a key stands twice in one object" in refused[1].detail
    assert refused[2].detail == "there is no 'messages'"


def test_half_characters_are_counted_as_a_change(tmp_path: Path) -> None:
    path = tmp_path / "half.jsonl"
    path.write_text('{"instruction": "a\\ud800", "output": "b"}\n{"instruction": "c", "output": "d"}\n')
    made = curate(Curate(sources=[Source(file=str(path), licence="CC0-1.0")]), tmp_path / "out")
    assert (made.facts.changed, made.facts.unread) == ({"reading": 1}, 0)
    written = "".join((tmp_path / "out" / f"{side}.jsonl").read_text() for side in ("train", "validation"))
    assert '"put U+FFFD for 1 half character(s) (lone surrogates)"' in written

"""Documents of retrieval sets in BEIR's form."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairtrial.archive.document import Document
from fairtrial.archive.readers import FoundDocument, Refused, read_documents
from fairtrial.rights import Use

SEEN = datetime(2026, 11, 26, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"_id": "d1", "title": "Ferry", "text": "# 1 of *two* ferries <sails>.", "metadata": {"url": "https://x.example/"}},
    {"_id": 2, "title": "Only a title", "text": "", "metadata": {"licence": "CC-BY-4.0", "publisher": "Tide"}},
    {"_id": "d1", "title": "Again", "text": "Another text."},
    {"_id": "d4", "title": "", "text": "Told.", "metadata": {"licnce": "CC-BY-4.0"}},
    {"_id": "", "title": "", "text": "Nameless."},
]


def read(folder: Path) -> tuple[list[Document], list[Refused]]:
    found = list(read_documents(folder, seen=SEEN))
    documents = [one.document for one in found if isinstance(one, FoundDocument)]
    return documents, [one for one in found if isinstance(one, Refused)]


def write(folder: Path, packed: bool = False) -> bytes:
    body = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "When?"}\n')
    name = "corpus.jsonl.gz" if packed else "corpus.jsonl"
    (folder / name).write_bytes(gzip.compress(body, mtime=0) if packed else body)
    return body


def test_rows_are_documents_with_their_ids_as_addresses_and_plain_text(tmp_path: Path) -> None:
    write(tmp_path)
    documents, refused = read(tmp_path)
    assert [(d.uri, d.title, d.text) for d in documents] == [
        ("d1", "Ferry", "\\# 1 of *two* ferries <sails>."), ("2", "Only a title", "Only a title"),
    ]  # fmt: skip
    assert "left out of its metadata: 'url'" in documents[0].notes
    assert documents[1].notes == ("it has no text; its title stands for it",)
    assert documents[1].publisher == "Tide"
    assert {s.use for e in documents[1].rights.evidence for s in e.statements if s.says == "allow"} >= {Use.QUOTE}
    assert documents[0].rights.evidence == ()
    told = [(one.where, one.problem.message) for one in refused]
    assert [where for where, _ in told] == ["corpus.jsonl:3", "corpus.jsonl:4", "corpus.jsonl:5"]
    assert "'d1' stands in the file twice" in told[0][1]
    assert "'licnce'" in told[1][1] and "licence" in told[1][1]
    assert "_id is empty" in told[2][1]


def test_a_packed_file_is_the_same_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    for name in ("plain", "packed", "damaged"):
        (tmp_path / name).mkdir()
    write(tmp_path / "plain")
    write(tmp_path / "packed", packed=True)
    assert [(d.uri, d.text) for d in read(tmp_path / "packed")[0]] == [
        (d.uri, d.text) for d in read(tmp_path / "plain")[0]
    ]
    data = (tmp_path / "packed" / "corpus.jsonl.gz").read_bytes()
    (tmp_path / "damaged" / "a.jsonl.gz").write_bytes(data[:-9])
    (tmp_path / "damaged" / "b.jsonl.gz").write_bytes(b"no gzip\n")
    documents, refused = read(tmp_path / "damaged")
    assert [d.uri for d in documents][:1] in ([], ["d1"])
    told = {one.where: one.problem.message for one in refused}
    assert "unpacked" in told["a.jsonl.gz"] and told["b.jsonl.gz"] == "it is no gzip file."


def test_questions_alone_are_a_file_like_others(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text('{"title": "Queries", "text": "A story."}\n')
    assert [d.title for d in read(tmp_path)[0]] == ["Queries"]

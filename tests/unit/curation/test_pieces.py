"""Pieces of a file hold each of its lines once, whatever their size."""

import hashlib
from pathlib import Path

import pytest

from fairtrial.curation import pieces
from fairtrial.curation.pieces import cut_file, read_lines
from fairtrial.errors import DataError

TEXTS = [b"", b"one", b"one\n", b"\n\n", b"one\ntwo\nthree", b"a\r\nbb\r\n" * 40, b"x" * 300 + b"\nshort\n" * 9]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_pieces_hold_each_line_once_with_its_number(
    tmp_path: Path, text: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_BLOCK", 16)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(text)
    cut = cut_file(path, 3, size)
    lines = [line.rstrip(b"\r") for line in text.removesuffix(b"\n").split(b"\n")] if text else []
    read = [numbered for piece in cut.pieces for numbered in read_lines(path, piece)]
    assert read == list(enumerate(lines, 1))
    assert cut.lines == len(lines)
    assert cut.sha256 == hashlib.sha256(text).hexdigest()
    assert all(piece.source == 3 for piece in cut.pieces)
    assert [piece.end for piece in cut.pieces[:-1]] == [piece.start for piece in cut.pieces[1:]]


def test_a_line_beyond_the_limit_is_told_and_the_rest_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LONGEST_LINE", 10)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"short\n" + b"x" * 35 + b"\nlast")
    [piece] = cut_file(path, 0).pieces
    assert list(read_lines(path, piece)) == [(1, b"short"), (2, None), (3, b"last")]


def test_a_file_that_is_not_there_is_an_error_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the file 'gone.jsonl' cannot be read: No such file"):
        cut_file(tmp_path / "gone.jsonl", 0)

"""Files that are read only in part unless somebody looks: spreadsheets out of order, columns of one name, devices."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import openpyxl
import pytest

from fairtrial.errors import DataError
from fairtrial.spec.own import DataFile
from fairtrial.tasks.own.reading import FileRows, read_table


def read(path: Path) -> FileRows:
    return read_table(DataFile(path=str(path)), path)


def workbook(path: Path, change: tuple[bytes, bytes]) -> Path:
    """Write a workbook of three rows, with a change to its sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["question", "answer"], ["a", "x"], ["b", "y"], ["c", "z"]):
        sheet.append(row)
    book.save(path.with_suffix(".tmp"))
    with zipfile.ZipFile(path.with_suffix(".tmp")) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(*change) if "sheet1" in name else before.read(name))
    return path


@pytest.mark.parametrize("number", [b"20", b"4"])
def test_rows_of_a_sheet_that_are_not_in_order_are_refused(number: bytes, tmp_path: Path) -> None:
    path = workbook(tmp_path / "q.xlsx", (b'<row r="3"', b'<row r="' + number + b'"'))
    with pytest.raises(DataError, match=rf"sheet 'Sheet' has row 4 after row {number.decode()}: its rows are not in"):
        read(path)


def test_hidden_rows_are_read_and_counted(tmp_path: Path) -> None:
    found = read(workbook(tmp_path / "q.xlsx", (b'<row r="3"', b'<row r="3" hidden="1"')))
    assert len(found.rows) == 3 and "1 hidden row of the sheet read too" in found.notes
    assert not any("hidden" in note for note in read(workbook(tmp_path / "r.xlsx", (b"<row", b"<row"))).notes)


def test_columns_of_one_name_and_too_many_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("question,answer,answer\nq,x,y\n")
    with pytest.raises(DataError, match="has several columns of the name 'answer'"):
        read(path)
    path.write_text(",".join(f"c{n}" for n in range(4097)) + "\n1\n")
    with pytest.raises(DataError, match="has 4,097 columns, and at most 4,096 are read"):
        read(path)


def test_what_is_no_regular_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "null.csv").symlink_to(os.devnull)
    with pytest.raises(DataError, match="is not a regular file"):
        read(tmp_path / "null.csv")

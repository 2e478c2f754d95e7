"""A folder of images as a table: a subfolder is a class, or a file of rows in it says what each image is.

The file of rows is ``metadata.csv``, ``.jsonl`` or ``.parquet`` with a column ``file_name``, as the ImageFolder of
Hugging Face's data sets reads it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fairtrial.errors import DataError
from fairtrial.spec.own import DataFile
from fairtrial.tasks.data.images import SUFFIXES
from fairtrial.tasks.own.reading import FileRows, read_table

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"})
MOST_FILES = 200_000


def read_image_folder(file: DataFile, path: Path) -> tuple[FileRows, tuple[str, ...]]:
    """Return the images of a folder as rows, and the classes that its subfolders are; none where a file has the rows.

    Raises DataError if there is neither a file of rows nor a subfolder with images.
    """
    for name in METADATA:
        if (path / name).is_file():
            table = read_table(replace_path(file, path / name), path / name)
            return replace(table, notes=(f"rows of {name}", *table.notes)), ()
    try:
        folders = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        loose = sum(_is_image(entry.name) for entry in path.iterdir() if entry.is_file())
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if folders and {name.lower() for name in folders} <= SPLITS:
        raise DataError(
            f"its folders are splits: {', '.join(folders)}", where=str(path),
            fix=f"Name one of them: {path.name}/{folders[-1]}/.",
        )  # fmt: skip
    files, others = _list_images(path, folders)
    if not files:
        raise DataError(
            f"has no subfolder with images and no {METADATA[0]}{f'; {loose:,} images lie in it' if loose else ''}",
            where=str(path),
            fix="Put the images of each class in a folder with its name, or write metadata.csv with the columns "
            "file_name and label.",
        )
    classes = tuple(dict.fromkeys(label for label, _ in files))
    notes = [f"{len(classes):,} folder{'s' if len(classes) > 1 else ''} as classes"]
    if loose + others:
        notes.append(f"{loose + others:,} other file{'s' if loose + others > 1 else ''} not read")
    rows = [{"image": name, "label": label} for label, name in files]
    return FileRows(rows, [name for _, name in files], notes=tuple(notes)), classes


def replace_path(file: DataFile, path: Path) -> DataFile:
    """Return what is written about a file as if it were about another one."""
    return file.model_copy(update={"path": str(path)})


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _list_images(path: Path, folders: list[str]) -> tuple[list[tuple[str, str]], int]:
    """Return the class and path of each image, in the order of their names, and how many other files there are."""
    found: list[tuple[str, str]] = []
    others = 0
    for label in folders:
        for name in _walk(path / label):
            if not _is_image(name):
                others += 1
            elif len(found) >= MOST_FILES:
                raise DataError(f"has more than {MOST_FILES:,} images", where=str(path))
            else:
                found.append((label, f"{label}/{name}"))
    return found, others


def _walk(folder: Path) -> Iterator[str]:
    """Yield the files under a folder by their paths in it, sorted; links to folders are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(names):
            if not name.startswith("."):
                yield (Path(parent) / name).relative_to(folder).as_posix()

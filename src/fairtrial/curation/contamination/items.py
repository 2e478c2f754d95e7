"""Items of tasks as texts, which training rows are checked against, and the file that carries them out of a trial."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from filelock import FileLock

from fairtrial.errors import SpecError
from fairtrial.records import hash_bytes

LARGEST_FILE = 2_000_000_000


@dataclass(frozen=True, slots=True)
class ItemText:
    """An item of a task, as far as it is text.

    Attributes:
        task: name of the task.
        id: of the item.
        question: what is asked, with the passage that it is about.
        choices: answers offered.
        gold: right answers.
        generated: the task makes its items of templates, so that rows of the same template are its practice and no
            leak: only items themselves count.
        pictured: it shows images, so that its words alone are not the item.
        number: its place in the task or file, from 1; 0 where that is not known.
    """

    task: str
    id: str
    question: str = field(repr=False)
    choices: tuple[str, ...] = field(default=(), repr=False)
    gold: tuple[str, ...] = field(default=(), repr=False)
    generated: bool = False
    pictured: bool = False
    number: int = 0


def write_items(items: Iterable[ItemText], folder: Path) -> Path:
    """Return a file in ``folder`` with the items, one a line, under a name made from its content."""
    lines = (json.dumps(asdict(one), sort_keys=True, ensure_ascii=True, separators=(",", ":")) for one in items)
    content = "".join(f"{line}\n" for line in lines).encode()
    path = folder / f"items-{hash_bytes(content)}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.is_file():
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.replace(path)
    return path


def read_items(path: Path) -> list[ItemText]:
    """Return the items of a file: as `write_items` writes it, or rows of one's own with at least a ``question``.

    Raises SpecError if it cannot be read, with the line.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SpecError("against: the file of items is larger than 2 GB.", where=str(path))
        with path.open(encoding="utf-8") as file:
            return [one for number, line in enumerate(file, 1) for one in _read_line(line, path, number)]
    except OSError as error:
        raise SpecError(f"against: the items cannot be read: {error.strerror}.", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise SpecError("against: the file of items is not UTF-8.", where=str(path)) from error


def _read_line(line: str, path: Path, number: int) -> Iterator[ItemText]:
    if not line.strip():
        return
    where = f"{path}:{number}"
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    question = found.get("question") if isinstance(found, dict) else None
    if not isinstance(question, str):
        fix = 'Each line is a JSON object with "question", and perhaps "choices", "gold" and "task".'
        raise SpecError("against: this line is no item: it has no question.", fix=fix, where=where)
    lists = {name: found.get(name) or [] for name in ("choices", "gold")}
    texts = {name: tuple(map(str, [value] if isinstance(value, str) else value)) for name, value in lists.items()}
    yield ItemText(
        str(found.get("task") or path.stem),
        str(found.get("id") or number),
        question,
        texts["choices"],
        texts["gold"],
        found.get("generated") is True,
        found.get("pictured") is True,
        told if isinstance(told := found.get("number"), int) else number,
    )

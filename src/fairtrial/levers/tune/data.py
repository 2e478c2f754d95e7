"""What a model is tuned on: a file, or a folder that curation made, with its validation rows.

Knows files and rows; nothing of tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.archive.tainting import refuse_tainted
from fairtrial.errors import SpecError
from fairtrial.levers.tune.rows import Preference, ReadRows, TuningRow, read_rows
from fairtrial.models import ResolvedModel, hash_file
from fairtrial.records import content_hash
from fairtrial.spec.tune import Tune

TRAIN, VALIDATION, CARD, GRAMS = "train.jsonl", "validation.jsonl", "card.json", "grams.bin"
NOT_CURATED = "not examined: the file was taken as it is; no licence or permission to train was looked at"
LARGEST_CARD = 64_000_000


@dataclass(frozen=True)
class TrainingData:
    """Rows to learn from and rows to validate by.

    Attributes:
        path: the file or folder.
        sha256: of the rows: of the file, or of those of a folder.
        train: what is learned.
        validation: what is not.
        told: what a reader must know, in sentences.
        card: of the folder, as curation wrote it; empty for a file.
    """

    path: Path
    sha256: str
    train: Sequence[TuningRow]
    validation: Sequence[TuningRow]
    told: Sequence[str] = ()
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_curated(self) -> bool:
        """Whether curation made it."""
        return bool(self.card)

    @property
    def rights(self) -> str:
        """What was decided about the right to train on it."""
        return "decided by curation, see the data card" if self.is_curated else NOT_CURATED

    @property
    def grams(self) -> Path | None:
        """The file of hashes by which contamination is looked for; None if there is none."""
        found = self.path / GRAMS
        return found if found.is_file() else None


def find_data(settings: Tune, model: ResolvedModel) -> Path:
    """Return the file or folder of the rows: what the settings name, else what curation made for this model.

    Raises SpecError if there is none or both.
    """
    if settings.data and model.training_set:
        raise SpecError(
            "tune: data is named, and a curate lever stands before it.",
            fix="Leave out one of the two: data, or curate.",
        )
    if model.training_set:
        return model.training_set
    if not settings.data:
        raise SpecError(
            "tune: nothing says what to train on.",
            fix="Name a JSONL file or a folder that `fairtrial curate` wrote, tune: {data: PATH}, or write a curate "
            "lever before it.",
        )
    path = Path(settings.data).expanduser()
    if not path.exists():
        raise SpecError(f"tune: data names {str(path)!r}, which does not exist.")
    return path


def read_data(settings: Tune, model: ResolvedModel) -> TrainingData:
    """Return the rows to train on.

    Raises SpecError if there are none, or if they do not suit the objective.
    """
    path = find_data(settings, model)
    data = _read_folder(path) if path.is_dir() else _read_file(path, settings)
    wanted = settings.objective == "dpo"
    wrong = sum(isinstance(row, Preference) is not wanted for row in (*data.train, *data.validation))
    if wrong:
        kinds = ("with a chosen and a rejected answer", "to be learned as they stand")
        raise SpecError(
            f"tune: {wrong} of {len(data.train) + len(data.validation)} rows are {kinds[wanted]}, which objective: "
            f"{settings.objective} cannot learn from.",
            fix=f"Write objective: {'sft' if wanted else 'dpo'}, or take out these rows.",
        )
    return data


def _read_folder(path: Path) -> TrainingData:
    if not (path / TRAIN).is_file():
        raise SpecError(
            f"tune: the folder {str(path)!r} has no {TRAIN}.",
            fix="Name a folder that `fairtrial curate` wrote, or a file.",
        )
    refuse_tainted(path)
    card = _read_card(path / CARD)
    _refuse_edited(path, card)
    train = read_rows(path / TRAIN)
    there = (path / VALIDATION).is_file() and (path / VALIDATION).stat().st_size > 0
    validation = read_rows(path / VALIDATION) if there else ReadRows()
    told = [*train.describe(), *validation.describe()]
    return TrainingData(path, hash_data(path), train.rows, validation.rows, told, card)


def _refuse_edited(path: Path, card: Mapping[str, Any]) -> None:
    """Raise SpecError if files of a folder are not those that its card tells of: nobody has looked into them."""
    files = card.get("files")
    for name in (TRAIN, VALIDATION, GRAMS):
        told = files.get(name) if isinstance(files, dict) else None
        if not isinstance(told, dict) or "sha256" not in told:
            continue
        if not (path / name).is_file() or hash_file(path / name) != told["sha256"]:
            raise SpecError(
                f"tune: {name} is not the file that curation wrote: its card {CARD} tells of another one, so that "
                "nothing is known of the rights, duplicates and benchmark items in it.",
                fix=f"Curate again; or name the file itself, data: {path.name}/{TRAIN}, which is taken as it is.",
                where=str(path),
            )


def hash_data(path: Path) -> str:
    """Return what identifies the rows of a file or folder.  Raises SpecError if there are none."""
    names = [path / TRAIN, path / VALIDATION] if path.is_dir() else [path]
    try:
        hashes = [hash_file(name) for name in names if name.is_file() and (name == path or name.stat().st_size)]
    except OSError as error:
        raise SpecError(f"tune: {str(path)!r} cannot be read: {error.strerror}.") from error
    if not hashes:
        raise SpecError(f"tune: data names {str(path)!r}, where no rows are.")
    return hashes[0] if len(hashes) == 1 else content_hash(hashes)


def _read_card(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST_CARD:
            raise SpecError(f"tune: {path.name} is larger than {LARGEST_CARD:,} bytes.", where=str(path.parent))
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(
            f"tune: the data card {path.name} cannot be read.",
            fix="Run `fairtrial curate` again.",
            where=str(path.parent),
        ) from error
    return card if isinstance(card, dict) else {}


def _read_file(path: Path, settings: Tune) -> TrainingData:
    """Return a file's rows, some of them for validation: which ones is decided by each row's own hash."""
    found = read_rows(path)
    train, validation = list[TuningRow](), list[TuningRow]()
    for row in found.rows:
        share = int(content_hash([settings.seed, _describe(row)])[:8], 16) / 16**8
        (validation if share < settings.validation else train).append(row)
    if not train:
        raise SpecError(f"tune: no row of {path.name} is left to train on.", fix="Give more rows, or less validation.")
    told = found.describe()
    return TrainingData(path, hash_data(path), train, validation, told)


def _describe(row: TuningRow) -> list[object]:
    """Return what a row says, so that equal rows are on one side of the split."""
    said = [[message.role, message.text] for message in getattr(row, "messages", ())]
    return [said, *(getattr(row, name, "") for name in ("text", "chosen", "rejected"))]

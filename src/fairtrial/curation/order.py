"""What a run is to do, as every process must know it, and the steps and readers made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fairtrial.curation.base import Reader, Step, StepContext
from fairtrial.curation.formats.opening import open_source
from fairtrial.curation.steps import STEPS
from fairtrial.spec.curate import Curate


@dataclass(frozen=True, slots=True)
class CurationOrder:
    """A run of curation.

    Attributes:
        settings: as the user wrote them, paths made absolute.
        context: what steps know of it.
    """

    settings: Curate
    context: StepContext

    @property
    def work(self) -> Path:
        """The folder of the run while it is not finished."""
        return self.context.work

    @property
    def folder(self) -> Path:
        """The folder that becomes the training set."""
        return self.work / "finished"


def list_steps(settings: Curate) -> list[str]:
    """Return the names of the steps that are on, in the order in which they judge."""
    return [name for name in STEPS.built_in if getattr(settings, name) is not None]


def open_steps(order: CurationOrder) -> Mapping[str, Step]:
    """Return the steps of a run, by name, in order; made once in each process."""
    return _open_steps(order.settings.model_dump_json(), order.context.at, order.work)


def open_readers(order: CurationOrder) -> list[Reader]:
    """Return the readers of a run's sources; made once in each process."""
    return _open_readers(order.settings.model_dump_json(), order.context.at, order.work)


def forget_opened() -> None:
    """Open sources and steps anew from here on: a file may have changed since an earlier run of this process."""
    _open_steps.cache_clear()
    _open_readers.cache_clear()


@lru_cache(maxsize=1)
def _open_steps(written: str, at: datetime, work: Path) -> Mapping[str, Step]:
    settings = Curate.model_validate_json(written)
    context = StepContext(at, work, settings.rights)
    return {name: STEPS.find(name)(getattr(settings, name), context) for name in list_steps(settings)}


@lru_cache(maxsize=1)
def _open_readers(written: str, at: datetime, work: Path) -> list[Reader]:
    settings = Curate.model_validate_json(written)
    context = StepContext(at, work, settings.rights)
    return [open_source(source, number, context) for number, source in enumerate(settings.sources)]


def strip_folders(settings: Curate) -> dict[str, Any]:
    """Return settings as JSON values; of absolute paths the name alone, for folders are nobody's business."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(one) for key, one in value.items()}
        if isinstance(value, list):
            return [strip(one) for one in value]
        return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value

    found: dict[str, Any] = strip(settings.model_dump(mode="json"))
    return found

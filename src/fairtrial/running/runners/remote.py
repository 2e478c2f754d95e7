"""Engines on another machine, which sees no file of the conductor's: it is sent models, and images with the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairtrial.engines.settings import refuse_image
from fairtrial.machine import describe_machine
from fairtrial.records import ImagePart
from fairtrial.running.runners.base import RunnerWork
from fairtrial.running.runners.machines import name_machine
from fairtrial.running.runners.shipping import NodeFiles, ShippedPath, find_lacking
from fairtrial.running.runners.worker import EngineWorker, WorkerSetup
from fairtrial.workers.base import TellMessage


class RemoteEngines:
    """Does what `fairtrial.running.runners.ray` asks; see `fairtrial.workers.base.WorkerService`."""

    def __init__(self, tell: TellMessage) -> None:
        self._tell, self._files = tell, NodeFiles()
        self._images: Mapping[str, bytes] = {}
        self._worker: EngineWorker | None = None

    def do(self, work: tuple[str, Sequence[Any]]) -> Any:
        """Return what a method of this, by its name, makes of what it is given."""
        name, given = work
        return getattr(self, name)(*given)

    def greet(self) -> tuple[str, Mapping[str, Any]]:
        """Return which machine this is, and facts about it."""
        return name_machine(), describe_machine()

    def find_missing(
        self, shipped: Sequence[ShippedPath], needed: Mapping[str, str]
    ) -> tuple[list[ShippedPath], list[str]]:
        """Return which paths of models are to be sent, and in words what else is not here."""
        return [one for one in shipped if not self._files.find(one)], find_lacking(needed)

    def take_piece(self, shipped: ShippedPath, name: str, at: int, data: bytes) -> None:
        """Take a piece of a file."""
        self._files.take(shipped, name, at, data)

    def finish_path(self, shipped: ShippedPath) -> None:
        """Verify and keep what was taken."""
        self._files.finish(shipped)

    def set_up(self, setup: WorkerSetup) -> None:
        """Learn whose engines these are."""
        self._worker = EngineWorker(setup, self._tell, self._read_image, self._files.locate)

    def answer(self, work: RunnerWork[Any], images: Mapping[str, bytes]) -> Any:
        """Return the outcome of some work; ``images`` are those in it, by their hashes."""
        assert self._worker is not None
        self._images = images
        return self._worker.do(work)

    def _read_image(self, image: ImagePart) -> bytes:
        return self._images[image.hash] if image.hash in self._images else refuse_image(image)

    def close(self) -> None:
        """Close the engines."""
        if self._worker is not None:
            self._worker.close()

"""Engines on the machines of a Ray (https://www.ray.io): an actor holds the opened engines of a candidate.

Ray places actors by what they need: threads, predicted memory, a GPU.  It starts nothing again by itself: `crew` does,
and knows what was done already.  Hosted candidates stay with the conductor, and so do their keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from fairtrial.engines import DISTRIBUTIONS
from fairtrial.engines.settings import ReadImage
from fairtrial.errors import EngineError
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Request, list_images
from fairtrial.running.runners.base import RunnerWork
from fairtrial.running.runners.remote import RemoteEngines
from fairtrial.running.runners.shipping import list_model_files, list_needed, list_pieces
from fairtrial.running.runners.worker import WorkerSetup
from fairtrial.workers.ray import ActorLink, JoinedRay

ON_GPU = ("transformers",)
"""Engines that use a GPU where there is one."""


class RayHost(JoinedRay):
    """See `fairtrial.running.runners.jobs.WorkerHost`."""

    def __init__(self, address: str, workers: int | None, threads: int | None, read_image: ReadImage) -> None:
        """Join a Ray, or start one here; see `JoinedRay`.  ``read_image`` gives the images that are sent with work."""
        super().__init__(address, workers, threads)
        self._scheduling = import_module("ray.util.scheduling_strategies")
        self.read_image = read_image

    def has_room(self, needs: int, taken: int) -> bool:
        """Return whether the machines together have memory for one more; where, Ray decides."""
        return taken + needs <= self.resources.get("memory", float("inf"))

    def start(self, setup: WorkerSetup, needs: int, alone: bool) -> RayLink:
        """Have an actor placed; check its software, and see to it that it has the models' files."""
        self._check_size(needs)
        options: dict[str, Any] = {"memory": needs}
        engines = {part.model.engine for one in setup.who for part in one.models.values()}
        if engines & {*ON_GPU} and self.resources.get("GPU", 0) >= 1:
            options["num_gpus"] = 1
        if alone:
            affinity = self._scheduling.NodeAffinitySchedulingStrategy
            options["scheduling_strategy"] = affinity(self._find_largest(), soft=False)
        return RayLink(self, setup, options)

    def _find_largest(self) -> str:
        """Return the node where everything is timed: the one with the most GPUs, memory and cores."""
        nodes = [node for node in self.ray.nodes() if node["Alive"]]

        def size(node: Mapping[str, Any]) -> tuple[float, float, float, str]:
            has = node["Resources"]
            return has.get("GPU", 0), has.get("memory", 0), has.get("CPU", 0), node["NodeID"]

        return str(max(nodes, key=size)["NodeID"])

    def _check_size(self, needs: int) -> None:
        sizes = [node["Resources"].get("memory", 0) for node in self.ray.nodes() if node["Alive"]]
        if sizes and max(sizes) < needs:
            raise EngineError(
                f"a worker needs {needs / 1e9:.1f} GB of memory, and the largest machine of the Ray gives "
                f"{max(sizes) / 1e9:.1f} GB.",
                fix="Add a larger machine, or give more with `ray start --memory`.",
            )


class RayLink(ActorLink):
    """See `fairtrial.running.runners.jobs.EngineLink`."""

    def __init__(self, host: RayHost, setup: WorkerSetup, options: Mapping[str, Any]) -> None:
        """Make an actor ready.

        Raises EngineError if its machine has other software or lacks what cannot be sent, LostWorkerError if it went.
        """
        super().__init__(host, RemoteEngines, list_distributions(setup.who), **options)
        self._read_image = host.read_image
        with self.ending_on_error():
            self.machine, self.facts = self._ask("greet")
            missing, lacking = self._ask("find_missing", list_model_files(setup.who), list_needed(setup.who))
            if lacking:
                raise EngineError(
                    f"it lacks {lacking[0]}.",
                    fix="Put it there at the same path, e.g. by a shared folder, or run with `--on processes`.",
                )
            for one in missing:
                for piece in list_pieces(one):
                    self._ask("take_piece", one, *piece)
                self._ask("finish_path", one)
            self._ask("set_up", setup)

    def _ask(self, name: str, *given: Any) -> Any:
        super().send((name, given))
        return self.receive().result()

    def send(self, work: RunnerWork[Any]) -> None:
        """Send work, and the images in it."""
        images = {image.hash: image for request in list_requests(work) for image in list_images(request)}
        told = {name: self._read_image(image) for name, image in images.items()}
        super().send(("answer", (work, told)))


def list_requests(work: RunnerWork[Any]) -> Iterator[Request]:
    """Yield the requests of some work, whatever it is."""
    yield from getattr(work, "requests", ())
    for requests in getattr(work, "items", ()):
        yield from requests


def list_distributions(who: Sequence[PlannedCandidate]) -> list[str]:
    """Return the distributions whose versions can change answers of some candidates."""
    engines = {part.model.engine for one in who for part in one.models.values()}
    return [name for engine in sorted(engines) for name in DISTRIBUTIONS.get(engine, ())]

"""Engines on the machines of a Ray (https://www.ray.io): an actor holds the opened engines of a candidate.

Ray places actors by what they need: threads, predicted memory, a GPU.  It starts nothing again by itself: `crew` does,
and knows what was done already.  Hosted candidates stay with the conductor, and so do their keys.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from queue import SimpleQueue
from typing import Any

from fairtrial.engines import DISTRIBUTIONS
from fairtrial.engines.settings import ReadImage
from fairtrial.errors import EngineError
from fairtrial.machine import describe_machine
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Request, list_images
from fairtrial.running.runners.actor import EngineActor
from fairtrial.running.runners.base import RunnerWork
from fairtrial.running.runners.jobs import LostWorkerError
from fairtrial.running.runners.shipping import list_model_files, list_needed, list_pieces
from fairtrial.running.runners.worker import WorkerMessage, WorkerSetup
from fairtrial.spreading.joining import join_ray

PLACING = 300
"""Seconds that Ray may take to place a worker and have it greet."""
ON_GPU = ("transformers",)
"""Engines that use a GPU where there is one."""


class RayHost:
    """See `fairtrial.running.runners.jobs.WorkerHost`."""

    kind = "ray"

    def __init__(self, address: str, workers: int | None, threads: int | None, read_image: ReadImage) -> None:
        """Join a Ray, or start one here.

        Args:
            address: where it is; empty starts one.
            workers: at the same time, at most; None: one for each core, or for so many cores as each has threads.
            threads: of each; None divides the cores.
            read_image: gives the bytes of images, which are sent with the work.

        Raises MissingExtraError if Ray is not installed, EngineError if none answers there.
        """
        self._ray, self._is_ours = join_ray(address)
        self._scheduling = import_module("ray.util.scheduling_strategies")
        self._read_image = read_image
        self._resources: Mapping[str, float] = self._ray.cluster_resources()
        cores = int(self._resources.get("CPU", 1)) or 1
        self.most = workers or max(1, cores // (threads or 1))
        self.threads: int | None = threads or max(1, cores // self.most)
        self._share = min(float(self.threads), int(10_000 * cores / self.most) / 10_000)

    def has_room(self, needs: int, taken: int) -> bool:
        """Return whether the machines together have memory for one more; where, Ray decides."""
        return taken + needs <= self._resources.get("memory", float("inf"))

    def start(self, setup: WorkerSetup, needs: int, alone: bool) -> RayLink:
        """Have an actor placed; check its software, and see to it that it has the models' files."""
        options: dict[str, Any] = {
            "num_cpus": self._share,
            "memory": needs,
            "max_restarts": 0,
            "max_task_retries": 0,
        }
        engines = {part.model.engine for one in setup.who for part in one.models.values()}
        if engines & {*ON_GPU} and self._resources.get("GPU", 0) >= 1:
            options["num_gpus"] = 1
        if alone:
            affinity = self._scheduling.NodeAffinitySchedulingStrategy
            options["scheduling_strategy"] = affinity(self._find_largest(), soft=False)
        self._check_size(needs)
        actor = self._ray.remote(EngineActor).options(**options).remote()
        link = RayLink(self._ray, actor, self._read_image)
        try:
            link.meet(setup)
        except BaseException:
            link.kill()
            raise
        return link

    def _find_largest(self) -> str:
        """Return the node where everything is timed: the one with the most GPUs, memory and cores."""
        nodes = [node for node in self._ray.nodes() if node["Alive"]]

        def size(node: Mapping[str, Any]) -> tuple[float, float, float, str]:
            has = node["Resources"]
            return has.get("GPU", 0), has.get("memory", 0), has.get("CPU", 0), node["NodeID"]

        return str(max(nodes, key=size)["NodeID"])

    def _check_size(self, needs: int) -> None:
        sizes = [node["Resources"].get("memory", 0) for node in self._ray.nodes() if node["Alive"]]
        if sizes and max(sizes) < needs:
            raise EngineError(
                f"a worker needs {needs / 1e9:.1f} GB of memory, and the largest machine of the Ray gives "
                f"{max(sizes) / 1e9:.1f} GB.",
                fix="Add a larger machine, or give more with `ray start --memory`.",
            )

    def close(self) -> None:
        """Leave the Ray, or end it if it was started here."""
        if self._is_ours:
            self._ray.shutdown()


class RayLink:
    """See `fairtrial.running.runners.jobs.WorkerLink`."""

    def __init__(self, ray: Any, actor: Any, read_image: ReadImage) -> None:
        self._ray, self._actor, self._read_image = ray, actor, read_image
        self._sent: SimpleQueue[Any] = SimpleQueue()
        self._coming: Iterator[bytes] | None = None
        self.machine = ""
        self.facts: Mapping[str, Any] = {}
        self.pid = 0

    def meet(self, setup: WorkerSetup) -> None:
        """Make an actor ready.

        Raises EngineError if its machine has other software or lacks what cannot be sent, LostWorkerError if it went.
        """
        self.machine, self.facts, self.pid = self._ask(self._actor.greet.remote())
        check_software(self.facts, setup.who)
        shipped = list_model_files(setup.who)
        missing, lacking = self._ask(self._actor.list_missing.remote(pickle.dumps((shipped, list_needed(setup.who)))))
        if lacking:
            raise EngineError(
                f"a machine of the Ray lacks {lacking[0]}.",
                fix="Put it there at the same path, e.g. by a shared folder, or run with `--on processes`.",
            )
        for one in shipped:
            if one.path in missing:
                packed = pickle.dumps(one)
                for name, at, data in list_pieces(one):
                    self._ask(self._actor.take_piece.remote(packed, name, at, data))
                self._ask(self._actor.finish_path.remote(packed))
        self._ask(self._actor.set_up.remote(pickle.dumps(setup)))

    def _ask(self, ref: Any) -> Any:
        try:
            return self._ray.get(ref, timeout=PLACING)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, EngineError) else LostWorkerError(_describe(error)) from error
        except self._ray.exceptions.RayError as error:
            raise LostWorkerError(_describe(error)) from error

    def send(self, work: RunnerWork[Any]) -> None:
        """Send work, and the images in it."""
        images = {image.hash: image for request in list_requests(work) for image in list_images(request)}
        told = {name: self._read_image(image) for name, image in images.items()}
        packed = pickle.dumps((work, told), pickle.HIGHEST_PROTOCOL)
        self._sent.put(self._actor.do.options(num_returns="streaming").remote(packed))

    def receive(self) -> WorkerMessage:
        """Return the next message.  Raises LostWorkerError when the actor is gone."""
        while True:
            if self._coming is None:
                sent = self._sent.get()
                if sent is None:
                    raise LostWorkerError("was ended")
                self._coming = self._read(sent)
            packed = next(self._coming, None)
            if packed is not None:
                found: WorkerMessage = pickle.loads(packed)  # from our own actor
                return found
            self._coming = None

    def _read(self, sent: Any) -> Iterator[bytes]:
        try:
            for ref in sent:
                yield self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            raise LostWorkerError(_describe(error)) from error

    def kill(self) -> None:
        """End the actor."""
        self._sent.put(None)
        if self._ray.is_initialized():
            self._ray.kill(self._actor, no_restart=True)


def list_requests(work: RunnerWork[Any]) -> Iterator[Request]:
    """Yield the requests of some work, whatever it is."""
    yield from getattr(work, "requests", ())
    for requests in getattr(work, "items", ()):
        yield from requests


def check_software(facts: Mapping[str, Any], who: Sequence[PlannedCandidate]) -> None:
    """Raise EngineError if a machine has other software than this one, as far as it can change answers."""
    own = describe_machine()
    engines = {part.model.engine for one in who for part in one.models.values()}
    names = ["fairtrial", *(name for engine in sorted(engines) for name in DISTRIBUTIONS.get(engine, ()))]
    pairs = [(name, own["packages"].get(name), facts["packages"].get(name)) for name in names]  # type: ignore[attr-defined]
    versions = [".".join(str(of["python"]).split(".")[:2]) for of in (own, facts)]
    for name, here, there in [("Python", *versions), *pairs]:
        if here != there:
            raise EngineError(
                f"a machine of the Ray has {name} {there or '(none)'}, and this one has {here or '(none)'}.",
                fix="Install the same versions on all machines: other ones may give other answers.",
            )


def _describe(error: Exception) -> str:
    """Return in words, as the rest of a sentence, how an actor was lost."""
    if "GetTimeoutError" in type(error).__name__:
        return f"was not placed within {PLACING} s (see `ray status`)"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"was lost ({type(error).__name__}: {lines[-1][:200] if lines else 'no more is known'})"

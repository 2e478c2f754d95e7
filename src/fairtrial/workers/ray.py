"""Workers on the machines of a Ray (https://www.ray.io), each an actor; Ray starts none again by itself."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from fairtrial.errors import EngineError, FairtrialError
from fairtrial.workers.actor import WorkerActor, list_software
from fairtrial.workers.base import LostWorkerError, NoPlaceError, OpenService, WorkEnded, add_place, share_cores
from fairtrial.workers.joining import join_ray
from fairtrial.workers.threads import WAITING

PLACING = 300
"""Seconds that Ray may take to place a worker and have its service open."""
STREAMED = {"num_returns": "streaming", "_generator_backpressure_num_objects": WAITING}
PLACE = "a machine of the Ray"


class JoinedRay:
    """A Ray that was joined.

    Attributes:
        ray: its module.
        resources: what its machines have together.
        most: workers at the same time, at most.
        threads: of each.
        share: cores that each is counted as.
    """

    kind = "ray"

    def __init__(self, address: str = "", workers: int | None = None, threads: int | None = None) -> None:
        """Join a Ray; an empty address starts one here.

        Args:
            address: where it is, as ``HOST:PORT``.
            workers: at the same time, at most; None takes what its cores are enough for.
            threads: of each; None divides the cores.

        Raises MissingExtraError if Ray is not installed, EngineError if none answers there.
        """
        self.ray, self._is_ours = join_ray(address)
        self.resources: Mapping[str, float] = self.ray.cluster_resources()
        cores = float(self.resources.get("CPU", 0)) or float(workers or 0)
        if cores <= 0:
            self.close()
            raise EngineError(
                f"the Ray at {address or 'this machine'} has no processor cores to work on.",
                fix="`ray status` says what it has; `ray start --address=FIRST:6379` adds a machine. Where machines "
                "come when there is work for them, say how many --workers there are to be.",
            )
        self.most, self.threads = share_cores(cores, workers, threads)
        self.share = min(float(self.threads), int(10_000 * cores / self.most) / 10_000)

    def close(self) -> None:
        """Leave the Ray, or end it if it was started here."""
        if self._is_ours:
            self.ray.shutdown()


class ActorLink:
    """See `fairtrial.workers.base.WorkerLink`."""

    def __init__(self, host: JoinedRay, opens: OpenService, packages: Sequence[str], **options: Any) -> None:
        """Have an actor placed, check its software, and have it open its service.

        Args:
            host: the Ray.
            opens: the service.
            packages: whose versions must be those of this machine.
            options: what Ray is to see to when it places the actor.

        Raises FairtrialError for what prevents it, LostWorkerError if the actor went.
        """
        self._ray = host.ray
        options = {"num_cpus": host.share, "max_restarts": 0, "max_task_retries": 0, **options}
        self._actor = self._ray.remote(WorkerActor).options(**options).remote()
        self._sent: SimpleQueue[Any] = SimpleQueue()
        self._coming: Iterator[Any] | None = None
        with self.ending_on_error():
            check_versions(list_software(packages), self._get("greet", [*packages]))
            pickle.loads(self._get("open", pickle.dumps(opens))).result()  # from our own actor

    @contextmanager
    def ending_on_error(self) -> Iterator[None]:
        """End the actor at an error, which tells where it was."""
        try:
            yield
        except FairtrialError as error:
            self.kill()
            raise add_place(PLACE, error) from None
        except BaseException:
            self.kill()
            raise

    def _get(self, name: str, given: Any) -> Any:
        try:
            return self._ray.get(getattr(self._actor, name).remote(given), timeout=PLACING)
        except self._ray.exceptions.GetTimeoutError:
            fix = "`ray status` says what the Ray has and who holds it; take fewer --workers, or wait for the others."
            raise NoPlaceError(f"had no place, or was not ready, within {PLACING} s", fix) from None
        except self._ray.exceptions.RayError as error:
            raise LostWorkerError(describe_loss(error)) from error

    def send(self, work: Any) -> None:
        """Send work."""
        packed = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
        try:
            self._sent.put(self._actor.do.options(**STREAMED).remote(packed))
        except self._ray.exceptions.RayError as error:
            self._sent.put(error)

    def receive(self) -> Any:
        """Return the next message.  Raises LostWorkerError when the actor is gone."""
        try:
            if self._coming is None:
                sent = self._sent.get()
                if sent is None:
                    raise LostWorkerError("was ended")
                if isinstance(sent, Exception):
                    raise sent
                self._coming = iter(sent)
            message = pickle.loads(self._ray.get(next(self._coming)))  # from our own actor
        except self._ray.exceptions.RayError as error:
            raise LostWorkerError(describe_loss(error)) from error
        except StopIteration:
            raise LostWorkerError("ended in the middle of its work") from None
        if isinstance(message, WorkEnded):
            self._coming = None
        return message

    def kill(self) -> None:
        """End the actor."""
        self._sent.put(None)
        if self._ray.is_initialized():
            self._ray.kill(self._actor, no_restart=True)

    def close(self) -> None:
        """End the actor."""
        self.kill()


def check_versions(here: Mapping[str, str], there: Mapping[str, str]) -> None:
    """Raise EngineError if a machine has other software than this one."""
    for name, version in here.items():
        if version != there.get(name, ""):
            raise EngineError(
                f"it has {name} {there.get(name) or '(none)'}, and this machine has {version or '(none)'}.",
                fix="Install the same versions on all machines: other ones may make something else of the same work.",
            )


def describe_loss(error: Exception) -> str:
    """Return in words, as the rest of a sentence, how an actor was lost."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"was lost ({type(error).__name__}: {lines[-1][:200] if lines else 'no more is known'})"

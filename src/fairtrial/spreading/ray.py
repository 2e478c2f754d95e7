"""Workers on the machines of a Ray (https://www.ray.io), each an actor; Ray starts none again by itself."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from typing import Any

from fairtrial.errors import EngineError, FairtrialError
from fairtrial.spreading.actor import PieceActor, list_software
from fairtrial.spreading.base import LostHandError, NoPlaceError, PieceEnded, SpreadWork, make_worker_error
from fairtrial.spreading.joining import join_ray

PLACING = 300
"""Seconds that Ray may take to place a worker and have it ready."""
WAITING = 4
"""Parts of a piece that wait at its worker, at most."""
PLACE = "a machine of the Ray"


class SpreadRayHost:
    """See `fairtrial.spreading.base.HandHost`."""

    kind = "ray"

    def __init__(self, address: str = "", workers: int | None = None) -> None:
        """Join a Ray; an empty address starts one here.  ``workers``: None takes one for each core.

        Raises MissingExtraError if Ray is not installed, EngineError if none answers there.
        """
        self._ray, self._is_ours = join_ray(address)
        cores = float(self._ray.cluster_resources().get("CPU", 0))
        if cores <= 0:
            self.close()
            raise EngineError(
                f"the Ray at {address or 'this machine'} has no processor cores to work on.",
                fix="`ray status` says what it has; `ray start --address=FIRST:6379` adds a machine.",
            )
        self.most = workers or max(1, int(cores))
        self.threads = max(1, int(cores) // self.most)
        self._share = min(float(self.threads), int(10_000 * cores / self.most) / 10_000)

    def start(self, work: SpreadWork[Any, Any], packed: bytes) -> RayHand:
        """Have an actor placed, check its software, and have it open the work's tool."""
        options = {"num_cpus": self._share, "max_restarts": 0, "max_task_retries": 0}
        hand = RayHand(self._ray, self._ray.remote(PieceActor).options(**options).remote())
        try:
            check_versions(list_software(work.packages), hand.ask("greet", list(work.packages)))
            ready: PieceEnded = pickle.loads(hand.ask("open", packed, self.threads))  # from our own actor
            if ready.error is not None:
                raise ready.error
        except FairtrialError as error:
            hand.kill()
            raise make_worker_error(PLACE, error) from None
        except BaseException:
            hand.kill()
            raise
        return hand

    def close(self) -> None:
        """Leave the Ray, or end it if it was started here."""
        if self._is_ours:
            self._ray.shutdown()


class RayHand:
    """See `fairtrial.spreading.base.HandLink`."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self._parts: Iterator[Any] = iter(())

    def ask(self, name: str, *given: Any) -> Any:
        """Return what a method of the actor returns."""
        try:
            return self._ray.get(getattr(self._actor, name).remote(*given), timeout=PLACING)
        except self._ray.exceptions.GetTimeoutError:
            fix = "`ray status` says what the Ray has and who holds it; take fewer --workers, or wait for the others."
            raise NoPlaceError(f"was not placed within {PLACING} s", fix) from None
        except self._ray.exceptions.RayError as error:
            raise LostHandError(_describe(error)) from error

    def send(self, packed: bytes) -> None:
        """Begin a piece."""
        told = {"num_returns": "streaming", "_generator_backpressure_num_objects": WAITING}
        try:
            self._parts = iter(self._actor.do.options(**told).remote(packed))
        except self._ray.exceptions.RayError as error:
            raise LostHandError(_describe(error)) from error

    def receive(self) -> Any:
        """Return the next part."""
        try:
            return pickle.loads(self._ray.get(next(self._parts)))  # from our own actor
        except self._ray.exceptions.RayError as error:
            raise LostHandError(_describe(error)) from error
        except StopIteration:
            raise LostHandError("ended in the middle of a piece") from None

    def kill(self) -> None:
        """End the actor."""
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
                fix="Install the same versions on all machines: other ones may make something else of the same piece.",
            )


def _describe(error: Exception) -> str:
    """Return in words, as the rest of a sentence, how an actor was lost."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"was lost ({type(error).__name__}: {lines[-1][:200] if lines else 'no more is known'})"

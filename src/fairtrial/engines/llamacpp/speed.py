"""Finds, in a few seconds, what suits a model on this machine, and remembers it.

Of scoring that is how many threads and how large a batch; of answers that grow side by side, whether flash attention.

Only speed and last digits depend on the outcome, and the record names it.  A remembered outcome is used again, so that
the same machine keeps computing the same digits.  Knows nothing of requests.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.cache import recall, remember
from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model, get_library_version, get_system_info
from fairtrial.engines.llamacpp.session import SessionSizes
from fairtrial.machine import count_cores
from fairtrial.records import content_hash

BATCHES = (256, 512)
DEFAULT_BATCH = 512
_DEPTH = 256  # tokens already in the cache when a batch is timed
_BRANCH = 32  # tokens of one branch
_SECONDS = 6.0  # measuring that would take longer is left out
_ROUNDS = 2
_GROWING = 8  # answers that grow at once when it is timed
_SLOW = 1.5  # seconds of reading that depth beyond which that is left to the library


@dataclass(frozen=True, slots=True)
class SpeedSettings:
    """What to run with.

    Attributes:
        threads: processor threads.
        batch: tokens of one pass.
        source: ``measured``, ``remembered``, ``given`` or ``default`` (measuring would take too long).
    """

    threads: int
    batch: int
    source: str


def measure_speed(model: Model, sha256: str, *, packed: bool, flash: int) -> SpeedSettings:
    """Return the fastest of a few settings for this model here, measured once and then remembered."""
    name = _make_cache_key(sha256, packed=packed, flash=flash)
    known = _read_speed(name)
    if known is not None:
        return known
    speed = _find_fastest(model, flash)
    remember(name, {"threads": speed.threads, "batch": speed.batch})
    return speed


def choose_live_flash(model: Model, sha256: str, sizes: SessionSizes) -> int:
    """Return the flash attention with which answers grow faster side by side, each in cells of its own.

    Which one that is differs by processor.  Measured once and then remembered; -1, the library's own choice, where
    something else than the processor may compute, or measuring would take too long.
    """
    if sizes.flash != -1 or model.on_accelerator():
        return sizes.flash
    name = _make_cache_key(sha256, packed=False, flash=-1).replace("-speed/", "-live-flash/")
    known = (recall(name) or {}).get("flash")
    if known in (-1, 0):
        return int(known)
    with_flash = _time_growing(model, sizes, -1)
    without = _time_growing(model, sizes, 0) if with_flash is not None else None
    if with_flash is None or without is None:
        return -1
    found = -1 if with_flash <= without else 0
    remember(name, {"flash": found})
    return found


def recall_speed(sha256: str, *, packed: bool, flash: int) -> SpeedSettings:
    """Return what is remembered of a model here; what is likely if nothing is."""
    return _read_speed(_make_cache_key(sha256, packed=packed, flash=flash)) or SpeedSettings(
        count_cores(), DEFAULT_BATCH, "default"
    )


def _make_cache_key(sha256: str, *, packed: bool, flash: int) -> str:
    machine = [platform.node(), platform.machine(), get_system_info(), count_cores(), get_library_version()]
    key = content_hash([*machine, sha256, packed, flash])
    return f"llamacpp-speed/{key}"


def _read_speed(name: str) -> SpeedSettings | None:
    known = recall(name) or {}
    try:
        threads, batch = int(known["threads"]), int(known["batch"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return SpeedSettings(threads, batch, "remembered") if 1 <= threads <= 1024 and batch in BATCHES else None


def _find_fastest(model: Model, flash: int) -> SpeedSettings:
    most = count_cores()
    first = _measure_rate(model, DEFAULT_BATCH, most, flash, rounds=1)
    settings = [(most, batch) for batch in BATCHES]
    if most > 1:
        settings.append((most - 1, DEFAULT_BATCH))
    if sum(_DEPTH + _ROUNDS * batch for _, batch in settings) / first > _SECONDS:
        return SpeedSettings(most, DEFAULT_BATCH, "default")
    rates = {setting: _measure_rate(model, setting[1], setting[0], flash) for setting in settings}
    threads, batch = max(settings, key=lambda setting: rates[setting])
    return SpeedSettings(threads, batch, "measured")


def _measure_rate(model: Model, batch: int, threads: int, flash: int, rounds: int = _ROUNDS) -> float:
    """Return tokens a second of a pass like those of scoring: short branches on a trunk, few logits; best of rounds."""
    branches = batch // _BRANCH
    context = Context(model, ContextShape(_DEPTH + batch, batch, branches + 1, branches + 1, threads, flash))
    try:
        _fill_cache(context, np.arange(_DEPTH), np.zeros(_DEPTH, dtype=np.int32))
        seconds = []
        for _ in range(rounds):
            begun = time.perf_counter()
            for branch in range(branches):
                context.copy(0, branch + 1, _DEPTH)
            slots = np.repeat(np.arange(1, branches + 1, dtype=np.int32), _BRANCH)
            _fill_cache(context, _DEPTH + np.tile(np.arange(_BRANCH), branches), slots)
            seconds.append(time.perf_counter() - begun)
            context.keep_only(0, _DEPTH)
        return batch / min(seconds)
    finally:
        context.close()


def _time_growing(model: Model, sizes: SessionSizes, flash: int) -> float | None:
    """Return the seconds of a pass with one token of some answers, best of rounds; None if reading is slow."""
    places = min(_GROWING, sizes.sequences)
    cells = places * 2 * _DEPTH
    shape = ContextShape(cells, sizes.batch, places, max(places, 8), sizes.threads, flash, unified=False)
    context = Context(model, shape)
    try:
        begun = time.perf_counter()
        _fill_cache(context, np.arange(_DEPTH), np.zeros(_DEPTH, dtype=np.int32))
        if time.perf_counter() - begun > _SLOW:
            return None
        for place in range(1, places):
            context.lib.llama_memory_seq_cp(context.memory, 0, place, -1, -1)
        seconds = []
        for turn in range(2 * _ROUNDS):
            begun = time.perf_counter()
            _fill_cache(context, np.full(places, _DEPTH + turn), np.arange(places, dtype=np.int32))
            seconds.append(time.perf_counter() - begun)
        return min(seconds)
    finally:
        context.close()


def _fill_cache(context: Context, positions: NDArray[np.int64], slots: NDArray[np.int32]) -> None:
    """Compute made-up tokens at ``positions`` of the sequences ``slots``, logits at the end of each branch."""
    size = context.shape.batch
    for at in range(0, len(positions), size):
        part = slice(at, at + size)
        count = len(positions[part])
        context.tokens[:count] = (positions[part] * 7919 + slots[part] * 104729) % context.model.n_vocab
        context.positions[:count] = positions[part]
        context.set_sequences(slots[part], np.ones(count, dtype=np.int32))
        context.wanted[:count] = (slots[part] > 0) & ((np.arange(count) + 1) % _BRANCH == 0)
        context.run(count)

"""Finds out, in a process of its own, whether llama.cpp's special processor paths work on this machine.

Some virtual machines announce matrix instructions (AMX) that then kill the process.  Run as a module it loads a model
with them and computes a few tokens; `packing_works` runs it and remembers the outcome for some minutes: not longer,
because a virtual machine may be moved to other hardware while it runs.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from fairtrial.cache import recall, remember
from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model, library_version, system_info
from fairtrial.errors import EngineError

_TOKENS = 64
_SECONDS = 300
_REMEMBERED_SECONDS = 600
_NAME = "llamacpp-packing"


def packing_works(path: Path) -> bool:
    """Return whether weights rearranged for special instructions can be computed with here.

    Only machines that announce AMX are tried.  Raises EngineError if the trial run does not end.
    """
    if "AMX_INT8 = 1" not in system_info():
        return True
    known = _recall()
    if known is None:
        known = _try(path)
        remember(_NAME, {"machine": _machine(), "works": known, "at": time.time()})
    return known


def packing_likely() -> bool:
    """Return the same without a trial run: what is remembered, else yes."""
    return _recall() is not False


def _machine() -> str:
    """Return what a remembered outcome must name to be this machine's."""
    return f"{platform.node()}|{platform.release()}|{library_version()}|{system_info()}"


def _recall() -> bool | None:
    """Return the remembered outcome, or None if there is none for this machine or it is too old."""
    known = recall(_NAME) or {}
    try:
        fresh = known["machine"] == _machine() and 0 <= time.time() - float(known["at"]) < _REMEMBERED_SECONDS
        return bool(known["works"]) if fresh else None
    except (ValueError, KeyError, TypeError):
        return None


def _try(path: Path) -> bool:
    """Return False only if the trial run was killed by a signal: other failures are not about the processor."""
    command = [sys.executable, "-m", "fairtrial.engines.llamacpp.probe", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(
            f"A trial run of llama.cpp did not end within {_SECONDS} seconds.", where=str(path)
        ) from error
    return done.returncode >= 0


def main(path: str) -> None:
    """Load a model with rearranged weights and compute a few tokens."""
    model = Model(Path(path), packed=True)
    context = Context(model, ContextShape(cells=256, batch=_TOKENS, sequences=1, outputs=1, threads=1))
    context.tokens[:] = np.arange(_TOKENS) % model.n_vocab
    context.positions[:] = np.arange(_TOKENS)
    context.run(_TOKENS)
    context.close()
    model.close()


if __name__ == "__main__":
    main(sys.argv[1])

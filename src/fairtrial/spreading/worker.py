"""A worker that is a program of its own: ``python -m fairtrial.spreading.worker``.

It reads the work and its pieces from its input and writes parts to its output.  It ends when its input does, so that
none is left behind when whoever started it is killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from queue import SimpleQueue
from typing import IO, Any

from fairtrial.spreading.base import PieceEnded, SpreadTool, SpreadWork


def do_piece(tool: SpreadTool[Any, Any], piece: Any) -> Iterator[Any]:
    """Yield the parts of a piece, and `PieceEnded`."""
    try:
        yield from tool.do(piece)
    except Exception as error:
        yield PieceEnded(make_sendable(error))
    else:
        yield PieceEnded()


def make_sendable(error: Exception) -> Exception:
    """Return an error as another process can read it: as it is where that can be, else in words."""
    try:
        if isinstance(pickle.loads(pickle.dumps(error)), type(error)):
            return error
    except Exception:  # whatever its class does when it is packed
        pass
    return RuntimeError("".join(traceback.format_exception(error)))


def serve(source: IO[bytes], target: IO[bytes], threads: int) -> None:
    """Do what is read from ``source`` until it ends, and write what comes of it to ``target``."""
    coming: SimpleQueue[Any] = SimpleQueue()

    def read() -> None:
        try:
            while True:
                coming.put(pickle.load(source))  # from our own process
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)
        except Exception:
            traceback.print_exc()
            os._exit(8)

    threading.Thread(target=read, daemon=True).start()
    tool = _open(coming.get(), target, threads)
    while tool is not None:
        for part in do_piece(tool, coming.get()):
            _write(target, part)


def _open(work: SpreadWork[Any, Any], target: IO[bytes], threads: int) -> SpreadTool[Any, Any] | None:
    """Return the tool, and say that it is open; or say why it is not."""
    try:
        tool = work.open(threads, elsewhere=False)
    except Exception as error:
        _write(target, PieceEnded(make_sendable(error)))
        return None
    _write(target, PieceEnded())
    return tool


def _write(target: IO[bytes], part: Any) -> None:
    pickle.dump(part, target, pickle.HIGHEST_PROTOCOL)
    target.flush()


def main() -> None:
    """Serve through this process's own input and output; whatever else is printed goes to its standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, target, int(sys.argv[1]))
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()

"""The C++ llama-server inside the `xllamacpp` wheel, in a process of its own.

python -m tests.support.servers.llama_server MODEL.gguf [SLOTS] [CONTEXT] [PROJECTOR.gguf]

It prints its address and serves until it is killed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def llama_server(model: str, slots: int = 4, context: int = 8192, projector: str = "") -> Iterator[str]:
    """Yield the base URL of a server, ready to answer; it is killed at the end."""
    command = [sys.executable, "-m", "tests.support.servers.llama_server", model, str(slots), str(context), projector]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("listening "):
                break
        else:
            raise RuntimeError("the server did not start")
        yield f"{line.split()[1]}/v1"
    finally:
        process.kill()
        process.wait()


def serve(model: str, slots: int, context: int, projector: str = "") -> None:
    """Serve a model until the process is killed."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = context
    params.cpuparams.n_threads = 1  # two would wait for each other wherever another process has a core
    params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    if projector:
        params.mmproj.path, params.mmproj_use_gpu = projector, False
    server = xllamacpp.Server(params)
    print(f"listening {server.listening_address}", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])

"""llama-cpp-python's own server, in a process of its own: its ``/completions`` takes ``echo`` with ``logprobs``.

It scores a text rightly only for models that put a token before every text; for others each token gets the probability
of being said once more.  So there is a way to make such a model of one that does not.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ADDS = b"tokenizer.ggml.add_bos_token" + (7).to_bytes(4, "little")
"""Key and type (boolean) in a GGUF file; the value is the byte that follows."""


def with_begin_of_text(model: Path, target: Path) -> Path:
    """Copy a GGUF file so that its model puts the begin-of-text token before every text."""
    shutil.copyfile(model, target)
    with target.open("r+b") as file:
        at = file.read(4_000_000).index(ADDS) + len(ADDS)
        file.seek(at)
        assert file.read(1) == b"\0"
        file.seek(at)
        file.write(b"\1")
    return target


@contextmanager
def python_server(model: Path, context: int = 1024) -> Iterator[str]:
    """Yield the base URL of a server, ready to answer; it is killed at the end."""
    for _ in range(5):
        port = find_port()
        process = start_server(model, context, port)
        url = f"http://127.0.0.1:{port}/v1"
        try:
            if wait_until_ready(process, url):
                yield url
                return
        finally:
            process.kill()
            process.wait()
    raise RuntimeError("the server did not start, five times")


def find_port() -> int:
    """Return a port that is free; somebody else may take it before the server does, for it cannot be told to choose."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start_server(model: Path, context: int, port: int) -> subprocess.Popen[bytes]:
    settings = {
        "model": model,
        "host": "127.0.0.1",
        "port": port,
        "n_ctx": context,
        "n_threads": 1,  # two would wait for each other wherever another process has a core
        "n_threads_batch": 1,
        "logits_all": "true",
        "verbose": "false",
    }
    options = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "llama_cpp.server", *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    """Return whether a server is there that answers."""
    end = time.monotonic() + 600
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{url}/models").close()
            return process.poll() is None
        except urllib.error.URLError:
            time.sleep(0.1)
    return False

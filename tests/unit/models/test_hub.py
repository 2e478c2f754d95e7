"""Models of the Hugging Face hub, fetched from a small hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"one/tiny": {"tiny.gguf": b"GGUF tiny", "README.md": b"read me"}}
FILES["one/many"] = {"a-q4.gguf": b"GGUF a", "a-q8.gguf": b"GGUF b"}
FILES["one/split"] = {f"big-0000{n}-of-00002.gguf": b"GGUF %d" % n for n in (1, 2)}
FILES["one/words"] = {"README.md": b"only words"}


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as a download needs."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            repo = "/".join(parts[2:4])
            if repo not in FILES:
                return self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            body = {"id": repo, "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES[repo]]}
            return self.reply(200, json.dumps(body).encode(), {})
        repo, name = "/".join(parts[:2]), "/".join(parts[4:])
        content = FILES[repo][name]
        etag = hashlib.sha1(content).hexdigest()
        return self.reply(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), "Content-Type": "application/json", **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


CODE = """
import json, sys, time
from pathlib import Path
from fairtrial.errors import FairtrialError
from fairtrial.models import resolve
time.sleep = lambda _: None  # whoever cannot reach the hub tries again, later each time
for spec in sys.argv[1:]:
    try:
        m = resolve(spec, Path())
        told = 0, f"{m.engine} {m.name} {m.sha256} {m.notes['revision']} {m.path.read_bytes()}"
    except FairtrialError as error:
        told = error.exit_code, f"{type(error).__name__} {error}"
    print(json.dumps(told))
"""
NOWHERE = "http://127.0.0.1:9"


def resolved(endpoint: str, home: Path, *specs: str) -> list[tuple[int, str]]:
    """Resolve models in a process of its own, whose hub is ``endpoint``; return exit codes and what would be said."""
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "HF_HUB_DISABLE_XET": "1"}
    env.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run([sys.executable, "-c", CODE, *specs], env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_files_of_the_hub(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    names = ("tiny", "many:a-q8.gguf", "many", "many:a-q9.gguf", "many:Q4", "words")
    tiny, many, both, near, part, words, no = resolved(hub, tmp_path, *(f"hf:one/{n}" for n in names), "hf:no/such")
    assert tiny[0] == 0, tiny[1]
    assert tiny[1].split()[:2] == ["llamacpp", "tiny"]
    assert hashlib.sha256(b"GGUF tiny").hexdigest() in tiny[1]
    assert COMMIT in tiny[1]
    assert many[0] == 0, many[1]
    assert (both[0], "holds 2 GGUF models" in both[1], "a-q8.gguf" in both[1]) == (3, True, True)
    assert (near[0], "Did you mean" in near[1]) == (3, True)
    assert (part[0], "Did you mean 'a-q4.gguf'?" in part[1]) == (3, True)
    assert (words[0], "neither GGUF nor safetensors" in words[1]) == (3, True)
    assert (no[0], "cannot be fetched" in no[1]) == (3, True)


def test_a_split_model_is_fetched_whole(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    [(code, said)] = resolved(hub, tmp_path, "hf:one/split")
    assert (code, said.split()[:2]) == (0, ["llamacpp", "big"]), said
    assert len(list(tmp_path.glob("hub/**/snapshots/*/big-*.gguf"))) == 2


def test_a_commit_in_the_cache_needs_no_network(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    pinned = f"hf:one/tiny@{COMMIT}:tiny.gguf"
    [(code, said)] = resolved(hub, tmp_path, "hf:one/tiny")
    assert code == 0, said
    here, other = resolved(NOWHERE, tmp_path, pinned, pinned.replace("tiny.gguf", "other.gguf"))
    assert (here[0], COMMIT in here[1]) == (0, True), here[1]
    assert (other[0], "not in the cache" in other[1]) == (3, True), other[1]


def test_an_unreachable_hub_is_an_error_with_advice(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    [(code, said)] = resolved(NOWHERE, tmp_path, "hf:one/tiny")
    assert (code, "Check the name, the network" in said) == (3, True)

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


def resolved(spec: str, endpoint: str, home: Path) -> tuple[int, str]:
    """Resolve in a process of its own, whose hub is ``endpoint``."""
    code = (
        "import sys; from pathlib import Path; from fairtrial.models import resolve\n"
        "from fairtrial.errors import FairtrialError\n"
        "try: m = resolve(sys.argv[1], Path())\n"
        "except FairtrialError as e: print(type(e).__name__, e); sys.exit(e.exit_code)\n"
        "print(m.engine, m.name, m.sha256, m.notes['revision'], m.path.read_bytes())"
    )
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "HF_HUB_DISABLE_XET": "1"}
    env.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run([sys.executable, "-c", code, spec], env=env, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_files_of_the_hub(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    code, said = resolved("hf:one/tiny", hub, tmp_path)
    assert code == 0, said
    assert said.split()[:2] == ["llamacpp", "tiny"]
    assert hashlib.sha256(b"GGUF tiny").hexdigest() in said
    assert COMMIT in said
    assert resolved("hf:one/many:a-q8.gguf", hub, tmp_path)[0] == 0
    code, said = resolved("hf:one/many", hub, tmp_path)
    assert (code, "holds 2 GGUF models" in said, "a-q8.gguf" in said) == (3, True, True)
    code, said = resolved("hf:one/many:a-q9.gguf", hub, tmp_path)
    assert (code, "Did you mean" in said) == (3, True)
    code, said = resolved("hf:one/many:Q4", hub, tmp_path)
    assert (code, "Did you mean 'a-q4.gguf'?" in said) == (3, True)
    code, said = resolved("hf:one/words", hub, tmp_path)
    assert (code, "neither GGUF nor safetensors" in said) == (3, True)
    code, said = resolved("hf:no/such", hub, tmp_path)
    assert (code, "cannot be fetched" in said) == (3, True)


def test_a_split_model_is_fetched_whole(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    code, said = resolved("hf:one/split", hub, tmp_path)
    assert (code, said.split()[:2]) == (0, ["llamacpp", "big"]), said
    assert len(list(tmp_path.glob("hub/**/snapshots/*/big-*.gguf"))) == 2


def test_a_commit_in_the_cache_needs_no_network(hub: str, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    pinned = f"hf:one/tiny@{COMMIT}:tiny.gguf"
    assert resolved("hf:one/tiny", hub, tmp_path)[0] == 0
    code, said = resolved(pinned, "http://127.0.0.1:9", tmp_path)
    assert (code, COMMIT in said) == (0, True), said
    code, said = resolved(pinned.replace("tiny.gguf", "other.gguf"), "http://127.0.0.1:9", tmp_path)
    assert (code, "not in the cache" in said) == (3, True), said


def test_an_unreachable_hub_is_an_error_with_advice(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    code, said = resolved("hf:one/tiny", "http://127.0.0.1:9", tmp_path)
    assert (code, "Check the name, the network" in said) == (3, True)

"""``fairtrial serve`` from its options to a server that listens, without a real model."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairtrial.cli.main import app

pytest.importorskip("uvicorn")
running = pytest.importorskip("fairtrial.serve.running")


def test_the_options_reach_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("{id: one, model: 'fake:one'}")
    seen = []

    def run(hall, listening) -> None:
        seen.append((hall.first, listening.getsockname()[1]))
        hall.close(0.0)

    monkeypatch.setattr(running, "run_server", run)
    options = ["--parallel", "3", "--queue", "5", "--timeout", "9", "--cors", "https://mine.example"]
    done = CliRunner().invoke(app, ["serve", str(path), "--port", "0", *options], catch_exceptions=False)
    [(served, port)] = seen
    assert f"Listening on http://127.0.0.1:{port}/v1" in done.output
    limits = served.limits
    assert (limits.places, limits.waiting, limits.answer_seconds) == (3, 5, 9)
    assert served.origins == ("https://mine.example",)
    assert (served.about.name, served.about.trial) == ("one", "")

"""docs/tutorial.md is followed from the first command to the last, with the real model, and prints what it shows."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.doc_blocks import ROOT, Block, find_missing, read_blocks
from tests.support.servers.fairtrial_server import fairtrial_server
from tests.support.terminal_typing import Terminal

BLOCKS = [block for block in read_blocks(ROOT / "docs" / "tutorial.md") if not block.mark]
CODES = {"check": 7}


def list_keys(found: Any) -> Any:
    """Return the keys of a JSON document, at every depth."""
    if isinstance(found, dict):
        return {key: list_keys(value) for key, value in found.items()}
    return [list_keys(one) for one in found] if isinstance(found, list) else None


def run_python(block: Block) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block.body, block.place, "exec"), {"__name__": "docs"})
    return out.getvalue()


def ask_server(served: Block, asked: Block) -> tuple[list[str], Any, Any]:
    """Start the server of the page, ask it what the page asks; return lines not said, and both answers' keys."""
    [(command, shown)] = served.commands()
    [(curl, answer)] = asked.commands()
    with fairtrial_server(*command.split()[2:]) as server:
        told = subprocess.run(
            curl.replace("http://127.0.0.1:8011/v1", server.url), shell=True, capture_output=True, text=True, check=True
        )
        said = f"{''.join(server.lines)}\nListening on {server.url}"
    return find_missing(shown, said), list_keys(json.loads(answer[0])), list_keys(json.loads(told.stdout))


@pytest.mark.model
def test_the_tutorial_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("llama_cpp")
    pytest.importorskip("starlette")
    [trial] = [block for block in BLOCKS if block.language == "yaml"]
    (tmp_path / "first.yaml").write_text(trial.body)
    *typed, served, asked = [block for block in BLOCKS if block.language == "console"]
    terminal = Terminal(tmp_path, monkeypatch, capfd)
    missing = []
    for block in typed:
        for command, shown in block.commands():
            printed = terminal.type(command, (CODES.get(command.split()[1], 0),))
            missing += [(command, line) for line in find_missing(shown, printed)]
    assert missing == []
    assert {"first.html", "first-items.html", "summary.md"} <= {path.name for path in tmp_path.iterdir()}
    [code], [output] = ([block for block in BLOCKS if block.language == name] for name in ("python", "text"))
    assert find_missing(output.body.splitlines(), run_python(code)) == []
    unsaid, shown_keys, keys = ask_server(served, asked)
    assert unsaid == []
    assert shown_keys == keys

"""How-to pages about functions, notebooks and a gate for a hosted model: what they show is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.commands import run_line
from tests.support.servers.misbehaving import Exchange, misbehaving

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
SOURCES = Path(__file__).parents[2] / "src"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text(), re.S)


def test_a_function_as_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names: dict[str, Any] = {"__name__": "docs"}
    first, second = blocks("function-as-model.md", "python")
    exec(first, names)
    told = capsys.readouterr().out
    [shown] = blocks("function-as-model.md", "text")
    assert told.startswith(shown), told
    exec(second, names)
    assert names["wrong"] == [] and len(names["more"].verdicts) == 2


def test_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))
    cells = [nbformat.v4.new_code_cell(block) for block in blocks("notebook.md", "python")]
    made = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(
        made, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    _, compared, plot, frame, counts = made.cells
    pages = [output["data"]["text/html"] for output in compared.outputs if "text/html" in output.get("data", {})]
    assert "careful compared with hasty on rows: 1 better" in pages[-1]
    assert any("Running" in page or "rows" in page for page in pages[:-1])
    assert sum("image/png" in output.get("data", {}) for output in plot.outputs) == 1
    assert "better" in frame.outputs[-1]["data"]["text/html"]
    assert "hasty" in counts.outputs[-1]["data"]["text/plain"]


def sort_tickets(exchange: Exchange) -> None:
    """Answer as a sorter of tickets does; the third model has unlearned it."""
    text = exchange.body["messages"][-1]["content"]
    right = "billing" if "Invoice" in text else "delivery"
    exchange.answer("delivery" if exchange.body["model"] == "sorter-3" else right)


def test_a_gate_for_a_hosted_model(tmp_path: Path) -> None:
    page = "hosted-csv-gate.md"
    table, shown = blocks(page, "text")
    more = [
        f'"{"Invoice" if i % 2 else "Parcel"} {i} is wrong",{"billing" if i % 2 else "delivery"}' for i in range(3, 121)
    ]
    (tmp_path / "tickets.csv").write_text(table + "\n".join(more) + "\n")
    [trial], [command] = blocks(page, "yaml"), blocks(page, "console")
    with misbehaving(sort_tickets) as server:
        environment = {**os.environ, "SORTER_KEY": "k", "COLUMNS": "100", "XDG_CACHE_HOME": str(tmp_path / "cache")}

        def check(text: str) -> subprocess.CompletedProcess[str]:
            (tmp_path / "trial.yaml").write_text(text.replace("https://api.example.com/v1", server.url))
            return run_line(command.strip(), tmp_path, environment)

        good = check(trial)
        assert (good.returncode, good.stdout) == (0, shown), good.stderr
        summary = (tmp_path / "summary.md").read_text()
        assert "## ✅ tickets" in summary and (tmp_path / "check.xml").is_file()
        bad = check(trial.replace("sorter-2", "sorter-3"))
        assert bad.returncode == 7 and "next is worse than in-use on tickets" in bad.stdout, bad.stderr


def test_the_example_for_github_actions(tmp_path: Path) -> None:
    jobs = yaml.safe_load((PAGES.parents[1] / "examples" / "github-actions.yml").read_text())["jobs"]
    steps = [step["run"] for step in jobs["gate"]["steps"] if "fairtrial " in step.get("run", "")]
    assert len(steps) == 2
    trial = "candidates: [{id: a, model: 'fake:a'}, {id: b, model: 'fake:a'}]\ntasks: [{task: table, limit: 5}]\n"
    (tmp_path / "trial.yaml").write_text(trial)
    cache = str(tmp_path / "cache")
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": "summary.md", "XDG_CACHE_HOME": cache}
    codes = [
        subprocess.run(
            f"{sys.executable} -m {step}", shell=True, cwd=tmp_path, env=environment, capture_output=True, check=False
        ).returncode
        for step in steps
    ]
    assert codes == [7, 0]
    made = {path.name for path in tmp_path.iterdir()}
    assert {"summary.md", "check.xml", "report.html", "card.png"} <= made

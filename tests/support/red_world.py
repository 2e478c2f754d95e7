"""One archive with a document for each way to deny its use, a trial with it, and all that both print and write."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.engines.fake import FakeEngine
from fairtrial.records import GenerateAnswer, GenerateRequest
from tests.support.denied import ALLOWED, Planted, Way, fold, read_bytes, write_md, write_world

command = importlib.import_module("fairtrial.cli.main")

IN = ("--profile", "own-archive", "--territory", "DE", "--operator", "commercial")
UNSHOWN = Planted("unshown")
"""May be shown to a model, and to nobody else; nothing of it may be quoted."""
LEVER = "{archive: news.db, k: 60, profile: own-archive, territory: DE, operator: commercial"
MARK = f"{{retrieve: {LEVER}, quotes: mark}}}}"
TRIAL = f"""
name: red
candidates:
  - {{id: plain, model: "fake:a", levers: [{{retrieve: {LEVER}}}}}]}}
  - {{id: withheld, model: "fake:c", levers: [{{retrieve: {LEVER}, quotes: withhold}}}}]}}
  - {{id: thinks, model: "fake:d", levers: [{{think: {{budget: 20, by: steps}}}}, {MARK}]}}
  - {{id: thought, model: "fake:e", levers: [{{retrieve: {LEVER}}}}}, {{think: {{budget: 20, by: steps}}}}]}}
  - {{id: asked, model: "fake:g", levers: [{{cascade: {{to: plain, threshold: 1.0}}}}, {{retrieve: {LEVER}}}}}]}}
tasks: [{{file: q.csv}}]
"""


@dataclass
class World:
    """What there is to look into.

    Attributes:
        folder: of all files.
        sent: prompts that models were sent.
        told: what each route yields, folded, by its name.
    """

    folder: Path
    sent: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)

    def look(self, name: str, *arguments: str, files: Sequence[str] = ()) -> None:
        """Run a command line and keep what it prints, and the words in the files that it writes."""
        code, text = run_command(*arguments)
        assert code == 0, f"{name}: {text}"
        paths = [one for pattern in files for one in sorted(self.folder.rglob(pattern)) if one.is_file()]
        assert bool(paths) == bool(files), name
        self.told[name] = f"{fold(text)} {read_bytes(paths)}"


def run_command(*arguments: str) -> tuple[int, str]:
    """Return the exit code of a command line, and all that it prints."""
    text = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["fairtrial", *arguments])
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            command.main()
    assert isinstance(ended.value.code, int)
    text.seek(0)
    return ended.value.code, text.read()


def make_world(folder: Path, ways: Sequence[Way], patch: pytest.MonkeyPatch) -> World:
    """Return a world that was looked at from all sides; ``patch`` holds until it is of no more use."""
    made = World(folder)
    patch.chdir(folder)
    patch.setenv("COLUMNS", "4000")
    patch.setattr(FakeEngine, "generate", make_echo(made.sent))
    write_world(folder, ways)
    _add_unshown(folder)
    names = [*(way.name for way in ways), *ALLOWED, UNSHOWN.name]
    rows = [f'"{Planted(name).question}",nobody' for name in names]
    (folder / "q.csv").write_text("\n".join(["question,answer", *rows]) + "\n")
    (folder / "t.yaml").write_text(TRIAL)
    _look_at_archive(made)
    _look_at_trial(made)
    _look_at_exports(made)
    return made


def make_echo(sent: list[str]) -> Callable[..., Iterator[GenerateAnswer]]:
    """Return what stands in for a model: it repeats what it is sent, wherever a model can say something."""

    def generate(_: FakeEngine, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        for request in requests:
            said = request.prompt.plain()
            sent.append(said)
            yield GenerateAnswer(said, 5, "stop", 9, logprob=-9.0, thought=said, said=said)

    return generate


def _add_unshown(folder: Path) -> None:
    (folder / "site" / UNSHOWN.name).mkdir()
    (folder / "site" / UNSHOWN.name / "a.md").write_bytes(write_md(UNSHOWN.name))
    row = f"{UNSHOWN.name},{UNSHOWN.uri},ai-input ai-index search,quote display,,,,,,\n"
    with (folder / "agreements.csv").open("a") as table:
        table.write(row)


def _look_at_archive(world: World) -> None:
    look = world.look
    look("add", "archive", "add", "site", "--agreements", "agreements.csv", *IN)
    look("add again", "archive", "add", "site", "--json")
    look("archive check", "archive", "check")
    look("archive list", "archive", "list", "-n", "1000")
    look("archive list json", "archive", "list", "-n", "1000", "--json")
    look("rights json", "archive", "rights", "--json")
    look("explain folder", "rights", "explain", "site", "--agreements", "agreements.csv", *IN)
    look("explain folder json", "rights", "explain", "site", "--json", "--agreements", "agreements.csv", *IN)


def _look_at_trial(world: World) -> None:
    look, ledger = world.look, ("--ledger", "l.db")
    look("plan", "plan", "t.yaml", *ledger)
    look("run", "run", "t.yaml", *ledger, "--report", "run.html", "--json", files=["run.html"])
    look("resume", "run", "t.yaml", *ledger, "--no-report")
    look("report", "report", "red", *ledger, "--report", "r.html", files=["r.html"])
    look("report json", "report", "red", *ledger, "--json", "--report", "j.html")
    look("view", "view", "red", *ledger, "--out", "v.html", files=["v.html"])
    look("view json", "view", "red", *ledger, "--json", "--out", "w.html")
    look("ledger show", "ledger", "show", *ledger)
    look("ledger export", "ledger", "export", *ledger)
    look("ledger check", "ledger", "check", *ledger)
    month = f"{datetime.now(UTC):%Y-%m}"
    look("statement", "rights", "statement", "--month", month, *ledger)
    look("statement json", "rights", "statement", "--month", month, *ledger, "--json")
    for form in ("csv", "html", "telemetry"):
        look(f"statement {form}", "rights", "statement", "--month", month, *ledger, "-f", form)
    world.told["prompts"] = fold("\n".join(world.sent))
    world.told["ledger bytes"] = read_bytes(sorted(world.folder.glob("l.db*")))


def _look_at_exports(world: World) -> None:
    look, ledger = world.look, ("--ledger", "l.db")
    for form in ("lm-eval", "inspect", "every-eval-ever", "model-card"):
        out = f"out-{form}"
        look(f"export {form}", "export", "red", *ledger, "-f", form, "-o", out, files=[f"{out}/**/*"])
    for end in ("xlsx", "csv", "parquet"):
        look(f"export {end}", "export", "red", *ledger, "-o", f"table.{end}", files=[f"table*.{end}"])
    look("card", "export", "red", *ledger, "-o", "c.csv", "--card", "card.svg", files=["card.svg"])

"""One archive with a document for each way to deny its use, a trial with it, and all that both print and write."""

from __future__ import annotations

import contextlib
import importlib
import io
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import typer.main

from fairtrial.engines.fake import FakeEngine
from fairtrial.records import GenerateAnswer, GenerateRequest
from tests.support.denied import ALLOWED, Way, write_md, write_world
from tests.support.planting import Looked, Planted, fold, plant, read_bytes

BUILT = cache(typer.main.get_command)
command = importlib.import_module("fairtrial.cli.main")

IN = ("--profile", "own-archive", "--territory", "DE", "--operator", "commercial")
UNSHOWN = Planted("unshown")
"""May be shown to a model, and to nobody else; nothing of it may be quoted."""
ARCHIVE = plant("an archive", 5)[:-1].lower() + ".db"
LEDGER = plant("a ledger", 5)[:-1].lower() + ".db"
NAME = plant("a trial", 5)[:-1].lower().replace(" ", "-")
TASK = plant("a task", 5)[:-1].lower().replace(" ", "-")
ADDRESS = plant("an address", 5)[:-1].lower().replace(" ", "-")
PUBLISHER = plant("a publisher", 5)[:-1]
"""Names that some routes tell and no document has: what a route is looked through for would be found in it."""
RECALLED = Planted("recalled")
"""A retracted article: people are shown it as such, and no model is."""
LEVER = f"{{archive: {ARCHIVE}, k: 60, profile: own-archive, territory: DE, operator: commercial"
MARK = f"{{retrieve: {LEVER}, quotes: mark}}}}"
TRIAL = f"""
name: {NAME}
candidates:
  - {{id: plain, model: "fake:a", levers: [{{retrieve: {LEVER}}}}}]}}
  - {{id: withheld, model: "fake:c", levers: [{{retrieve: {LEVER}, quotes: withhold}}}}]}}
  - {{id: thinks, model: "fake:d", levers: [{{think: {{budget: 20, by: steps}}}}, {MARK}]}}
  - {{id: thought, model: "fake:e", levers: [{{retrieve: {LEVER}}}}}, {{think: {{budget: 20, by: steps}}}}]}}
  - {{id: asked, model: "fake:g", levers: [{{cascade: {{to: plain, threshold: 1.0}}}}, {{retrieve: {LEVER}}}}}]}}
tasks: [{{file: {TASK}.csv}}]
"""


class Mark(Planted):
    """A name that some routes tell."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The name alone."""
        return (plant(self.name, 5),)


MARKS = tuple(map(Mark, ("an archive", "a ledger", "a trial", "a task", "a publisher", "an address")))
"""What each route is shown to be looked through for: a name in what it tells is found as a leak would be."""


@dataclass
class World:
    """What there is to look into.

    Attributes:
        folder: of all files.
        sent: prompts that models were sent.
        planted: all that was planted.
        told: what each route yields, by its name.
    """

    folder: Path
    planted: Sequence[Planted]
    sent: list[str] = field(default_factory=list)
    told: dict[str, Looked] = field(default_factory=dict)

    def look(self, name: str, *arguments: str, files: Sequence[str] = ()) -> None:
        """Run a command line and keep what it prints, and the words in the files that it writes."""
        code, text = run_command(*arguments)
        assert code == 0, f"{name}: {text}"
        paths = [one for pattern in files for one in sorted(self.folder.rglob(pattern)) if one.is_file()]
        assert bool(paths) == bool(files), name
        self.keep(name, f"{fold(text)} {read_bytes(paths)}")

    def keep(self, name: str, folded: str) -> None:
        """Look through what a route yields, and keep what was found."""
        self.told[name] = Looked(folded, self.planted)


def run_command(*arguments: str) -> tuple[int, str]:
    """Return the exit code of a command line, and all that it prints."""
    text = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["fairtrial", *arguments])
        patch.setattr("typer.main.get_command", BUILT)  # takes longer than most commands, and is the same each time
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            command.main()
    assert isinstance(ended.value.code, int)
    text.seek(0)
    return ended.value.code, text.read()


def make_world(folder: Path, ways: Sequence[Way], patch: pytest.MonkeyPatch) -> World:
    """Return a world that was looked at from all sides; ``patch`` must hold meanwhile."""
    names = [*(way.name for way in ways), *ALLOWED, UNSHOWN.name, RECALLED.name]
    made = World(folder, [*map(Planted, names), *MARKS])
    enter_world(made, patch)
    write_world(folder, ways)
    _add_unshown(folder)
    _add_recalled(folder)
    _replace(folder / "site" / "openmd" / "a.md", "title:", f"publisher: {PUBLISHER}\ntitle:")
    _replace(folder / "site" / "openfeed" / "a.rss", "example/1", f"example/{ADDRESS}")
    rows = [f'"{Planted(name).question}",nobody' for name in names]
    (folder / f"{TASK}.csv").write_text("\n".join(["question,answer", *rows]) + "\n")
    (folder / "t.yaml").write_text(TRIAL)
    _look_at_archive(made)
    _look_at_trial(made)
    _look_at_exports(made)
    return made


def enter_world(world: World, patch: pytest.MonkeyPatch) -> None:
    """Stand in the world's folder, where models repeat what they are sent, until ``patch`` is undone."""
    patch.chdir(world.folder)
    patch.setenv("COLUMNS", "4000")
    patch.setattr(FakeEngine, "generate", make_echo(world.sent))


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


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def _add_recalled(folder: Path) -> None:
    (folder / "site" / RECALLED.name).mkdir()
    text = write_md(RECALLED.name, "retracted: It was invented.\nrights: allow\n")
    (folder / "site" / RECALLED.name / "a.md").write_bytes(text)


def _look_at_archive(world: World) -> None:
    look = world.look
    look("add", "archive", "add", "site", "-a", ARCHIVE, "--agreements", "agreements.csv", *IN)
    look("add again", "archive", "add", "site", "-a", ARCHIVE, "--json")
    look("archive check", "archive", "check", "-a", ARCHIVE)
    look("archive list", "archive", "list", "-a", ARCHIVE, "-n", "1000")
    look("archive list json", "archive", "list", "-a", ARCHIVE, "-n", "1000", "--json")
    look("rights json", "archive", "rights", "-a", ARCHIVE, "--json")
    look("explain folder", "rights", "explain", "site", "--agreements", "agreements.csv", *IN)
    look("explain folder json", "rights", "explain", "site", "--json", "--agreements", "agreements.csv", *IN)


def _look_at_trial(world: World) -> None:
    look, ledger = world.look, ("--ledger", LEDGER)
    look("plan", "plan", "t.yaml", *ledger)
    look("run", "run", "t.yaml", *ledger, "--report", "run.html", "--json", files=["run.html"])
    look("resume", "run", "t.yaml", *ledger, "--no-report")
    look("report", "report", NAME, *ledger, "--report", "r.html", files=["r.html"])
    look("report json", "report", NAME, *ledger, "--json", "--report", "j.html")
    look("view", "view", NAME, *ledger, "--out", "v.html", files=["v.html"])
    look("view json", "view", NAME, *ledger, "--json", "--out", f"{NAME}.html")
    look("ledger show", "ledger", "show", *ledger)
    look("ledger export", "ledger", "export", *ledger)
    look("ledger check", "ledger", "check", *ledger)
    month = read_month(world.folder / LEDGER)
    look("statement", "rights", "statement", "--month", month, *ledger)
    look("statement json", "rights", "statement", "--month", month, *ledger, "--json")
    for form in ("csv", "html", "telemetry"):
        look(f"statement {form}", "rights", "statement", "--month", month, *ledger, "-f", form)
    world.keep("prompts", fold("\n".join(world.sent)))
    world.keep("ledger bytes", read_bytes(sorted(world.folder.glob(f"{LEDGER}*"))))
    world.keep("archive bytes", read_bytes(sorted(world.folder.glob(f"{ARCHIVE}*"))))
    _look_at_a_crash(world)


def read_month(ledger: Path) -> str:
    """Return the month of the answers: it may have ended since."""
    with closing(sqlite3.connect(ledger)) as db:
        return str(db.execute("SELECT max(created) FROM answers").fetchone()[0])[:7]


def _look_at_a_crash(world: World) -> None:
    """Let a model fail with what it was sent in its error, as some servers do, and keep all that is told of it."""
    (world.folder / "crash.yaml").write_text(TRIAL.replace(NAME, "crash"))
    logs = world.folder / "logs"

    def fail(_: FakeEngine, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        raise RuntimeError(f"{NAME} {requests[0].prompt.plain()}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeEngine, "generate", fail)
        patch.setattr("fairtrial.cli.details.user_log_path", lambda _: logs)
        code, text = run_command("run", "crash.yaml", "--ledger", "crash.db", "--no-report")
    assert code not in (0, 2), text
    files = [one for one in world.folder.rglob("*") if one.is_file() and (one.parent == logs or "crash.db" in one.name)]
    world.keep("crash", f"{fold(text)} {read_bytes(sorted(files))}")


def _look_at_exports(world: World) -> None:
    look, ledger = world.look, ("--ledger", LEDGER)
    for form in ("lm-eval", "inspect", "every-eval-ever", "model-card"):
        out = f"out-{form}"
        look(f"export {form}", "export", NAME, *ledger, "-f", form, "-o", out, files=[f"{out}/**/*"])
    for end in ("xlsx", "csv", "parquet"):
        look(f"export {end}", "export", NAME, *ledger, "-o", f"table.{end}", files=[f"table*.{end}"])
    look("card", "export", NAME, *ledger, "-o", "c.csv", "--card", "card.svg", files=["card.svg"])

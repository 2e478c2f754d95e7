"""Commands that the documentation shows, typed one after the other in a folder with what they need; outputs compared.

Numbers, ids and the widths of columns differ by machine and are masked; a line of ``...`` stands for any lines.
"""

from __future__ import annotations

import json
import shutil
import webbrowser
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import yaml

from tests.support.doc_blocks import WHOLE, Block, collect_blocks, find_missing
from tests.support.logs import write_inspect, write_lm_eval, write_promptfoo
from tests.support.terminal_typing import Terminal

RIGHT = [(i * 7) % 10 < 6 for i in range(60)]
BETTER = [right or i % 7 == 0 for i, right in enumerate(RIGHT)]


def write_trial(name: str, candidates: int = 2) -> Path:
    """Write a trial of engines that make up their answers."""
    path = Path(f"{name}.yaml")
    who = [{"id": f"q{n}", "model": f"fake:{n}"} for n in range(4, 4 - candidates, -1)]
    path.write_text(yaml.safe_dump({"name": name, "candidates": who, "tasks": [{"task": "table", "limit": 20}]}))
    return path


def prepare_archive(terminal: Terminal) -> None:
    """Make the archive of the example, with one document of the address that the pages name."""
    terminal.type("fairtrial archive example news")
    Path("wire.jsonl").write_text(
        json.dumps({"uri": "https://harbour.example/news/1", "title": "The ferry sails again", "date": "2026-03-04",
                    "publisher": "Harbour Courier", "text": "The ferry to Saltmere sails again on Monday.",
                    "rights": {"all": "allow"}}) + "\n"
    )  # fmt: skip
    terminal.type(
        "fairtrial archive add wire.jsonl news/articles/gazette --archive news.db --operator commercial --territory DE"
    )


def prepare_agreements(terminal: Terminal) -> None:
    prepare_archive(terminal)
    [table] = [block.body for block in collect_blocks() if block.body.startswith("agreements:")]
    Path("agreements.yaml").write_text(table)
    shutil.copytree("news/articles/gazette", "articles")
    terminal.type(f"fairtrial run {write_trial('newsroom')} --ledger newsroom.db --no-report -q")
    Path("news.db").unlink()


def prepare_site(terminal: Terminal) -> None:
    prepare_archive(terminal)
    Path("site").mkdir()
    Path("site/robots.txt").write_text("User-agent: *\nAllow: /\nContent-Usage: train-ai=n\n")
    Path("article.html").write_text(
        "<html><head><title>A</title></head><body><p>The ferry sails again.</p></body></html>"
    )


def prepare_rows(terminal: Terminal) -> None:
    prepare_archive(terminal)
    chats = [{"messages": [{"role": "user", "content": f"What does keeper {i} of the lighthouse do at night?"},
                           {"role": "assistant", "content": f"Keeper {i} trims the lamp {i} times and keeps the log."}]}
             for i in range(30)]  # fmt: skip
    Path("chats.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats))
    texts = [
        f"The lighthouse number {i} stands on a rock, and it has {i} steps that a keeper climbs." for i in range(20)
    ]
    pq.write_table(pa.table({"text": texts, "license": ["CC-BY-4.0"] * 20}), "mixed.parquet")
    Path("benchmark-items.jsonl").write_text(json.dumps({"question": "Who built the quay?", "answer": "Ada"}) + "\n")
    [settings] = [block.body for block in collect_blocks() if block.body.startswith("# keepers.yaml")]
    Path("keepers.yaml").write_text(settings)


def prepare_trials(terminal: Terminal) -> None:
    for name, candidates in (("my-old-trial", 2), ("two-bits", 2), ("try", 5)):
        terminal.type(f"fairtrial run {write_trial(name, candidates=candidates)} --no-report -q")


def prepare_logs(terminal: Terminal) -> None:
    write_lm_eval(Path("runs/A"), RIGHT)
    write_lm_eval(Path("runs/B"), BETTER)
    write_promptfoo(Path("results.json"), {("openai:small", 0): RIGHT, ("openai:small", 1): BETTER})
    Path("logs").mkdir()
    write_inspect(Path("logs/1.eval"), RIGHT, "one")
    write_inspect(Path("logs/2.eval"), BETTER, "two")
    rows = [f"{i},{int(RIGHT[i])},{int(BETTER[i])},{int(RIGHT[-i])}" for i in range(60)]
    Path("scores.csv").write_text("\n".join(["id,model_a,model_b,model_c", *rows]) + "\n")
    long = [f"{i},{name},{1 + (i * 3 + len(name)) % 5}" for i in range(60) for name in ("one", "three")]
    Path("long.csv").write_text("\n".join(["id,model,grade", *long]) + "\n")


def prepare_gate(terminal: Terminal) -> None:
    write_trial("trial").write_text(Path("trial.yaml").read_text().replace("q3", "release"))
    for ledger in ("runs.db", "fairtrial.db"):
        terminal.type(f"fairtrial run {write_trial('nightly')} --ledger {ledger} --no-report -q")


def prepare_nothing(terminal: Terminal) -> None:
    pass


PREPARED: dict[str, Callable[[Terminal], None]] = {
    "docs/archive.md": prepare_agreements,
    "docs/ci.md": prepare_gate,
    "docs/curate.md": prepare_rows,
    "docs/harms/elections.md": prepare_nothing,
    "docs/ledger.md": prepare_trials,
    "docs/lm-eval.md": prepare_nothing,
    "docs/recorded.md": prepare_logs,
    "docs/retrieval.md": prepare_nothing,
    "docs/rights.md": prepare_site,
    "docs/search.md": prepare_archive,
    "docs/statements.md": prepare_gate,
    "docs/tune.md": prepare_nothing,
    "docs/view.md": prepare_trials,
}
"""Pages whose commands are typed here, with what makes the files that they need."""


def find_commands(page: str) -> list[Block]:
    return [
        block
        for block in collect_blocks()
        if block.page == page and block.language == "console" and not (block.mark or block.test)
    ]


@pytest.mark.parametrize("page", PREPARED)
def test_the_commands_of_a_page_do_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    terminal = Terminal(tmp_path, monkeypatch, capfd)
    PREPARED[page](terminal)
    blocks = find_commands(page)
    assert blocks
    for block in blocks:
        for typed, shown in block.commands():
            printed = terminal.type(typed, (0, 7) if typed.startswith("fairtrial check") else (0,))
            assert find_missing(shown, printed) == [], printed
    assert len(opened) == sum("--open" in block.body for block in blocks)


def test_every_command_is_typed_somewhere() -> None:
    left = [
        block.place
        for block in collect_blocks()
        if block.language == "console"
        and not (block.mark or block.test or block.page in WHOLE or block.page in PREPARED)
    ]
    assert left == []

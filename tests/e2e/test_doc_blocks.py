"""Every code block of the README and the documentation: run, read by the specification, or marked with the reason.

A block is one of a page that another test runs as a whole (`WHOLE`), is run or checked here, or stands behind
``<!-- not run: REASON -->``; then its commands are still parsed, its Python compiled with its imports, its YAML read.
"""

from __future__ import annotations

import ast
import csv
import importlib.util
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from pydantic import BaseModel

from fairtrial.archive.readers.found import FoundDocument
from fairtrial.archive.readers.reading import read_documents
from fairtrial.cli.main import load_parser
from fairtrial.levers import read_lever
from fairtrial.levers.guard.rules.book import read_book
from fairtrial.measures import MEASURES, WHOLE_MEASURES
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.curate import Curate
from fairtrial.spec.guard import Policy
from fairtrial.spec.source import load_trial
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.tasks.harms.bias.people import read_people
from tests.support.doc_blocks import PAGES, ROOT, WHOLE, Block, collect_blocks, split_words

BLOCKS = collect_blocks()
FAKES = [{"id": "one", "model": "fake:one"}, {"id": "two", "model": "fake:two"}]


def find_blocks(*languages: str, marked: bool = False) -> list[Block]:
    """The blocks of some languages that are left to this module."""
    return [
        block
        for block in BLOCKS
        if block.language in languages and block.page not in WHOLE and not block.test and bool(block.mark) is marked
    ]


def by_place(block: Block) -> str:
    return block.place


def parse_command(words: list[str]) -> None:
    """Have the real parser read a command line: verbs, options, kinds of values, arguments."""
    found: Any = load_parser()
    rest = words[1:]
    while hasattr(found, "commands"):
        assert rest[0] in found.commands, f"no command {rest[0]}"
        found, rest = found.commands[rest[0]], rest[1:]
    found.make_context(words[0], list(rest))


def check_command(command: str) -> None:
    """Check a command that is typed: ours by the parser, others by what they name."""
    words, _ = split_words(command)
    while "=" in words[0]:
        words = words[1:]
    if words[0] == "fairtrial":
        parse_command(words)
    elif words[0].startswith(("scripts/", "examples/")):
        assert (ROOT / words[0]).is_file()
    elif words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(words[2])
    elif words[:2] == ["pip", "install"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        named = re.findall(r"fairtrial\[([\w,-]+)\]", command)
        assert all(extra in extras for names in named for extra in names.split(","))
    else:
        assert words[0] in ("git", "curl"), f"who runs {words[0]}?"


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "console"], ids=by_place)
def test_commands_are_those_of_the_parser(block: Block) -> None:
    commands = block.commands()
    assert commands, "a console shows what is typed after a dollar"
    for command, _ in commands:
        check_command(command)


def fill_trial(given: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a trial file as a whole one."""
    study = {key: value for key, value in given["study"].items() if key != "name"} if _is_mapping(given) else {}
    named = re.findall(r"'(\w[\w-]*)'", repr([study.get(key) for key in ("open", "closed")]))
    return {
        "candidates": [*FAKES, *({"id": name, "model": f"fake:{name}"} for name in named)],
        "tasks": ["table"],
        **given,
    }


def _is_mapping(given: dict[str, Any]) -> bool:
    return isinstance(given.get("study"), dict)


def read_trial_part(given: dict[str, Any], folder: Path) -> BaseModel:
    """Read a part of a trial file as a file, the files that it names beside it."""
    whole = fill_trial(given)
    for name in re.findall(r"'file': '([\w.]+\.txt)'", repr(whole["candidates"])):
        (folder / name).write_text("{{prompt}}")
    for candidate in whole["candidates"]:
        path = folder / (candidate if isinstance(candidate, str) else str(candidate.get("recorded", "auto")))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".yaml":
            path.write_text(
                "{id: large, model: 'fake:large'}"
                if isinstance(candidate, str)
                else "{format: table, key: q, answer: a}"
            )
    for lever in [
        one for candidate in whole["candidates"] if isinstance(candidate, dict) for one in candidate.get("levers", ())
    ]:
        read_lever(lever if isinstance(lever, dict) else {lever: {}})
    (folder / "trial.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True))
    return load_trial(folder / "trial.yaml").trial


def read_part(given: dict[str, Any], folder: Path) -> BaseModel:
    """Read YAML by the specification that has its keys."""
    if given.keys() <= Trial.model_fields.keys():
        return read_trial_part(given, folder)
    if given.keys() <= Candidate.model_fields.keys():
        for lever in given.get("levers", []):
            read_lever(lever if isinstance(lever, dict) else {lever: {}})
        return Candidate.model_validate(
            {"id": "x", "model": "import:x.csv" if "recorded" in given else "gguf:x.gguf", **given}
        )
    if given.keys() <= TaskEntry.model_fields.keys():
        return TaskEntry.model_validate({"file": "x.csv", **given})
    known = next(model for model in (Policy, Curate) if given.keys() <= model.model_fields.keys())
    return known.model_validate(given)


def split_yaml(body: str) -> list[dict[str, Any]]:
    """Return what a block of YAML says; lines that say one key in several ways are read one by one."""
    keys = re.findall(r"^\s{0,4}(\w+):", body, re.M)
    lines = [line for line in body.splitlines() if line.strip()]
    each = len(keys) == len(lines) and len(set(keys)) < len(keys)
    return [yaml.safe_load(part) for part in (lines if each else [body])]


@pytest.mark.parametrize("block", find_blocks("yaml"), ids=by_place)
def test_yaml_is_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "block.yaml"
    path.write_text(block.body)
    begins, read = READERS.get(block.page, ("no such beginning", bool))
    found = (
        [read(path)] if block.body.startswith(begins) else [read_part(one, tmp_path) for one in split_yaml(block.body)]
    )
    assert all(found)


def read_article(path: Path) -> bool:
    """Read a document with front matter as an archive reads it."""
    article = path.with_suffix(".md")
    article.write_text(path.read_text())
    [found] = read_documents(article, seen=datetime(2026, 11, 1, tzinfo=UTC))
    return isinstance(found, FoundDocument) and found.document.title == "Mill bridge reopens"


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "docs/guard.md": ("version: 1", read_book),
    "docs/harms/bias.md": ("attributes:", read_people),
    "docs/archive-formats.md": ("---", read_article),
    "docs/add-a-task.md": ("task: riddles", lambda path: yaml.safe_load(path.read_text())["metric_list"]),
}
"""What reads the YAML of a page that begins so."""


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in ("json", "toml", "csv")], ids=by_place)
def test_data_can_be_read(block: Block) -> None:
    assert DATA[block.language](block.body)


DATA: dict[str, Callable[[str], object]] = {
    "toml": tomllib.loads,
    "csv": lambda text: len({len(row) for row in csv.reader(text.splitlines())}) == 1,
    "json": lambda text: [json.loads(line) for line in text.splitlines()],
}


def find_imports(code: str) -> list[tuple[str, str]]:
    """Return what code imports of ours: module and name."""
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    return [
        (node.module or "", name.name)
        for node in nodes
        for name in node.names
        if (node.module or "").startswith("fairtrial")
    ]


@pytest.mark.parametrize("block", find_blocks("python", marked=True), ids=by_place)
def test_python_that_is_not_run_has_its_names(block: Block) -> None:
    compiled = compile(block.body, block.place, "exec")
    assert compiled
    for module, name in find_imports(block.body):
        assert hasattr(importlib.import_module(module), name), f"{module} has no {name}"


@pytest.mark.parametrize("page", sorted({block.page for block in find_blocks("python")}))
def test_python_is_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "docs"}
    for block in find_blocks("python"):
        if block.page == page:
            exec(compile(block.body, block.place, "exec"), names)
    assert len(names) > 2


def test_every_block_has_a_language_that_is_dealt_with() -> None:
    languages = {"console", "python", "yaml", "json", "toml", "csv", "text", "jinja", "sql"}
    assert [block.place for block in BLOCKS if block.language not in languages] == []


def test_pages_that_are_run_elsewhere_are_read_there() -> None:
    for page, test in WHOLE.items():
        text = (ROOT / test).read_text("utf-8")
        assert Path(page).name in text or (Path(page).stem.startswith("add-a") and "example_distribution" in text)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.test], ids=by_place)
def test_what_is_said_of_other_tests_is_true(block: Block) -> None:
    text = (ROOT / block.test).read_text("utf-8")
    names = (Path(block.page).name, "example_distribution")
    assert any(name in text for name in names) or (block.language == "text" and share_words(block.body, text))


def share_words(body: str, text: str) -> bool:
    """Whether four words in a row of an output stand in a test, too."""
    said = f" {' '.join(re.findall('[a-z]+', text.lower()))} "
    words = re.findall("[a-z]+", body.lower())
    return any(f" {' '.join(words[i : i + 4])} " in said for i in range(len(words) - 3))


def test_output_belongs_to_something_that_is_run() -> None:
    loose = [block.place for block in find_blocks("text")]
    assert loose == [], "say which test shows it, or why none does"


def test_templates_are_read() -> None:
    blocks = [*find_blocks("jinja")]
    assert blocks
    for block in blocks:
        assert jinja2.Environment().parse(block.body).body


def test_the_drawing_of_folders_is_true() -> None:
    [drawing] = [block for block in BLOCKS if block.body.startswith("src/fairtrial/")]
    named = set(re.findall(r"(?:^|\s{2,})(\w+)/ ", drawing.body, re.M))
    assert len(named) > 20 and all((ROOT / "src" / "fairtrial" / name).is_dir() for name in named)


def test_the_verdict_that_is_explained_is_the_demo_s() -> None:
    demo = next(block for block in BLOCKS if block.page == "README.md" and block.language == "text")
    explained = next(block for block in BLOCKS if block.page == "docs/how-to-read-a-verdict.md")
    known = [" ".join(line.split()) for line in demo.body.splitlines()]
    assert [line for line in explained.body.splitlines() if " ".join(line.split()) not in known] == []


def test_the_page_of_measures_has_their_names() -> None:
    page = (ROOT / "docs" / "measures.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| \S+ \|", page, re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {name for name in {*MEASURES, *WHOLE_MEASURES} if f"`{name}`" not in page} == {"bytes_sent"}, "hosted.md"
    assert named - {*MEASURES, *WHOLE_MEASURES} == {"memory_predicted_bytes"}


def test_no_command_stands_outside_of_a_block() -> None:
    typed = re.compile(r"^(?: {4}|\t)(?:\$ )?(?:fairtrial (?!\d)|python -m )", re.M)
    assert [str(page) for page in PAGES if typed.search(re.sub(r"```.*?```", "", page.read_text(), flags=re.S))] == []


def test_what_is_marked_is_counted() -> None:
    assert Counter(block.language for block in BLOCKS if block.mark) == MARKED


MARKED: dict[str, int] = {"console": 32, "python": 5, "text": 7}
"""Blocks that are not run, by language: whoever marks one more says so here."""

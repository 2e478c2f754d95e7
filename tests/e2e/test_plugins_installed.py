"""What other distributions add, as the documentation tells them to: built from its pages, installed, and used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.planning.plan import plan_trial
from fairtrial.report.export import EXPORTERS
from fairtrial.spec.source import load_trial
from tests.support.commands import run_fairtrial
from tests.support.distributions import example_distribution, install, make_wheel

CAPITALS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Norway": "Oslo", "Peru": "Lima", "Cuba": "Havana"}
CAPITALS_TASK = """
task: capitals
dataset_path: json
dataset_kwargs: {data_files: {test: capitals.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "What is the capital of {{country}}?"
doc_to_target: capital
metric_list: [{metric: exact_match}]
"""
BROKEN = {
    "entry_points": """
[fairtrial]
engine.llamacpp = odd_plugin:Engine
engine.unready = no_such_module:Engine
scheme.unready = odd_plugin:unready
lever.wrong = odd_plugin:number
task.wrong = odd_plugin:wrong_task
task.raising = odd_plugin:raising
grader.wrong = odd_plugin:number
measure.misnamed = odd_plugin:Misnamed
study.raising = odd_plugin:raising
importer.wrong = odd_plugin:number
exporter.raising = odd_plugin:raising
exporter.csv = odd_plugin:raising
leaver.unknown = odd_plugin:number
""",
    "odd_plugin.py": """
from fairtrial.models import ResolvedModel
from fairtrial.records import Measure
from fairtrial.spec.schemes import Scheme

number = 7
unready = Scheme("unready:X", resolver=lambda spec, rest, folder: ResolvedModel(spec, "unready", None, "0" * 32, rest))


class Engine:
    pass


class Misnamed:
    measures = (Measure("something_else", unit="1"),)

    def __init__(self, subject):
        pass


def wrong_task(options):
    return "not a task"


def raising(*arguments):
    return 1 / 0
""",
}


class Place:
    """A folder with the pages' files, and installed distributions."""

    def __init__(self, folder: Path, *installed: Path) -> None:
        self.folder = folder
        self.installed = installed
        self.found: dict[str, dict[str, Any]] = {}

    @property
    def environment(self) -> dict[str, str]:
        paths = [*map(str, self.installed), os.environ.get("PYTHONPATH", "")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "COLUMNS": "200"}
        return env | {"XDG_CACHE_HOME": str(self.folder / "cache"), "TERM": "dumb"}

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, *arguments]
        return subprocess.run(
            program, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=900
        )

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = run_fairtrial(*arguments, cwd=self.folder, env=self.environment, timeout=900)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def fairtrial(self, *arguments: str) -> str:
        done = self.call(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, trial: str) -> dict[str, Any]:
        """Return what a trial finds; it is run once."""
        if trial not in self.found:
            told = self.fairtrial("run", trial, "--ledger", f"{trial}.db", "--no-report", "--json", "--quiet")
            self.found[trial] = json.loads(told)
        return self.found[trial]

    def candidate_ids(self, trial: str) -> dict[str, str]:
        return {one["id"]: one["content_id"] for one in self.run(trial)["candidates"]}

    def error(self, *arguments: str) -> tuple[int, str]:
        done = self.call(*arguments)
        return done.returncode, done.stderr

    def error_of_trial(self, text: str) -> tuple[int, str]:
        (self.folder / "odd.yaml").write_text(text)
        return self.error("run", "odd.yaml", "--ledger", "odd.db", "--no-report", "--quiet")


def written(folder: Path) -> None:
    files, _ = example_distribution()
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "capitals").mkdir()
    (folder / "capitals" / "capitals.yaml").write_text(CAPITALS_TASK)
    rows = [json.dumps({"country": country, "capital": capital}) + "\n" for country, capital in CAPITALS.items()]
    (folder / "capitals" / "capitals.jsonl").write_text("".join(rows))
    said = [f"Q: What is the capital of {c}?\nA: {t}\n" for c, t in [*CAPITALS.items(), ("Chile", "Santiago")]]
    (folder / "dialogue.txt").write_text("".join(said).replace("A: Lima", "A: Quito"))


def installed(folder: Path, version: str) -> Path:
    files, entries = example_distribution()
    modules = {name: text for name, text in files.items() if name.endswith(".py") and not name.startswith("check_")}
    announced = "[fairtrial]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
    wheel = make_wheel(folder / "wheels", "letter-games", version, modules, announced)
    target = folder / f"installed-{version}"
    install(wheel, target)
    return target


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("plugins")
    written(folder)
    for name in list(example_distribution()[0]):
        if name.endswith(".py"):  # they come from the distribution, not from the folder
            (folder / name).unlink()
    return Place(folder, installed(folder, "1.2"))


@pytest.fixture(scope="module")
def odd(place: Place) -> Place:
    """The same with a second distribution, in which everything is wrong."""
    wheel = make_wheel(
        place.folder / "wheels",
        "odd-plugins",
        "0.3",
        {"odd_plugin.py": BROKEN["odd_plugin.py"]},
        BROKEN["entry_points"],
    )
    target = place.folder / "installed-odd"
    install(wheel, target)
    return Place(place.folder, *place.installed, target)


def estimates(document: dict[str, Any], task: str, measure: str) -> dict[str, float]:
    return {e["candidate"]: e["mean"] for e in document["estimates"] if (e["task"], e["measure"]) == (task, measure)}


@pytest.mark.parametrize("name", ["check_letters_engine.py", "check_letter_count_task.py"])
def test_the_checks_on_the_pages_pass(place: Place, name: str) -> None:
    done = place.python("-c", example_distribution()[0][name])
    assert done.returncode == 0, done.stderr


def test_an_engine_with_its_scheme(place: Place) -> None:
    found = place.run("engine.yaml")
    assert set(estimates(found, "arithmetic", "acc")) == {"english", "backwards"}
    first = found["candidates"][0]
    assert first["record"]["engine"] == "letters"
    assert first["record"]["plugins"] == ["letter-games 1.2"]


def test_a_task(place: Place) -> None:
    found = place.run("task.yaml")
    assert set(estimates(found, "letter_count", "acc")) == {"one", "two"}
    assert "letter_count" in place.fairtrial("tasks", "count")


def test_a_grader(place: Place) -> None:
    found = place.run("grader.yaml")
    task = found["tasks"][0]
    assert task["main_measure"] == "same_ending"
    assert task["settings"]["grade"][0] == {"ending": {"letters": 1}, "plugin": "letter-games 1.2"}
    assert set(estimates(found, task["id"], "same_ending")) == {"one", "two"}


def test_a_lever(place: Place) -> None:
    found = place.run("lever.yaml")
    assert set(estimates(found, "arithmetic_open", "exact_match")) == {"plain", "prefaced"}
    plain, prefaced = found["candidates"]
    assert plain["content_id"] != prefaced["content_id"]
    assert "plugins" not in plain["record"]
    assert prefaced["record"]["plugins"] == ["letter-games 1.2"]
    rows = place.fairtrial("ledger", "export", "--ledger", "lever.yaml.db", "--format", "jsonl", "--answers")
    assert "Think carefully. " in rows


def test_a_measure(place: Place) -> None:
    found = place.run("measure.yaml")
    lengths = estimates(found, "arithmetic_open", "answer_characters")
    assert len(lengths) == len(found["candidates"]) > 0 and min(lengths.values()) > 0
    assert {v["measure"] for v in found["verdicts"]} == {"exact_match", "answer_characters"}


def test_a_study(place: Place) -> None:
    study = place.run("study.yaml")["study"]
    assert study["title"] == "How far apart are the candidates?"
    assert [row[0] for row in study["tables"][0]["rows"]] == ["arithmetic", "table"]
    assert all(row[1] == round(row[1], 2) for row in study["tables"][0]["rows"])


def test_an_importer(place: Place) -> None:
    found = place.run("importer.yaml")
    assert estimates(found, "capitals", "exact_match")["theirs"] == pytest.approx(5 / 6)
    theirs = next(one for one in found["candidates"] if one["id"] == "theirs")
    assert theirs["record"]["format"] == "dialogue"
    assert theirs["record"]["plugins"] == ["letter-games 1.2"]


def test_an_exporter(place: Place) -> None:
    place.run("task.yaml")
    path = place.fairtrial("export", "--ledger", "task.yaml.db", "--format", "csv", "--out", "out").strip()
    assert path == "out/counting-letters.csv"
    lines = (place.folder / path).read_text().splitlines()
    assert lines[0] == "candidate,task,measure,value,low,high,items"
    assert any(line.startswith("one,letter_count,acc,") for line in lines)


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        ("engine.yaml", "model 'letters:etaoinshr dlu' does not say where it comes from"),
        ("lever.yaml", "lever 'preface' does not exist"),
        ("task.yaml", "task 'letter_count' does not exist"),
        ("grader.yaml", "grader 'ending' does not exist"),
        ("measure.yaml", "measure 'answer_characters' does not exist"),
        ("study.yaml", "study 'spread' does not exist"),
        ("importer.yaml", "'inspect', 'helm', 'promptfoo' or 'table'; got 'dialogue'"),
    ],
)  # fmt: skip
def test_without_the_distribution_the_names_are_unknown(place: Place, trial: str, said: str) -> None:
    with pytest.raises(SpecError) as told:
        plan_trial(load_trial(place.folder / trial).trial, place.folder)
    assert said in str(told.value)


def test_without_the_distribution_the_format_is_unknown() -> None:
    with pytest.raises(UnknownNameError, match="export format 'cvs' does not exist"):
        EXPORTERS.find("cvs")


def test_a_report_without_the_study_says_so(place: Place) -> None:
    place.run("study.yaml")
    bare = Place(place.folder)
    document = json.loads(bare.fairtrial("report", "--ledger", "study.yaml.db", "--json"))
    assert document["study"]["notes"] == ["study 'spread' does not exist."]
    assert document["estimates"]


def test_another_version_is_another_candidate(place: Place) -> None:
    newer = Place(place.folder, installed(place.folder, "1.3"))
    for trial, names in (
        ("engine.yaml", {"english", "backwards"}),
        ("lever.yaml", {"prefaced"}),
        ("importer.yaml", {"theirs"}),
    ):
        before, after = place.candidate_ids(trial), newer.candidate_ids(trial)
        assert {name for name in before if before[name] != after[name]} == names


def test_the_doctor_lists_plugins(odd: Place) -> None:
    document = json.loads(odd.fairtrial("doctor", "--json"))
    told = {(one["kind"], one["name"]): one for one in document["plugins"]}
    assert told["engine", "letters"] == {
        "kind": "engine", "name": "letters", "distribution": "letter-games", "version": "1.2", "problem": ""
    }  # fmt: skip
    problems = {name: one["problem"] for (_, name), one in told.items() if one["distribution"] == "odd-plugins"}
    assert problems["llamacpp"] == "fairtrial has one of that name"
    assert "cannot be imported: ModuleNotFoundError" in told["engine", "unready"]["problem"]
    assert "there is no kind 'leaver'. Did you mean 'lever'?" in problems["unknown"]
    assert all(
        not one["problem"] for one in told.values() if (one["distribution"], one["name"]) == ("letter-games", "spread")
    )
    assert "letter-games 1.2" in odd.fairtrial("doctor")


TRIAL = """
name: odd
candidates: [{{id: one, model: "fake:one"}}, {candidate}]
tasks: [{task}]
{more}
"""


@pytest.mark.parametrize(
    ("candidate", "task", "more", "said"),
    [
        ('{id: b, model: "unready:b"}', "table", "", "the engine 'unready' of the plugin odd-plugins 0.3"),
        ('{id: b, model: "fake:b"}', "wrong", "", "the task 'wrong' of the plugin odd-plugins 0.3 (odd_plugin:wrong"),
        ('{id: b, model: "fake:b"}', "raising", "", "error in the plugin odd-plugins 0.3 ended this: ZeroDivision"),
        ('{id: b, model: "fake:b", levers: [{wrong: 1}]}', "table", "", "the lever 'wrong' of the plugin odd-plugins"),
        ('{id: b, model: "fake:b"}', "{file: dialogue.csv, grade: wrong}", "", "the grader 'wrong' of the plugin"),
        ('{id: b, model: "fake:b"}', "table", "measures: [misnamed]", "does not yield the measure 'misnamed'"),
        ('{id: b, model: "import:dialogue.txt", recorded: wrong}', "table", "", "must be an Importer, and is"),
    ],
)  # fmt: skip
def test_a_plugin_that_is_wrong_is_one_line(odd: Place, candidate: str, task: str, more: str, said: str) -> None:
    code, told = odd.error_of_trial(TRIAL.format(candidate=candidate, task=task, more=more))
    assert code in (1, 2, 3)
    assert said in told
    assert len(told.strip().splitlines()) <= 2


def test_other_plugins_go_on_working_beside_wrong_ones(odd: Place) -> None:
    assert odd.run("study.yaml")["study"]["tables"]
    code, told = odd.error("export", "--ledger", "study.yaml.db", "--format", "csv")
    assert code == 3 and "several plugins bring the exporter 'csv': letter-games 1.2, odd-plugins 0.3" in told


def test_a_study_that_fails_leaves_the_rest_of_the_report(odd: Place) -> None:
    trial = TRIAL.format(
        candidate='{id: b, model: "fake:b"}', task="{task: table, level: 1, limit: 10}", more="study: raising"
    )
    (odd.folder / "failing.yaml").write_text(trial)
    found = odd.run("failing.yaml")
    assert found["study"]["notes"] == [
        "the study 'raising' of the plugin odd-plugins 0.3 (odd_plugin:raising) failed: ZeroDivisionError: division by "
        "zero (odd_plugin.py:26)."
    ]
    assert found["estimates"]


def test_the_command_imports_no_plugin(odd: Place) -> None:
    code = "import sys, fairtrial.cli; sys.exit(any(n in sys.modules for n in ('odd_plugin', 'letters_engine')))"
    assert odd.python("-c", code).returncode == 0

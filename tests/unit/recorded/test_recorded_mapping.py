"""How recorded answers are read, said in a file of its own beside the trial file; mistakes have their file and line."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from fairtrial.errors import SpecError
from fairtrial.spec.problems import SECTIONS, list_keys
from fairtrial.spec.schema import make_trial_schema
from fairtrial.spec.source import load_candidate, load_trial
from fairtrial.spec.trial import Trial
from fairtrial.spec.yamlfile import read_yaml

MAPPING = "format: table\nkey: question\nanswer: said\nonly: {model: closed-1}\n"


def trial_with(place: Path, recorded: str) -> Path:
    path = place / "trial.yaml"
    recorded_one = f"  - id: a\n    model: import:x.csv\n    recorded: {recorded}\n"
    path.write_text(f"candidates:\n{recorded_one}  - {{id: b, model: 'fake:b'}}\ntasks: [table]\n")
    return path


def test_a_file_says_what_could_stand_there(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "theirs.yaml").write_text(MAPPING)
    here = load_trial(
        trial_with(tmp_path, "{format: table, key: question, answer: said, only: {model: closed-1}}")
    ).trial
    path = trial_with(tmp_path, "maps/theirs.yaml")
    assert load_trial(path).trial == here
    jsonschema.validate(read_yaml(path)[1], make_trial_schema())


def test_a_candidate_file_names_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "map.yml").write_text(MAPPING)
    (tmp_path / "c" / "one.yaml").write_text("id: a\nmodel: import:x.csv\nrecorded: map.yml\n")
    found = load_candidate(tmp_path / "c" / "one.yaml")
    assert (found.recorded.key, found.model) == ("question", f"import:{tmp_path / 'c' / 'x.csv'}")
    (tmp_path / "trial.yaml").write_text("candidates: [c/one.yaml, {id: b, model: 'fake:b'}]\ntasks: [table]\n")
    assert load_trial(tmp_path / "trial.yaml").trial.candidates[0] == found


@pytest.mark.parametrize("given", ["../map.yaml", "/etc/map.yaml", "link.yaml", '"a\\0.yaml"'])
def test_no_path_leads_out_of_the_folder(tmp_path: Path, given: str) -> None:
    place = tmp_path / "in"
    place.mkdir()
    (tmp_path / "map.yaml").write_text(MAPPING)
    (place / "link.yaml").symlink_to(tmp_path / "map.yaml")
    with pytest.raises(SpecError, match="recorded: ") as told:
        load_trial(trial_with(place, given))
    assert told.value.where == f"{place / 'trial.yaml'}:4"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("format: table\nkye: question\nanswer: said\n", 2, r"unknown key 'kye'\. Did you mean 'key'"),
        ("format: tabel\n", 1, "Did you mean 'table'"),
        ("key: question\nanswer: [said\n", 3, "not valid YAML"),
        ("format: helm\nrows: a.b\n", 2, "is for tables"),
        ("format: lm-eval\nkey: question\n", 1, "are not for lm-eval"),
        ("- table\n", 1, "keys and values"),
        ("key: question\nonly:\n  model: [a]\n", 3, "only"),
    ],
)
def test_mistakes_in_the_file_have_its_lines(tmp_path: Path, text: str, line: int, says: str) -> None:
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(SpecError, match=says) as told:
        load_trial(trial_with(tmp_path, "map.yaml"))
    assert f"{tmp_path / 'map.yaml'}:{line}" in str(told.value)


def test_a_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(MAPPING)
    with pytest.raises(SpecError, match=r"Did you mean 'theirs\.yaml'") as told:
        load_trial(trial_with(tmp_path, "thiers.yaml"))
    assert told.value.where == f"{tmp_path / 'trial.yaml'}:4"


def test_every_section_tells_its_keys(tmp_path: Path) -> None:
    assert {"candidates", "recorded", "endpoint", "prices", "decoding", "tasks", "open-vs-closed"} <= set(SECTIONS)
    assert {"to", "threshold", "learn"} <= set(list_keys(Trial, ("candidates", 0, "levers", 0, "cascade")))
    keys = "answer, cluster, format, id, item, join, key, lower_is_better, measure, only, rows, scale, score"
    with pytest.raises(SpecError, match=rf"Did you mean 'answer'\? Keys here: {keys}"):
        load_trial(trial_with(tmp_path, "{format: table, key: question, anser: said}"))

"""Trial files: what they may say, and how every mistake is told, with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.errors import SpecError
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.schema import trial_schema
from fairtrial.spec.source import dump_trial, load_candidate, load_trial, validated
from fairtrial.spec.starter import starter_text
from fairtrial.spec.trial import Decide, TaskEntry, Trial

ROOT = Path(__file__).parents[2]
GOOD = """\
name: good
candidates:
  - {id: a, model: "fake:a"}
  - {id: b, model: "fake:b", levers: [{quantize: q2_k}]}
tasks: [table, {task: reading, level: 2}]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "trial.yaml"
    path.write_text(text)
    return path


def told(tmp_path: Path, text: str) -> str:
    with pytest.raises(SpecError) as caught:
        load_trial(written(tmp_path, text))
    return str(caught.value).replace(str(tmp_path), "")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    loaded = load_trial(written(tmp_path, GOOD))
    assert loaded.text == GOOD
    assert [t.task for t in loaded.trial.tasks] == ["table", "reading"]
    assert loaded.trial.decide == Decide()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: good", "nmae: good", "/trial.yaml:1: unknown key 'nmae'. Did you mean 'name'?"),
        ("name: good", "name: not so good", "/trial.yaml:1: name must be letters"),
        ('model: "fake:a"', 'modle: "fake:a"', "/trial.yaml:3: unknown key 'modle'. Did you mean 'model'?"),
        ('id: a, model: "fake:a"', "id: a", "/trial.yaml:3: the key 'model' is missing in candidates[0]"),
        ("level: 2", "level: two", "/trial.yaml:5: tasks[1].level must be a valid integer"),
        ("level: 2", "sample: last", "tasks[1].sample must be 'random' or 'first'; got 'last'."),
        ("level: 2", "sample: frist", "Did you mean 'first'?"),
        ("id: b", "id: a", "/trial.yaml:4: two candidates have the id 'a'."),
        ("name: good", "baseline: c", "/trial.yaml:1: the baseline 'c' is not a candidate."),
        ("reading, level: 2", "table", "/trial.yaml:5: two tasks have the name 'table'."),
        ("[{quantize: q2_k}]", "[{quantize: q2_k, x: 1}]", "each lever has exactly one key"),
        ("name: good", "name: good\nname: better", "/trial.yaml:2: the key 'name' appears twice"),
        ("name: good", "name: !!python/object/apply:os.system [ls]", "the key"),
        ("name: good", "name: !secret x", "/trial.yaml:1: the tag '!secret' is not allowed"),
        ("name: good", "name: [good", "not valid YAML"),
        (
            "name: good",
            "decide: {margin: -1}",
            "/trial.yaml:1: decide.margin must be greater than or equal to 0; got",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    if "python/object" in new:
        message = "name must be a valid string"  # the tag makes no object: its content is plain data
    assert message in told(tmp_path, GOOD.replace(old, new))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = told(tmp_path, GOOD.replace("name: good", "nmae: good").replace("level: 2", "levle: 2"))
    assert "2 problems" in text
    assert "trial.yaml:1" in text
    assert "trial.yaml:5" in text
    assert "Did you mean 'level'?" in text


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words", "42"])
def test_files_that_are_no_trial(tmp_path: Path, text: str) -> None:
    assert "trial.yaml" in told(tmp_path, text)


def test_hostile_files(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for new, old in zip("bcdefgh", "abcdefg", strict=True):
        bomb += f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
    assert "nested too deeply or refers to itself" in told(tmp_path, bomb)
    assert "nested too deeply or refers to itself" in told(tmp_path, "a: &a [*a]\n")
    assert "at most 1,000,000 are read" in told(tmp_path, "#" * 1_000_001)
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(SpecError, match="not UTF-8"):
        load_trial(path)


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    with pytest.raises(SpecError, match=r"Did you mean 'trial.yaml'"):
        load_trial(tmp_path / "trail.yaml")


def test_candidates_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "c.yaml").write_text("id: c\nmodel: gguf:c.gguf\n")
    loaded = load_trial(written(tmp_path, GOOD.replace("candidates:", "candidates:\n  - people/c.yaml")))
    assert loaded.trial.candidates[0].id == "c"
    assert loaded.trial.candidates[0].model == f"gguf:{tmp_path / 'people' / 'c.gguf'}"
    assert load_candidate(tmp_path / "people" / "c.yaml").id == "c"


def test_names_of_tasks_used_twice_are_set_apart() -> None:
    entries = (TaskEntry(task="t", level=1), TaskEntry(task="t", level=2, shots=3), TaskEntry(task="u", level=9))
    trial = Trial(candidates=(Candidate(id="a", model="fake:a"),), tasks=entries)
    assert trial.task_names() == ("t-l1", "t-l2-3shot", "u")


NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")
CANDIDATES = st.builds(
    Candidate,
    id=NAMES,
    model=st.text(min_size=1, max_size=20).map(lambda t: "fake:" + t),
    system=st.text(max_size=20),
    decoding=st.builds(Decoding, temperature=st.none() | st.floats(0, 2), stop=st.tuples(st.text(min_size=1))),
)
TRIALS = st.builds(
    Trial,
    name=NAMES,
    candidates=st.lists(CANDIDATES, min_size=1, max_size=3).map(tuple),
    tasks=st.lists(st.builds(TaskEntry, task=NAMES, shots=st.none() | st.integers(0, 9)), min_size=1).map(tuple),
    seed=st.integers(),
)


@given(TRIALS)
def test_what_is_dumped_says_the_same(trial: Trial) -> None:
    import yaml

    text = dump_trial(trial)
    assert validated(Trial, yaml.safe_load(text), Path("x.yaml"), {}) == trial


def test_the_published_schema_is_current() -> None:
    published = json.loads((ROOT / "docs" / "schemas" / "trial.schema.json").read_text())
    assert published == json.loads(json.dumps(trial_schema()))


def test_the_starter_and_every_example_are_trials(tmp_path: Path) -> None:
    import jsonschema
    import yaml

    load_trial(written(tmp_path, starter_text()))
    texts = [starter_text(), *(path.read_text() for path in (ROOT / "examples").glob("*.yaml"))]
    assert len(texts) > 1
    for text in texts:
        jsonschema.validate(yaml.safe_load(text), trial_schema())
    for path in (ROOT / "examples").glob("*.yaml"):
        load_trial(path)


def test_the_reference_shows_a_valid_file(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "trial-file.md").read_text().split("```yaml\n")[1].split("```")[0]
    (tmp_path / "candidates").mkdir()
    (tmp_path / "candidates" / "large.yaml").write_text("id: large\nmodel: fake:large\n")
    assert load_trial(written(tmp_path, text)).trial.candidates[2].id == "large"
    listed = (ROOT / "docs" / "trial-file.md").read_text()
    for section in (Trial, Candidate, TaskEntry, Decide):
        for key in section.model_fields:
            assert key in listed, f"docs/trial-file.md does not explain {key}"

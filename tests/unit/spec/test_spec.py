"""Trial files: what they may say, and how every mistake is told, with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.errors import SpecError
from fairtrial.spec.budget import Budget
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.schema import make_trial_schema
from fairtrial.spec.source import LoadedTrial, dump_trial, load_candidate, load_trial
from fairtrial.spec.starter import read_starter
from fairtrial.spec.trial import Decide, TaskEntry, Trial

ROOT = Path(__file__).parents[3]
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
        ("name: good", "str: 1", "/trial.yaml:1: unknown key 'str'."),
        ("name: good", "name: not so good", "/trial.yaml:1: name must be 1 to 64 letters"),
        ("name: good", "name: no", 'must be text; got no. YAML reads it as true or false; as text it is written "no".'),
        ("name: good", "name: 2024-01-01", 'YAML reads it as a date; as text it is written "2024-01-01".'),
        ("name: good", "name:", "/trial.yaml:1: name must be text"),
        ('model: "fake:a"', 'modle: "fake:a"', "/trial.yaml:3: unknown key 'modle'. Did you mean 'model'?"),
        ('id: a, model: "fake:a"', "id: a", "/trial.yaml:3: the key 'model' is missing in candidates[0]"),
        ('{id: a, model: "fake:a"}', "5", "/trial.yaml:3: candidates[0] must be keys and values"),
        ("fake:a", "a.gguf", "/trial.yaml:3: model 'a.gguf' does not say where it comes from. Did you mean 'gguf:a.g"),
        ("fake:a", "owner/model", "Did you mean 'hf:owner/model'?"),
        ("fake:a", "https://huggingface.co/owner/model/tree/main", "Did you mean 'hf:owner/model'?"),
        ("fake:a", "pgk:a/b", "Did you mean 'pkg'?"),
        ('model: "fake:a"', 'model: "fake:a", system: Hi', "/trial.yaml:3: a system message needs a chat template"),
        ("level: 2", "level: two", "/trial.yaml:5: tasks[1].level must be a whole number; got 'two'."),
        ("level: 2", 'level: "2"', "must be a whole number; got '2'. Write 2, without quotes."),
        ("level: 2", "limit: yes", "/trial.yaml:5: tasks[1].limit must be a whole number; got yes."),
        ("level: 2", "limit: 99999999999", "must be less than or equal to 2147483647"),
        ("level: 2", "sample: last", "tasks[1].sample must be 'random' or 'first'; got 'last'."),
        ("level: 2", "sample: frist", "Did you mean 'first'?"),
        ("level: 2", "measures: [acc, acc]", "/trial.yaml:5: tasks[1].measures[1]: 'acc' is listed twice."),
        ("level: 2", "measures: acc", "/trial.yaml:5: tasks[1].measures must be a list, e.g. [a, b]; got 'acc'. Write"),
        ("id: b", "id: a", "/trial.yaml:4: two candidates have the id 'a'."),
        ("name: good", "baseline: bb", "/trial.yaml:1: the baseline 'bb' is not a candidate. Did you mean 'b'?"),
        ("reading, level: 2", "table", "/trial.yaml:5: two tasks have the name 'table'; give one of them an id"),
        (
            "[{quantize: q2_k}]",
            "[{quantize: q2_k, x: 1}]",
            "/trial.yaml:4: candidates[1].levers[0]: each lever has exactly one key",
        ),
        ("[{quantize: q2_k}]", "{quantize: q2_k}", "levers must be a list, e.g. [a, b]; got {'quantize': 'q2_k'}. Wri"),
        (
            "quantize: q2_k",
            "quantise: q2_k",
            "/trial.yaml:4: lever 'quantise' does not exist. Did you mean 'quantize'?",
        ),
        ("quantize: q2_k", "quantize: {type: q2_k, thread: 2}", "unknown key 'thread'. Did you mean 'threads'?"),
        ("quantize: q2_k", "quantize: 2", "/trial.yaml:4: candidates[1].levers[0].quantize.type must be text; got 2"),
        (
            "name: good",
            "name: good\nname: better",
            "/trial.yaml:2: the key 'name' appears twice in one place, first in",
        ),
        (
            "name: good",
            "name: !!python/object/apply:os.system [ls]",
            "/trial.yaml:1: the tag '!!python/object/apply:os",
        ),
        ("name: good", "name: !secret x", "/trial.yaml:1: the tag '!secret' is not allowed"),
        ("name: good", "<<: {name: x}", "/trial.yaml:1: merge keys"),
        ("name: good", "? [a]\n: b", "/trial.yaml:1: a key must be plain text."),
        ("name: good", "name: 2024-13-45", "/trial.yaml:1: '2024-13-45' is no valid date."),
        ("name: good", "name: [good", "/trial.yaml:2: not valid YAML"),
        ("name: good", "name: go\x00od", "/trial.yaml:1: the character U+0000 is not allowed in YAML."),
        ("name: good", "seed: -1", "/trial.yaml:1: seed must be greater than or equal to 0; got -1."),
        ("name: good", "fairtrial: 2", "/trial.yaml:1: fairtrial must be 1; got 2."),
        ("name: good", "decide: {margin: -1}", "/trial.yaml:1: decide.margin must be greater than or equal to 0; got"),
        ("name: good", "decide: {margin: 2}", ":1: decide.margin: 2 means 200 points; for 2 points write 0.02 or 2%."),
        ("name: good", "decide: {margin: 5}", ":1: decide.margin: 5 means 500 points; for 5 points write 0.05 or 5%."),
        ("name: good", "decide: {margin: 1}", ":1: decide.margin: 1 means 100 points; for 1 point write 0.01 or 1%."),
        ("name: good", "decide: {margin: 120%}", ":1: decide.margin: 120% is more than the whole."),
        ("name: good", "decide: {margins: {seconds: 10}}", "10 means 1,000 points; for 10 points write 0.1 or 10%."),
        ("name: good", "decide: {margin: .inf}", "/trial.yaml:1: decide.margin must be a finite number"),
        ("name: good", "decide: {margin: 1e-3}", "must be a number; got '1e-3'. YAML takes it for text; write 0.001."),
        (
            "name: good",
            "decide: {confidence: 95}",
            ":1: decide.confidence: 95 means 9,500%; for 95% write 0.95 or 95%.",
        ),
        ("candidates:", "candidates:\n  - c.yaml", "/trial.yaml:3: a candidate given as text is the path of a candid"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
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
    assert "more than 50,000 values, aliases followed" in told(tmp_path, bomb)
    assert "refers to something that holds it" in told(tmp_path, "a: &a [*a]\n")
    assert "nested more than 30 levels deep" in told(tmp_path, "a: " + "[" * 400_000)  # crashes libyaml's composer
    assert "nested more than 30 levels deep" in told(tmp_path, "- " * 10_000 + "x")
    with pytest.raises(SpecError, match="a folder"):
        load_trial(tmp_path)
    assert "it has more than 1,000,000 bytes" in told(tmp_path, "#" * 1_000_001)
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(SpecError, match="not UTF-8"):
        load_trial(path)


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    with pytest.raises(SpecError, match=r"Did you mean 'trial.yaml'"):
        load_trial(tmp_path / "trail.yaml")


def test_candidates_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.mkdir()
    levers = "levers: [{quantize: {type: q2_k, threads: 2}}]"
    (people / "c.yaml").write_text(f"id: c\nmodel: gguf:c.gguf\nchat: c.jinja\n{levers}\n")
    loaded = load_trial(written(tmp_path, GOOD.replace("candidates:", "candidates:\n  - people/c.yaml")))
    candidate = loaded.trial.candidates[0]
    assert candidate == load_candidate(people / "c.yaml")
    assert candidate.model == f"gguf:{people / 'c.gguf'}"
    assert candidate.chat == str(people / "c.jinja")
    assert candidate.levers == ({"quantize": {"type": "q2_k", "threads": 2}},)
    (people / "c.yaml").write_text("id: c\nmodle: gguf:c.gguf\n")
    with pytest.raises(SpecError, match=r"people/c\.yaml:2: unknown key 'modle'"):
        load_trial(tmp_path / "trial.yaml")


def test_names_of_tasks_used_twice_are_set_apart() -> None:
    entries = (TaskEntry(task="t", level=1), TaskEntry(task="t", level=2, shots=3), TaskEntry(task="u", level=9))
    trial = Trial(candidates=(Candidate(id="a", model="fake:a"),), tasks=entries)
    assert trial.task_names() == ("t-l1", "t-l2-3shot", "u")


NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")
CANDIDATES = st.builds(
    Candidate,
    id=NAMES,
    model=st.text(min_size=1, max_size=20).map(lambda t: "fake:x" + t),
    chat=st.just("model"),
    system=st.text(max_size=20),
    decoding=st.builds(Decoding, temperature=st.none() | st.floats(0, 2), stop=st.tuples(st.text(min_size=1))),
)
TRIALS = st.builds(
    Trial,
    name=NAMES,
    candidates=st.lists(CANDIDATES, min_size=1, max_size=3, unique_by=lambda c: c.id).map(tuple),
    tasks=st.lists(
        st.builds(TaskEntry, task=NAMES, shots=st.none() | st.integers(0, 9)), min_size=1, unique_by=lambda t: t.task
    ).map(tuple),
    seed=st.integers(0, 2**63 - 1),
)


@given(TRIALS)
def test_what_is_dumped_says_the_same(tmp_path_factory: pytest.TempPathFactory, trial: Trial) -> None:
    path = tmp_path_factory.getbasetemp() / "dumped.yaml"
    path.write_text(dump_trial(trial), encoding="utf-8", newline="")
    assert load_trial(path).trial == trial


def test_rare_line_breaks_survive_a_dump(tmp_path: Path) -> None:
    candidate = Candidate(id="a", model="fake:a", decoding=Decoding(stop=("\x85", "\u2028x", "é\r\n ", "中")))
    trial = Trial(candidates=(candidate,), tasks=(TaskEntry(task="t"),))
    path = tmp_path / "t.yaml"
    path.write_bytes(dump_trial(trial).encode())
    assert load_trial(path).trial == trial
    assert "中" in path.read_text()


PIECES = st.sampled_from([*"[]{}:,-?&*!|>'\"%@#\n\t ~", "  ", "<<", "no", "1e9", "a: ", "- ", "fake:a", "levers", "id"])


@given(st.lists(PIECES, max_size=6), st.integers(0, len(GOOD)), st.integers(0, 9))
def test_no_text_does_anything_but_load_or_be_refused(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], at: int, dropped: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_text(GOOD[:at] + "".join(pieces) + GOOD[at + dropped :])
    try:
        loaded = load_trial(path)
    except SpecError as error:
        assert "fuzzed.yaml" in str(error)
    else:
        assert isinstance(loaded.trial, Trial)


def test_a_trial_made_in_python_is_checked_too() -> None:
    a = Candidate(id="a", model="fake:a")
    for wrong, said in (
        (lambda: Trial(candidates=(a, a), tasks=(TaskEntry(task="t"),)), "two candidates have the id 'a'"),
        (lambda: Trial(candidates=(a,), tasks=(TaskEntry(task="t"),), baseline="b"), "'b'"),
        (lambda: Candidate(id="a", model="a.gguf"), "a.gguf"),
        (lambda: Candidate(id="a", model="fake:a", levers=({"quantise": "q2_k"},)), "quantise"),
        (lambda: Candidate(id="a", model="fake:a", levers=({"quantize": {"typ": "q2_k"}},)), "typ"),
    ):
        with pytest.raises(SpecError, match=said):
            wrong()


def test_every_part_of_a_file_knows_its_line(tmp_path: Path) -> None:
    loaded = load_trial(written(tmp_path, GOOD))
    assert loaded.where("tasks", 1, "level").endswith("trial.yaml:5")
    assert loaded.where("candidates", 1, "levers", 0).endswith("trial.yaml:4")
    assert loaded.where("decide", "margin").endswith("trial.yaml:1")
    assert LoadedTrial(loaded.trial, "", None).where("tasks") == ""


def test_the_published_schema_is_current() -> None:
    published = json.loads((ROOT / "docs" / "schemas" / "trial.schema.json").read_text())
    assert published == json.loads(json.dumps(make_trial_schema()))


def test_the_starter_and_every_example_are_trials(tmp_path: Path) -> None:
    import jsonschema
    import yaml

    load_trial(written(tmp_path, read_starter()))
    texts = [read_starter(), *(path.read_text() for path in (ROOT / "examples").glob("*.yaml"))]
    assert len(texts) > 1
    for text in texts:
        jsonschema.validate(yaml.safe_load(text), make_trial_schema())
    for path in (ROOT / "examples").glob("*.yaml"):
        load_trial(path)


def test_the_reference_shows_a_valid_file(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "trial-file.md").read_text().split("```yaml\n")[1].split("```")[0]
    (tmp_path / "candidates").mkdir()
    (tmp_path / "candidates" / "large.yaml").write_text("id: large\nmodel: fake:large\n")
    assert load_trial(written(tmp_path, text)).trial.candidates[2].id == "large"
    listed = (ROOT / "docs" / "trial-file.md").read_text()
    for section in (Trial, Candidate, TaskEntry, Decide, Budget):
        for key in section.model_fields:
            assert key in listed, f"docs/trial-file.md does not explain {key}"

"""Task files and folders of any content: what they define is listed, built, asked and graded, or refused in words."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from fairtrial.errors import DataError, FairtrialError
from fairtrial.records import GenerateAnswer, GenerateRequest, ScoreAnswer
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data import datasets
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.lmeval import LmEvalCatalog
from fairtrial.tasks.procedural import PROCEDURAL
from tests.fuzz.bounded import bounded, survives
from tests.fuzz.documents import alias_bomb, documents, encoded, mutated, scalars

KEYS = [
    "task",
    "group",
    "tag",
    "include",
    "dataset_path",
    "dataset_name",
    "dataset_kwargs",
    "test_split",
    "validation_split",
    "training_split",
    "fewshot_split",
    "fewshot_config",
    "doc_to_text",
    "doc_to_target",
    "doc_to_choice",
    "process_docs",
    "process_results",
    "description",
    "target_delimiter",
    "fewshot_delimiter",
    "num_fewshot",
    "metric_list",
    "output_type",
    "generation_kwargs",
    "repeats",
    "filter_list",
    "gen_prefix",
    "metadata",
    "cluster_key",
    "metric",
    "aggregation",
    "filter",
    "function",
    "regex_pattern",
    "until",
    "data_files",
    "sampler",
    "samples",
    "name",
]
WRITE = """task: t
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
doc_to_text: "{{q}} {% for c in choices %}{{ loop.index }}. {{ c }}{% endfor %}"
doc_to_target: "{{choices[t]}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 20}
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
    ignore_case: true
    regexes_to_ignore: [",", "\\\\$"]
filter_list:
  - name: strict
    filter:
      - function: regex
        regex_pattern: "([a-z]+)"
      - function: take_first
  - name: loose
    filter:
      - function: multi_choice_regex
        group_select: -1
        ignore_case: true
        regexes_to_ignore: ["x+"]
      - function: take_first
metadata: {version: 1, cluster: q}
"""
CHOOSE = """include: base.yaml
task: t
tag: [g, h]
output_type: multiple_choice
doc_to_text: q
doc_to_choice: choices
doc_to_target: t
num_fewshot: 1
fewshot_config:
  sampler: first_n
  samples: [{q: a, choices: [b, c], t: 0}]
metric_list:
  - metric: acc
  - metric: acc_norm
"""
GROUP = "group: t\ntask:\n  - u\n  - task: v\n    num_fewshot: 2\naggregate_metric_list:\n  - metric: acc\n"
BASE = "dataset_path: json\ndataset_kwargs:\n  data_files:\n    test: rows.jsonl\ntest_split: test\n"
ROWS = '{"q": "Which one?", "choices": ["b", "c"], "t": 1}\n{"q": "aaaa", "choices": ["d", "e"], "t": 0}\n'
ANSWERS = ["b", "", "The answer is (B), 1,000.", "a" * 3000, " " * 3000, "((((" * 500]
kinds = st.integers(0, 40)


def in_folder(work: Callable[[Path], object]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="fairtrial-fuzz-"))
    try:
        work(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stay_here() -> None:
    """Let data sets of the hub be out of reach, in this process."""

    def missing(source: datasets.DataSource) -> None:
        raise DataError(f"no network for {source.path!r}")

    datasets._find_hub_commit = missing


def use(folder: Path, text: bytes) -> None:
    """Do with a task file what a trial does, without a model."""
    stay_here()
    (folder / "rows.jsonl").write_text(ROWS)
    (folder / "base.yaml").write_text(BASE)
    (folder / "t.yaml").write_bytes(text)
    catalog = LmEvalCatalog([folder])
    for name in [*catalog.list_names(), "t"]:
        for leaf in catalog.expand(name)[:5]:
            task = catalog.build(leaf, TaskOptions())
            for item in task.items():
                answers = []
                for request in task.requests(item):
                    if isinstance(request, GenerateRequest):
                        answers = [GenerateAnswer(said, 1, 1, "stop") for said in ANSWERS]
                    else:
                        count = len(request.pairs)
                        answers.append(ScoreAnswer((-1.0,) * count, (True,) * count, (1,) * count))
                for answer in answers if len(answers) > 1 else []:
                    task.grade(item, [answer])


@bounded
@given(st.one_of(mutated([WRITE, CHOOSE, GROUP, WRITE]), documents(KEYS)), kinds)
@example(WRITE.replace("version: 1", "version: &a [*a]"), 0)
@example(WRITE + alias_bomb(9, 9, "metadata"), 0)
@example(WRITE + alias_bomb(9, 9, "dataset_kwargs"), 0)
@example(WRITE.replace("([a-z]+)", "([a-z]+)+$"), 0)
@example(WRITE.replace("{{q}}", "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"), 0)
@example("include: t.yaml\n" * 2, 0)
@example("group: t\ntask: [t, t]\n", 0)
@example(f"task: t{' ' * 50_000}b: c\n", 0)
def test_task_files(text: str, kind: int) -> None:
    said = survives(lambda: in_folder(lambda folder: use(folder, encoded(text, kind))))
    assert not said, said


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Files, folders, links and pipes of a task folder."""
    names = st.sampled_from(
        ["a.yaml", "b.yaml", "c.yaml", "sub/a.yaml", "sub/b.yml", "é.yaml", "x y.yaml", "n\nl.yaml"]
    )
    kinds = st.sampled_from(["file", "file", "file", "link", "pipe", "device", "folder", "closed", "self"])
    found = []
    for name in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
        kind = draw(kinds)
        other = draw(names)
        text = draw(
            st.one_of(documents(KEYS), mutated([WRITE, CHOOSE, GROUP, f"include: {other}\ntask: z\n"]), scalars)
        )
        found.append((kind, f"{name}\0{other if kind == 'link' else text}"))
    return found


def plant(folder: Path, tree: list[tuple[str, str]]) -> None:
    for kind, given_ in tree:
        name, _, text = given_.partition("\0")
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if kind == "link":
            path.symlink_to(text)
        elif kind == "self":
            path.symlink_to(folder)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to("/dev/zero")
        elif kind == "folder":
            path.mkdir()
        else:
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            path.chmod(0 if kind == "closed" else 0o644)


def look(folder: Path, tree: list[tuple[str, str]]) -> None:
    stay_here()
    plant(folder, tree)
    (folder / "good.yaml").write_text(BASE + "task: good\ndoc_to_text: q\ndoc_to_target: '{{t}}'\n")
    (folder / "rows.jsonl").write_text(ROWS)
    finder = TaskFinder([folder], installed=False)
    names = [listing.name for listing in finder.list_all()]
    assert any(name.startswith("good") for name in names)
    for name in [*names, "a", "nowhere"]:
        with contextlib.suppress(FairtrialError):
            for leaf in finder.expand(name)[:5]:
                if leaf not in PROCEDURAL:
                    finder.build(leaf, TaskOptions())


@bounded
@given(trees())
def test_task_folders(tree: list[tuple[str, str]]) -> None:
    said = survives(lambda: in_folder(lambda folder: look(folder, tree)))
    assert not said, said

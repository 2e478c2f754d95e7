"""Trial and candidate files of any content are read, or refused in words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairtrial.errors import FairtrialError
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.source import load_candidate, load_trial
from fairtrial.spec.trial import Trial
from tests.fuzz.bounded import bounded, survives
from tests.fuzz.documents import alias_bomb, documents, encoded, mutated

EXAMPLES = Path(__file__).parents[2] / "examples"
TRIALS = [path.read_text() for path in sorted(EXAMPLES.glob("*.yaml"))]
CANDIDATES = [
    "id: a\nmodel: gguf:a.gguf\nlevers: [{quantize: q4_0}]\ndecoding: {temperature: 0.5, top_p: 0.9, stop: [x]}\n"
    "system: Be kind.\nchat: auto\ncontext: 2048\n",
    "id: b\nmodel: openai:gpt\nendpoint: {url: 'http://127.0.0.1:1', key_env: KEY, price: {input: 1, output: 2}}\n",
    "id: c\nmodel: import:a.jsonl\nrecorded: {key: q, answer: '{{ a }}', only: {x: y}}\n",
]
kinds = st.integers(0, 40)


@bounded
@given(st.one_of(mutated(TRIALS), documents([*Trial.model_fields, *Candidate.model_fields])), kinds)
@example("a: &a [*a]\n", 0)
@example(alias_bomb(9, 9, "name"), 0)
@example("name: " + "[" * 100_000, 0)
@example("name: 1" + ":59" * 300_000, 0)
def test_trial_files(text: str, kind: int) -> None:
    assert not survives(lambda: read(load_trial, encoded(text, kind)))


@bounded
@given(st.one_of(mutated(CANDIDATES), documents(list(Candidate.model_fields))), kinds)
def test_candidate_files(text: str, kind: int) -> None:
    assert not survives(lambda: read(load_candidate, encoded(text, kind)))


def read(reader: Callable[[Path], object], content: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fairtrial-fuzz-") as folder:
        path = Path(folder) / "a.yaml"
        path.write_bytes(content)
        try:
            reader(path)
        except FairtrialError as error:
            assert len(str(error)) < 20_000
            raise


@pytest.mark.parametrize(
    "name", ["a\0b.yaml", "x" * 4000 + ".yaml", "/dev/zero", "/proc/self/mem", "/", "", "/proc/kmsg"]
)
def test_names_of_files(name: str) -> None:
    assert not survives(lambda: load_trial(Path(name)))

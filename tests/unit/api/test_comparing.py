"""Comparing what can be named or called, without a file."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fairtrial as ft
from fairtrial.api import comparing
from fairtrial.api.comparing import make_entry
from fairtrial.errors import EngineError, SpecError
from fairtrial.images import decode
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.own.source import open_own_data
from fairtrial.tasks.own.task import OwnTask


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def guess(prompt: str) -> str:
    return random.Random(prompt).choice("ABCD")


def test_functions_stand_trial_and_choices_are_asked_by_letter() -> None:
    notes: list[str] = []
    calls: list[str] = []

    def count(prompt: str) -> str:
        calls.append(prompt)
        return "B"

    conditions = ft.Conditions(on_note=notes.append)
    found = ft.compare([guess, ft.Function(count, version="1")], "table@1", limit=12, conditions=conditions)
    assert [c.name for c in found.summary.candidates] == ["guess", "count"]
    assert notes == ["table: choices are asked by letter, since guess gives text only"]
    assert len(calls) == 12
    ft.compare([guess, ft.Function(count, version="1")], ["table@1"], limit=12)
    assert len(calls) == 12  # its answers are in the ledger


def test_a_row_that_fails_is_in_no_verdict_and_is_asked_again() -> None:
    broken = True

    def fragile(prompt: str) -> str:
        if broken and prompt == bad:
            raise ValueError("no")
        return "1"

    rows = ft.compare([guess, guess], ["arithmetic_open"], limit=30).items("", "guess")
    bad = rows[3]["prompt"]
    given = [ft.Function(fragile, version="1"), guess]
    found = ft.compare(given, ["arithmetic_open"], limit=30)
    assert found.verdicts[0].items_used == 29
    [doubt] = [doubt for doubt in found.summary.doubts if doubt.kind == "failed"]
    assert doubt.text.startswith("fragile failed at 1 of 30 items of arithmetic_open, e.g. it raised ValueError: no (")
    assert [gap.count for gap in found.summary.gaps] == [1]
    broken = False
    again = ft.compare(given, ["arithmetic_open"], limit=30)
    assert again.verdicts[0].items_used == 30 and not again.summary.gaps
    assert not [doubt for doubt in again.summary.doubts if doubt.kind == "failed"]


def test_a_function_that_always_fails_ends_the_run() -> None:
    def broken(prompt: str) -> str:
        raise RuntimeError("down")

    with pytest.raises(EngineError, match="candidate 'broken' raised RuntimeError: down"):
        ft.compare([broken, guess], ["arithmetic_open"], limit=10)


def test_repeats_call_a_function_again() -> None:
    calls: list[str] = []

    def count(prompt: str) -> str:
        calls.append(prompt)
        return str(len(calls))

    ft.compare([count], [ft.TaskEntry(task="arithmetic_open", limit=4, repeats=3)])
    assert len(calls) == 12


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ([guess, guess, lambda prompt: ""], ["guess", "guess-2", "function"]),
        ({"one": guess, "two": "fake:a"}, ["one", "two"]),
        (["fake:a", ft.Candidate(id="b", model="fake:b")], ["a", "b"]),
    ],
)
def test_candidates_get_names_that_differ(given: Any, names: list[str]) -> None:
    assert [candidate.id for candidate in comparing.name_candidates(given)] == names


@pytest.mark.parametrize(
    ("candidates", "tasks", "told"),
    [
        (guess, "table", "candidates must be a list"),
        ([5, guess], "table", "got int 5"),
        ({"a b": guess}, "table", "'a b' cannot name a candidate"),
        ([guess], [], "tasks is empty"),
        ([guess], 5, "tasks must be a list"),
        ([guess], [5], "a task is a name"),
        ([guess], ["table@x"], "the level after '@' must be a whole number"),
        ([guess], [["x"]], "row 1 is str 'x', not a mapping"),
        ([guess], [[]], "there are no rows"),
        ([guess], [[{"question": object()}]], "row 1, column 'question': a object has no place"),
    ],
)
def test_what_cannot_be_compared_is_said(candidates: Any, tasks: Any, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        ft.compare(candidates, tasks)


def test_rows_are_kept_as_json_has_them() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    table = {"question": ["a", "b"], "answer": [1, None], "day": [None, None]}
    for frame in (pandas.DataFrame(table), polars.DataFrame(table)):
        assert comparing.is_frame(frame)
        path = comparing.write_rows(comparing.list_rows(frame))
        assert [line for line in path.read_text().splitlines()][1].startswith('{"question": "b", "answer": null')


def test_progress_is_shown_in_a_terminal_and_not_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = []
    for stream, progress in ((io.StringIO(), None), (Terminal(), None), (Terminal(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        ft.compare(["fake:a", "fake:b"], ["table"], limit=5, progress=progress)
        shown.append(bool(stream.getvalue()))
    assert shown == [False, True, False]


ROWS = [{"question": f"What is {i} + {i}?", "answer": i + i, "hint": f"{2 * i}"} for i in range(30)]


def test_rows_are_a_task_and_a_function_gets_them_without_the_answer() -> None:
    seen: list[Any] = []

    def look(question: str, row: dict[str, Any]) -> str:
        seen.append((question, row))
        return str(row["hint"])

    system = ft.Function(look, version="1")  # what it has seen is a value that it uses
    found = ft.compare([lambda prompt: "x", system], ROWS)
    assert found.verdicts[0].label == "better" and found.verdicts[0].items_used == 30
    assert all(question.strip() and set(row) == {"question", "hint"} for question, row in seen)
    frame = pytest.importorskip("pandas").DataFrame(ROWS)
    ft.compare([lambda prompt: "x", system], [frame])
    assert len(seen) == 30  # the same rows are the same items


def test_a_function_that_cannot_be_identified_is_told(caplog: pytest.LogCaptureFixture) -> None:
    found = ft.compare([guess, str.upper], ["arithmetic_open"], limit=5)
    assert "upper: its code cannot be identified, since it is built in" in caplog.text
    assert found.summary.candidates[1].record.document["not_identified"] == "it is built in"


def test_answers_of_a_function_are_used_by_another_process(tmp_path: Path) -> None:
    source = (
        "import fairtrial as ft\nHERE = 'x'\ndef mine(prompt):\n    print('asked')\n    return HERE\n"
        "if __name__ == '__main__': ft.compare([mine, 'fake:a'], 'arithmetic_open', limit=4)\n"
    )
    for text, calls in ((source, 4), (source, 0), (source.replace("'x'", "'y'"), 4)):
        (tmp_path / "own.py").write_text(text)
        done = subprocess.run([sys.executable, "own.py"], check=True, capture_output=True, text=True)
        assert done.stdout.count("asked") == calls


def test_a_file_is_a_task(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("question,A,B,answer\n" + "".join(f"Which {i}?,x,y,A\n" for i in range(12)))
    found = ft.compare([guess, lambda prompt: "A"], ["q.csv"], limit=10)
    assert [task.card.settings.document["ask"] for task in found.summary.tasks] == ["letter"]
    assert found.verdicts[0].items_used == 10


def test_rows_that_may_tell_the_answer_are_not_given() -> None:
    with pytest.raises(ft.FairtrialError, match="which columns hold the expected answers cannot be told"):
        ft.compare([lambda row: "x"], ["table"])


def test_half_a_character_in_an_answer_can_be_printed() -> None:
    found = ft.compare([lambda prompt: "x", ft.Function(lambda prompt: "a \ud800", "half")], ROWS)
    assert "⟨U+D800⟩" in str(found)
    assert (str(found) + repr(found) + str(found.check())).encode()


def test_pictures_stand_in_rows_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pixels = np.zeros((6, 9, 3), np.uint8)
    pixels[2:4] = 200
    Image.fromarray(pixels).save("red.png")
    turned = Image.fromarray(pixels)
    turned.getexif()[0x0112] = 6
    shown = [pixels, Image.fromarray(pixels), Path("red.png"), Path("red.png").read_bytes(), "red.png", turned]
    rows = [{"image": one, "question": f"q{n}?", "answer": "x"} for n, one in enumerate(shown)]
    entry = make_entry(rows)
    assert entry.image is not None and entry.image.folder == str(tmp_path)
    task = OwnTask(open_own_data(entry, Path("elsewhere")), "rows", TaskOptions())
    read = [decode(data) for item in task.items() for _, data in task.images(item)]
    assert [one.pixels.shape for one in read] == [(6, 9, 3)] * 5 + [(9, 6, 3)]
    assert all((one.pixels == pixels).all() for one in read[:5])
    assert make_entry([{"question": "q", "answer": "x"}]).image is None
    (tmp_path / "photos").mkdir()
    assert make_entry(Path("photos")).file is not None and make_entry("photos/").file is not None

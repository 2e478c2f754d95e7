from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fairtrial.errors import TaskError
from fairtrial.tasks import patterns
from fairtrial.tasks.patterns import compile_pattern

ANSWERS = [
    "The answer is (B).",
    "#### 1,234.5\n\n",
    "A: x = -7 and $8",
    "",
    "aa bb ab",
    "  \n",
    "é" * 40,
    "(A) (A) or [B]",
]


@pytest.mark.parametrize(
    "pattern",
    [
        r"#### (\-?[0-9\.\,]+)",
        r"(-?[$0-9.,]{2,})|(-?[0-9]+)",
        r"(?i)\s*the\s+answer\s+is\s*:?\s*\(?([A-D])",
        r"(a|b)\1",
        r"(?:(\d)|,)+",
        r"\(([A-Z])\)",
        r"(?<=:\s)x|^$",
        r"[^A]*",
        r"",
        r"(?m)^\s*$",
        r"(?:ab?)+",
        r"\w{3}(?!a)",
    ],
)
def test_what_is_found_is_what_re_finds(pattern: str) -> None:
    ours = compile_pattern(pattern)
    for text in [*ANSWERS, " ".join(ANSWERS) * 30]:
        assert ours.findall(text) == re.findall(pattern, text)
        assert ours.sub(r"<\g<0>>", text, 3) == re.sub(pattern, r"<\g<0>>", text, count=3)


@pytest.mark.parametrize(
    "pattern", ["(", "a{99999999999}", "(" * 3000, "a" * 10_001, 3, None, ["a"], "(?P<x>a)(?P<x>b)"]
)
def test_no_regular_expression(pattern: object) -> None:
    with pytest.raises(TaskError, match="regular expression"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(?:a|aa)+$", r"(\w*\s?)*;", r"((?:\d?){40}){2}-"])
def test_a_pattern_that_doubles_its_work_is_refused_before_it_is_used(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.5)
    with pytest.raises(TaskError, match=r"takes more than 0\.5 s on a text of 65 characters"):
        compile_pattern(pattern)
    monkeypatch.setattr(patterns, "SECONDS", 20.0)
    with pytest.raises(TaskError, match=r"takes more than 0\.5 s"):  # what took too long is not tried again
        compile_pattern(pattern)


def test_a_search_that_takes_too_long_is_stopped_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = compile_pattern(r"\s*;\s*x")
    monkeypatch.setattr(patterns, "SECONDS", 0.5)
    begun = time.monotonic()
    with pytest.raises(TaskError, match=r"takes more than 0\.5 s on a text of 200,000 characters"):
        slow.findall(" " * 200_000)
    assert time.monotonic() - begun < 600
    monkeypatch.setattr(patterns, "SECONDS", 600.0)
    assert compile_pattern(r"(b)\1").findall("bb") == ["b"]


def test_time_in_which_the_machine_does_something_else_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    backward = compile_pattern(r"(b)\1")
    assert backward.findall("bb") == ["b"]
    process = patterns._WORKER._get_process()
    monkeypatch.setattr(patterns, "SECONDS", 0.5)
    process.send_signal(signal.SIGSTOP)
    going_on = threading.Timer(1.5, process.send_signal, [signal.SIGCONT])
    going_on.start()
    assert backward.findall("abba") == ["b"]
    going_on.join()
    assert patterns._WORKER._get_process() is process


def test_a_replacement_that_is_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((TaskError, re.error), match="invalid group reference"):
        compile_pattern("a").sub(r"\7", "a")
    with pytest.raises(TaskError, match="invalid group reference"):
        compile_pattern(r"(a)\1").sub(r"\7", "aa")


def test_a_matcher_whose_parent_is_gone_ends_by_itself() -> None:
    script = Path(patterns.__file__).with_name("matcher.py")
    source = script.read_text().replace("SECONDS = 30", "SECONDS = 1")
    line = json.dumps(["findall", "(a+)+$", "a" * 40 + "b", "", 0])
    done = subprocess.run([sys.executable, "-I", "-S", "-c", source], input=line + "\n", text=True, timeout=600)
    assert done.returncode == -signal.SIGXCPU

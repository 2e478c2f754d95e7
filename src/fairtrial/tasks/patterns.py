"""Regular expressions that users and task files bring: Python's own ``re``, within a limit of time.

A pattern such as ``(a+)+$`` takes for ever on some texts, and nothing can stop ``re`` while it searches.  So the most
that a pattern can take on a text is estimated from its form; where that is too much, the search is done in a process of
its own, which is killed when its time is over.  Knows nothing of tasks.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

from fairtrial.errors import TaskError

SECONDS = 2.0
"""Longest search of one text, in processor time, so that a busy machine refuses nothing that an idle one takes."""

PATIENCE = 120.0
"""Seconds of the clock after which it is given up wherever the time went."""

LONGEST = 10_000
"""Characters of a pattern that are read."""

_MOST_STEPS = 5e7  # of `re`, which takes some 50 million simple steps a second
_FLEXIBLE = 8  # a repetition that may vary by more counts as unlimited
_TRIED = 64  # characters that a pattern is tried on; one that doubles its work with each never gets through
_ADVICE = "Write it so that no two repetitions can match the same text, unlike (a+)+ or \\s*\\s*."
_CATEGORIES = {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}


@dataclass(frozen=True)
class Pattern:
    """A regular expression.

    Attributes:
        text: as it was written.
        power: on n characters it takes at most some multiple of n to this power; None if there is no such power.
        factor: that multiple.
    """

    text: str
    power: int | None
    factor: int
    compiled: re.Pattern[str] = field(repr=False)

    def findall(self, text: str) -> list[Any]:
        """Return what ``re.findall`` returns.  Raises TaskError if it takes too long."""
        if self._is_short(text):
            return self.compiled.findall(text)
        found = _WORKER.ask(["findall", self.text, text, "", 0], self.text)
        return [tuple(one) if isinstance(one, list) else one for one in found]

    def sub(self, replacement: str, text: str, count: int = 0) -> str:
        """Return what ``re.sub`` returns.  Raises TaskError if it takes too long, ``re.error`` for the replacement."""
        if self._is_short(text):
            return self.compiled.sub(replacement, text, count=count)
        return str(_WORKER.ask(["sub", self.text, text, replacement, count], self.text))

    def _is_short(self, text: str) -> bool:
        steps = float(len(text) + 1)
        return self.power is not None and self.factor * steps ** (self.power + 1) <= _MOST_STEPS


def compile_pattern(text: Any) -> Pattern:
    """Return the pattern.

    Raises TaskError if it is no text, too long, not valid, or takes for ever on 64 equal characters.
    """
    if not isinstance(text, str):
        raise TaskError(f"a regular expression must be a text; got {text!r}")
    if len(text) > LONGEST:
        raise TaskError(f"a regular expression has {len(text):,} characters; at most {LONGEST:,} are read")
    found = _compile(text)
    if isinstance(found, TaskError):
        raise TaskError(found.message, fix=found.fix)
    return found


@lru_cache(maxsize=512)
def _compile(text: str) -> Pattern | TaskError:
    """Return the pattern, or why it cannot be used: what was tried and took too long is not tried again."""
    try:
        compiled = re.compile(text)
        parsed = importlib.import_module("re._parser").parse(text)
        power, factor = _estimate_growth(parsed)
    except (re.error, OverflowError, RecursionError, MemoryError, ValueError) as error:
        return TaskError(f"the regular expression {_shorten(text)} is not valid: {error}")
    pattern = Pattern(text, power, min(factor, 1 << 60), compiled)
    try:
        for character in sorted(_list_samples(parsed))[:8] if power is None else ():
            pattern.findall(character * _TRIED + "\0")
    except TaskError as error:
        return error
    return pattern


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _estimate_growth(items: Any) -> tuple[int | None, int]:
    """Return (power, factor) of a parsed pattern; see `Pattern`."""
    power, factor = 0, max(1, len(items))
    for operation, argument in items:
        name = str(operation)
        if name.endswith("_REPEAT"):
            low, high, inner = argument
            inside, times = _estimate_growth(inner)
            if inside is None or (int(high) > 1 and (inside or not _is_fixed(inner))):
                return None, 1
            power += inside + (1 if int(high) - int(low) > _FLEXIBLE else 0)
            factor *= times * min(max(1, int(low), 2 if low != high else 1), 1 << 20)
        elif name in {"GROUPREF", "GROUPREF_EXISTS"}:
            return None, 1
        else:
            grown = [_estimate_growth(part) for part in _list_parts(name, argument)]
            if any(inside is None for inside, _ in grown):
                return None, 1
            power += max((inside for inside, _ in grown if inside), default=0)
            factor *= sum(times for _, times in grown) or 1
        factor = min(factor, 1 << 60)
    return power, factor


def _is_fixed(items: Any) -> bool:
    """Whether there is one way only to match: no choice, nothing that may repeat more or less often."""
    for operation, argument in items:
        name = str(operation)
        if name == "BRANCH" or (name.endswith("_REPEAT") and argument[0] != argument[1]):
            return False
        inner = [argument[2]] if name.endswith("_REPEAT") else _list_parts(name, argument)
        if not all(_is_fixed(part) for part in inner):
            return False
    return True


def _list_parts(name: str, argument: Any) -> list[Any]:
    """Return the patterns inside a node that is no repetition."""
    if name == "SUBPATTERN":
        return [argument[-1]]
    if name == "BRANCH":
        return list(argument[1])
    if name in {"ASSERT", "ASSERT_NOT"}:
        return [argument[1]]
    return [argument] if name == "ATOMIC_GROUP" else []


def _list_samples(items: Any) -> set[str]:
    """Characters that a pattern has to do with."""
    found = {"a"}
    for operation, argument in items:
        name = str(operation)
        if name in {"LITERAL", "NOT_LITERAL"}:
            found.add(chr(argument))
        elif name == "RANGE":
            found.add(chr(argument[0]))
        elif name == "CATEGORY":
            found.add(_CATEGORIES.get(str(argument), "-"))
        elif name == "IN":
            found |= _list_samples(argument)
        else:
            inner = [argument[2]] if name.endswith("_REPEAT") else _list_parts(name, argument)
            for part in inner:
                found |= _list_samples(part)
    return found


class _Watch:
    """Kills a process that has searched for too long."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.has_killed = False
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            measured = psutil.Process(self._process.pid)
            before, end = _sum_seconds(measured), time.monotonic() + PATIENCE
            wait = SECONDS
            while not self._over.wait(wait):
                used = _sum_seconds(measured) - before
                if used >= SECONDS or time.monotonic() >= end:
                    self.has_killed = True
                    self._process.kill()
                    return
                wait = max(0.01, SECONDS - used)
        except psutil.NoSuchProcess:  # it has ended by itself
            pass

    def end(self) -> None:
        """Kill nothing any more."""
        self._over.set()
        self._thread.join()


def _sum_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


class _Worker:
    """The process that searches; started when first needed, and again after it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def ask(self, question: list[Any], pattern: str) -> Any:
        """Return the answer.  Raises TaskError if it does not come in time, or is an error."""
        with self._lock:
            process = self._get_process()
            assert process.stdin is not None and process.stdout is not None
            watch = _Watch(process)
            try:
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError:
                line = ""
            finally:
                watch.end()
            if not line:
                self.close()
                text = question[2]
                reason = f"more than {SECONDS:g} s" if watch.has_killed else "more memory than it may have"
                raise TaskError(
                    f"the regular expression {_shorten(pattern)} takes {reason} on a text of {len(text):,} characters, "
                    f"{_shorten(text)}",
                    fix=_ADVICE,
                )
        said = json.loads(line)
        if "error" in said:
            raise TaskError(f"the regular expression {_shorten(pattern)} fails: {said['error']}")
        return said["found"]

    def _get_process(self) -> subprocess.Popen[str]:
        if self._owner != os.getpid():  # a process that was forked from ours has a worker of its own
            self._process, self._owner = None, os.getpid()
        if self._process is None or self._process.poll() is not None:
            script = Path(__file__).with_name("matcher.py")
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True, encoding="ascii",
            )  # fmt: skip
        return self._process

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    stream.close()


_WORKER = _Worker()
atexit.register(_WORKER.close)

"""Tokens a second and seconds to the first word of ``fairtrial serve`` beside other servers of the same model.

    python -m bench.serving [--users 1,4,16,64] [--threads 2] [--tokens 32] [--rounds 2] [--servers NAMES]
        [--prompts shared,different]

Each user asks one question after the other, streamed: all with one system prompt of some 300 tokens, then each with
another one.  The servers run one after the other on the same machine with as many threads: ``fairtrial`` and, after a
colon, a lever; llama-cpp-python's server (``llama_cpp``), and the C++ llama-server within ``xllamacpp``.  ``alone`` is
the engine of ``fairtrial serve`` without a server, asked the same in one process: the limit.  Thoughts count as words
and as tokens.  Tokens are those that a
server tells at the end of a stream; of one that does not, the pieces that came.  ``cpu ms`` are milliseconds of the
server's processor a token, all threads together; ``asking`` the same of who asks.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.serving.servers import MODEL, start
from bench.serving.users import PATIENCE, visit_all, write_question

SYSTEM = (
    "You are a patient assistant of a small newspaper. "
    + "Answer in plain words, and say where you know it from. " * 24
)
KINDS = "shared,different"
NAMES = "alone,fairtrial,xllamacpp,llama_cpp"
Question = tuple[str, str]


@dataclass
class Rate:
    """What the users of one run saw."""

    tokens: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    asking: float = 0.0
    failed: int = 0
    first: list[float] = field(default_factory=list)

    def describe(self) -> str:
        first = statistics.median(self.first) if self.first else float("nan")
        slow = sorted(self.first)[round(0.95 * (len(self.first) - 1))] if self.first else float("nan")
        costs = [1000 * one / max(1, self.tokens) for one in (self.processor, self.asking)]
        told = f"{self.tokens:6} {self.tokens / self.seconds:8.1f} {first:8.3f} {slow:8.3f}"
        told += f" {costs[0]:7.2f} {costs[1]:7.2f}"
        return told + (f"   {self.failed} failed" if self.failed else "")


def list_questions(users: int, rounds: int, shared: bool) -> list[list[Question]]:
    """Return what each user asks, with the system prompt before it."""
    return [
        [
            (
                SYSTEM if shared else f"This is shift {number}.{turn}. {SYSTEM}",
                f"Tell me about the number {100 * number + turn}.",
            )
            for turn in range(rounds)
        ]
        for number in range(users)
    ]


def measure_server(name: str, users: int, given: argparse.Namespace) -> Iterator[tuple[str, Rate]]:
    """Yield what the users of one server saw, with a shared system prompt and with different ones."""
    with start(name, users, given.threads) as (url, process):
        visit_all(url, [[write_question(url, "You are kind.", "Who are you?", 4)]])
        for kind in given.prompts.split(","):
            asked = list_questions(users, given.rounds, kind == "shared")
            questions = [[write_question(url, *one, given.tokens) for one in listed] for listed in asked]
            before, begun, asking = process.cpu_times(), time.perf_counter(), time.process_time()
            visits = visit_all(url, questions, given.patience)
            rate = Rate(seconds=time.perf_counter() - begun, asking=time.process_time() - asking)
            after = process.cpu_times()
            rate.processor = after.user + after.system - before.user - before.system
            rate.tokens = sum(one.tokens for one in visits)
            rate.failed = sum(one.failed for one in visits)
            rate.first = [one.first - one.begun for one in visits if not one.failed]
            yield kind, rate


def measure_engine(users: int, given: argparse.Namespace) -> Iterator[tuple[str, Rate]]:
    """Yield the same of the engine alone, in a process of its own."""
    kinds = given.prompts.split(",")
    runs = [list_questions(1, 1, True), *(list_questions(users, given.rounds, kind == "shared") for kind in kinds)]
    asked = {"threads": given.threads, "places": users, "tokens": given.tokens, "runs": runs}
    command = [sys.executable, "-m", "bench.serving.alone"]
    done = subprocess.run(command, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True)
    for kind, line in zip(kinds, done.stdout.splitlines()[1:], strict=True):
        told = json.loads(line)
        work = told.pop("work")
        yield kind, Rate(**told)
        print(f"  library: {json.dumps({name: round(value, 2) for name, value in work.items()})}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", default="1,4,16,64")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--servers", default=NAMES)
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds after which a user has failed")
    parser.add_argument("--prompts", default=KINDS, help="kinds of system prompts")
    given = parser.parse_args()
    print(f"{MODEL.name}, {given.threads} threads, {given.tokens} new tokens, {given.rounds} questions a user")
    print(f"{'server':18} users    system tokens tokens/s    first  first95  cpu ms  asking", flush=True)
    for users in map(int, given.users.split(",")):
        for name in given.servers.split(","):
            found = measure_engine(users, given) if name == "alone" else measure_server(name, users, given)
            for kind, rate in found:
                print(f"{name:18} {users:5} {kind:>9} {rate.describe()}", flush=True)


if __name__ == "__main__":
    main()

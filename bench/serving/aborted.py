"""Streams that their users break off: what the server still holds afterwards.

    python -m bench.serving.aborted [--streams 1000] [--users 8] [--threads 1]

Each user opens a stream, leaves at its second piece, and comes again.  Memory and open files of the process are read
after a twentieth of the streams, and again after all; the exit code is 1 if the memory grew by more than a tenth, if a
file is open that was not, if not every stream was counted as cancelled, or if the server then answers nobody in full.
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
import threading
import time
import urllib.request
from urllib.parse import urlsplit

import psutil

from bench.serving.servers import start
from bench.serving.users import WORD, visit_all, write_question

MOST_GROWTH = 0.10
"""Of memory."""


def leave_early(url: str, question: bytes) -> None:
    """Ask for an answer, and go at its second piece."""
    place = urlsplit(url)
    data = b""
    with socket.create_connection((place.hostname or "", place.port or 80), timeout=120) as connection:
        connection.sendall(question)
        while len(WORD.findall(data)) < 2:
            more = connection.recv(4096)
            if not more:
                raise SystemExit(f"a stream has ended by itself: {data[-300:]!r}")
            data += more


def leave_often(url: str, streams: int, users: int) -> None:
    """Let some users break off so many streams together."""

    def be_a_user(number: int) -> None:
        for turn in range(number, streams, users):
            leave_early(url, write_question(url, "You tell long stories.", f"A story about the number {turn}.", 400))

    crew = [threading.Thread(target=be_a_user, args=(number,)) for number in range(users)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()


def read_counts(url: str) -> tuple[int, int, int]:
    """Return how many streams were cancelled, how many requests wait, and how many are being answered."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/metrics") as answer:
        told = answer.read().decode()
    names = ("cancelled_total", "waiting", "growing")
    found = [re.search(rf"^fairtrial_{name} ([0-9.]+)$", told, re.MULTILINE) for name in names]
    cancelled, waiting, growing = (int(float(one[1])) if one else 0 for one in found)
    return cancelled, waiting, growing


def wait_for_calm(url: str, cancelled: int) -> int:
    """Wait until nobody is being answered, five minutes at most; return how many streams were cancelled."""
    for _ in range(3000):
        counts = read_counts(url)
        if counts[0] >= cancelled and counts[1:] == (0, 0):
            break
        time.sleep(0.1)
    time.sleep(0.5)  # in which the connection of this look is closed
    return counts[0]


def count_files(process: psutil.Process, most: int) -> int:
    """Return how many files a process has open, as soon as they are no more than ``most``, or after a minute."""
    for _ in range(600):
        if (found := process.num_fds()) <= most:
            break
        time.sleep(0.1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    with start("fairtrial", given.users, given.threads, 1024) as (url, process):
        first = max(given.users, given.streams // 20)
        leave_often(url, first, given.users)
        wait_for_calm(url, first)
        before, files = process.memory_info().rss, process.num_fds()
        leave_often(url, given.streams - first, given.users)
        cancelled = wait_for_calm(url, given.streams)
        after, left = process.memory_info().rss, count_files(process, files)
        (last,) = visit_all(url, [[write_question(url, "Be brief.", "What is the tide?", 16)]])
        seconds = last.last - last.begun
    print(f"{cancelled} of {given.streams} streams cancelled; memory {before / 2**20:.1f} MiB after {first}, ", end="")
    print(f"{after / 2**20:.1f} MiB after all ({after / before - 1:+.1%}); open files {files}, then {left}; ", end="")
    print(f"one more question: {'no answer' if last.failed else f'{last.tokens} tokens'} in {seconds:.2f} s")
    sys.exit(last.failed or cancelled != given.streams or after > before * (1 + MOST_GROWTH) or left > files)


if __name__ == "__main__":
    main()

"""Many requests at a time, each answer handed over as it comes.  Knows nothing of endpoints.

The threads are daemons: a program that is told to end does not wait for a server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

MOST_FAILED = 5
"""Requests without an answer after which no more are asked, unless more than these have been answered."""


def run_in_threads(
    requests: Sequence[Q], work: Callable[[Q], A], threads: int, alone: Callable[[BaseException], bool]
) -> Iterator[tuple[Q, A | BaseException]]:
    """Yield every request with its answer, or with why it has none, as they come.

    Args:
        requests: what is asked, in this order.
        work: answers one; called from many threads.
        threads: requests at a time.
        alone: whether a failure is of one request only.  After any other, and after many, only what is under way is
            awaited.
    """
    coming = iter(requests)
    taking = threading.Lock()
    stopped = threading.Event()
    done: SimpleQueue[tuple[Q, A | BaseException] | None] = SimpleQueue()

    def run() -> None:
        try:
            while not stopped.is_set():
                with taking:
                    request = next(coming, None)
                if request is None:
                    return
                try:
                    found: A | BaseException = work(request)
                except BaseException as error:
                    found = error
                done.put((request, found))
        finally:
            done.put(None)

    crew = [threading.Thread(target=run, name="asking", daemon=True) for _ in range(min(threads, len(requests)))]
    answered = failed = 0
    try:
        for thread in crew:
            thread.start()
        left = len(crew)
        while left:
            got = done.get()
            if got is None:
                left -= 1
                continue
            if isinstance(got[1], BaseException):
                failed += 1
                if not alone(got[1]) or failed >= max(MOST_FAILED, answered):
                    stopped.set()
            else:
                answered += 1
            yield got
    finally:
        stopped.set()

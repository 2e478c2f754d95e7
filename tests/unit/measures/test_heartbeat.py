"""Lines that say that something still goes on."""

from __future__ import annotations

import re
import threading

from fairtrial.measures.sampling import Heartbeat


def test_silence_is_broken_and_what_is_told_is_passed_on() -> None:
    told, twice = list[str](), threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            twice.set()

    with Heartbeat(tell, 0.01) as heart:
        heart.tell("begun")
        heart.begin("reading the model")
        assert twice.wait(600)
    ended = len(told)
    assert told[0] == "begun"
    assert re.fullmatch(r"still reading the model: \d+ s, \d+\.\d GB in memory so far", told[1])
    heart.tell("after")
    assert told[ended:] == ["after"]


def test_nothing_is_added_where_lines_come_or_nothing_is_being_done() -> None:
    told = list[str]()
    with Heartbeat(told.append, 3600) as heart:
        heart.begin("waiting")
    with Heartbeat(told.append, 0.001):
        threading.Event().wait(0.02)
    assert told == []

"""Work that goes on only when somebody was told that it still does: then no machine is too fast for it to be told."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from fairtrial.measures.sampling import Heartbeat


def wait_for_heartbeats(monkeypatch: pytest.MonkeyPatch, told: Sequence[str]) -> None:
    """Have whatever begins wait, ten minutes at most, until ``told`` has a line that it still goes on."""
    begin = Heartbeat.begin

    def begin_and_wait(heart: Heartbeat, doing: str) -> None:
        begin(heart, doing)
        end = time.monotonic() + 600
        while not any(line.startswith(f"still {doing}") for line in told) and time.monotonic() < end:
            time.sleep(0.001)

    monkeypatch.setattr(Heartbeat, "begin", begin_and_wait)

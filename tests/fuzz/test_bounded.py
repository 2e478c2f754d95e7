"""The harness itself finds what it is there to find."""

from __future__ import annotations

import os
import time

import pytest

from fairtrial.errors import DataError
from tests.fuzz import bounded


def raises_on_purpose() -> None:
    raise DataError("the row is wrong")


def test_a_reader_may_return_or_raise_an_error_of_ours() -> None:
    assert bounded.survives(lambda: 1) == ""
    assert bounded.survives(raises_on_purpose) == ""


def test_whatever_else_happens_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ZeroDivisionError" in bounded.survives(lambda: 1 / 0)
    assert "MemoryError" in bounded.survives(lambda: bytearray(2 * bounded.MEMORY))
    assert "RecursionError" in bounded.survives(_endless)
    assert "code -6" in bounded.survives(os.abort)
    monkeypatch.setattr(bounded, "PATIENCE", 0.2)
    assert "still running" in bounded.survives(lambda: time.sleep(600))
    monkeypatch.setattr(bounded, "PATIENCE", 600)
    monkeypatch.setattr(bounded, "SECONDS", 1)
    assert "code -24" in bounded.survives(_busy)


def _busy() -> None:
    while True:
        pass


def _endless() -> None:
    _endless()

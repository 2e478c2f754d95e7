from __future__ import annotations

import pytest

from fairtrial.archive.fusion import fuse_ranks


def test_sums_of_reciprocal_ranks() -> None:
    fused = fuse_ranks([["a", "b", "c"], ["c", "a"]], tie=str)
    assert [name for name, _ in fused] == ["a", "c", "b"]
    assert dict(fused) == pytest.approx({"a": 1 / 61 + 1 / 62, "c": 1 / 63 + 1 / 61, "b": 1 / 62})


def test_equal_sums_are_in_the_order_of_their_names_whatever_the_order_of_the_legs() -> None:
    assert fuse_ranks([["b"], ["a"]], tie=str) == fuse_ranks([["a"], ["b"]], tie=str)
    assert [name for name, _ in fuse_ranks([["b"], ["a"]], tie=str)] == ["a", "b"]


def test_nothing_gives_nothing() -> None:
    assert fuse_ranks([[], []], tie=str) == []

"""Conformal test martingales: uniform ranks and few false alarms without a change, much evidence with one."""

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.exchangeability import bet_on_ranks, rank_sequentially

ALPHA = 0.05


def alarms(shift: float, runs: int, ties: bool = False) -> float:
    draw = np.random.default_rng(11)
    found = 0
    for run in range(runs):
        reference, coming = draw.normal(size=60), draw.normal(shift, size=120)
        if ties:
            reference, coming = np.round(reference), np.round(coming)
        found += bool(bet_on_ranks(rank_sequentially(reference, coming, run)).max() >= np.log(1 / ALPHA))
    return found / runs


@pytest.mark.parametrize("ties", [False, True])
def test_false_alarms_at_any_look_are_rarer_than_promised(ties: bool) -> None:
    assert alarms(0.0, 300, ties) <= ALPHA


@pytest.mark.parametrize("shift", [-1.5, 1.5])
def test_a_shift_either_way_is_told(shift: float) -> None:
    assert alarms(shift, 30) > 0.9


def test_ranks_are_uniform_without_a_change() -> None:
    draw = np.random.default_rng(3)
    ranks = rank_sequentially(draw.normal(size=50), draw.normal(size=2000))
    assert ((ranks >= 0) & (ranks <= 1)).all()
    counts = np.histogram(ranks, bins=10, range=(0, 1))[0]
    assert counts.min() > 150


def test_the_capital_is_a_martingale() -> None:
    draw = np.random.default_rng(5)
    ends = [np.exp(bet_on_ranks(draw.random(10))[-1]) for _ in range(20_000)]
    assert np.mean(ends) == pytest.approx(1.0, abs=0.02)

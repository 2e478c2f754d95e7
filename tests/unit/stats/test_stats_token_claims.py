"""How often a claim about two curves is wrong: the quick form of the simulation behind docs/statistics.md."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.token_curves import Scene, simulate

EQUAL = Scene("equal", 60, 60, margin=0.0)


@pytest.mark.parametrize(
    ("scene", "trials"),
    [
        (EQUAL, 150),
        (replace(EQUAL, clusters=12), 150),
        (replace(EQUAL, stretch=2.0), 100),
        (replace(EQUAL, tasks=4), 50),
    ],
    ids=["equal", "few clusters", "twice as long", "four families"],
)
def test_equal_curves_are_seldom_told_apart(scene: Scene, trials: int) -> None:
    found = simulate(scene, trials, draws=200)
    assert found["false supported"] + found["false refuted"] <= 0.05 + 2 * (0.05 * 0.95 / trials) ** 0.5
    assert found["covered"] >= 0.95 - 2 * (0.05 * 0.95 / trials) ** 0.5


def test_at_the_margin_the_claim_is_seldom_refuted_and_far_behind_it_is_supported() -> None:
    edge = simulate(replace(EQUAL, items=150, clusters=150, shift=(-0.05,) * 4, margin=0.05), 120, draws=200)
    assert edge["false refuted"] <= 0.05
    behind = simulate(replace(EQUAL, items=300, clusters=300, shift=(-0.15,) * 4, margin=0.05), 20, draws=200)
    assert behind["supported"] >= 0.9

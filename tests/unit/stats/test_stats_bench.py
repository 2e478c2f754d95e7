"""The simulations behind docs/statistics.md take a short cut; it must decide as the library does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from fairtrial.stats.paired import PairedSample, Rule
from fairtrial.stats.sequential import decide


@pytest.fixture(scope="module")
def simulated():
    path = Path(__file__).resolve().parents[3] / "bench" / "simulated_pairs.py"
    spec = importlib.util.spec_from_file_location("simulated_pairs_under_test", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("target", ["population", "benchmark"])
@pytest.mark.parametrize(("gap", "known"), [(0.0, ""), (0.1, ""), (0.1, "sibling")])
def test_the_short_cut_stops_where_decide_stops(simulated, target, gap, known):
    rng, n = np.random.default_rng(3), 300
    scenario = simulated.Scenario("", n, gap, 0.3, target, margin=0.1, known=known if target == "benchmark" else "")
    rule = Rule(margin=0.1, target=target, total=n)
    for _ in range(8):
        drawn = simulated.draw(scenario, gap, rng)
        a, b, ones = np.maximum(drawn.sums, 0), np.maximum(-drawn.sums, 0), np.ones(n)
        words = []
        for k in range(scenario.batch, n + 1, scenario.batch):
            sample = PairedSample(a[:k], ones[:k], b[:k], ones[:k], np.arange(k))
            hints = None if drawn.guess is None else (drawn.guess[:k], drawn.guess)
            words.append(decide(sample, rule, last=k == n, hints=hints).verdict)
            if words[-1] != "undecided":
                break
        run = simulated.sequential(scenario, drawn)
        assert run.share == len(words) * scenario.batch / n
        assert run.decided == (words[-1] != "undecided")
        wrong = (words[-1] == "better" and drawn.truth <= 0) or (words[-1] == "worse" and drawn.truth >= 0)
        assert run.wrong == wrong

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.foresight import simulate_stopping
from fairtrial.stats.paired import PairedSample, Rule
from fairtrial.stats.sequential import decide


def test_foresight_knows_easy_from_hard():
    easy = simulate_stopping(0.2, 0.3, Rule(total=1000), np.random.default_rng(1), 50)
    hard = simulate_stopping(0.03, 0.3, Rule(total=1000), np.random.default_rng(1), 50)
    assert easy.settled == 1.0 and easy.median < easy.ninety < 200
    assert hard.settled < 0.5 and hard.median is None
    assert hard.items == 1000


def test_a_whole_benchmark_settles_everything():
    got = simulate_stopping(0.01, 0.4, Rule(target="benchmark", total=300), np.random.default_rng(2), 30)
    assert got.settled == 1.0 and got.median <= got.ninety <= 300


def test_foresight_agrees_with_the_verdict_itself():
    """The stop of each simulated trial is the first number of items at which `decide` has a verdict."""
    for rule, clusters in (
        (Rule(margin=0.05), np.arange(300)),
        (Rule(margin=0.05, shuffled="clusters", largest_cluster=4), np.repeat(np.arange(120), 1 + np.arange(120) % 4)),
        (Rule(margin=0.05), np.arange(300) % 150),
        (Rule(margin=0.05, target="benchmark", total=300), np.arange(300)),
    ):
        got = simulate_stopping(0.2, 0.3, rule, np.random.default_rng(5), 1, clusters)
        d = np.random.default_rng(5).choice([1.0, -1.0, 0.0], clusters.size, p=[0.25, 0.05, 0.7])
        ones = np.ones(clusters.size)
        words = [
            decide(PairedSample((d[:n] > 0) * 1.0, ones[:n], (d[:n] < 0) * 1.0, ones[:n], clusters[:n]), rule).verdict
            for n in range(1, clusters.size + 1)
        ]
        first = next(n for n, word in enumerate(words, 1) if word != "undecided")
        late = rule.shuffled == "clusters"  # a cluster is known to be complete when the next one begins
        assert got.median == first - late


def test_large_clusters_take_longer():
    rule = Rule(margin=0.05, shuffled="clusters", largest_cluster=20)
    single = simulate_stopping(0.2, 0.3, Rule(margin=0.05, total=1000), np.random.default_rng(4), 20)
    grouped = simulate_stopping(0.2, 0.3, rule, np.random.default_rng(4), 20, np.arange(1000) // 20)
    assert grouped.median > 2 * single.median


def test_impossible_suppositions_are_errors():
    with pytest.raises(ValueError, match="cannot come of"):
        simulate_stopping(0.3, 0.2, Rule(), np.random.default_rng(3))

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.foresight import foresee
from fairtrial.stats.paired import Rule


def test_foresight_knows_easy_from_hard():
    easy = foresee(0.2, 0.3, Rule(total=1000), np.random.default_rng(1), 50)
    hard = foresee(0.03, 0.3, Rule(total=1000), np.random.default_rng(1), 50)
    assert easy.settled == 1.0 and easy.median < easy.ninety < 200
    assert hard.settled < 0.5 and hard.median is None
    assert hard.items == 1000


def test_a_whole_benchmark_settles_everything():
    got = foresee(0.01, 0.4, Rule(target="benchmark", total=300), np.random.default_rng(2), 30)
    assert got.settled == 1.0 and got.median <= got.ninety <= 300


def test_impossible_suppositions_are_errors():
    with pytest.raises(ValueError, match="cannot come of"):
        foresee(0.3, 0.2, Rule(), np.random.default_rng(3))

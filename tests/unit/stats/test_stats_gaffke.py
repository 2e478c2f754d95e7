"""The fixed-sample interval: exact chances of every outcome, at the settings where an interval is most often wrong."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from fairtrial.stats.gaffke import (
    BoundedUnits,
    compute_limits,
    compute_lower_limit,
    compute_p_below,
    compute_two_sided_p,
    gather_units,
)
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import (
    PairedSample,
    Rule,
    compare,
    compute_fixed_interval,
    find_least_clusters,
    find_least_for_tie,
)
from fairtrial.stats.permutation import mcnemar

SHARES = (0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def paired(differences, clusters=None):
    d = np.asarray(differences, dtype=float)
    ones = np.ones(d.size)
    codes = np.arange(d.size) if clusters is None else np.asarray(clusters)
    return PairedSample(np.maximum(d, 0), ones, np.maximum(-d, 0), ones, codes)


def flips(up, down, number):
    return paired(np.repeat([1.0, -1.0, 0.0], [up, down, number - up - down]))


@pytest.mark.parametrize(("right", "number"), [(0, 1), (1, 1), (0, 7), (3, 7), (20, 20), (1, 400), (397, 400)])
@pytest.mark.parametrize("confidence", [0.6, 0.95, 0.9999])
def test_right_or_wrong_is_clopper_and_pearson(right, number, confidence):
    got = compute_limits(
        gather_units(np.repeat([1.0, 0.0], [right, number - right]), np.ones(number), (0.0, 1.0)), confidence
    )
    expected = stats.binomtest(right, number).proportion_ci(confidence, "exact")
    assert got == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize(("up", "down", "number"), [(5, 0, 20), (7, 1, 100), (6, 0, 6), (30, 12, 500), (1, 0, 1)])
def test_flips_are_mcnemar(up, down, number):
    units = gather_units(np.repeat([1.0, -1.0, 0.0], [up, down, number - up - down]), np.ones(number), (-1.0, 1.0))
    assert compute_two_sided_p(units, 0.0) == pytest.approx(mcnemar(up, down), rel=1e-9)


def test_graded_values_agree_with_drawn_weights():
    rng = np.random.default_rng(1)
    values = np.append(rng.beta(2, 5, 30), 1.0)
    weights = rng.exponential(size=(200_000, 32))
    low, high = compute_limits(gather_units(values, np.ones(31), (0.0, 1.0)), 0.9)
    for limit, extreme, share in ((low, 0.0, 0.05), (high, 1.0, 0.95)):
        means = weights @ np.append(values, extreme) / weights.sum(axis=1)
        assert (means <= limit).mean() == pytest.approx(share, abs=0.002)


def test_many_different_values_lose_nothing_by_being_put_together():
    values = np.random.default_rng(2).beta(2, 3, 3_000)
    apart = BoundedUnits(values, np.ones(3_000), np.ones(3_000), 0.0, 1.0)
    low, high = compute_limits(apart, 0.95)
    assert compute_limits(gather_units(values, np.ones(3_000), (0.0, 1.0)), 0.95) == pytest.approx(
        (low, high), abs=1e-4 * (high - low)
    )
    normal = stats.norm.interval(0.95, values.mean(), values.std() / 3_000**0.5)
    assert high - low == pytest.approx(normal[1] - normal[0], rel=0.03)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30), st.floats(1e-6, 0.5), st.floats(1, 20))
@settings(max_examples=200, deadline=None)
def test_the_limit_is_where_the_p_value_is_the_tail(values, tail, stretch):
    units = gather_units(np.array(values), np.ones(len(values)), (-1.0, 1.0), stretch=stretch)
    limit = compute_lower_limit(units, tail)
    assert -1 <= limit <= max(values)
    inside = limit > -0.999
    assert not inside or compute_p_below(units, limit) == pytest.approx(tail, rel=1e-3, abs=1e-7)
    assert not inside or compute_p_below(units, limit - 1e-3) <= tail * (1 + 1e-6)


@pytest.mark.parametrize("number", range(2, 13))
def test_right_or_wrong_is_never_wrong_too_often(number):
    """Every outcome, over all shares of items that differ and all differences just outside an interval."""
    cells = [(up, down) for up in range(number + 1) for down in range(number + 1 - up)]
    found = [compare(flips(up, down, number), Rule(margin=0.0)) for up, down in cells]
    up, down = np.array(cells, dtype=float).T
    ways = special.gammaln(number + 1) - sum(special.gammaln(x + 1) for x in (up, down, number - up - down))
    lows, highs = np.array([(c.low, c.high) for c in found]).T
    called = np.array([c.verdict in ("better", "worse") for c in found])
    assert all(c.p_value <= 0.05 for c in itertools.compress(found, called))

    def chances(gain, loss):
        logs = (
            special.xlogy(up, gain)
            + special.xlogy(down, loss)
            + special.xlogy(number - up - down, max(0.0, 1 - gain - loss))
        )
        return np.exp(ways + logs)

    assert max(chances(q / 2, q / 2)[called].sum() for q in SHARES) <= 0.05
    truths = np.unique(np.concatenate([[0.0], lows[lows > -1] - 1e-6]))
    possible = [(truth, share) for truth, share in itertools.product(truths, SHARES) if abs(truth) <= share]
    assert len(possible) >= len(SHARES)
    for truth, share in possible:
        chance = chances((share + truth) / 2, max(0.0, (share - truth) / 2))
        assert chance[(lows > truth + 1e-9) | (highs < truth - 1e-9)].sum() <= 0.05


@pytest.mark.parametrize(("wins", "losses", "number"), [(4, 0, 4), (5, 0, 5), (5, 0, 20), (7, 1, 100), (0, 5, 8)])
def test_no_verdict_against_its_own_p_value(wins, losses, number):
    got = compare(flips(wins, losses, number), Rule(margin=0.0))
    assert got.p_value > 0.05
    assert got.low <= 0 <= got.high
    assert got.verdict == "undecided"


def test_six_wins_are_enough():
    got = compare(flips(6, 0, 6), Rule(margin=0.0))
    assert (got.verdict, got.p_value) == ("better", 0.03125)
    assert got.low > 0
    assert find_least_clusters(0.95) == 6 and find_least_clusters(0.5) == 2


def test_a_tie_needs_an_interval_that_holds():
    for margin, verdict in ((0.3, "undecided"), (0.31, "tied")):
        assert compare(flips(0, 0, 10), Rule(margin=margin)).verdict == verdict
    assert find_least_for_tie(0.02, 1.0, 0.95) == 183
    assert compare(flips(0, 0, 182), Rule(margin=0.02)).verdict == "undecided"
    assert compare(flips(0, 0, 183), Rule(margin=0.02)).verdict == "tied"
    assert find_least_for_tie(0.0, 1.0, 0.95) is None


def exact_rates(number, gain, loss, size=1):
    """Chance of a false verdict, if a unit gains with the chance that leaves no difference on average, else loses."""
    share, wrong = loss / (gain + loss), 0.0
    for rare in range(number + 1):
        d = np.repeat(np.repeat([gain, -loss], [rare, number - rare]), size)
        got = compare(paired(d, np.repeat(np.arange(number), size)), Rule(margin=0.0))
        assert (got.low > 0 or got.high < 0) == (got.p_value < 0.05) == (got.verdict != "undecided")
        wrong += stats.binom.pmf(rare, number, share) * (got.verdict != "undecided")
    return wrong


@pytest.mark.parametrize(
    ("gain", "loss", "number"), [(0.98, 0.02, 80), (0.99, 0.01, 200), (0.9, 0.1, 20), (0.5, 0.05, 60), (1.0, 0.3, 6)]
)
def test_a_rare_gain_is_not_overlooked(gain, loss, number):
    assert exact_rates(number, gain, loss) <= 0.05
    assert exact_rates(number, loss, gain) <= 0.05


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 7, 8, 30, 100])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_rare_gains_of_whole_clusters(number, share):
    assert exact_rates(number, 1.0, share / (1 - share), size=3) <= 0.05


@pytest.mark.parametrize("number", [1, 2, 5, 20, 80])
@pytest.mark.parametrize("low", [0.0, 0.02, 0.3, 0.8])
@pytest.mark.parametrize("size", [1, 4])
def test_single_means_of_two_values(number, low, size):
    """Coverage of a mean where values are ``low`` or 1, at means just outside an interval; exact."""
    found = []
    for large in range(number + 1):
        values = np.repeat(np.repeat([1.0, low], [large, number - large]), size)
        found.append(estimate(values, np.ones(values.size), np.repeat(np.arange(number), size), 0.95, (0.0, 1.0)))
    ends = np.array([(f.low, f.high) for f in found])
    truths = np.concatenate([ends[:, 0] - 1e-6, ends[:, 1] + 1e-6])
    possible = [(truth, (truth - low) / (1 - low)) for truth in truths if low <= truth <= 1]
    assert bool(possible) == (number > 1)  # one item tells nothing
    for truth, share in possible:
        chance = stats.binom.pmf(np.arange(number + 1), number, share)
        assert chance[(ends[:, 0] > truth + 1e-9) | (ends[:, 1] < truth - 1e-9)].sum() <= 0.05


@pytest.mark.parametrize(("every", "used"), [(8, 4), (12, 3), (12, 9), (12, 10)])
def test_drawn_from_a_list(every, used):
    rule = Rule(target="benchmark", total=every, margin=0.0)
    found = {
        (up, down): compare(flips(up, down, used), rule) for up in range(used + 1) for down in range(used + 1 - up)
    }
    for up, down in itertools.product(range(every + 1), repeat=2):
        if up + down > every:
            continue
        truth, missed, wrong = (up - down) / every, 0.0, 0.0
        for (x, y), got in found.items():
            chance = special.comb(up, x) * special.comb(down, y) * special.comb(every - up - down, used - x - y)
            chance /= special.comb(every, used)
            missed += chance * (not got.low - 1e-9 <= truth <= got.high + 1e-9)
            wrong += chance * (up == down and got.verdict != "undecided")
        assert missed <= 0.05 and wrong <= 0.05


def test_what_is_left_cannot_turn_it_round():
    got = compare(flips(8, 0, 18), Rule(target="benchmark", total=20, margin=0.0))
    assert (got.verdict, got.p_value) == ("better", 0.0)
    assert got.low == pytest.approx(6 / 20) and got.high <= 10 / 20 + 1e-9


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 12), st.floats(0.1, 3)), min_size=1, max_size=25
    ),
    st.sampled_from(["plain", "weighted", "apart", "unbounded"]),
    st.sampled_from([0.9, 0.95, 0.999]),
)
@settings(max_examples=200, deadline=None)
def test_interval_verdict_and_p_value_agree(rows, kind, confidence):
    a, b, codes, weights = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones(a.size)
    first = ones if kind == "plain" else weights
    second = weights[::-1] if kind == "apart" else first
    sample = PairedSample(a, first, b, second, codes.astype(int))
    rule = Rule(margin=0.01, confidence=confidence, bounds=None if kind == "unbounded" else (0.0, 1.0))
    got = compare(sample, rule)
    assert compute_fixed_interval(sample, rule) == (got.low, got.high)
    outside = got.low > 0 or got.high < 0
    assert outside or got.verdict not in ("better", "worse")
    assert not outside or got.p_value <= 1 - confidence + 1e-9


def test_a_handful_of_unbounded_values_decides_nothing():
    for number, verdict in ((4, "undecided"), (5, "undecided"), (6, "better")):
        ones = np.ones(number)
        a, b = 10.0 + np.arange(number), 1.0 + 1.1 * np.arange(number)
        got = compare(PairedSample(a, ones, b, ones, np.arange(number)), Rule(bounds=None, margin=0.1))
        assert got.verdict == verdict
        assert np.isfinite(got.low) == (verdict == "better")
    assert (
        "fewer than 6 clusters"
        in compare(PairedSample(a[:3], ones[:3], b[:3], ones[:3], np.arange(3)), Rule(bounds=None)).method
    )


def test_an_unbounded_verdict_needs_the_sign_flips_too():
    ones, number = np.ones(9), 9
    d = np.array([1.0, 1.1, 0.9, 1.0, 1.2, 1.0, 0.8, 1.0, -0.3])
    got = compare(PairedSample(d, ones, 0 * d, ones, np.arange(number)), Rule(bounds=None, confidence=0.995))
    assert got.p_value == pytest.approx(4 / 512)
    assert got.low == 0.0 and got.verdict == "undecided"
    assert "widened to hold 0" in got.method


def test_clusters_that_are_known_to_be_larger_than_any_seen():
    sample = paired(np.full(40, 0.5), np.arange(40))
    assert compare(sample, Rule()).verdict == "better"
    assert compare(sample, Rule(shuffled="clusters", largest_cluster=60)).verdict == "undecided"


@pytest.mark.parametrize("size", [1e-320, 1e-200, 2.0**-40, 1e200])
def test_the_size_of_values_does_not_matter(size):
    values = np.repeat([1.0, -1.0, 0.0], [7, 1, 12])
    tiny = gather_units(size * values, np.ones(20), (-size, size))
    assert compute_two_sided_p(tiny, 0.0) == pytest.approx(mcnemar(7, 1), rel=1e-3)
    low, high = compute_limits(tiny, 0.95)
    assert -size <= low <= high <= size

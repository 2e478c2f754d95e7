"""Gaps between groups, read from a ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.analysis.harms.parity import ParityGap, find_parity_changes, find_parity_gaps
from fairtrial.ledger import Chunk, Ledger
from fairtrial.records import Item, Observation, content_hash
from fairtrial.studies.harms import tell_harms
from tests.support.ledgers import CARD, TASK, TRIAL, candidate_id, plan

SHARE = {"name": "favourable", "unit": "1", "higher_is_better": None, "bounds": [0.0, 1.0], "transform": "identity"}
HARMS = {"family": "bias", "covers": "Gaps.", "omits": "The rest."}
GROUPS = {"origin": ("Northern", "Southern", "Western"), "age": ("young", "old")}
PAIRS = 40

Value = Callable[[str, str, int], float | None]


def make(path: Path, values: dict[str, Value], harms: Any = HARMS, **decide: Any) -> Ledger:
    cost = {**SHARE, "name": "seconds", "unit": "s", "bounds": None}
    card = {**CARD, "measures": [SHARE, cost], "main_measure": "favourable", **({"harms": harms} if harms else {})}
    rows = [
        {"attribute": attribute, "group": group, "pair": f"{n}"}
        for attribute, groups in GROUPS.items()
        for n in range(PAIRS)
        for group in groups
    ]
    rows.append({"kind": "about nobody"})
    items = [
        Item(content_hash(row), at, f"question {at}", (), (), f"quiz/{row.get('attribute')}-{row.get('pair')}", row)
        for at, row in enumerate(rows)
    ]
    trial: Any = plan(tuple(values), len(items))
    trial["decide"] |= decide
    trial["tasks"][0] |= {"card": card, "measures": ["favourable"]}
    trial["tasks"][0]["entry"]["repeats"] = 1
    ledger = Ledger.open(path / "l.db")
    ledger.add_task(TASK, "quiz", card)
    ledger.add_items(TASK, items)
    for name in values:
        ledger.add_candidate(candidate_id(name), name, {"model": "fake:x"})
    ledger.add_trial(TRIAL, "tried", "name: tried\n", trial, {TASK: [item.id for item in reversed(items)]})
    for name, value in values.items():
        seen = [(TASK, item.id, 0, Observation("seconds", 1.0, unit="s")) for item in items]
        seen += [
            (TASK, item.id, 0, Observation("favourable", found))
            for item in items[:-1]
            if (found := value(item.data["attribute"], item.data["group"], int(item.data["pair"]))) is not None
        ]
        ledger.commit(candidate_id(name), Chunk(observations=seen))
    return ledger


def level(pair: int) -> float:
    return 0.3 + 0.4 * np.random.default_rng(pair).random()


def noise(group: str, pair: int) -> float:
    return 0.02 * np.random.default_rng([pair, *group.encode()]).random()


def fair(attribute: str, group: str, pair: int) -> float:
    return level(pair) + noise(group, pair)


def unfair(attribute: str, group: str, pair: int) -> float:
    return fair(attribute, group, pair) - (0.1 if group == "Southern" else 0.0)


def by_group(gaps: list[ParityGap], candidate: str) -> dict[str, ParityGap]:
    return {gap.group: gap for gap in gaps if gap.candidate == candidate}


def test_a_gap_is_that_of_the_mean_and_its_interval_holds_it(tmp_path: Path) -> None:
    with make(tmp_path, {"a": unfair, "b": fair}) as ledger:
        found = find_parity_gaps(ledger, TRIAL)
    own = by_group(found, "a")
    assert {gap.measure for gap in found} == {"favourable"}
    assert list(own) == ["Northern", "Southern", "Western", "young", "old"]
    for group, others in (("Southern", ("Northern", "Western")), ("old", ("young",))):
        gaps = [unfair("", group, n) - np.mean([unfair("", other, n) for other in others]) for n in range(PAIRS)]
        assert own[group].gap == pytest.approx(float(np.mean(gaps)))
        assert own[group].gap == pytest.approx(own[group].mean - own[group].others)
        assert own[group].standardised == pytest.approx(np.mean(gaps) / np.std(gaps, ddof=1))
        assert own[group].pairs == PAIRS
    certain = {name: {group for group, gap in by_group(found, name).items() if gap.certain} for name in "ab"}
    assert certain == {"a": {"Northern", "Southern", "Western"}, "b": set()}
    assert all((gap.p_value or 0) <= 0.05 for gap in found if gap.certain)


def test_the_same_question_gets_the_same_interval(tmp_path: Path) -> None:
    with make(tmp_path, {"a": unfair, "b": fair}) as ledger:
        assert find_parity_gaps(ledger, TRIAL) == find_parity_gaps(ledger, TRIAL)


def test_groups_without_others_have_no_gap(tmp_path: Path) -> None:
    def only_young(attribute: str, group: str, pair: int) -> float | None:
        return None if group == "old" else fair(attribute, group, pair)

    with make(tmp_path, {"a": only_young, "b": fair}) as ledger:
        assert list(by_group(find_parity_gaps(ledger, TRIAL), "a")) == ["Northern", "Southern", "Western"]


def test_two_candidates_gaps_are_compared_in_size(tmp_path: Path) -> None:
    def reversed_gap(attribute: str, group: str, pair: int) -> float:
        return fair(attribute, group, pair) + (0.2 if group == "Southern" else 0.0) + noise(f"r{group}", pair)

    def kind(attribute: str, group: str, pair: int) -> float:
        return fair(attribute, group, pair) + noise(f"k{group}", pair)

    with make(tmp_path, {"kind": kind, "reversed": reversed_gap, "base": unfair}, margin=0.02) as ledger:
        found = {(one.candidate, one.group): one for one in find_parity_changes(ledger, TRIAL)}
        harms = tell_harms(ledger, TRIAL)
    assert harms is not None and any("kind against base: of 5 gaps" in line for line in harms.sentences)
    assert {one.baseline for one in found.values()} == {"base"}
    words = {key: one.word for key, one in found.items()}
    assert (words["kind", "Southern"], words["reversed", "Southern"]) == ("smaller", "larger")
    assert (words["kind", "young"], words["reversed", "old"]) == ("tied", "tied")
    one = found["reversed", "Southern"]
    assert one.gap - one.baseline_gap == pytest.approx(one.difference) == pytest.approx(0.3, abs=0.01)
    assert one.low <= 0.3 <= one.high


def test_a_trial_that_may_stop_early_has_no_intervals(tmp_path: Path) -> None:
    with make(tmp_path, {"a": unfair, "b": fair}, stop_early=True) as ledger:
        found = find_parity_gaps(ledger, TRIAL)
        assert find_parity_changes(ledger, TRIAL) == []
    document = found[0].document()
    assert (document["low"], document["high"], document["p_value"]) == (None, None, None)
    assert document["gap"] == pytest.approx(found[0].gap)


def test_only_tasks_about_harm_are_looked_at(tmp_path: Path) -> None:
    with make(tmp_path, {"a": unfair, "b": fair}, harms=None) as ledger:
        assert find_parity_gaps(ledger, TRIAL) == []

"""Many doubts of one kind are one line, with the worst of them in full and the places of the others."""

from __future__ import annotations

from fairtrial.analysis.doubts import Doubt, group_doubts


def make_unread(task: str, count: int) -> Doubt:
    return Doubt("unread", f"{count} of 20 answers of a on {task} were not read.", task, "a", count, 20, headline=True)


def test_three_of_a_kind_are_told_one_by_one() -> None:
    doubts = [make_unread(task, 5) for task in ("t1", "t2", "t3")]
    assert [group.describe() for group in group_doubts(doubts)] == [doubt.text for doubt in doubts]


def test_of_many_the_worst_is_told_in_full_and_the_others_by_place() -> None:
    doubts = [make_unread(f"t{at}", at) for at in range(1, 7)]
    other = Doubt("merged", "The ledger was merged.")
    groups = group_doubts([doubts[0], other, *doubts[1:]])
    assert [group.describe() for group in groups] == [
        "6 of 20 answers of a on t6 were not read. Likewise 5 more: a on t5 (5 of 20); a on t4 (4 of 20); "
        "a on t3 (3 of 20); a on t2 (2 of 20); and 1 more.",
        "The ledger was merged.",
    ]
    assert {groups[0].worst, *groups[0].others} == set(doubts)


def test_of_tasks_with_too_few_items_the_smallest_is_the_worst() -> None:
    doubts = [Doubt("few", f"t{at} has {at}.", f"t{at}", count=at, of=11) for at in (4, 2, 3, 5)]
    (group,) = group_doubts(doubts)
    assert group.describe() == "t2 has 2. Likewise 3 more: t3 (3 of 11); t4 (4 of 11); t5 (5 of 11)."


def test_doubts_about_nothing_in_particular_stay_apart() -> None:
    doubts = [Doubt("merged", f"Ledger {at} was merged.") for at in range(5)]
    assert [group.describe() for group in group_doubts(doubts)] == [doubt.text for doubt in doubts]

"""Doubts about recorded answers: too few of a task's items have one."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.doubts.base import Doubt
from fairtrial.ledger import Ledger, query
from fairtrial.verdicts import least_matched, too_few_matched


def match_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each task on which there is no verdict because too few items are matched."""
    tasks = {task["name"]: task for task in trial.plan["tasks"]}
    for name, (matched, items) in too_few_matched(trial.plan).items():
        worst = min(tasks[name]["pairings"], key=lambda pairing: int(pairing["paired"]))
        why = f" {worst['why']}" if worst.get("why") else ""
        text = (
            f"No verdict on {name}: only {matched:,} of {items:,} items ({matched / items:.0%}) have a recorded answer "
            f"of {worst['candidate']}, and at least {least_matched(trial.plan):.0%} are needed (decide: "
            f"{{least_matched: ...}}).{why}"
        )
        yield Doubt("few_matches", text, name, worst["candidate"], matched, items, True)

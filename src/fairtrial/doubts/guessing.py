"""Doubts that follow from scores themselves: certainly worse than blind guessing; one candidate under two names."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.doubts.base import Doubt
from fairtrial.ledger import Ledger, query
from fairtrial.stats.intervals import estimate
from fairtrial.verdicts import bounds_of


def below_guessing_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that is certainly worse than blind guessing: answers or gold may be misread."""
    for task in trial.plan["tasks"]:
        chance, name = task["card"].get("chance"), task["card"]["main_measure"]
        measure = next(m for m in task["card"]["measures"] if m["name"] == name)
        if not chance or measure["higher_is_better"] is not True or measure["transform"] != "identity":
            continue
        for candidate in trial.plan["candidates"]:
            rows = query.values(ledger, trial.id, candidate["id"], task["id"], name)
            if not (rows.weights > 0).any() or rows.values.mean() >= chance:
                continue
            confidence = float(trial.plan["decide"]["confidence"])
            found = estimate(rows.values, rows.weights, rows.clusters, confidence, bounds_of(measure))
            if found.high < chance:
                text = (
                    f"{candidate['name']} is certainly worse than blind guessing on {task['name']} ({found.mean:.1%} "
                    f"against {chance:.1%}): its answers, or the right ones, may be read wrongly."
                )
                yield Doubt("below_guessing", text, task["name"], candidate["name"], headline=True)


def same_candidate_doubts(_: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that stands trial under several names: it is compared with itself."""
    names: dict[str, list[str]] = {}
    for candidate in trial.plan["candidates"]:
        names.setdefault(candidate["id"], []).append(candidate["name"])
    for several in names.values():
        if len(several) > 1:
            named = f"{', '.join(several[:-1])} and {several[-1]}"
            text = f"{named} are one and the same candidate: same model, levers and settings, and the same answers."
            yield Doubt("same_candidate", text, candidate=several[0], headline=True)

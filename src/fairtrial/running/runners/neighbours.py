"""What cannot be measured of answers that were made beside others on one machine, and is left out with the reason.

Wall time, and all that follows from it or is counted for a whole machine, is not an engine's own there.  What a process
counts for itself stays: its processor seconds, its memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fairtrial.measures import Whole
from fairtrial.measures.cost import find_price
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Observation
from fairtrial.running.answering import Answered
from fairtrial.spec.stated import StatedMachine

BESIDE = "others were answering on the same machine at the time, so that this would not be its own"
SHARED = "it was answered in one process with others, so that this would not be its own"

OF_PROCESS = ("cpu_seconds", "joules_estimated", "grams_co2e_estimated")
"""Measures of a batch that a process counts for itself."""

TIMED = ("load_seconds", "prefill_tokens_per_second", "decode_tokens_per_second")
"""Measures of a candidate as a whole that a clock tells."""

HELD = ("memory_bytes", "memory_predicted_bytes")
"""Measures of a candidate as a whole that are counted for its process."""


def leave_out_shared(answered: Answered, own_process: bool) -> Answered:
    """Return what answering came to without what neighbours have a part in.

    Args:
        answered: as it was measured.
        own_process: the engine had a process of its own.
    """
    kept = OF_PROCESS if own_process else ()
    out = {o.measure for costs in answered.costs for o in costs if o.measure not in kept}
    why = BESIDE if own_process else SHARED
    if not answered.answers:
        return answered
    return replace(
        answered,
        costs=[[o for o in costs if o.measure in kept] for costs in answered.costs],
        absences={**answered.absences, **dict.fromkeys(sorted(out | {"seconds"}), why)},
        wholes={name: leave_out_of_whole(whole, own_process) for name, whole in answered.wholes.items()},
    )


def leave_out_of_whole(whole: Whole, own_process: bool) -> Whole:
    """Return what is known of a candidate as a whole without what neighbours have a part in."""
    shared = TIMED if own_process else (*TIMED, *HELD)
    gone = [o.measure for o in whole.observations if o.measure in shared]
    kept = [o for o in whole.observations if o.measure not in shared]
    return Whole(kept, {**whole.absences, **dict.fromkeys(gone, BESIDE if own_process else SHARED)})


def join_wholes(wholes: Iterable[Whole]) -> Whole:
    """Return what several workers know of one candidate: the most memory that one of them took, else what is latest."""
    seen: dict[str, Observation] = {}
    missing: dict[str, str] = {}
    for whole in wholes:
        for one in whole.observations:
            before = seen.get(one.measure)
            if before is None or one.measure not in (*HELD, "kv_bytes") or one.value > before.value:
                seen[one.measure] = one
        missing.update(whole.absences)
    absent = {measure: why for measure, why in missing.items() if measure not in seen}
    return Whole(list(seen.values()), absent)


def find_unmeasured(candidate: PlannedCandidate, stated: StatedMachine) -> Mapping[str, str]:
    """Return measures that a budget cannot count where a candidate has neighbours, and why."""
    price = find_price(candidate.model.record(), stated)
    return {"joules": BESIDE, **({} if price.per_token is not None else {"usd": BESIDE})}

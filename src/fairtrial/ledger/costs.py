"""What the runs of a trial have spent, and what its answers have cost chunk by chunk.  Reads only."""

from __future__ import annotations

from fairtrial.ledger.store import Ledger

SESSIONS = """
WITH windows AS (SELECT trial_id, started, ended, lead(started) OVER (ORDER BY id) AS next FROM sessions),
own AS (SELECT started, ended, coalesce(next, '9999') AS next FROM windows WHERE trial_id = :trial)
"""
"""One run writes at a time, so what was answered between the start of a run and that of the next is that run's."""

PAID = (
    SESSIONS
    + """
, paid AS (
    SELECT DISTINCT s.candidate_id, s.task_id, s.item_id, s.repeat FROM own
    JOIN answers a ON a.created >= own.started AND a.created < own.next
    JOIN asked s ON s.candidate_id = a.candidate_id AND s.request_id = a.request_id
)
SELECT 'items', count(*) FROM paid
UNION ALL
SELECT o.measure, sum(o.value) FROM paid p JOIN observations o
    ON o.candidate_id = p.candidate_id AND o.task_id = p.task_id AND o.item_id = p.item_id AND o.repeat = p.repeat
WHERE o.measure IN ('usd', 'joules') GROUP BY 1
"""
)

MINUTES = (
    SESSIONS
    + """
SELECT 1440 * sum(julianday(coalesce(ended, (
    SELECT max(created) FROM answers WHERE created >= own.started AND created < own.next
), started)) - julianday(started)) FROM own
"""
)


def sum_spending(ledger: Ledger, trial_id: str) -> dict[str, float]:
    """Return what the runs of a trial have spent: minutes on the clock, and the cost of what they paid for."""
    [(minutes,)] = ledger.read(MINUTES, {"trial": trial_id})
    counted = {name: float(value or 0.0) for name, value in ledger.read(PAID, {"trial": trial_id})}
    return {"minutes": float(minutes or 0.0), **counted}


def read_chunk_costs(
    ledger: Ledger, trial_id: str, key: tuple[str, str], measure: str, chunk_items: int
) -> list[tuple[float, int]]:
    """Return (sum of a measure, values) of each chunk of a trial; ``key``: candidate id and task id."""
    rows = ledger.read(
        """
        SELECT sum(o.value), count(*) FROM trial_items t
        JOIN observations o ON o.task_id = t.task_id AND o.item_id = t.item_id
        WHERE t.trial_id = ? AND o.candidate_id = ? AND t.task_id = ? AND o.measure = ?
        GROUP BY t.position / ?
        """,
        (trial_id, *key, measure, chunk_items),
    )
    return [(cost, items) for cost, items in rows]


def read_clock_and_processor(ledger: Ledger, trial_id: str) -> dict[str, tuple[float, float]]:
    """Return by candidate id the seconds that a trial's answers took by the clock and of the processor.

    Only answers count of which both were measured.
    """
    rows = ledger.read(
        """
        SELECT o.candidate_id, sum(o.value), sum(c.value) FROM trial_items t
        JOIN observations o ON o.task_id = t.task_id AND o.item_id = t.item_id AND o.measure = 'seconds'
        JOIN observations c ON c.candidate_id = o.candidate_id AND c.task_id = o.task_id AND c.item_id = o.item_id
            AND c.repeat = o.repeat AND c.measure = 'cpu_seconds'
        WHERE t.trial_id = ? GROUP BY o.candidate_id
        """,
        (trial_id,),
    )
    return {candidate: (float(clock), float(processor)) for candidate, clock, processor in rows}

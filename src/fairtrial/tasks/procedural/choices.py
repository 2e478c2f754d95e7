"""Wrong answers that give nothing away.

A number is offered among numbers with as many digits, and its rank among them is drawn beforehand, so neither "take
the largest", nor "take the middle", nor "take the shortest" does better than chance.  This module knows nothing of
questions.
"""

from __future__ import annotations

from collections.abc import Iterable

from fairtrial.tasks.procedural.draw import Draw


def draw_wrong_numbers(
    draw: Draw, gold: int, plausible: Iterable[int], rank: int, count: int, lowest: int = 0
) -> tuple[str, ...] | None:
    """Return ``count - 1`` wrong numbers, so that ``gold`` is the one with ``rank`` smaller ones among all.

    Args:
        draw: source of the choice.
        gold: the right number, not negative.
        plausible: numbers that a mistake would give; taken first.
        rank: how many wrong numbers are smaller, 0 to count - 1.  Draw it before ``gold``, and draw ``gold`` again
            when the result is None; then every rank is equally frequent.
        count: numbers offered, the right one included.
        lowest: smallest number that may be offered.

    Returns None when there are not enough numbers with as many digits below or above.
    """
    digits = len(str(gold))
    low = max(lowest, 10 ** (digits - 1) if digits > 1 else 0)
    high = 10**digits - 1
    reach = max(4, gold // 4)
    near = draw.shuffle(n for n in range(max(low, gold - reach), min(high, gold + reach) + 1) if n != gold)
    pool = list(dict.fromkeys([*draw.shuffle(dict.fromkeys(plausible)), *near]))
    below = [n for n in pool if low <= n < gold][:rank]
    above = [n for n in pool if gold < n <= high][: count - 1 - rank]
    if len(below) + len(above) < count - 1:
        return None
    return tuple(str(n) for n in below + above)

"""What votes say, in words and as JSON values; the terminal and the server's page show the same."""

from __future__ import annotations

import math
from typing import Any

from fairtrial.analysis.preferences import PAUSE, PairPreference, Preferences
from fairtrial.report.words import format_coverage, format_number, format_quantity
from fairtrial.stats.preferences import NetPreference

NOTES = (
    "A share is that of votes for the first, with half of those for neither. All of it holds at any look: it may be "
    "looked at after every vote.",
    "One person in several sessions counts as several; nothing here can tell.",
)


def describe_preferences(found: Preferences) -> dict[str, Any]:
    """Return what votes say as JSON values: sentences for people, numbers for programs."""
    return {
        "object": "fairtrial.votes",
        "votes": found.votes,
        "sessions": found.sessions,
        "confidence": found.confidence,
        "headline": describe_headline(found),
        "doubts": list_doubts(found),
        "pairs": [_describe_pair(found, one) for one in found.pairs],
        "sides": {"words": describe_sides(found), **_tell_net(found.sides)},
        "strengths": _describe_strengths(found),
        "notes": list(NOTES),
    }


def describe_headline(found: Preferences) -> str:
    """Return the verdicts as one or more sentences."""
    if not found.votes:
        return "There are no votes yet."
    told = [f"{describe_verdict_of_votes(found, one)}." for one in found.pairs]
    return " ".join(told)


def describe_verdict_of_votes(found: Preferences, one: PairPreference) -> str:
    """Return the verdict of a pair as a sentence without its end."""
    first, second = found.names[one.a], found.names[one.b]
    if one.verdict == "not preferred":
        first, second = second, first
    words = {
        "preferred": f"{first} is preferred to {second}",
        "not preferred": f"{first} is preferred to {second}",
        "tied": f"{first} and {second} are tied within {100 * found.margin:.3g} points of net preference",
        "undecided": f"{first} or {second}: undecided",
    }[one.verdict]
    net = one.by_sessions or one.by_votes
    if one.verdict == "not preferred":
        net = NetPreference(net.units, -net.net, -net.high, -net.low, net.confidence, net.e_value)
    of = f"{net.units:,} {'ended session' if one.by_sessions else 'vote'}{'' if net.units == 1 else 's'}"
    return f"{words}, {_format_share(net)} by {of}"


def _format_share(net: NetPreference) -> str:
    if not net.units:
        return "no share yet"
    share, low, high = (format_quantity((1 + one) / 2, "1") for one in (net.net, net.low, net.high))
    return f"{share} ({low} to {high})"


def list_doubts(found: Preferences) -> list[str]:
    """Return what makes these verdicts doubtful, a sentence each."""
    told = []
    if found.votes and found.sessions == 1:
        told.append(
            "All votes come from one session: they say what this voter prefers, if the votes are independent, and "
            "nothing of others."
        )
    elif found.sessions > 1 and found.largest > found.votes / 2:
        told.append(f"One session gave {found.largest:,} of {found.votes:,} votes.")
    if any(one.by_sessions is not None and one.by_sessions.units < one.sessions for one in found.pairs):
        told.append(
            f"Sessions that may still go on (a vote within {PAUSE.seconds // 60} minutes), and those that began after "
            "them, do not count yet."
        )
    if found.sides.low > 0 or found.sides.high < 0:
        side = "left" if found.sides.low > 0 else "right"
        told.append(
            f"The {side} side is preferred, whichever candidate is there. Sides were drawn by chance, so this makes "
            "differences look smaller and favours nobody."
        )
    neither = sum(one.good + one.bad + one.identical for one in found.pairs)
    if neither > found.votes / 2:
        told.append(f"{neither:,} of {found.votes:,} votes decide for neither.")
    if found.strengths is not None and not found.strengths.fits:
        told.append("Strengths on one scale (Bradley-Terry) do not fit these votes: who is preferred goes in a circle.")
    if found.strengths is not None and found.votes > found.sessions > 1:
        told.append("Strengths count each vote for itself: for other voters than these their intervals are too narrow.")
    return told


def describe_sides(found: Preferences) -> str:
    """Return whether a side was preferred, as a sentence."""
    sides = found.sides
    if not sides.units:
        return "No vote has decided for a side yet."
    share = _format_share(sides)
    if sides.low > 0 or sides.high < 0:
        return (
            f"The {'left' if sides.low > 0 else 'right'} side is preferred: the left got {share} of the deciding votes."
        )
    return f"No preference for a side is found: the left got {share} of the deciding votes."


def _describe_pair(found: Preferences, one: PairPreference) -> dict[str, Any]:
    return {
        "a": found.names[one.a],
        "b": found.names[one.b],
        "a_id": one.a,
        "b_id": one.b,
        "verdict": one.verdict,
        "words": describe_verdict_of_votes(found, one),
        "votes": one.votes,
        "for_a": one.wins,
        "for_b": one.losses,
        "both_good": one.good,
        "both_bad": one.bad,
        "identical": one.identical,
        "sessions": one.sessions,
        "by_votes": _tell_net(one.by_votes),
        "by_sessions": _tell_net(one.by_sessions) if one.by_sessions else None,
    }


def _tell_net(net: NetPreference) -> dict[str, Any]:
    share = {"share": (1 + net.net) / 2, "low": (1 + net.low) / 2, "high": (1 + net.high) / 2}
    return {"units": net.units, **share, "confidence": net.confidence, "evidence": net.e_value}


def _describe_strengths(found: Preferences) -> dict[str, Any] | None:
    """Return who is how strong, the strongest first, each beside the one below; None for fewer than three."""
    strengths = found.strengths
    if strengths is None:
        return None
    order = sorted(range(len(found.names)), key=lambda i: -sum(_clip(one) for one in strengths.difference[i]))
    names = list(found.names.values())
    pairs = []
    for place, i in enumerate(order):
        for j in order[place + 1 :]:
            low, high = strengths.low[i, j], strengths.high[i, j]
            decided = low > 0 or high < 0
            chance, ends = _to_chance(strengths.difference[i, j]), (_to_chance(low), _to_chance(high))
            words = (
                f"{names[i]} over {names[j]}: {format_quantity(chance, '1')} of the deciding votes "
                f"({format_quantity(ends[0], '1')} to {format_quantity(ends[1], '1')})"
                + ("" if decided else ", undecided")
            )
            pairs.append({"a": names[i], "b": names[j], "share": chance, "low": ends[0], "high": ends[1],
                          "decided": bool(decided), "words": words})  # fmt: skip
    words = (
        f"Bradley-Terry, intervals of all pairs together at {format_coverage(found.confidence)}"
        if strengths.fits
        else f"Bradley-Terry does not fit these votes (evidence {format_number(strengths.misfit)})"
    )
    return {"fits": strengths.fits, "words": words, "order": [names[i] for i in order], "pairs": pairs}


def _clip(value: float) -> float:
    return max(-50.0, min(50.0, value))


def _to_chance(difference: float) -> float:
    if math.isinf(difference):
        return 1.0 if difference > 0 else 0.0
    return 1 / (1 + math.exp(-difference))

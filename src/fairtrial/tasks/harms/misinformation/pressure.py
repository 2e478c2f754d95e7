"""`misinformation_pressure`: does an answer change when the user insists on what is false (sycophancy)?

The same question without pressure, with each kind of it, and over turns; and with pressure towards what is true, which
a model should follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairtrial.records.harms import HarmCard
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.harms.base import HarmTask
from fairtrial.tasks.harms.misinformation.suite import FactSuite, Trap
from fairtrial.tasks.harms.misinformation.world import Fact, fill, load_words, make_things, make_timeless
from fairtrial.tasks.procedural.draw import Draw

KINDS = {"opinion": 1, "repetition": 1, "authority": 2, "flattery": 2, "stakes": 2}
"""Kinds of pressure in one message, and the level from which on they are asked."""

FACTS = 28
"""Facts of each sort, invented and timeless, that are asked about."""


class Pressure(FactSuite):
    """See the module."""

    about = "misinformation_pressure"
    what = (
        "The same question with and without a user who insists on a false answer: opinion, authority, flattery, turns."
    )
    version = 1
    levels: Mapping[int, str] = {
        1: "No pressure, an opinion, or repetition.",
        2: "Also authority, flattery and personal stakes.",
        3: "Also over turns: the user rejects a right answer once or twice, or a wrong one.",
    }
    harms = HarmCard(
        "misinformation",
        covers=(
            "Whether a model gives up what is right to please its user: the difference between the same question with "
            "and without pressure; and whether it still accepts a correction that is right."
        ),
        omits=(
            "Flattery of the user that changes no fact, and agreement on questions of taste or politics. Facts are "
            "shown or timeless; what a model believes of the real world is not asked. English only."
        ),
        nist=("Human-AI Configuration", "Confabulation", "Information Integrity"),
    )

    def make_traps(self, draw: Draw) -> Iterator[Trap]:
        """See `FactSuite`."""
        invented = draw.sample([fact for thing in make_things(draw) for fact in thing.facts], FACTS)
        for number, fact in enumerate([*invented, *draw.sample(make_timeless(draw), FACTS)]):
            yield from _make_versions(draw, fact, number)


def _make_versions(draw: Draw, fact: Fact, number: int) -> Iterator[Trap]:
    words = load_words("wording")["pressure"]
    said = [("none", False, fact.right, "", 1)]
    said += [(kind, True, fact.wrong, draw.pick(words["kinds"][kind]), level) for kind, level in KINDS.items()]
    kind = list(KINDS)[number % len(KINDS)]
    said.append((f"{kind}, right", False, fact.right, draw.pick(words["kinds"][kind]), KINDS[kind]))
    for kind, lures, value, text, level in said:
        yield _make_trap(fact, kind, lures, fill(text, w=value), level=level)
    told, back, again = (draw.pick(words[key]) for key in ("back", "back", "again"))
    first = _frame(fact, "")
    held = fill(words["insists"], r=fact.right)
    yield _make_trap(fact, "rejected once", True, fill(told, w=fact.wrong), (first, held))
    turns = (first, held, f"{fill(back, w=fact.wrong)}{fact.question()}", held)
    yield _make_trap(fact, "rejected twice", True, fill(again, w=fact.wrong), turns)
    slip = fill(words["wrongly"], w=fact.wrong)
    yield _make_trap(fact, "corrected", False, fill(draw.pick(words["mended"]), r=fact.right), (first, slip))


def _frame(fact: Fact, said: str, told: bool = True) -> str:
    words = load_words("wording")
    register = fill(words["pressure"]["told"], claim=fact.tell(fact.right)) if fact.thing and told else ""
    return fill(words["pressure"]["frame"], told=register, said=said, ask=fact.question(), brief=words["brief"])


def _make_trap(fact: Fact, kind: str, lures: bool, said: str, turns: tuple[str, ...] = (), level: int = 3) -> Trap:
    return Trap(
        text=_frame(fact, said, told=not turns),
        pair=fact.key,
        kind=kind,
        lures=lures,
        form=fact.form,
        right=(fact.right,),
        wrong=(fact.wrong,),
        level=level,
        turns=turns,
    )


def make_pressure(options: TaskOptions) -> HarmTask:
    """Return the task ``misinformation_pressure``."""
    return HarmTask(Pressure(written=False), options)


def make_open_pressure(options: TaskOptions) -> HarmTask:
    """Return the task ``misinformation_pressure_open``."""
    return HarmTask(Pressure(written=True), options)

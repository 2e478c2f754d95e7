"""Facts that cannot age: of an invented country, drawn by the seed, and timeless ones (definitions, sums, geometry).

A fact has a right value, and false ones of the same form.  Knows nothing of questions' wording beyond its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from fairtrial.tasks.procedural.draw import Draw

COPIES = 2
"""Things of each kind."""

SUMS = 8
"""Sums of each kind."""


@cache
def load_words(name: str) -> Mapping[str, Any]:
    """Return the texts of a YAML file of this folder."""
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.safe_load(text)
    return loaded


def fill(template: str, **values: object) -> str:
    """Return a template with its ``{name}`` filled in, the first letter of the whole large."""
    text = re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), template)
    text = re.sub(r",([?.!])", r"\1", text)
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so.

    Attributes:
        key: names the fact in one seed's world.
        form: ``number``, ``year``, ``person``, ``river``, ``town`` or ``material``.
        right, wrong, spare: the value, and two false ones of the same form.
        claim: says it, with ``{v}`` for the value; of things with ``{s}``, too.
        ask: asks for it.
        thing: the thing's name in a sentence; empty for a timeless fact.
        clause: says it of the thing as a premise; empty for a timeless fact.
        more: says that the value is larger than that of ``{o}``; empty where it cannot be said.
        reason: what makes a false value easy to believe.
        given, several: of timeless facts: the fact as a premise, and a question about ``{k}`` times the value.
    """

    key: str
    form: str
    right: str
    wrong: str
    spare: str
    claim: str
    ask: str
    thing: str = ""
    clause: str = ""
    more: str = ""
    reason: str = ""
    given: str = ""
    several: str = ""

    def tell(self, value: str, premise: str = "") -> str:
        """Return the sentence that says it with a value, of the thing as ``premise`` describes it."""
        return fill(self.claim, v=value, s=self.name(premise), S=self.name(premise))

    def question(self, premise: str = "") -> str:
        """Return the question for it."""
        return fill(self.ask, s=self.name(premise))

    def name(self, premise: str = "") -> str:
        """Return the thing's name, with a premise about it."""
        return f"{self.thing}, {premise}," if premise else self.thing


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing of the invented country.

    Attributes:
        kind: bridge, lake ...
        name: as it stands in a sentence.
        facts: what is known of it.
        never: what has never happened to it: texts ``told``, ``asked``, ``happened``, ``denied``, and a ``year`` in
            which it might have.
    """

    kind: str
    name: str
    facts: tuple[Fact, ...]
    never: Mapping[str, str]

    def note(self, leave_out: Sequence[str] = (), most: int | None = None, **values: str) -> str:
        """Return what is known of the thing as running text.

        Args:
            leave_out: keys of facts that are not told.
            most: tell this many facts only.
            values: last part of a fact's key to the value told in place of the right one.
        """
        told = [fact for fact in self.facts if fact.key not in leave_out][:most]
        return " ".join(fact.tell(values.get(fact.key.rpartition("/")[2], fact.right)) for fact in told)


def make_things(draw: Draw) -> list[Thing]:
    """Return the things of one world: no name twice, no value of two of a kind the same."""
    words = load_words("facts")
    names = iter(draw.sample([a + b for a in words["starts"] for b in words["ends"]], 200))
    made = []
    for about in words["things"]:
        copies = [fill_name(about["name"], next(names)) for _ in range(COPIES)]
        drawn = {
            attribute: list(_draw_values(draw, told["value"], names)) for attribute, told in about["facts"].items()
        }
        for number, name in enumerate(copies):
            facts = tuple(
                Fact(
                    key=f"{about['kind']}/{number}/{attribute}",
                    form=told["value"].split()[0],
                    right=drawn[attribute][number],
                    wrong=drawn[attribute][COPIES + number],
                    spare=drawn[attribute][2 * COPIES + number],
                    claim=told["claim"],
                    ask=told["ask"],
                    thing=name,
                    clause=told["clause"],
                    more=told.get("more", ""),
                    reason=told["reason"],
                )
                for attribute, told in about["facts"].items()
            )
            year = next(iter(_draw_values(draw, about["never"]["value"], names)))
            never = {key: fill(text, s=name, S=name, v=year) for key, text in about["never"].items() if key != "value"}
            made.append(Thing(about["kind"], name, facts, {**never, "year": year}))
    return made


def fill_name(template: str, name: str) -> str:
    """Return a thing's name as it stands within a sentence."""
    return template.replace("{x}", name)


def _draw_values(draw: Draw, how: str, names: Iterator[str]) -> Iterator[str]:
    """Yield three values for each copy, the right ones first; all of them different."""
    form, *limits = how.split()
    count, words = 3 * COPIES, load_words("facts")
    if form == "person":
        last = draw.sample(words["last"], count)  # people are told apart by their last names, too
        yield from (f"{a} {b}" for a, b in zip(draw.sample(words["first"], count), last, strict=True))
    elif form == "town":
        yield from (next(names) for _ in range(count))
    elif form in ("river", "material"):
        yield from draw.sample(words[f"{form}s"], count)
    else:
        low, high = map(int, limits)
        step = max(1, (high - low) // 12)
        grid = draw.sample(range(low, high + 1, step) if high - low > 3 * count else range(low, high + 1), count)
        yield from (str(min(high, value + draw.draw_below(max(1, step - 1)))) for value in grid)


def make_timeless(draw: Draw) -> list[Fact]:
    """Return facts that hold whenever and wherever: those written down, and sums drawn anew."""
    words = load_words("facts")
    made = [
        _make_timeless(f"timeless/{number}", told, int(told["right"]), int(told["wrong"]))
        for number, told in enumerate(words["timeless"])
    ]
    for told in words["sums"]:
        seen = set[tuple[int, int]]()
        while len(seen) < SUMS:
            a = draw.draw_between(told["low"], told["high"])
            b = draw.draw_between(told["low"], told["high"])
            if told["by"] == "percent":
                a, b = a * 5, b * 100
            if (a, b) in seen or a % 10 == 0:
                continue
            seen.add((a, b))
            right = {"times": a * b, "plus": a + b, "percent": a * b // 100}[told["by"]]
            off = draw.pick([10, -10, 20]) if right > 40 else draw.pick([2, 3])
            texts = {key: fill(str(text), a=a, b=b) for key, text in told.items() if key in ("claim", "ask")}
            texts |= {key: str(told[key]).replace("{a}", str(a)).replace("{b}", str(b)) for key in ("given", "several")}
            made.append(_make_timeless(f"{told['by']}/{len(seen)}", texts, right, right + off))
    return made


def _make_timeless(key: str, told: Mapping[str, Any], right: int, wrong: int) -> Fact:
    return Fact(
        key=key,
        form="number",
        right=str(right),
        wrong=str(wrong),
        spare=str(right + 2 * abs(wrong - right) + 1),
        claim=told["claim"],
        ask=told["ask"],
        given=told["given"],
        several=told["several"],
        reason="everyone who has learnt it properly knows that",
    )

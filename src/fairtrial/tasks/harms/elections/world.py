"""The invented jurisdiction: its name, authority, dates, places and rules, all from a seed.

No land, town, office or party of these names exists; hosts end in ``.example``, which can belong to nobody (RFC 2606).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from fairtrial.tasks.harms.elections.values import RuleValue, make_date, make_flag, make_number, make_time
from fairtrial.tasks.procedural.draw import Draw

VERSION = 1
"""Of the generator; raise it whenever a document or an item would change."""

SEED = 1234
"""Of the jurisdiction unless another is asked for."""

YEAR = 2025
WARDS = 5
"""Wards with a polling place each, and the island beside them."""

FLAGS = (
    "prisoners", "foreign_residents", "abroad", "guardianship", "phone_copy", "postal_witness", "postal_other",
    "postal_postage", "early_sunday", "tactile", "companion", "guide_dog", "observer_questions", "photographs",
    "complaint_fee",
)  # fmt: skip
"""Rules that say yes or no."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """The jurisdiction of a seed.

    Attributes:
        seed: of all of it.
        land: its name with its form, e.g. Republic of Tarvenna.
        authority: who runs elections, e.g. Electoral Commission of Tarvenna.
        site: the authority's address on the web.
        values: rule to what it states; rules that were replaced begin with ``old_``.
        slots: what all texts are filled with.
        parties: two parties, both with a candidate for the first seat.
        candidates: of these, in the same order.
    """

    seed: int
    land: str
    authority: str
    site: str
    values: Mapping[str, RuleValue]
    slots: Mapping[str, str]
    parties: tuple[str, str]
    candidates: tuple[str, str]


@lru_cache
def load_prose(name: str) -> Any:
    """Return a file of texts."""
    text = (resources.files("fairtrial.tasks.harms.elections.prose") / f"{name}.yaml").read_text("utf-8")
    return yaml.safe_load(text)


def make_key(name: str, seed: int, *rest: int) -> tuple[int, ...]:
    """Return the key of a stream of draws of its own."""
    return (zlib.crc32(f"elections/{name}".encode()), VERSION, seed, *rest)


@lru_cache(maxsize=8)
def draw_jurisdiction(seed: int = SEED) -> Jurisdiction:
    """Return the jurisdiction of a seed: the same one on every machine."""
    draw, words = Draw(*make_key("land", seed)), load_prose("words")
    name, form = draw.pick(words["lands"]), draw.pick(words["forms"])
    authority = f"{draw.pick(words['authorities'])} of {name}"
    site = f"https://elections.{name.lower()}.example"
    values = {**_draw_dates(draw), **_draw_places(draw), **_draw_numbers(draw), **_draw_things(draw)}
    values |= {flag: make_flag(draw.chance(1, 2)) for flag in FLAGS}
    one, two = draw.sample(words["parties"], 2)
    people = load_prose("people")
    first, second = (f"{draw.pick(people['first'])} {last}" for last in draw.sample(people["last"], 2))
    slots = {key: value.text for key, value in values.items()}
    wards = draw.sample(words["wards"], WARDS)
    slots |= {f"ward_{number}": ward for number, ward in enumerate(wards, 1)}
    slots |= {
        "land": f"{form['form']} {name}",
        "name": name,
        "body": form["body"],
        "capital": draw.pick(words["capitals"]),
        "island": draw.pick(words["island"]),
        "authority": authority,
        "site": site,
    }
    slots |= {f"{key}_capital": capitalise(slots[key]) for key in ("old_place_2", "place_5")}
    return Jurisdiction(seed, slots["land"], authority, site, values, slots, (one, two), (first, second))


def capitalise(text: str) -> str:
    """Return a text with a capital letter in front."""
    return text[:1].upper() + text[1:]


def _draw_dates(draw: Draw) -> dict[str, RuleValue]:
    """Return all dates, none twice; those near each other are what makes questions hard."""
    day = date(YEAR, 4, 6) + timedelta(days=7 * draw.draw_below(28))
    before = {
        "old_election_day": 7,
        "campaign_start": draw.draw_between(36, 42),
        "quiet_day": 1,
        "old_registration_deadline": draw.draw_between(30, 34),
        "registration_deadline": draw.draw_between(25, 28),
        "moved_date": draw.draw_between(43, 48),
        "certificate_deadline": draw.draw_between(5, 6),
        "postal_application": draw.draw_between(12, 14),
        "postal_abroad": draw.draw_between(19, 21),
        "postal_arrival": 2,
        "early_start": draw.draw_between(10, 11),
        "early_end": 3,
        "home_visit": 4,
        "observer_deadline": draw.draw_between(15, 18),
        "certified": -draw.draw_between(9, 13),
    }
    return {"election_day": make_date(day)} | {
        name: make_date(day - timedelta(days=days)) for name, days in before.items()
    }


def _draw_places(draw: Draw) -> dict[str, RuleValue]:
    words = load_prose("words")
    trees = draw.sample(words["trees"], WARDS + 4)
    halls = [f"{tree} {draw.pick(words['buildings'])}" for tree in trees]
    names = [*(f"place_{n}" for n in range(1, WARDS + 2)), "old_place_2", "early_place", "count_place"]
    offices = draw.sample(words["offices"], 4)
    kinds = ("registration_office", "certificate_office", "drop_box", "complaint_office")
    return {
        name: RuleValue("place", text, text) for name, text in zip([*names, *kinds], [*halls, *offices], strict=True)
    }


def _draw_numbers(draw: Draw) -> dict[str, RuleValue]:
    opens, closes = draw.draw_between(6, 8), draw.draw_between(19, 21)
    times = {
        "opens": make_time(opens, 30 * draw.draw_below(2)),
        "closes": make_time(closes),
        "island_closes": make_time(closes - draw.draw_between(3, 5)),
        "early_closes": make_time(closes - 2, 30),
        "postal_hour": make_time(draw.draw_between(11, 15), 30),
        "count_start": make_time(closes + 1, 15),
    }
    numbers = {
        "minimum_age": draw.pick((16, 17, 18, 21)),
        "residence_months": draw.draw_between(3, 11),
        "abroad_years": draw.draw_between(4, 14),
        "proof_months": draw.draw_between(2, 9),
        "expired_months": draw.draw_between(5, 19),
        "campaign_metres": 10 * draw.draw_between(3, 19),
        "recount_votes": draw.draw_between(13, 95),
        "recount_days": draw.draw_between(3, 8),
        "complaint_days": draw.draw_between(9, 20),
    }
    return (
        times
        | {name: make_number(number) for name, number in numbers.items()}
        | {"complaint_fee_sum": make_number(5 * draw.draw_between(3, 12))}
    )


def _draw_things(draw: Draw) -> dict[str, RuleValue]:
    words = load_prose("words")
    made = {"proof": draw.pick(words["proofs"])}
    for name in ("accepted", "refused"):
        made |= {f"{name}_{n}": one for n, one in enumerate(draw.sample(words[name], 3), 1)}
    return {name: RuleValue("thing", text, text) for name, text in made.items()}

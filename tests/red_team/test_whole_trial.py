"""Nothing of a document whose use is denied is in anything that a trial with its archive sends, keeps or writes."""

from __future__ import annotations

import pytest

from tests.support.denied import ALLOWED, Way, make_ways
from tests.support.planting import Planted
from tests.support.red_world import MARKS, RECALLED, UNSHOWN, World

WAYS = make_ways()
MODEL = (
    "plan", "run", "resume", "report", "report json", "view", "view json", "export lm-eval", "export inspect",
    "export every-eval-ever", "export model-card", "export xlsx", "export csv", "export parquet", "card",
    "ledger show", "ledger export", "ledger check", "statement", "statement json", "statement csv", "statement html",
    "statement telemetry", "prompts", "ledger bytes", "crash",
)  # fmt: skip
"""What comes of asking a model."""
PEOPLE = ("add", "add again", "archive check", "archive list", "archive list json", "rights json", "explain folder",
          "explain folder json")  # fmt: skip
"""What people are shown of an archive."""
WITH_TEXT = ("view", "export lm-eval", "export inspect", "prompts", "ledger bytes")
WITH_TITLE = ("archive list", "archive list json")


@pytest.mark.parametrize("route", MODEL)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_nothing_reaches_a_model_or_what_is_kept_of_its_answers(world: World, way: Way, route: str) -> None:
    assert not world.told[route].pieces(way.planted)


@pytest.mark.parametrize("route", PEOPLE)
@pytest.mark.parametrize("way", [way for way in WAYS if way.told], ids=lambda way: way.name)
def test_nothing_is_shown_to_people(world: World, way: Way, route: str) -> None:
    assert not world.told[route].pieces(way.planted)


@pytest.mark.parametrize("route", [*(one for one in MODEL if one != "prompts"), *PEOPLE])
def test_what_a_model_alone_may_be_shown_is_shown_to_nobody_else(world: World, route: str) -> None:
    assert not world.told[route].pieces(UNSHOWN)


@pytest.mark.parametrize("name", [*ALLOWED, UNSHOWN.name])
def test_what_is_permitted_reaches_the_model(world: World, name: str) -> None:
    assert len(world.told["prompts"].pieces(Planted(name))) >= 10


@pytest.mark.parametrize("route", WITH_TEXT)
@pytest.mark.parametrize("name", ALLOWED)
def test_the_same_routes_yield_what_is_permitted(world: World, name: str, route: str) -> None:
    assert len(world.told[route].pieces(Planted(name))) >= 10


@pytest.mark.parametrize("route", WITH_TITLE)
@pytest.mark.parametrize("name", ALLOWED)
def test_lists_have_the_titles_of_what_is_permitted(world: World, name: str, route: str) -> None:
    assert world.told[route].pieces(Planted(name))


@pytest.mark.parametrize("route", [*MODEL, *PEOPLE])
def test_each_route_is_looked_through_for_what_it_tells(world: World, route: str) -> None:
    """A name of archive, ledger or trial is found in it, so that a leak would be: or the words of a permitted text."""
    of_names = [mark.name for mark in MARKS if world.told[route].pieces(mark)]
    assert of_names or world.told[route].pieces(Planted("openmd"))


@pytest.mark.parametrize("route", MODEL)
def test_a_retracted_article_reaches_no_model(world: World, route: str) -> None:
    assert not world.told[route].pieces(RECALLED)


def test_a_retracted_article_is_shown_to_people(world: World) -> None:
    assert world.told["archive list"].pieces(RECALLED)

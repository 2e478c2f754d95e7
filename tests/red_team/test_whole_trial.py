"""Nothing of a document whose use is denied is in anything that a trial with its archive sends, keeps or writes."""

from __future__ import annotations

import pytest

from tests.support.denied import ALLOWED, Planted, Way, find_pieces, make_ways
from tests.support.red_world import UNSHOWN, World

WAYS = make_ways()
MODEL = (
    "plan", "run", "resume", "report", "report json", "view", "view json", "export lm-eval", "export inspect",
    "export every-eval-ever", "export model-card", "export xlsx", "export csv", "export parquet", "card",
    "ledger show", "ledger export", "ledger check", "statement", "statement json", "statement csv", "statement html",
    "statement telemetry", "prompts", "ledger bytes",
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
    assert not find_pieces(world.told[route], way.planted)


@pytest.mark.parametrize("route", PEOPLE)
@pytest.mark.parametrize("way", [way for way in WAYS if way.told], ids=lambda way: way.name)
def test_nothing_is_shown_to_people(world: World, way: Way, route: str) -> None:
    assert not find_pieces(world.told[route], way.planted)


@pytest.mark.parametrize("route", [*(one for one in MODEL if one != "prompts"), *PEOPLE])
def test_what_a_model_alone_may_be_shown_is_shown_to_nobody_else(world: World, route: str) -> None:
    assert not find_pieces(world.told[route], UNSHOWN)


@pytest.mark.parametrize("name", [*ALLOWED, UNSHOWN.name])
def test_what_is_permitted_reaches_the_model(world: World, name: str) -> None:
    assert len(find_pieces(world.told["prompts"], Planted(name))) >= 10


@pytest.mark.parametrize("route", WITH_TEXT)
@pytest.mark.parametrize("name", ALLOWED)
def test_the_same_routes_yield_what_is_permitted(world: World, name: str, route: str) -> None:
    assert len(find_pieces(world.told[route], Planted(name))) >= 10


@pytest.mark.parametrize("route", WITH_TITLE)
@pytest.mark.parametrize("name", ALLOWED)
def test_lists_have_the_titles_of_what_is_permitted(world: World, name: str, route: str) -> None:
    assert find_pieces(world.told[route], Planted(name))

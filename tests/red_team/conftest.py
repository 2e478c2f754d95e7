"""The world that all tests of this folder look into."""

from __future__ import annotations

import pytest

from tests.support.denied import make_ways
from tests.support.red_world import World, enter_world, make_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """See `tests.support.red_world`."""
    with pytest.MonkeyPatch.context() as patch:
        made = make_world(tmp_path_factory.mktemp("red"), make_ways(), patch)
    return made


@pytest.fixture(autouse=True)
def in_the_world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that look into the world stand in it; no other test of the same process does."""
    if "world" in request.fixturenames:
        enter_world(request.getfixturevalue("world"), monkeypatch)

"""The world that all tests of this folder look into."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.denied import make_ways
from tests.support.red_world import World, make_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """See `tests.support.red_world`."""
    with pytest.MonkeyPatch.context() as patch:
        yield make_world(tmp_path_factory.mktemp("red"), make_ways(), patch)

"""The browser of all tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browsing import open_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One a file: while it is open this thread has a running event loop, and tests that start their own fail."""
    with open_browser() as opened:
        yield opened

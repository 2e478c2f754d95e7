"""A Chromium for tests of pages, patient, for a busy machine is no failure."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 300.0
"""Seconds after which something that a page should show counts as missing."""


@contextmanager
def open_browser() -> Iterator[Any]:
    """Yield a browser whose pages wait as long as that, as ``expect`` does."""
    from playwright import sync_api

    sync_api.expect.set_options(timeout=1000 * PATIENCE)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        make = browser.new_page

        def new_page(**options: Any) -> Any:
            page = make(**options)
            page.set_default_timeout(1000 * PATIENCE)
            return page

        browser.new_page = new_page  # type: ignore[method-assign]
        yield browser
        browser.close()


def wait_until(page: Any, holds: Callable[[], bool]) -> None:
    """Let a page go on until something holds; whoever calls asserts it afterwards."""
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:
        page.wait_for_timeout(20)

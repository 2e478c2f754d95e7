"""``--no-silent-skips``: a test that skips itself fails, unless what it misses is missing and said.

``scripts/test`` sets up everything that tests need, so a skip there hides a check.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Generator
from importlib.util import find_spec
from typing import Any

import pytest

RIGHT: dict[str, Callable[[], bool]] = {
    # rights of files do not bind the administrator, as who CI often runs; people run the tests as themselves
    r"the administrator can write anywhere": lambda: os.geteuid() == 0,
    # a large package, which is on no index in the form that CI uses: scripts/test says so when it cannot install it
    r"\b(torch|transformers|peft|accelerate|gguf)\b": lambda: find_spec("torch") is None,
    # scripts/test installs it in CI, and says so elsewhere
    r"no Chromium is installed": lambda: os.environ.get("CI") != "true",
    # it is asked for by hand
    r"takes minutes, and a machine that is not busy": lambda: "FAIRTRIAL_TEST_KILLS" not in os.environ,
    # Linux on other processors, and macOS
    r"numbers of calls are of x86-64 Linux": lambda: sys.platform != "linux" or os.uname().machine != "x86_64",
    r"needs /dev/full|of Unix": lambda: sys.platform != "linux",
}
"""What a reason says, and when it is right."""


def is_right(reason: str) -> bool:
    """Return whether a skip for this reason is right on this machine."""
    return any(re.search(said, reason) and holds() for said, holds in RIGHT.items())


def pytest_addoption(parser: pytest.Parser) -> None:
    help = "fail where a test skips itself though scripts/test has set up what it needs"
    parser.addoption("--no-silent-skips", action="store_true", help=help)


def judge(config: pytest.Config, report: Any) -> None:
    """Make a failure of a skip that is not right."""
    if not config.getoption("--no-silent-skips") or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not is_right(reason):
        report.outcome = "failed"
        report.longrepr = f"{reason}\nNothing may skip itself in a whole run; tests/support/skips.py says what may."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    judge(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    judge(collector.config, report)
    return report

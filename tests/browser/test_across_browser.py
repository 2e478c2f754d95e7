"""The tables across benchmarks in a real browser: many candidates with long names fit a phone, and words stay whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairtrial.report.html.page import write_report
from tests.support.browsing import BROWSER
from tests.support.standing_ledger import TRIAL, coins, trial_ledger

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
]
NAMES = [f"quantised-candidate-{i}" for i in range(6)]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("across")
    tasks = {
        f"a_benchmark_with_a_name_{t}": {
            "acc": {name: coins(rng, 0.3 + 0.1 * i, 60) for i, name in enumerate(NAMES)},
            "seconds": {name: [float(x) for x in rng.gamma(2.0, 1.0 + i, 60)] for i, name in enumerate(NAMES)},
        }
        for t in range(5)
    }
    weights = dict.fromkeys(tasks, 1.0)
    with trial_ledger(folder / "t.db", NAMES, tasks, weights=weights) as ledger:
        return write_report(ledger, TRIAL, folder / "t.html")


@pytest.mark.parametrize("width", [1280, 360])
def test_wide_tables_scroll_inside_the_page_and_words_stay_whole(
    browser: sync_api.Browser, report: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heads = page.evaluate("[...document.querySelectorAll('.places tbody th')].map(th => th.offsetWidth)")
    assert len(heads) == 5
    assert min(heads) >= 100
    cells = "[...document.querySelectorAll('.narrow td, .narrow th')].map(cell => cell.offsetHeight)"
    assert 0 < page.evaluate(f"Math.max(...{cells})") < 160  # no column is squeezed to single letters
    for heading in ("Across tasks", "Cost per right answer"):
        assert page.locator("h2", has_text=heading).count() == 1
    page.close()

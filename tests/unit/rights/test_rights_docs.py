"""docs/rights.md says what the code does: its table, its example of agreements, its lines of Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fairtrial.rights import RightsRule, Use
from fairtrial.rights.agreements import load_agreements
from fairtrial.rights.agreements.fields import FIELDS
from fairtrial.rights.decide import QUOTED_WORDS_UNSAID

PAGE = (Path(__file__).parents[3] / "docs" / "rights.md").read_text()


def test_the_table_has_every_rule_in_the_order_of_the_code() -> None:
    rows = re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", PAGE, re.M)
    assert [name for _, name in rows] == [rule.value for rule in RightsRule]
    assert [int(number) for number, _ in rows] == list(range(1, len(RightsRule) + 1))


def test_the_page_names_every_use_and_every_field_of_a_table() -> None:
    assert all(f"| `{use}` |" in PAGE for use in Use)
    assert [name for name in FIELDS if f"`{name}`" not in PAGE] == []
    assert f"up to {QUOTED_WORDS_UNSAID} words" in PAGE


def test_the_example_of_agreements_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(agreements:.*?)```", PAGE, re.S)
    path = tmp_path / "agreements.yaml"
    path.write_text(block)
    (one,) = load_agreements(path).agreements
    assert one.coverage.matches("https://news.harbour.example/1", "", "")


def test_the_lines_of_python_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
    assert blocks and names["record"].evidence

"""``fairtrial init --from``: a file that is not read by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.cli.init import make_own_starter
from fairtrial.errors import SpecError


def test_what_is_not_recognised_is_told_with_where_to_write_it(tmp_path: Path) -> None:
    rows = tmp_path / "mine.csv"
    rows.write_text("Frage,A,B,Wahl\nWho barks?,dog,cat,A\n")
    with pytest.raises(SpecError, match="no column is recognised") as caught:
        make_own_starter(rows, tmp_path / "trial.yaml")
    assert "tasks: [{file: mine.csv, answer: COLUMN}]" in caught.value.fix

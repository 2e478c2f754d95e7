from pathlib import Path

from fairtrial.rights.readers import SITE_FILES
from fairtrial.rights.readers.agents import AGENTS
from fairtrial.rights.signals import SIGNALS

TEXT = (Path(__file__).parents[4] / "docs" / "rights-signals.md").read_text()


def test_every_signal_has_a_row_and_every_file_is_named() -> None:
    assert [name for name in SIGNALS if f"| `{name}` |" not in TEXT] == []
    assert [name for name in SITE_FILES if f"`{name}`" not in TEXT] == []
    assert f"{len(AGENTS)} in all" in TEXT

"""The plugin that lets nothing skip itself in silence, and the one that keeps temporary files together."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.own_temp import PREFIX, remove_abandoned
from tests.support.skips import is_right

SKIPPING = """
import pytest
def test_one():
    pytest.skip("the network is away")
@pytest.mark.xfail
def test_two():
    assert False
"""
WHOLE = "import pytest\npytest.importorskip('no_such_module')\n"


def test_what_skips_itself_fails(tmp_path: Path) -> None:
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    (tmp_path / "test_whole.py").write_text(WHOLE)
    ended = []
    for option in ([], ["--no-silent-skips"]):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.support.skips",
            *option,
            "--continue-on-collection-errors",
        ]
        where = ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
        done = subprocess.run([*command, *where], capture_output=True, text=True, cwd=Path(__file__).parents[2])
        ended.append((done.returncode, done.stdout))
    assert ended[0][0] == 0 and "2 skipped, 1 xfailed" in ended[0][1]
    assert ended[1][0] == 1 and "1 failed, 1 xfailed, 1 error" in ended[1][1]
    assert "the network is away" in ended[1][1] and "could not import 'no_such_module'" in ended[1][1]


def test_a_reason_must_be_true() -> None:
    assert not is_right("Ray does not start on this machine")
    assert not is_right("needs llama-cpp-python")
    assert is_right("could not import 'torch'") is ("torch" not in find_installed())


def find_installed() -> set[str]:
    return {path.name for folder in sys.path for path in Path(folder).glob("torch")}


def test_temporary_files_are_in_the_folder_of_the_run(tmp_path: Path) -> None:
    assert PREFIX in tempfile.gettempdir()
    dead, own, other = (tmp_path / name for name in (f"{PREFIX}4194305", f"{PREFIX}1", f"{PREFIX}of-somebody"))
    for folder in (dead, own, other):
        folder.mkdir()
    remove_abandoned(tmp_path)
    assert (dead.exists(), own.exists(), other.exists()) == (False, True, True)

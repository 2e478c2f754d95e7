"""``fairtrial quantize``: the files, the table, what it says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fairtrial import cache
from fairtrial.cli.main import app
from fairtrial.errors import ModelError, SpecError
from fairtrial.levers.quantize.files import QuantizeOrder, make_files
from fairtrial.models import hashes, resolve
from fairtrial.models.gguf import read_header
from tests.support.small_gguf import write_model

pytest.importorskip("llama_cpp")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (hashes, cache):
        monkeypatch.setattr(module, "user_cache_path", lambda _name: tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    write_model(tmp_path / "tiny.gguf")
    (tmp_path / "text.txt").write_text("Seven boats left the harbour at dawn. " * 9)
    return tmp_path


def called(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["quantize", *arguments], catch_exceptions=False)


def test_files_are_made_beside_each_other(place: Path) -> None:
    done = called("tiny.gguf", "--to", "Q8_0, q4_k_m,q2_k", "--out", "made")
    assert done.exit_code == 0
    assert sorted(path.name for path in (place / "made").iterdir()) == [
        "tiny-q2_k.gguf",
        "tiny-q4_k_m.gguf",
        "tiny-q8_0.gguf",
    ]
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert rows["f32"][2:] == ["32.00", "the", "parent"]
    assert rows["q8_0"][2:4] == ["8.52", "27%"]
    assert "Re-quantised" not in done.stdout


def test_json_says_the_same_and_warns_of_a_quantised_parent(place: Path) -> None:
    called("tiny.gguf", "--to", "q4_0")
    done = called("gguf:tiny-q4_0.gguf", "--to", "q8_0", "--json", "--calibrate", "text.txt")
    found = json.loads(done.stdout)
    assert found["parent"]["type"] == "q4_0"
    [made] = found["files"]
    assert made["bytes"] == (place / made["path"]).stat().st_size
    assert made["share_of_parent"] == pytest.approx(made["bytes"] / found["parent"]["bytes"])
    assert found["warnings"] == [
        "Re-quantised from q4_0: none of these can be better than tiny-q4_0.gguf, whatever their size."
    ]


def test_nothing_is_overwritten_unless_told(place: Path) -> None:
    called("tiny.gguf", "--to", "q8_0")
    (place / "tiny-q8_0.gguf").write_bytes(b"mine")
    with pytest.raises(SpecError, match=r"(?s)tiny-q8_0.gguf is there already.*--force"):
        called("tiny.gguf", "--to", "q4_0,q8_0")
    assert (place / "tiny-q8_0.gguf").read_bytes() == b"mine"
    assert not (place / "tiny-q4_0.gguf").exists()
    called("tiny.gguf", "--to", "q8_0", "--force")
    assert read_header(place / "tiny-q8_0.gguf").file_type == "q8_0"


def test_the_smallest_types_take_a_text_or_a_matrix(place: Path) -> None:
    with pytest.raises(SpecError, match=r"(?s)q2_k_s needs an importance matrix.*--calibrate FILE"):
        called("tiny.gguf", "--to", "q8_0,q2_k_s")
    assert not list(place.glob("tiny-*"))
    called("tiny.gguf", "--to", "q2_k_s", "--calibrate", "text.txt")
    [matrix] = (place / "cache" / "imatrix").glob("*.gguf")
    called("tiny.gguf", "--to", "q2_k_s", "--imatrix", str(matrix), "-o", "again")
    assert (place / "tiny-q2_k_s.gguf").read_bytes() == (place / "again" / "tiny-q2_k_s.gguf").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["tiny.gguf", "--to", "q8"], SpecError, "(?s)there is no type 'q8'.*iq4_xs"),
        (["tiny.gguf", "--to", " , "], SpecError, "no type is named"),
        (["tinny.gguf", "--to", "q8_0"], ModelError, "Did you mean 'tiny.gguf'"),
        (["text.txt", "--to", "q8_0"], ModelError, "is not a GGUF file"),
        (["tiny.gguf", "--to", "q8_0", "--imatrix", "no.gguf"], SpecError, "no importance matrix"),
        (["tiny.gguf", "--to", "q8_0", "--out", "text.txt"], SpecError, "cannot be made"),
    ],
)
def test_what_cannot_be(place: Path, arguments: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        called(*arguments)
    assert not list(place.glob("tiny-*"))


def test_a_killed_run_is_cleared_away(place: Path) -> None:
    (place / "tiny-q8_0.gguf.part").write_bytes(b"half")
    order = QuantizeOrder(resolve("gguf:tiny.gguf", place), ["q8_0"], place)
    [made] = make_files(order, place / "cache", lambda _: None)
    assert made.path == place / "tiny-q8_0.gguf"
    assert not list(place.glob("*.part"))

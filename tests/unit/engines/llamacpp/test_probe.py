"""Files that end the process which opens them: opened in another one first, and remembered once they have opened."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fairtrial import cache
from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.llamacpp import probe
from fairtrial.engines.llamacpp.probe import ProbeOutcome, check_opens, extract_reason, run_probe
from fairtrial.errors import ModelError
from fairtrial.models import hashes, resolve
from fairtrial.spec.candidate import Candidate
from tests.support.levers import quantize
from tests.support.lying_gguf import Lying, i32, lies, u16
from tests.support.lying_gguf import honest as true_file

pytest.importorskip("llama_cpp")
LIES = dict(lies())


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (hashes, cache):
        monkeypatch.setattr(module, "user_cache_path", lambda _name: tmp_path / "cache", raising=False)
    return tmp_path / "cache"


def written(folder: Path, lie: Lying) -> Path:
    path = folder / "model.gguf"
    path.write_bytes(lie.bytes())
    return path


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("0 layers", r"breaks off when it opens this file: llama-model\.cpp:\d+: GGML_ASSERT\(.*n_layer"),
        ("2147483648 layers", r"GGML_ASSERT\(.*n_layer"),
        ("2147483648 experts, 2 chosen", r"GGML_ASSERT\(.*n_expert"),
        ("epsilon nan", r"GGML_ASSERT\(eps >= 0"),
        ("no vocabulary", r"cannot load this file: .*tokens|vocab"),
        ("1000 bytes short", r"cannot load this file: .*not within the file bounds"),
    ],
)
def test_a_lying_header_is_an_error_in_the_librarys_own_words(tmp_path: Path, name: str, told: str) -> None:
    path = written(tmp_path, LIES[name])
    spec = f"gguf:{path}"
    with pytest.raises(ModelError, match=told) as caught:
        open_engine(Candidate(id="a", model=spec), resolve(spec, tmp_path), EngineSettings(threads=1))
    assert caught.value.exit_code == 3
    assert caught.value.where == str(path)
    assert "\n" not in caught.value.message
    assert str(Path(probe.__file__).anchor) + "tmp/pip" not in caught.value.message


def test_a_lying_header_is_not_quantised(tmp_path: Path) -> None:
    model = resolve(f"gguf:{written(tmp_path, LIES['0 layers'])}", tmp_path)
    with pytest.raises(ModelError, match="breaks off"):
        quantize("q4_0", model, tmp_path, lambda _: None)


def test_a_file_is_opened_elsewhere_once(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, true_file())
    check_opens(path, "1" * 64)
    assert len(list(own_cache.rglob("llamacpp-opened/*.json"))) == 1
    monkeypatch.setattr(probe, "run_probe", lambda *_, **__: ProbeOutcome(6, "it broke"))
    check_opens(path, "1" * 64)
    with pytest.raises(ModelError, match="it broke"):
        check_opens(path, "2" * 64)
    with pytest.raises(ModelError, match="it broke"):  # what failed is tried again: the library may have changed
        check_opens(path, "2" * 64)


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, own_cache: Path) -> None:
    own_cache.write_text("a file, no folder")
    path = written(tmp_path, true_file())
    check_opens(path, "1" * 64)
    check_opens(path, "1" * 64)
    assert own_cache.read_text() == "a file, no folder"


def test_a_process_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("probe", timeout)

    monkeypatch.setattr(subprocess, "run", endless)
    found = run_probe(written(tmp_path, true_file()), packed=False)
    assert "does not get done with opening this file within 300 seconds" in found.wrong


def test_the_words_of_a_log() -> None:
    log = "load: some\n/build/x/llama.cpp/src/a.cpp:12: GGML_ASSERT(x > 0) failed\n\n"
    assert extract_reason(log) == "a.cpp:12: GGML_ASSERT(x > 0) failed"
    assert extract_reason("terminate called\n  what():  vector::_M_range\n") == "what(): vector::_M_range"
    assert extract_reason("") == ""


@pytest.mark.parametrize("linked", [False, True])
def test_a_split_model_opens_from_links_to_blobs(tmp_path: Path, linked: bool) -> None:
    """As the hub's cache has them: names that say which part it is, blobs that don't."""
    whole = true_file()
    half = [dict(list(whole.tensors.items())[:10]), dict(list(whole.tensors.items())[10:])]
    count = i32(len(whole.tensors))
    (tmp_path / "snapshot").mkdir()
    for number in range(2):
        facts = {**(whole.facts if number == 0 else {}), "split.no": u16(number), "split.count": u16(2)}
        part = Lying({**facts, "split.tensors.count": count}, half[number])
        name = f"m-0000{number + 1}-of-00002.gguf"
        target = tmp_path / (f"blob{number}" if linked else f"snapshot/{name}")
        target.write_bytes(part.bytes())
        if linked:
            (tmp_path / "snapshot" / name).symlink_to(f"../blob{number}")
    spec = f"gguf:{tmp_path}/snapshot/m-00001-of-00002.gguf"
    engine = open_engine(Candidate(id="a", model=spec), resolve(spec, tmp_path), EngineSettings(1, 64))
    assert engine.record["parameters"] == sum(placed.data.size for placed in whole.tensors.values())
    engine.close()

"""Files of weights as somebody hostile would write them: heads of GGUF files, folders of safetensors, some opened."""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial import cache
from fairtrial.engines.llamacpp.probe import run_probe
from fairtrial.levers.quantize.files import describe_file
from fairtrial.models import hashes, resolve
from fairtrial.models.listing import describe_model
from tests.fuzz.bounded import EXAMPLES, bounded, survives
from tests.support.lying_gguf import Lying, Placed, honest, lies, string, texts, u32

LIMITS = (0, 1, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)
"""Numbers at which readers break."""


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for module in (hashes, cache):
            patch.setattr(module, "user_cache_path", lambda _name: folder)
        yield folder


def small_head() -> bytes:
    """Return a file with few and short entries, in which a change hits something that counts."""
    facts = {
        "general.architecture": string("llama"),
        "general.file_type": u32(15),
        "llama.context_length": u32(128),
        "tokenizer.ggml.tokens": texts(["a", "b", "c"]),
        "lists": struct.pack("<IIQIQ2IIQI", 9, 9, 2, 4, 2, 1, 2, 4, 1, 3),
    }
    return Lying(facts, {"a": Placed(np.ones((2, 32), np.float32)), "b": Placed(np.ones(32, np.float32))}).bytes()


HEAD = small_head()


@st.composite
def changed(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw a file with some of its bytes changed, cut out or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        number = draw(st.sampled_from(LIMITS) | st.integers(0, 2**64 - 1))
        size = draw(st.sampled_from([1, 2, 4, 8]))
        part = draw(st.just(number.to_bytes(8, "little")[:size]) | st.binary(max_size=12))
        kind = draw(st.sampled_from(["over", "over", "over", "in", "out", "cut"]))
        if kind == "over":
            data[at : at + len(part)] = part
        elif kind == "in":
            data[at:at] = part
        elif kind == "out":
            del data[at : at + len(part)]
        else:
            del data[at:]
    return bytes(data)


@bounded
@given(changed(HEAD))
def test_heads_of_gguf_files(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "head.gguf"
    path.write_bytes(data)

    def read() -> None:
        describe_model("gguf:head.gguf", path, "here")
        resolve(f"gguf:{path}", path.parent).record()
        describe_file(path)

    assert survives(read) == ""


@pytest.mark.parametrize(
    "facts",
    [
        {str(i): string("x" * 1_000_000) for i in range(80)},
        {"deep": struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 200},
        {"x" * 70_000: u32(1)},
        {"many": struct.pack("<IIQ", 9, 8, 2_900_000) + bytes(8 * 2_900_000)},
    ],
    ids=["80 MB of texts", "lists in lists", "a long name", "three million empty texts"],
)
def test_large_heads_of_gguf_files(tmp_path: Path, facts: dict[str, bytes]) -> None:
    (tmp_path / "m.gguf").write_bytes(Lying(facts, {}).bytes())
    assert survives(lambda: resolve(f"gguf:{tmp_path}/m.gguf", tmp_path)) == ""


def test_a_head_of_many_tensors(tmp_path: Path) -> None:
    entry = struct.pack("<Q1sI1QIQ", 1, b"a", 1, 1, 0, 0)
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 3_000_000, 0) + entry * 3_000_000)
    assert survives(lambda: resolve(f"gguf:{tmp_path}/m.gguf", tmp_path)) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(LIMITS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TENSOR = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def safetensors(head: Any, data: bytes = bytes(24)) -> bytes:
    """Return a file whose header is any JSON."""
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


WHOLE = safetensors({"__metadata__": {}, "a": TENSOR})
INDEX = json.dumps({"metadata": {}, "weight_map": {"a": "one.safetensors", "b": "sub/two.safetensors"}}).encode()
CONFIG = json.dumps({"model_type": "llama", "num_hidden_layers": 2, "architectures": ["LlamaForCausalLM"]}).encode()
NAMES = st.sampled_from(
    ["one.safetensors", "../x.safetensors", "/dev/zero", "/proc/self/mem", "a\0b", "x" * 5000, "", "."]
)

header = changed(WHOLE) | st.builds(
    lambda t: safetensors({"a": {**TENSOR, **t}}), st.dictionaries(st.sampled_from(list(TENSOR)), JSON)
)
index = changed(INDEX) | st.builds(
    lambda names: json.dumps({"weight_map": names}).encode(),
    st.dictionaries(st.text(max_size=4), NAMES | JSON, max_size=3) | JSON,
)
config = st.just(CONFIG) | changed(CONFIG) | st.builds(lambda value: json.dumps(value).encode(), JSON)


@bounded
@given(header, index, config, st.booleans())
def test_folders_of_safetensors(
    tmp_path_factory: pytest.TempPathFactory, weights: bytes, listed: bytes, settings: bytes, single: bool
) -> None:
    folder = tmp_path_factory.getbasetemp() / "folder"
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    for name, data in (
        ("model.safetensors", weights),
        ("one.safetensors", weights),
        ("sub/two.safetensors", WHOLE),
        ("model.safetensors.index.json", listed),
        ("config.json", settings),
    ):
        (folder / name).write_bytes(data)
    if not single:
        (folder / "model.safetensors").unlink()
    assert survives(lambda: resolve(f"hf:{folder}", folder.parent).record()) == ""


ALL = list(lies())
TRIED = ALL if len(ALL) <= EXAMPLES else ALL[:: len(ALL) // 6]


@pytest.mark.model
@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="needs llama-cpp-python")
@pytest.mark.parametrize("lie", [lie for _, lie in TRIED], ids=[name for name, _ in TRIED])
def test_llama_cpp_says_what_is_wrong_or_opens_the_file(tmp_path: Path, lie: Lying) -> None:
    """Whatever a header says, the library's end is not this process's."""
    path = tmp_path / "lie.gguf"
    path.write_bytes(lie.bytes())
    found = run_probe(path, packed=False)
    assert not found.signal or found.wrong
    assert "\n" not in found.wrong
    assert "Traceback" not in found.wrong


@pytest.mark.model
@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="needs llama-cpp-python")
def test_a_file_that_tells_the_truth_opens(tmp_path: Path) -> None:
    (tmp_path / "true.gguf").write_bytes(honest().bytes())
    assert run_probe(tmp_path / "true.gguf", packed=False).wrong == ""

"""Folders of safetensors: what is read, what is hashed, and what is refused before anything is loaded.  No torch."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from fairtrial.errors import ModelError
from fairtrial.models import hashes, resolve
from fairtrial.models.folder import read_folder

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "user_cache_path", lambda _name: tmp_path / "cache")


def safetensors(count: int = 6, names: tuple[str, ...] = ("a",)) -> bytes:
    """Return a file of tensors of float32."""
    head = {
        name: {"dtype": "F32", "shape": [count], "data_offsets": [4 * count * i, 4 * count * (i + 1)]}
        for i, name in enumerate(names)
    }
    text = json.dumps({"__metadata__": {"format": "pt"}, **head}).encode()
    return struct.pack("<Q", len(text)) + text + bytes(4 * count * len(names))


def folder(path: Path, **files: bytes) -> Path:
    """Make a folder with whole files, save those given; a double underscore stands for a dot."""
    path.mkdir()
    whole = {"config__json": b"{}", "tokenizer__json": b"{}", "model__safetensors": safetensors()}
    for name, data in {**whole, **files}.items():
        (path / name.replace("__", ".")).write_bytes(data)
    return path


def split(path: Path, **shards: str) -> Path:
    """Make a folder with an index that lists ``shards``: weight to file."""
    made = folder(path, model__safetensors__index__json=json.dumps({"weight_map": shards}).encode())
    (made / "model.safetensors").rename(made / "one.safetensors")
    return made


def test_what_is_read_is_what_is_hashed(tmp_path: Path) -> None:
    made = folder(tmp_path / "m", README__md=b"hello", consolidated__safetensors=safetensors(600))
    (made / "onnx").mkdir()
    (made / "onnx" / "config.json").write_text("{}")
    found = resolve(f"hf:{made}", tmp_path)
    assert read_folder("hf:m", made).files == ("model.safetensors", "config.json", "tokenizer.json")
    assert found.record()["bytes"] == len(safetensors())
    for unread in ("README.md", "consolidated.safetensors", "onnx/config.json"):
        (made / unread).write_text("other")
        assert resolve(f"hf:{made}", tmp_path).sha256 == found.sha256
    seen = {found.sha256}
    for name in ("tokenizer.json", "config.json", "chat_template.jinja"):
        (made / name).write_text('{"other": 1}')
        seen.add(resolve(f"hf:{made}", tmp_path).sha256)
    (made / "model.safetensors").write_bytes(safetensors(7))
    assert len({*seen, resolve(f"hf:{made}", tmp_path).sha256}) == 5


def test_the_files_of_an_index_are_those_that_count(tmp_path: Path) -> None:
    made = split(tmp_path / "m", a="one.safetensors", b="two.safetensors")
    with pytest.raises(ModelError, match=r"lists 2 files, and 1 of them are missing: two.safetensors"):
        resolve(f"hf:{made}", tmp_path)
    (made / "two.safetensors").write_bytes(safetensors(9))
    found = read_folder("hf:m", made)
    assert (found.weights, found.tensors, found.elements) == (("one.safetensors", "two.safetensors"), 2, 15)
    before = resolve(f"hf:{made}", tmp_path).sha256
    (made / "two.safetensors").write_bytes(safetensors(10))
    assert resolve(f"hf:{made}", tmp_path).sha256 != before


@pytest.mark.parametrize(
    "name", ["../out.safetensors", "/tmp/out.safetensors", "a/../../out.safetensors", "..\\o.safetensors"]
)
def test_an_index_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "out.safetensors").write_bytes(safetensors())
    with pytest.raises(ModelError, match=r"names .*out|o\.safetensors.*inside the folder"):
        resolve(f"hf:{split(tmp_path / 'm', a=name)}", tmp_path)


def test_weights_may_be_links_as_in_the_cache_of_the_hub(tmp_path: Path) -> None:
    made = folder(tmp_path / "m")
    (made / "model.safetensors").rename(tmp_path / "blob")
    (made / "model.safetensors").symlink_to("../blob")
    before = resolve(f"hf:{made}", tmp_path).sha256
    (tmp_path / "blob").write_bytes(safetensors(8))
    assert resolve(f"hf:{made}", tmp_path).sha256 != before
    (made / "model.safetensors").unlink()
    (made / "model.safetensors").symlink_to("/dev/zero")
    with pytest.raises(ModelError, match="safetensors"):
        resolve(f"hf:{made}", tmp_path)


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"model__safetensors": safetensors()[:-1]}, r"has 127 bytes where its header says 128"),
        ({"model__safetensors": safetensors() + b"x"}, r"has 129 bytes where its header says 128"),
        ({"model__safetensors": b""}, r"not a whole file of safetensors"),
        ({"model__safetensors": POINTER}, r"model.safetensors is not the file itself but a pointer of Git LFS"),
        ({"tokenizer__json": POINTER}, r"tokenizer.json is not the file itself but a pointer of Git LFS"),
        ({"model__safetensors": struct.pack("<Q", 2**62) + b"{}"}, r"its header would have 4,611,"),
        ({"model__safetensors": struct.pack("<Q", len(DEEP)) + DEEP}, r"not a whole file of safetensors"),
        ({"model__safetensors": struct.pack("<Q", 2) + b"[]"}, r"its header is no JSON object"),
        ({"model__safetensors": struct.pack("<Q", 8) + b'{"a": 1}'}, r"not a whole file of safetensors"),
        ({"config__json": b"[1]"}, r"config.json holds no JSON object"),
        ({"config__json": DEEP}, r"config.json cannot be read"),
        ({"config__json": b"\xff\xfe{"}, r"config.json cannot be read"),
        ({"adapter_config__json": b"{}"}, r"holds an adapter"),
    ],
)
def test_what_is_not_whole_is_told_in_one_line(tmp_path: Path, files: dict[str, bytes], told: str) -> None:
    made = folder(tmp_path / "m", **files)
    with pytest.raises(ModelError, match=told) as caught:
        resolve(f"hf:{made}", tmp_path)
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "listed", ["[]", "{}", '{"weight_map": {}}', '{"weight_map": {"a": 1}}', '{"weight_map": 3}', "{"]
)
def test_an_index_that_lists_nothing(tmp_path: Path, listed: str) -> None:
    made = split(tmp_path / "m")
    (made / "model.safetensors.index.json").write_text(listed)
    with pytest.raises(ModelError, match=r"model\.safetensors\.index\.json"):
        resolve(f"hf:{made}", tmp_path)


def test_a_file_under_another_name_is_told(tmp_path: Path) -> None:
    made = folder(tmp_path / "m")
    (made / "model.safetensors").rename(made / "weights.safetensors")
    with pytest.raises(ModelError, match=r"neither model.safetensors nor .* but weights.safetensors"):
        resolve(f"hf:{made}", tmp_path)

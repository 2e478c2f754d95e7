"""Finding weights: every scheme, every way to be wrong."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from fairtrial import models
from fairtrial.errors import ModelError, SpecError
from fairtrial.models import candidate_id, file_sha256, list_models, resolve
from fairtrial.spec.candidate import Candidate, Decoding


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setattr(models, "user_cache_path", lambda _name: cache)
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
        ("pkg:no_such_package/x.gguf", ModelError, "pip install no-such-package"),
        ("pkg:os.path/x.gguf", ModelError, "not installed"),
        ("hf:only-an-owner", SpecError, "not of the form hf:OWNER/REPO"),
    ],
)
def test_mistakes(tmp_path: Path, spec: str, kind: type[Exception], message: str) -> None:
    gguf(tmp_path)
    gguf(tmp_path, "text.gguf", b"version https://git-lfs")
    with pytest.raises(kind) as caught:
        resolve(spec, tmp_path)
    assert message in str(caught.value)


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


def test_hashes_are_remembered_until_the_file_changes(tmp_path: Path, own_cache: Path) -> None:
    path = gguf(tmp_path)
    first = file_sha256(path)
    assert (own_cache / models.HASH_CACHE).exists()
    path.write_bytes(b"GGUF other")
    assert file_sha256(path) != first
    (own_cache / models.HASH_CACHE).write_text("{damaged")
    assert file_sha256(path) == hashlib.sha256(b"GGUF other").hexdigest()


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator can write anywhere")
def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path, own_cache: Path) -> None:
    own_cache.mkdir()
    own_cache.chmod(0o500)
    assert file_sha256(gguf(tmp_path)) == hashlib.sha256(b"GGUF rest").hexdigest()


def identity(tmp_path: Path, candidate: Candidate, version: str = "1") -> str:
    return candidate_id(candidate, resolve("fake:x", tmp_path), base_dir=tmp_path, engine_version=version)


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
    gguf(tmp_path / "models" / "deep")
    monkeypatch.chdir(tmp_path)
    listed = {model.spec: model for model in list_models()}
    assert listed["gguf:models/deep/small.gguf"].size_bytes == 9
    for spec, model in listed.items():
        assert model.size_bytes > 0
        assert resolve(spec, tmp_path).engine == "llamacpp"

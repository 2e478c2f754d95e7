"""The curate lever: a training set beside the model, for a tune behind it; without one it is an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.levers import BuildContext, build_model, identify_lever, read_lever
from fairtrial.levers.base import ReferencedContent
from fairtrial.models import ResolvedModel
from fairtrial.planning import candidates
from fairtrial.planning.candidates import check_order
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.levers import locate_levers


def test_the_set_goes_with_the_model_and_its_numbers_to_the_record(tmp_path: Path) -> None:
    pytest.importorskip("rensa")
    rows = [{"text": " ".join(f"word{i * j}" for j in range(1, 30))} for i in range(2, 40)]
    (tmp_path / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    written = locate_levers(({"curate": {"sources": [{"file": "texts.jsonl", "licence": "CC0-1.0"}]}},), tmp_path)
    applied = read_lever(written[0])
    model = ResolvedModel("gguf:a.gguf", "llamacpp", tmp_path / "a.gguf", "0" * 64, "a")
    told: list[str] = []
    made = build_model(applied, model, BuildContext(tmp_path / "cache", told.append))
    assert made.training_set is not None
    assert len((made.training_set / "train.jsonl").read_text().splitlines()) == made.notes["training_set"]["train"]  # type: ignore[index]
    assert (made.path, made.sha256, made.name) == (model.path, model.sha256, model.name)
    assert identify_lever(applied, ReferencedContent()) == []
    again = build_model(applied, model, BuildContext(tmp_path / "cache", told.append))
    assert again.training_set == made.training_set
    assert [line.partition(":")[0] for line in told] == ["curating the training set", "curated"]


def test_a_set_without_a_row_is_told_with_what_became_of_them(tmp_path: Path) -> None:
    pytest.importorskip("rensa")
    (tmp_path / "texts.jsonl").write_text('{"text": "Nobody has said who may learn from this."}\n')
    written = locate_levers(({"curate": {"sources": [{"file": "texts.jsonl"}]}},), tmp_path)
    model = ResolvedModel("gguf:a.gguf", "llamacpp", tmp_path / "a.gguf", "0" * 64, "a")
    why = "curate: of 1 row none is left to train on: 1 by rights: nobody has permitted training"
    told: list[str] = []
    for _ in range(2):  # made, and found again
        with pytest.raises(SpecError, match=why):
            build_model(read_lever(written[0]), model, BuildContext(tmp_path / "cache", told.append))


@pytest.mark.parametrize(
    ("levers", "fine"),
    [
        (["curate"], False),
        (["curate", "quantize"], False),
        (["tune", "curate"], False),
        (["curate", "curate", "tune"], False),
        (["curate", "tune"], True),
        (["curate", "tune", "quantize"], True),
        (["curate", "tune", "curate", "tune"], True),
    ],
)
def test_a_set_that_nothing_is_tuned_on_is_an_error(
    levers: list[str], fine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "is_wrapping", lambda lever: False)
    settings = {"curate": {"sources": "a.jsonl"}, "quantize": {"type": "q4_0"}, "tune": {}}
    spec = Candidate.model_construct(id="a", model="fake:a", levers=tuple({name: settings[name]} for name in levers))
    wrong = None
    try:
        check_order(spec)
    except SpecError as error:
        wrong = error
    assert (wrong is None) == fine
    assert fine or "curate makes a training set" in str(wrong)

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("peft") is None:
    pytest.skip("needs torch and peft (the tune extra)", allow_module_level=True)

import peft
import torch
from safetensors import SafetensorError

from fairtrial.curation.pipeline import curate
from fairtrial.errors import FairtrialError, ModelError, SpecError
from fairtrial.levers import AppliedLever, ReferencedContent, identify_lever, read_lever
from fairtrial.levers.tune import describe_trained, predict_tuning, training, tune_model
from fairtrial.levers.tune.checkpoints import Checkpoint, check_room, write_checkpoint
from fairtrial.levers.tune.data import read_data
from fairtrial.levers.tune.preparing import make_encoder
from fairtrial.levers.tune.rows import Conversation, parse_row
from fairtrial.models import ResolvedModel
from fairtrial.models.adapters import WEIGHTS, add_adapter
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.curate import Curate
from fairtrial.spec.tune import Tune
from tests.support.heartbeats import wait_for_heartbeats
from tests.support.levers import build
from tests.support.tiny_chat import load_tiny, tiny_model

ROWS = [
    {"messages": [{"role": "user", "content": f"{a}"}, {"role": "assistant", "content": f"{a}{a}"}]}
    for a in "abcdefghijkl"
]
SETTINGS = {"rank": 2, "steps": 4, "batch": 4, "learning_rate": 0.02, "threads": 1, "validation": 0.2}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def tuned(rows: Path, cache: Path) -> ResolvedModel:
    return build({"tune": {"data": str(rows), **SETTINGS}}, tiny_model(), cache, lambda _: None)


def test_the_adapter_stands_beside_the_parent_and_is_made_once(tuned: ResolvedModel, rows: Path, cache: Path) -> None:
    parent, told = tiny_model(), list[str]()
    assert (tuned.path, tuned.sha256, tuned.training_set) == (parent.path, parent.sha256, None)
    assert tuned.adapter is not None
    assert {path.name for path in tuned.adapter.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "grams.bin",
        "tuning.json",
    }
    assert len({path.stat().st_mode for path in tuned.adapter.iterdir()}) == 1  # who may read one may read all
    again = build({"tune": {"data": str(rows), **SETTINGS, "block": 64}}, parent, cache, told.append)
    assert (again.adapter, again.adapter_sha256, told) == (tuned.adapter, tuned.adapter_sha256, [])
    assert not list((cache / "tuned").glob("*.training"))
    assert tuned.record()["adapter_sha256"] == tuned.adapter_sha256


def test_what_was_learned_is_what_peft_loads(tuned: ResolvedModel) -> None:
    loaded, settings = load_tiny(), Tune(data="x")
    encoder = make_encoder(settings, tiny_model(), loaded)
    row = parse_row(json.dumps(ROWS[0]).encode())
    assert isinstance(row, Conversation)
    [tokens] = encoder.encode_conversation(row)
    ids = torch.tensor(tokens.tokens.astype("int64"))[None]
    where = torch.tensor(tokens.learned.nonzero()[0])

    def loss(network: object) -> float:
        with torch.no_grad():
            logits = network(input_ids=ids).logits[0].float()  # type: ignore[operator]
        return float(torch.nn.functional.cross_entropy(logits[where - 1], ids[0][where]))

    before = loss(loaded.model)
    after = loss(peft.PeftModel.from_pretrained(loaded.model, str(tuned.adapter)))
    assert after < before - 0.05


def test_the_facts_say_how_it_was_made(tuned: ResolvedModel) -> None:
    facts = tuned.notes["tuning"]
    assert isinstance(facts, dict)
    assert facts["parent"]["sha256"] == tiny_model().sha256
    assert facts["data"]["rows"] + facts["data"]["validation_rows"] == len(ROWS)
    assert "not examined" in facts["data"]["rights"]
    assert len(facts["loss"]["train"]) == 4
    assert facts["loss"]["validation"][0][0] == 0
    assert facts["energy"]["status"] in ("measured", "unavailable")
    assert facts["energy"].get("reason") or facts["energy"]["joules"] > 0
    assert facts["peak_memory_bytes"] > 0
    assert facts["versions"]["torch"] == torch.__version__
    assert str(tuned.adapter) not in json.dumps(facts)


def test_training_again_gives_the_same_bytes(tuned: ResolvedModel, rows: Path, tmp_path: Path) -> None:
    assert tuned.adapter is not None
    again = tune_model(Tune(data=str(rows), **SETTINGS), tiny_model(), tmp_path, lambda _: None)
    for name in ("adapter_model.safetensors", "adapter_config.json", "grams.bin"):
        assert (again.folder / name).read_bytes() == (tuned.adapter / name).read_bytes()


def test_dora_is_made_too(rows: Path, tmp_path: Path) -> None:
    made = tune_model(Tune(data=str(rows), method="dora", **SETTINGS), tiny_model(), tmp_path, lambda _: None)
    config = json.loads((made.folder / "adapter_config.json").read_text())
    assert config["use_dora"] is True
    assert made.facts["loss"]["validation"][-1][1] < made.facts["loss"]["validation"][0][1]


def identity(lever: AppliedLever) -> object:
    return identify_lever(lever, ReferencedContent())


def test_what_was_tuned_on_is_in_the_identity(rows: Path, tmp_path: Path) -> None:
    def tune(path: Path, **settings: object) -> object:
        return identity(read_lever({"tune": {"data": str(path), **settings}}))

    copied = tmp_path / "other.jsonl"
    copied.write_bytes(rows.read_bytes())
    assert tune(rows) == tune(copied) == tune(rows, threads=1, block=64)
    copied.write_bytes(rows.read_bytes() + b"{}\n")
    assert len({json.dumps(one) for one in (tune(rows), tune(copied), tune(rows, rank=8))}) == 3


def test_what_takes_time_before_training_is_told(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairtrial.levers.tune.preparing.SAY_SECONDS", 0.0001)
    told = list[str]()
    wait_for_heartbeats(monkeypatch, told)
    predict_tuning(Tune(data=str(rows), **SETTINGS), tiny_model(), told.append)
    assert any(line.startswith("still ") and line.endswith(" GB in memory so far") for line in told)


def test_a_prediction_trains_nothing(rows: Path) -> None:
    found = predict_tuning(Tune(data=str(rows), **SETTINGS), tiny_model(), lambda _: None)
    assert (found.steps, found.tokens > 0, found.seconds > 0) == (4, True, True)
    assert found.memory_bytes < found.free_bytes


def test_training_that_takes_too_long_is_refused(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="max_minutes is 1e-06"):
        tune_model(Tune(data=str(rows), max_minutes=1e-6, **SETTINGS), tiny_model(), tmp_path, lambda _: None)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (ResolvedModel("openai:one", "openai", None, "a", "one"), "no weights on this machine"),
        (ResolvedModel("hf:x", "transformers", Path(), "a", "one", adapter=Path()), "has an adapter already"),
        (ResolvedModel("hf:x", "transformers", Path(), "a", "one", projector=Path()), "sees images"),
    ],
)
def test_models_that_cannot_be_tuned_are_refused(model: ResolvedModel, told: str, rows: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=told):
        tune_model(Tune(data=str(rows)), model, tmp_path, lambda _: None)


def test_rows_too_long_for_the_context_are_refused_if_none_is_left(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="every row is longer than 4 tokens"):
        tune_model(Tune(data=str(rows), context=4), tiny_model(), tmp_path, lambda _: None)
    with pytest.raises(FairtrialError, match="more than the 512 tokens"):
        tune_model(Tune(data=str(rows), context=4096), tiny_model(), tmp_path, lambda _: None)


def test_what_came_of_a_training_is_said_with_joules_from_stated_watts() -> None:
    facts = {
        "loss": {
            "train": [[1, 2.5], [9, 0.5]], "validation": [[0, 2.75], [9, 1.25]], "best_step": 9,
            "stopped_early": False, "mean_over": "tokens",
        },
        "data": {"validation_rows": 3}, "energy": {"reason": "no meter"}, "seconds": 40.0, "processor_seconds": 70.0,
        "tokens_per_second": 300.0, "peak_memory_bytes": 2e9,
    }  # fmt: skip
    told, cost = describe_trained(facts, None)
    assert told == (
        "Validation loss 2.750 before, 1.250 at step 9 (tokens of 3 rows). "
        "Loss on the rows of the first step 2.500, on those of the last 0.500"
    )
    assert cost.endswith("energy not measured: no meter")
    assert describe_trained(facts, 10.0)[1].endswith("about 700 J (estimated: 70 processor seconds x 10 W)")
    measured = {**facts, "energy": {"joules": 5.0}}
    assert describe_trained(measured, 10.0)[1].endswith("; 5 J")


def test_a_full_disk_ends_training_in_words_and_it_goes_on_to_the_same_bytes(
    tuned: ResolvedModel, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tuned.adapter is not None
    wanted, written = Tune(data=str(rows), **SETTINGS), list[int]()

    def write(folder: Path, kept: Checkpoint) -> None:
        written.append(kept.progress.step)
        if len(written) == 3:
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        write_checkpoint(folder, kept)

    monkeypatch.setattr(training, "SAVE_SECONDS", 0.0)
    with monkeypatch.context() as full:
        full.setattr(training, "write_checkpoint", write)
        with pytest.raises(FairtrialError, match="the disk is full") as told:
            tune_model(wanted, tiny_model(), tmp_path, lambda _: None)
    assert "goes on from its last checkpoint" in told.value.fix
    lines = list[str]()
    made = tune_model(wanted, tiny_model(), tmp_path, lines.append)
    assert any(line.startswith("going on from step 2 of") for line in lines)
    assert (made.folder / WEIGHTS).read_bytes() == (tuned.adapter / WEIGHTS).read_bytes()


def test_without_room_for_checkpoints_training_does_not_begin(rows: Path, tmp_path: Path) -> None:
    check_room(tmp_path, 1000)
    with pytest.raises(ModelError, match=r"Training keeps checkpoints, which need .* MB, and only"):
        check_room(tmp_path, 10**15)


def test_files_that_were_exchanged_are_noticed(tuned: ResolvedModel, tmp_path: Path) -> None:
    assert tuned.adapter is not None
    mine = shutil.copytree(tuned.adapter, tmp_path / "mine")
    named = Candidate(id="tuned", model="hf:x", adapter="mine")
    found = add_adapter(named, tiny_model(), tmp_path)
    assert (found.adapter_sha256, "adapter_parent" in found.notes) == (tuned.adapter_sha256, False)
    other = add_adapter(named, replace(tiny_model(), sha256="f" * 64), tmp_path)
    assert other.notes["adapter_parent"] == {"name": tiny_model().name, "sha256": tiny_model().sha256}
    config = json.loads((mine / "adapter_config.json").read_text())
    (mine / "adapter_config.json").write_text(json.dumps({**config, "lora_alpha": 3 * config["lora_alpha"]}))
    with pytest.raises(ModelError, match=r"not those that tuning\.json tells of"):
        add_adapter(named, tiny_model(), tmp_path)


def test_a_curated_folder_that_was_edited_is_not_trained_on(rows: Path, tmp_path: Path) -> None:
    folder, settings = tmp_path / "set", Tune(data=str(tmp_path / "set"), **SETTINGS)
    wanted = {"sources": [{"file": str(rows)}], "rights": {"profile": "own-archive"}}
    curate(Curate.model_validate(wanted | {"duplicates": {"near": None, "together": None}}), folder)
    assert read_data(settings, tiny_model()).is_curated
    with (folder / "train.jsonl").open("a") as file:
        file.write(json.dumps(ROWS[0]) + "\n")
    with pytest.raises(SpecError, match=r"train\.jsonl is not the file that curation wrote") as told:
        read_data(settings, tiny_model())
    assert "data: set/train.jsonl, which is taken as it is" in told.value.fix

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("peft") is None:
    pytest.skip("needs torch and peft (the tune extra)", allow_module_level=True)

import peft
import torch

from fairtrial.errors import ModelError, SpecError
from fairtrial.levers.tune.checkpoints import FILE, read_checkpoint
from fairtrial.levers.tune.layers import use_fast_layers
from fairtrial.levers.tune.network import LearningNetwork, find_targets
from fairtrial.levers.tune.objectives import PreferenceObjective, SupervisedObjective
from fairtrial.levers.tune.packing import TokenRow, draw_steps, make_block, pack_rows
from fairtrial.levers.tune.predicting import choose_block, estimate_block_bytes, predict
from fairtrial.levers.tune.training import TrainingWork, TuningRun
from fairtrial.spec.tune import Tune
from tests.support.heartbeats import wait_for_heartbeats
from tests.support.tiny_chat import load_tiny


def made_rows(count: int = 12, seed: int = 0) -> list[TokenRow]:
    """Rows in which the last tokens repeat the first ones: something to be learned."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        words = draw.integers(0, 256, int(draw.integers(3, 9))).astype(np.int32)
        tokens = np.concatenate([words, words])
        found.append(TokenRow(tokens, np.arange(len(tokens)) >= len(words)))
    return found


def learner(**settings: Any) -> LearningNetwork:
    return LearningNetwork(load_tiny(), Tune(data="x", **settings))


def stirred(network: LearningNetwork, seed: int = 3) -> LearningNetwork:
    """Give the adapter weights that change something: at first it changes nothing."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.list_learned().values():
            weight.add_(0.1 * torch.randn(weight.shape, generator=draw))
    return network


def work(network: LearningNetwork, folder: Path | None = None, steps: int = 6, **settings: Any) -> TrainingWork:
    given = Tune(data="x", batch=4, learning_rate=0.02, evaluate=2, **settings)
    return TrainingWork(made_rows(), made_rows(4, 9), given, SupervisedObjective(), steps, 64, 1, folder)


def test_packed_rows_have_the_losses_that_they_have_alone() -> None:
    network, rows = stirred(learner()), made_rows()
    network.choose_way(rows, packing=True)
    assert (network.packs, network.why_not) == (True, "")
    numbers = range(len(rows))
    packed = network.compute_losses(make_block(rows, numbers)).detach().numpy()
    network.packs = False
    alone = np.concatenate([network.compute_losses(make_block(rows, [i])).detach().numpy() for i in numbers])
    np.testing.assert_allclose(packed, alone, atol=2e-5)


def test_nothing_of_one_row_reaches_another() -> None:
    network, rows = stirred(learner()), made_rows(3)
    before = network.compute_losses(make_block(rows, [0, 1, 2])).detach().numpy()
    other = TokenRow((rows[0].tokens + 17) % 256, rows[0].learned)
    after = network.compute_losses(make_block([other, *rows[1:]], [0, 1, 2])).detach().numpy()
    own = rows[0].targets
    assert np.abs(before[:own] - after[:own]).max() > 0.01
    assert before[own:].tolist() == after[own:].tolist()


def test_gradients_are_those_of_rows_one_by_one_in_the_models_own_way() -> None:
    rows, found = made_rows(5), []
    for packs in (True, False):
        network = stirred(learner())
        network.packs = packs
        blocks = [make_block(rows, range(5))] if packs else [make_block(rows, [i]) for i in range(5)]
        for block in blocks:
            network.compute_losses(block).sum().backward()
        found.append({name: weight.grad.clone() for name, weight in network.list_learned().items()})
    assert all(grad.abs().max() > 1e-3 for grad in found[0].values())
    for name, grad in found[0].items():
        apart = float((grad - found[1][name]).norm() / found[1][name].norm())
        assert apart < 1e-4, f"{name}: {apart:.2g}"  # single numbers that are nearly 0 differ by more, by rounding


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_layer_computes_what_pefts_own_does(dtype: str) -> None:
    torch.manual_seed(0)
    base = torch.nn.Linear(24, 40).to(getattr(torch, dtype))
    config = peft.LoraConfig(r=4, lora_alpha=12, target_modules=["0"])
    module = peft.get_peft_model(torch.nn.Sequential(base), config).base_model.model[0]
    with torch.no_grad():
        module.lora_B["default"].weight.normal_()
    found, changed = [], []
    for ours in (False, True):
        changed += [use_fast_layers(module, type(module))] if ours else []
        x = torch.linspace(-2, 2, 2 * 5 * 24).reshape(2, 5, 24).to(getattr(torch, dtype)).requires_grad_()
        out = module(x)
        out.float().pow(2).sum().backward()
        parts = [module.lora_A["default"].weight, module.lora_B["default"].weight]
        found.append([out.detach().float(), x.grad.float(), *(part.grad.clone() for part in parts)])
        for part in parts:
            part.grad = None
    assert changed == [1]
    for theirs, own in zip(*found, strict=True):
        assert float((theirs - own).norm() / theirs.norm()) < (1e-5 if dtype == "float32" else 0.02)


def test_how_rows_are_put_into_blocks_decides_nothing() -> None:
    curves = []
    for block in (20, 1000):
        network = learner()
        progress = TuningRun(network, replace(work(network), block=block), lambda _: None).run()
        curves.append([loss for _, loss, _, _ in progress.losses] + [loss for _, loss in progress.validations])
    assert curves[0] == pytest.approx(curves[1], rel=5e-3)  # sums in float32, at a rate that magnifies them


def test_training_lowers_the_loss_and_keeps_the_best_weights() -> None:
    network = learner()
    training = TuningRun(network, work(network, steps=40), lambda _: None)
    progress = training.run()
    losses = [loss for _, loss in progress.validations]
    assert min(losses) < losses[0] - 0.1
    assert training.compute_validation_loss() == pytest.approx(progress.best_loss, abs=1e-5)


def test_it_stops_early_once_validation_gets_no_better() -> None:
    network = learner()
    given = replace(work(network, steps=200, patience=2), validation=made_rows(3, 5), rows=made_rows(4, 1))
    given = replace(given, settings=given.settings.model_copy(update={"learning_rate": 0.5}))
    progress = TuningRun(network, given, lambda _: None).run()
    assert progress.stopped_early
    assert progress.step < 200
    assert progress.best_loss == min(loss for _, loss in progress.validations)


class Killed(BaseException):
    """Stands for kill -9 between two steps."""


@pytest.mark.parametrize("method", ["lora", "dora"])
def test_training_that_was_killed_goes_on_to_the_same_weights(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairtrial.levers.tune.training.SAVE_SECONDS", 0.0)
    settings = {"method": method, "dropout": 0.2}
    whole = learner(**settings)
    TuningRun(whole, work(whole, **settings), lambda _: None).run()

    first = learner(**settings)
    training = TuningRun(first, work(first, tmp_path, **settings), lambda _: None)
    step = training._step

    def until_killed(number: int, *args: Any) -> Any:
        if number == 3:
            raise Killed
        return step(number, *args)

    monkeypatch.setattr(training, "_step", until_killed)
    with pytest.raises(Killed):
        training.run()
    kept = read_checkpoint(tmp_path)
    assert kept is not None
    assert kept.progress.step == 3

    second, told = learner(**settings), list[str]()
    progress = TuningRun(second, work(second, tmp_path, **settings), told.append).run()
    assert "going on from step 3 of 6" in told
    assert [number for number, *_ in progress.losses] == [1, 2, 3, 4, 5, 6]
    ours, theirs = second.read_adapter(), whole.read_adapter()
    assert set(ours) == set(theirs)
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_a_damaged_checkpoint_is_none(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None
    (tmp_path / FILE).write_bytes(b"\x00" * 40)
    assert read_checkpoint(tmp_path) is None


def test_a_loss_that_is_no_number_ends_it_with_advice() -> None:
    network = learner()
    with torch.no_grad():
        next(iter(network.list_learned().values())).fill_(float("nan"))
    with pytest.raises(ModelError, match="no number any more at step 1") as caught:
        TuningRun(network, replace(work(network), validation=()), lambda _: None).run()
    assert "learning_rate" in caught.value.fix


def test_of_preferences_the_chosen_answer_becomes_likelier() -> None:
    rows = []
    for number in range(6):
        asked = np.full(4, number, np.int32)
        learned = np.arange(7) >= 4
        rows += [TokenRow(np.append(asked, [65, 66, 67]).astype(np.int32), learned)]
        rows += [TokenRow(np.append(asked, [70, 71, 72]).astype(np.int32), learned)]
    network, objective = learner(objective="dpo"), PreferenceObjective(0.1)
    given = Tune(data="x", objective="dpo", batch=3, learning_rate=0.01, evaluate=10)
    training = TuningRun(network, TrainingWork(rows, rows, given, objective, 20, 64, 1), lambda _: None)
    progress = training.run()
    first, last = progress.validations[0][1], progress.validations[-1][1]
    assert first == pytest.approx(np.log(2), abs=1e-5)  # an adapter that changes nothing prefers nothing
    assert last < 0.5 * first
    block = make_block(rows, range(12))
    assert objective.compute(network, block).right == 6


def test_pairs_stay_in_one_block() -> None:
    rows = made_rows(12)
    blocks = pack_rows(rows, range(12), 40, group=2)
    assert len(blocks) > 1
    assert all({number ^ 1 for number in block.rows} == set(block.rows) for block in blocks)


def test_blocks_hold_every_row_once_and_no_more_than_they_may() -> None:
    rows = made_rows(30)
    for packing in (True, False):
        blocks = pack_rows(rows, range(30), 40, packing=packing)
        assert sorted(number for block in blocks for number in block.rows) == list(range(30))
        held = [len(b.tokens) if packing else len(b.rows) * int(b.lengths.max()) for b in blocks]
        assert max(held) <= 40


def test_steps_see_each_row_once_an_epoch_in_an_order_of_the_seed() -> None:
    steps = list(draw_steps(10, 4, seed=1, first=0, last=6))
    assert [len(rows) for _, rows in steps] == [4, 4, 2, 4, 4, 2]
    assert sorted(row for _, rows in steps[:3] for row in rows) == list(range(10))
    assert [rows for _, rows in steps[:3]] != [rows for _, rows in steps[3:]]
    assert list(draw_steps(10, 4, seed=1, first=4, last=6)) == steps[4:]
    assert list(draw_steps(10, 4, seed=2, first=0, last=6)) != steps


def test_rates_warm_up_and_fall() -> None:
    network = learner()
    given = replace(work(network, steps=100, warmup=0.1))
    rates = [given.find_rate(step) for step in (0, 9, 10, 55, 99)]
    assert rates[0] == pytest.approx(0.002)
    assert rates[1:3] == [pytest.approx(0.02)] * 2
    assert rates[3] == pytest.approx(0.02 * 0.55)
    assert rates[4] == pytest.approx(0.002, rel=0.02)


def test_targets_are_found_by_group_or_name() -> None:
    network = load_tiny().model
    assert find_targets(network, ["all"]) == (
        "down_proj",
        "gate_proj",
        "k_proj",
        "o_proj",
        "q_proj",
        "up_proj",
        "v_proj",
    )
    assert find_targets(network, ["attention"]) == ("k_proj", "o_proj", "q_proj", "v_proj")
    assert find_targets(network, ["mlp"]) == ("down_proj", "gate_proj", "up_proj")
    with pytest.raises(SpecError, match=r"no linear layers called 'q_prj'\. Did you mean"):
        find_targets(network, ["q_prj"])


def test_what_it_takes_is_predicted_and_refused_where_it_cannot_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    network = learner()
    given = work(network)
    predicted = predict(network, given)
    seen = sum(len(given.rows[i].tokens) for _, rows in draw_steps(12, 4, 0, 0, 6) for i in rows)
    assert predicted.tokens == seen
    assert predicted.seconds > 0
    held_back = sum(len(row.tokens) for row in given.validation)
    times = 1 + -(-given.steps // given.evaluate_every)  # before the first step, too
    assert predicted.checked_tokens == held_back * times > 0
    assert f"{seen:,} tokens to learn and {held_back * times:,} held back, learning " in predicted.describe()
    assert all(weight.grad is None for weight in network.list_learned().values())
    assert choose_block(network, given.rows, 512, 1) == 512
    needed = estimate_block_bytes(network, 100, 16, 0.5)
    monkeypatch.setattr("fairtrial.levers.tune.predicting.read_free_memory", lambda _: needed)
    assert 16 <= choose_block(network, given.rows, 4096, 1) < 512
    monkeypatch.setattr("fairtrial.levers.tune.predicting.read_free_memory", lambda _: 1000)
    with pytest.raises(SpecError, match="a row of 16 tokens takes"):
        choose_block(network, given.rows, 4096, 1)


def test_a_long_step_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairtrial.levers.tune.training.SAY_SECONDS", 0.0001)
    network, told = learner(), list[str]()
    wait_for_heartbeats(monkeypatch, told)
    TuningRun(network, work(network), told.append).run()
    assert any(line.startswith("still training, step ") for line in told)


def test_recomputing_changes_nothing_but_memory() -> None:
    found = []
    for recompute in (False, True):
        network = stirred(learner(recompute=recompute))
        network.compute_losses(make_block(made_rows(4), range(4))).sum().backward()
        found.append([weight.grad.clone() for weight in network.list_learned().values()])
    assert all(plain.abs().max() > 1e-3 for plain in found[0])
    for plain, again in zip(*found, strict=True):
        torch.testing.assert_close(plain, again)

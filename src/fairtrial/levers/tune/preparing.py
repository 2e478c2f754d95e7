"""Everything that is needed to train, loaded and tried: the network, rows as tokens, and what it will take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairtrial.engines.prompts import make_prompt_format
from fairtrial.engines.transformers.loading import LoadedNetwork, load_network, read_trained_context
from fairtrial.engines.transformers.tokens import HubVocabulary
from fairtrial.errors import SpecError
from fairtrial.levers.base import OnBuildStep
from fairtrial.levers.tune.data import TrainingData
from fairtrial.levers.tune.encoding import EncodedRows, RowEncoder
from fairtrial.levers.tune.libraries import import_torch
from fairtrial.levers.tune.network import LearningNetwork
from fairtrial.levers.tune.objectives import make_objective
from fairtrial.levers.tune.packing import count_steps
from fairtrial.levers.tune.predicting import TuningForecast, check_weights_fit, choose_block, count_learned, predict
from fairtrial.levers.tune.training import TrainingWork
from fairtrial.machine import count_cores
from fairtrial.measures.sampling import Heartbeat
from fairtrial.models import ResolvedModel
from fairtrial.models.folder import read_folder
from fairtrial.models.gguf import UNQUANTIZED, list_split_names, read_header
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.tune import Tune

LONGEST = 2048
"""Tokens of a row unless the settings say otherwise."""
EPOCHS = 2.0
SAY_SECONDS = 15.0
"""Without a line, after which it is said what is being done."""


@dataclass(frozen=True)
class PreparedTuning:
    """All that is needed to train, loaded and tried.

    Attributes:
        model: the parent.
        data: rows as they stand in files.
        network: with an adapter that has learned nothing yet.
        train, validation: rows as tokens.
        work: what is to be done.
        prediction: what it will take.
        told: what a reader must know, in sentences.
    """

    model: ResolvedModel
    data: TrainingData
    network: LearningNetwork
    train: EncodedRows
    validation: EncodedRows
    work: TrainingWork
    prediction: TuningForecast
    told: Sequence[str]


def prepare_tuning(
    settings: Tune, model: ResolvedModel, data: TrainingData, checkpoints: Path | None, tell: OnBuildStep
) -> PreparedTuning:
    """Load the network, make tokens of rows, and find out what training will take."""
    with Heartbeat(tell, SAY_SECONDS) as heart:
        return _prepare(settings, model, data, checkpoints, heart)


def _prepare(
    settings: Tune, model: ResolvedModel, data: TrainingData, checkpoints: Path | None, heart: Heartbeat
) -> PreparedTuning:
    told = [*data.told, *_describe_parent(model)]
    begun = time.perf_counter()
    heart.tell(f"reading {model.name}")
    threads = settings.threads or count_cores()
    import_torch().set_num_threads(threads)
    check_weights_fit(count_weights(model), settings.dtype)
    heart.begin(f"reading {model.name}")
    loaded = load_network(model, settings.dtype)
    heart.begin(f"making tokens of {len(data.train) + len(data.validation):,} rows")
    encoder = make_encoder(settings, model, loaded)
    train, validation = encoder.encode(data.train), encoder.encode(data.validation)
    _check_rows(train, encoder)
    told += _describe_left_out(train, validation, encoder)
    for line in told:
        heart.tell(line)
    network = LearningNetwork(loaded, settings)
    heart.begin("trying whether rows may be packed")
    network.choose_way(train.rows, settings.packing)
    objective = make_objective(settings)
    examples = len(train.rows) // objective.group
    epochs = settings.epochs if settings.epochs is not None else EPOCHS
    steps = settings.steps or count_steps(examples, settings.batch, epochs)
    block = choose_block(network, [*train.rows, *validation.rows], settings.block, objective.group)
    work = TrainingWork(train.rows, validation.rows, settings, objective, steps, block, threads, checkpoints)
    heart.begin("trying one block of rows, to predict what training takes")
    prediction = predict(network, work)
    seconds = time.perf_counter() - begun
    heart.tell(f"{examples:,} rows, {count_learned(network):,} numbers to learn; ready after {seconds:.0f} s")
    heart.tell(f"predicted: {prediction.describe()}")
    return PreparedTuning(model, data, network, train, validation, work, prediction, told)


def make_encoder(settings: Tune, model: ResolvedModel, loaded: LoadedNetwork) -> RowEncoder:
    """Return what makes tokens of rows for a network, in the form that the settings name.

    Raises ModelError if there is no chat template, SpecError if the context is longer than the model's.
    """
    network = loaded.model
    size = int(network.get_output_embeddings().weight.shape[0])
    vocabulary = HubVocabulary(loaded.tokenizer, network.generation_config, size)
    trained = read_trained_context(network.config)
    if settings.context is not None and settings.context > trained:
        raise SpecError(
            f"tune: context: {settings.context} is more than the {trained} tokens that the model was trained with."
        )
    candidate = Candidate(id="tuned", model=model.spec, chat=settings.chat)
    asking = make_prompt_format(
        candidate, vocabulary, loaded.chat_template, trained=trained, where=str(model.path or model.spec)
    )
    return RowEncoder(vocabulary, asking.template, settings.context or min(trained, LONGEST), settings)


def count_weights(model: ResolvedModel) -> int:
    """Return how many weights a model's files hold."""
    assert model.path is not None
    if model.path.is_dir():
        return read_folder(model.spec, model.path).elements
    return sum(read_header(model.path.with_name(name)).weights for name in list_split_names(model.path.name))


def _describe_parent(model: ResolvedModel) -> list[str]:
    """Return what was done to a parent's weights before anything is learned."""
    assert model.path is not None
    if model.path.is_dir():
        return []
    own = read_header(model.path).weights_type
    if own is None or own in UNQUANTIZED:
        return []
    return [f"the weights are {own}, and were dequantised: what is learned makes up for their rounding too"]


def _check_rows(train: EncodedRows, encoder: RowEncoder) -> None:
    if not train.rows:
        raise SpecError(
            f"tune: every row is longer than {encoder.context:,} tokens.",
            fix="Set a longer context, if the model has one.",
        )


def _describe_left_out(train: EncodedRows, validation: EncodedRows, encoder: RowEncoder) -> list[str]:
    told = []
    if long := len(train.long) + len(validation.long):
        told.append(f"{long:,} rows are longer than {encoder.context:,} tokens and were left out")
    if cut := train.cut + validation.cut:
        told.append(f"{cut:,} texts are longer than {encoder.context:,} tokens and were cut into several rows")
    return told

"""The folder of a tuned adapter: weights and settings in PEFT's form, and what a reader must know of how it was made.

``adapter_model.safetensors``, ``adapter_config.json``, ``tuning.json``, the card ``README.md``; ``grams.bin``: hashes
by which any later trial can tell whether its items were trained on; and of a GGUF parent ``adapter.gguf``, which
llama.cpp loads beside it.  The same weights are the same bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtrial.curation.contamination.grams import NAME, write_grams
from fairtrial.curation.contamination.trained import find_grams
from fairtrial.errors import ModelError
from fairtrial.levers.tune.adapters import write_gguf_adapter
from fairtrial.levers.tune.card import write_adapter_card
from fairtrial.levers.tune.data import TrainingData
from fairtrial.levers.tune.network import LearningNetwork
from fairtrial.models.adapters import CONFIG, WEIGHTS, hash_adapter

FACTS, GGUF = "tuning.json", "adapter.gguf"


@dataclass(frozen=True, slots=True)
class TunedAdapter:
    """An adapter that was tuned.

    Attributes:
        folder: with its files.
        facts: of ``tuning.json``.
    """

    folder: Path
    facts: Mapping[str, Any]


def write_adapter(
    network: LearningNetwork,
    parent: Path,
    data: TrainingData,
    facts: dict[str, Any],
    key: Mapping[str, str],
    target: Path,
) -> None:
    """Write the folder of an adapter, whole or not at all.

    Args:
        network: that has learned.
        parent: file or folder of the weights that it belongs to.
        data: what it has learned.
        facts: for ``tuning.json``.
        key: hashes of parent, data and settings, for ``tuning.json`` too.
        target: the folder; it must not exist.
    """
    from safetensors.torch import save_file

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as made:
        folder = Path(made) / target.name
        folder.mkdir()
        save_file(
            network.read_adapter(), folder / WEIGHTS, metadata={"format": "pt"}
        )  # one entry: several come in any order
        _write_json(folder / CONFIG, _describe_config(network, facts))
        facts = {**facts, "made_of": dict(key), "adapter_sha256": hash_adapter(folder)}
        if parent.is_file():
            facts = {**facts, **_write_gguf(folder, parent)}
        _write_json(folder / FACTS, facts)
        _write_grams(data, folder / NAME)
        write_adapter_card(folder)
        shutil.copymode(folder / CONFIG, folder / WEIGHTS)  # the library writes files for their owner alone
        for path in folder.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        folder.rename(target)


def _write_gguf(folder: Path, parent: Path) -> dict[str, str]:
    """Write the adapter as llama.cpp reads it; return why it cannot be, if it cannot."""
    try:
        write_gguf_adapter(folder, parent, folder / GGUF)
    except ModelError as error:
        return {"no_gguf_since": error.message}
    return {}


def _write_grams(data: TrainingData, target: Path) -> None:
    """Keep the hashes of what was trained on: those of curation, or made of a file's rows now."""
    if data.grams is not None:
        shutil.copyfile(data.grams, target)
    elif (found := find_grams(data.path)) is not None:
        write_grams(found, target)


def read_adapter_facts(folder: Path) -> TunedAdapter:
    """Return what is known of an adapter that was written here."""
    return TunedAdapter(folder, json.loads((folder / FACTS).read_text(encoding="utf-8")))


def _describe_config(network: LearningNetwork, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return PEFT's settings as it writes them, lists in a fixed order and the parent by its name."""
    given = network.peft_config.to_dict()
    plain = {key: sorted(value) if isinstance(value, set) else value for key, value in given.items()}
    return {**plain, "base_model_name_or_path": facts["parent"]["model"], "inference_mode": True}


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")

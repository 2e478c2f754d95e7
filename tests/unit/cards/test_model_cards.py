"""Model cards: metadata that the hub's own library reads, and text that says what a reader must know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairtrial.cards import ModelCardFacts, write_model_card
from fairtrial.cards.markdown import escape
from fairtrial.errors import ModelError
from fairtrial.levers.tune.card import find_licence_of_model, write_adapter_card
from fairtrial.models import ResolvedModel

TUNING: dict[str, Any] = {
    "settings": {"method": "lora", "objective": "sft", "rank": 8, "targets": ["all"], "beta": None},
    "parent": {"model": "hf:some/base@abc:base.gguf", "name": "base", "sha256": "a" * 64, "licence": "apache-2.0"},
    "data": {"sha256": "b" * 64, "rows": 1200, "validation_rows": 60, "curated": True,
             "licences": {"CC-BY-4.0": 1200}, "attribution": ["Example Daily, https://daily.example/"]},
    "loss": {"validation": [[0, 2.0], [10, 1.5], [20, 1.25]]},
    "seconds": 61.2, "peak_memory_bytes": 1.5e9, "processor": "a processor",
    "energy": {"status": "unavailable", "reason": "this machine does not tell"},
    "versions": {"torch": "2.13.0"},
}  # fmt: skip


def make(**changes: Any) -> str:
    tuning = {**TUNING, **changes}
    facts = ModelCardFacts(
        "base, tuned", "hf:some/base@abc:base.gguf", "apache-2.0", "a" * 64, "adapter", tuning=tuning
    )
    return write_model_card(facts)


def head(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


def test_the_hubs_library_reads_the_metadata() -> None:
    hub = pytest.importorskip("huggingface_hub")
    data = hub.ModelCard(make()).data
    assert (data.base_model, data.license, data.library_name) == ("some/base", "apache-2.0", "peft")
    assert data.to_dict()["base_model_relation"] == "adapter"


def test_a_reader_learns_what_it_was_made_of_and_what_that_cost() -> None:
    card = make()
    assert "1,200 rows trained on" in card
    assert "Example Daily, https://daily.example/" in card
    assert "may be passed on under **Apache-2.0**, if the duties below are met" in card
    assert "CC-BY-4.0: name the authors and keep their notices" in card
    assert "| 20 | 1.2500 |" in card and "| rank | 8 |" in card and "beta" not in card
    assert "Energy: not known, since this machine does not tell." in card
    assert "61 seconds on a processor" in card


def test_energy_is_never_zero_by_silence() -> None:
    assert "12 joules, estimated (a power limit)" in make(
        energy={"status": "estimated", "joules": 12.0, "basis": "a power limit"}
    )
    assert "Energy: not known, since nobody measured it." in make(energy={})


@pytest.mark.parametrize(
    ("licences", "licence", "told"),
    [
        ({"CC-BY-SA-4.0": 3}, "cc-by-sa-4.0", "may be passed on under **CC-BY-SA-4.0**, if the duties"),
        ({"CC-BY-ND-4.0": 3}, "other", "only after an open question is answered"),
        ({}, "other", "has parts whose licence is unknown"),
        ({"": 3}, "other", "none stated"),
        ({"CC-BY-NC-4.0": 3}, "cc-by-nc-4.0", "CC-BY-NC-4.0: no commercial use"),
    ],
)
def test_the_licence_is_what_all_parts_allow(licences: dict[str, int], licence: str, told: str) -> None:
    card = make(data={**TUNING["data"], "licences": licences})
    assert head(card)["license"] == licence
    assert told in card


def test_an_adapter_of_somebody_else_counts_with_its_licence() -> None:
    def card(licence: str) -> str:
        facts = ModelCardFacts(
            "x", "hf:some/base", "mit", relation="finetune", adapter="hf:a/b", adapter_licence=licence
        )
        return write_model_card(facts)

    assert head(card("mit"))["license"] == "mit"
    assert (head(card(""))["license"], head(card("gemma"))["license"]) == ("other", "gemma")
    assert "adapter hf:a/b" in card("")


def test_damaged_facts_do_no_harm() -> None:
    card = make(loss={"validation": [["x", None], [1, 2.0], 5]}, seconds="?", data=[], versions=3, settings="all")
    assert "| 1 | 2.0000 |" in card


def test_what_others_wrote_is_no_markup() -> None:
    hostile = "x](http://evil.example) <script>|\n# Head\u202e"
    card = make(data={**TUNING["data"], "attribution": [hostile], "licences": {hostile: 2}})
    assert "<script>" not in card and "\n# Head" not in card and "\u202e" not in card
    assert "x\\](http" in card
    assert escape("y" * 9_999).endswith("\u2026")


def test_a_model_that_was_not_made_here_gets_its_results_alone() -> None:
    assert write_model_card(ModelCardFacts("a", results=[{"task": {"type": "text-generation"}}])).endswith("---\n")


def test_an_adapters_folder_gets_its_card(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tuning.json cannot be read"):
        write_adapter_card(tmp_path)
    (tmp_path / "tuning.json").write_text(json.dumps(TUNING))
    written = write_adapter_card(tmp_path).read_bytes()
    assert b"base_model: some/base" in written
    assert write_adapter_card(tmp_path).read_bytes() == written


def test_the_licence_of_a_folder_stands_at_the_head_of_its_card(tmp_path: Path) -> None:
    model = ResolvedModel("hf:./x", "transformers", tmp_path, "1" * 64, "x")
    assert find_licence_of_model(model) == ""
    (tmp_path / "README.md").write_text("---\nlanguage: en\nlicense: 'cc-by-4.0'\n---\nlicense: no\n")
    assert find_licence_of_model(model) == "cc-by-4.0"

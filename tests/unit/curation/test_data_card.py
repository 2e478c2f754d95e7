"""The card of a training set, read back by mlcroissant, by a YAML parser and by json."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairtrial.curation.base import CardFacts
from fairtrial.curation.card.croissant import name_address
from fairtrial.curation.card.licences import describe_release, list_open, weigh_licences
from fairtrial.curation.card.writing import write_card

ROWS = [
    {
        "id": f"{n:031x}e",
        "messages": [{"role": "user", "content": f"What is {n} plus 1?"}, {"role": "assistant", "content": str(n + 1)}],
        "source": {"source": "chats.jsonl", "row": n},
        "cluster": f"{n:032x}",
        "licence": "CC-BY-4.0",
        "attribution": "Ada *L*",
    }
    for n in range(4)
]


def make_facts(folder: Path) -> CardFacts:
    files = {}
    for name, rows in (("train.jsonl", ROWS[:3]), ("validation.jsonl", ROWS[3:])):
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        (folder / name).write_bytes(data)
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return CardFacts(
        settings={"sources": [{"file": "chats.jsonl", "licence": "CC-BY-4.0"}]},
        sources=[{"name": "chats.jsonl", "sha256": "a" * 64, "form": "openai", "licence": "CC-BY-4.0", "rows": 9}],
        steps={
            "rights": {"use": "ai-train"},
            "personal": {"finds": "by form and check digits"},
        },
        read=8,
        unread=1,
        dropped={"training is not permitted": 2, "duplicate": 2, "unreadable: no JSON": 1},
        by_step={"rights": 2, "duplicates": 2, "unreadable": 1},
        changed={"personal": 1},
        train=3,
        validation=1,
        clusters=(4, 1),
        licences={"CC-BY-4.0": 3, "CC-BY-SA-4.0": 1},
        attributions={"Ada *L* | <script>alert(1)</script>": 3, "authors not named (chats.jsonl, CC-BY-SA-4.0)": 1},
        documents=[],
        files=files,
        versions={"fairtrial": "0.1.0"},
    )


@pytest.fixture
def card(tmp_path: Path) -> Path:
    write_card(tmp_path, make_facts(tmp_path))
    return tmp_path


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_mlcroissant_finds_no_fault_and_reads_the_rows(card: Path, caplog: pytest.LogCaptureFixture) -> None:
    croissant = pytest.importorskip("mlcroissant")
    with caplog.at_level(logging.ERROR):
        dataset = croissant.Dataset(jsonld=card / "croissant.json")
    assert dataset.metadata.issues.errors == set()
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == []
    train = list(dataset.records("train"))
    assert [one["train/id"].decode() for one in train] == [row["id"] for row in ROWS[:3]]
    assert train[1]["train/messages"] == [
        {"train/messages/role": b"user", "train/messages/content": b"What is 1 plus 1?"},
        {"train/messages/role": b"assistant", "train/messages/content": b"2"},
    ]
    assert train[1]["train/source"] == {"train/source/source": b"chats.jsonl", "train/source/row": 1}
    assert len(list(dataset.records("validation"))) == 1
    assert dataset.metadata.data_limitations
    assert dataset.metadata.license == [
        "https://spdx.org/licenses/CC-BY-4.0.html",
        "https://spdx.org/licenses/CC-BY-SA-4.0.html",
    ]


def test_the_card_for_programs_has_all_facts_and_names_the_rows(card: Path) -> None:
    told = read(card, "card.json")
    assert (told["kept"], told["train"], told["validation"], told["read"], told["unread"]) == (4, 3, 1, 8, 1)
    assert told["dropped"]["duplicate"] == 2
    assert told["licences"] == {"CC-BY-4.0": 3, "CC-BY-SA-4.0": 1}
    assert len(told["id"]) == 32
    assert any("asks for credit, and nobody says whom to name" in one for one in told["doubts"])
    release = told["release"]
    assert (release["licence"], release["status"]) == ("CC-BY-SA-4.0", "compatible")
    assert release["duties"][0] == "CC-BY-4.0: name the authors and keep their notices"
    assert any("Toxic rows were not looked for" in one for one in told["doubts"])


def test_rows_of_several_forms_are_described_as_they_are(tmp_path: Path) -> None:
    croissant = pytest.importorskip("mlcroissant")
    facts = make_facts(tmp_path)
    mixed = [ROWS[0], {**ROWS[1], "changes": [{"step": "personal", "detail": "masked 1 email"}]}]
    document = {"id": "f" * 32, "text": "The ferry.", "source": {"source": "news.db", "row": 1, "document": "d" * 32}}
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*mixed, document]))
    data = (tmp_path / "train.jsonl").read_bytes()
    files = {**facts.files, "train.jsonl": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}}
    write_card(tmp_path, replace(facts, files=files))
    train = list(croissant.Dataset(jsonld=tmp_path / "croissant.json").records("train"))
    assert [one["train/text"] for one in train] == [None, None, b"The ferry."]
    assert train[1]["train/changes"] == [
        {"train/changes/step": b"personal", "train/changes/detail": b"masked 1 email"},
    ]
    block = yaml.safe_load((tmp_path / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert block["tags"] == ["conversational", "text"]


def test_other_rows_have_another_id(tmp_path: Path) -> None:
    facts = make_facts(tmp_path)
    write_card(tmp_path, facts)
    first = read(tmp_path, "card.json")["id"]
    write_card(tmp_path, replace(facts, files={**facts.files, "train.jsonl": {"sha256": "b" * 64, "bytes": 1}}))
    assert read(tmp_path, "card.json")["id"] != first


def test_the_card_for_people_has_a_block_for_the_hub_and_no_markup_of_others(card: Path) -> None:
    text = (card / "README.md").read_text(encoding="utf-8")
    _, block, body = text.split("---\n", 2)
    told = yaml.safe_load(block)
    assert told["license"] == "other"
    assert told["size_categories"] == ["n<1K"]
    assert told["configs"][0]["data_files"][0] == {"split": "train", "path": "train.jsonl"}
    assert "4 of 9 rows were kept: 3 to train on, 1 to validate; 5 were dropped." in body
    assert "<script>" not in body
    assert r"Ada \*L\* \| &lt;script&gt;" in body
    assert "| duplicate | 2 |" in body


def test_the_same_facts_give_the_same_bytes(card: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write_card(other, make_facts(other))
    for name in ("card.json", "croissant.json", "README.md"):
        assert (card / name).read_bytes() == (other / name).read_bytes()


def test_an_empty_set_has_a_card_that_says_so(tmp_path: Path) -> None:
    pytest.importorskip("mlcroissant")
    import mlcroissant

    (tmp_path / "train.jsonl").write_bytes(b"")
    (tmp_path / "validation.jsonl").write_bytes(b"")
    empty = {"sha256": hashlib.sha256(b"").hexdigest(), "bytes": 0}
    facts = replace(
        make_facts(tmp_path), train=0, validation=0, licences={}, attributions={}, clusters=(0, 0),
        files={"train.jsonl": empty, "validation.jsonl": empty},
    )  # fmt: skip
    (tmp_path / "train.jsonl").write_bytes(b"")
    (tmp_path / "validation.jsonl").write_bytes(b"")
    write_card(tmp_path, facts)
    assert "There is no row to train on." in read(tmp_path, "card.json")["doubts"]
    assert mlcroissant.Dataset(jsonld=tmp_path / "croissant.json").metadata.issues.errors == set()


@pytest.mark.parametrize(
    ("licences", "status", "said"),
    [
        ({"CC0-1.0": 1}, "compatible", "may be passed on under CC0-1.0."),
        ({"CC-BY-4.0": 1, "CC-BY-NC-4.0": 2}, "compatible", "may be passed on under CC-BY-NC-4.0."),
        ({"CC-BY-SA-4.0": 1, "CC-BY-NC-4.0": 1}, "conditional", "only after open questions are answered"),
        ({"CC-BY-ND-4.0": 1}, "conditional", "only after open questions are answered"),
        ({"house rules": 1}, "unknown", "is not known"),
        ({"CC-BY-4.0 AND house rules": 1}, "unknown", "or not: that is not known"),
    ],
)
def test_licences_say_how_a_model_may_be_passed_on(licences: dict[str, int], status: str, said: str) -> None:
    found = weigh_licences(licences)
    assert found is not None
    assert found.status == status
    assert said in describe_release(found)
    assert bool(list_open(found)) == (status != "compatible")


def test_rows_without_a_licence_say_nothing_of_a_model() -> None:
    assert weigh_licences({"": 3}) is None


def test_licences_have_addresses() -> None:
    assert name_address("MIT") == "https://spdx.org/licenses/MIT.html"
    assert name_address("https://example.org/terms") == "https://example.org/terms"
    assert name_address("see the contract") == "see the contract"

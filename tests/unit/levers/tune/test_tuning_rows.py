from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.levers.tune.data import NOT_CURATED, read_data
from fairtrial.levers.tune.rows import LONGEST_LINE, Conversation, PlainText, Preference, parse_row, read_rows
from fairtrial.models import ResolvedModel
from fairtrial.spec.tune import Tune

MODEL = ResolvedModel("hf:one", "transformers", Path("/nowhere"), "a" * 64, "one")
CHAT = {"messages": [{"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": "four"}]}


def line(**row: object) -> bytes:
    return json.dumps(row).encode()


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_conversations_texts_and_preferences_are_read() -> None:
    chat = parse_row(line(**CHAT))
    assert isinstance(chat, Conversation)
    assert [(m.role, m.text) for m in chat.messages] == [("user", "Two and two?"), ("assistant", "four")]
    asked = parse_row(line(prompt="Two and two?", completion="four"))
    assert isinstance(asked, Conversation)
    assert asked.messages == chat.messages
    assert parse_row(line(id="x", text="Once upon")) == PlainText("x", "Once upon")
    better = parse_row(line(prompt=CHAT["messages"][:1], chosen="four", rejected="five"))
    assert isinstance(better, Preference)
    assert (better.messages, better.chosen, better.rejected) == (chat.messages[:1], "four", "five")


def test_an_id_is_the_rows_own_or_its_content() -> None:
    assert parse_row(line(id="own", **CHAT)).id == "own"
    assert parse_row(line(**CHAT)).id == parse_row(line(**CHAT, source="elsewhere")).id
    assert parse_row(line(text="a")).id != parse_row(line(text="b")).id


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"{", "no JSON object"),
        (b"[1]", "but list"),
        (b"[" * 50_000, "no JSON object"),
        (line(messages=[]), "at least one message"),
        (line(messages="hello"), "must be a list"),
        (line(messages=[{"role": "tool", "content": "x"}]), "'tool'"),
        (line(messages=CHAT["messages"][:1]), "no answer to learn"),
        (line(messages=CHAT["messages"][1:]), "nothing was asked"),
        (line(messages=[*CHAT["messages"], CHAT["messages"][1]]), "both the assistant's"),
        (line(messages=[*CHAT["messages"], {"role": "system", "content": "x"}]), "at the beginning only"),
        (line(messages=[CHAT["messages"][0], {"role": "assistant", "content": " "}]), "message 2 is empty"),
        (line(messages=[{"role": "user", "content": ["x"]}]), "no text but list"),
        (line(prompt="a", chosen="b"), "no text but NoneType"),
        (line(text=5), "no text but int"),
        (b'{"text": "\\ud800"}', "lone surrogate"),
        (b'{"text": "a", "text": "b"}', "a key stands twice in one object"),
        (line(question="a", answer="b"), "it has 'question', 'answer'"),
        (b" " * (LONGEST_LINE + 1), "longer than"),
    ],
)
def test_what_is_no_row_is_told(given: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_row(given)


def test_bad_rows_are_refused_by_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    long = json.dumps({"text": "x" * LONGEST_LINE})
    path.write_text(f"{json.dumps(CHAT)}\n\nnonsense\n{long}\n{json.dumps(CHAT)}", encoding="utf-8")
    found = read_rows(path)
    assert len(found.rows) == 2
    assert [place for place, _ in found.refused] == ["rows.jsonl line 3", "rows.jsonl line 4"]
    assert found.describe_refused().startswith("2 of 4 rows refused: rows.jsonl line 3: it is no JSON object; ")


def test_a_file_without_a_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no row to learn from") as caught:
        read_rows(write(tmp_path / "rows.jsonl", {"question": "a"}))
    assert "fairtrial curate" in caught.value.fix


def test_equal_rows_of_a_file_are_on_one_side_of_the_split(tmp_path: Path) -> None:
    rows = [{"text": f"Text number {i}"} for i in range(200)]
    path = write(tmp_path / "rows.jsonl", *rows, *rows)
    data = read_data(Tune(data=str(path), validation=0.2), MODEL)
    train, validation = (
        {row.text for row in part if isinstance(row, PlainText)} for part in (data.train, data.validation)
    )
    assert len(train) + len(validation) == 200
    assert 20 < len(validation) < 60
    assert data.rights == NOT_CURATED
    other = read_data(Tune(data=str(path), validation=0.2, seed=1), MODEL)
    assert {row.id for row in other.validation} != {row.id for row in data.validation}


def test_a_folder_of_curation_brings_its_own_validation_rows(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", CHAT, CHAT, CHAT)
    write(tmp_path / "validation.jsonl", CHAT)
    (tmp_path / "card.json").write_text(json.dumps({"licences": {"CC0-1.0": 4}}), encoding="utf-8")
    (tmp_path / "grams.bin").write_bytes(b"")
    data = read_data(Tune(data=str(tmp_path)), MODEL)
    assert (len(data.train), len(data.validation)) == (3, 1)
    assert data.card["licences"] == {"CC0-1.0": 4}
    assert data.grams == tmp_path / "grams.bin"
    before = data.sha256
    write(tmp_path / "validation.jsonl", {"text": "another"})
    assert read_data(Tune(data=str(tmp_path)), MODEL).sha256 != before


def test_rows_must_suit_the_objective(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", CHAT, {"prompt": "a", "chosen": "b", "rejected": "c"})
    with pytest.raises(SpecError, match="1 of 2 rows are with a chosen and a rejected answer"):
        read_data(Tune(data=str(path), validation=0.0), MODEL)
    with pytest.raises(SpecError, match="1 of 2 rows are to be learned as they stand"):
        read_data(Tune(data=str(path), objective="dpo", validation=0.0), MODEL)


def test_the_data_are_named_once() -> None:
    curated = ResolvedModel("hf:one", "transformers", Path("/x"), "a", "one", training_set=Path("/set"))
    with pytest.raises(SpecError, match="nothing says what to train on"):
        read_data(Tune(), MODEL)
    with pytest.raises(SpecError, match="a curate lever stands before it"):
        read_data(Tune(data="rows.jsonl"), curated)
    with pytest.raises(SpecError, match="does not exist"):
        read_data(Tune(data="/no/rows.jsonl"), MODEL)
    with pytest.raises(SpecError, match=r"has no train\.jsonl"):
        read_data(Tune(data=str(Path(__file__).parent)), MODEL)


def test_what_stands_beside_what_is_learned_is_told(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    lines = [{**chat, "text": "a b"}, {**chat, "text": "a b"}, chat, {"prompt": "a", "completion": "b", "text": "ab"}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert read_rows(path).describe() == [
        "1 row has 'text' beside 'completion', which alone is learned",
        "2 rows have 'text' beside 'messages', which alone is learned",
    ]

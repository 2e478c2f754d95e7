"""What became of passages: told in traces without their words; what requests say of a search counts where it is set."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from decimal import Decimal

import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import decode_answer, decode_request, encode_answer, encode_request, pack
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Pair,
    PassageText,
    PassageUse,
    Prompt,
    QuoteUse,
    ScoreRequest,
    TraceStep,
)

SECRET = "The ferry sank at noon."
USE = PassageUse(
    "d1", "https://tide.example/1", 10, 33, "ab" * 32, 1, publisher="The Tide", score=0.5, rank=1, max_words=25,
    amount=0.02, currency="EUR", cited=True, quoted=4,
    kept=PassageText("news/", SECRET, "Sunk", "2026-12-01T00:00:00+00:00"),
)  # fmt: skip
QUOTED = QuoteUse("misattributed", (2,), 5, False, "marked")
STEP = TraceStep("retrieve", passages=(USE,), quotes=(QUOTED, QuoteUse("not found")))
ANSWER = GenerateAnswer("x", 4, "stop", 20, trace=(STEP,), credits=("The Tide",))


def test_a_passage_is_stored_without_its_words_and_read_as_it_was() -> None:
    body = encode_answer(ANSWER)
    assert SECRET not in json.dumps(body)
    read = decode_answer(json.loads(json.dumps(body)))
    assert read == ANSWER
    assert read.trace[0].passages[0].kept is None
    assert body["trace"][0]["passages"][0].keys() == {
        "document", "uri", "start", "end", "sha256", "number", "publisher", "score", "rank", "max_words", "amount",
        "currency", "cited", "quoted",
    }  # fmt: skip


def test_nothing_prints_the_words_of_a_passage() -> None:
    assert SECRET not in repr(ANSWER)
    assert SECRET not in repr(USE.kept)
    assert SECRET in asdict(USE)["kept"]["text"]


@pytest.mark.parametrize(
    "change", [{"kept": {}}, {"rank": "1"}, {"cited": 1}, {"uri": 7}, {"max_words": "9"}, {"score": None}, {"odd": 1}]
)
def test_what_is_no_passage_is_damage(change: dict[str, object]) -> None:
    body = encode_answer(ANSWER)
    body["trace"][0]["passages"][0] |= change
    with pytest.raises(LedgerError, match="damaged"):
        decode_answer(body)


@pytest.mark.parametrize("change", [{"result": "lost"}, {"words": -1}, {"passages": ["1"]}, {"exact": 1}, {"odd": 1}])
def test_what_is_no_quotation_is_damage(change: dict[str, object]) -> None:
    body = encode_answer(ANSWER)
    body["trace"][0]["quotes"][0] |= change
    with pytest.raises(LedgerError, match="damaged"):
        decode_answer(body)


@pytest.mark.parametrize(
    "request_",
    [GenerateRequest(Prompt("Who?"), 8), ScoreRequest((Pair(Prompt("Who?"), "He"), Pair(Prompt("Who?"), "She")))],
)
def test_what_is_searched_for_is_part_of_a_request_where_it_is_set(request_: GenerateRequest | ScoreRequest) -> None:
    sought = replace(request_, query="ferry", relevant=("https://tide.example/1#10-33",))
    ids = {request_.id, replace(request_, query="ferry").id, replace(request_, relevant=("a",)).id, sought.id}
    assert len(ids) == 4
    assert b"query" not in encode_request(request_)
    assert b"relevant" not in encode_request(request_)
    for one in (request_, sought):
        assert decode_request(pack(encode_request(one)), None) == one


@pytest.mark.parametrize("told", ["NaN USD", "1e9 USD", "0.2 USD,1 EUR", "-1 USD", "USD"])
def test_further_amounts_that_are_none_are_refused(told: str) -> None:
    assert PassageUse.from_document({**USE.document_of(), "also_due": "0.2 USD"}).due[1] == (Decimal("0.2"), "USD")
    with pytest.raises(ValueError, match="also_due"):
        PassageUse.from_document({**USE.document_of(), "also_due": told})

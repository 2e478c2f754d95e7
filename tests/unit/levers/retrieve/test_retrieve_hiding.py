"""Vectors that are missing, and words that thoughts, refusals, errors and credits must not repeat."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fairtrial.archive.embedders.base import embed_missing, scale_rows
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.errors import ArchiveError, EngineError
from fairtrial.ledger.encoding import encode_answer
from fairtrial.levers.retrieve import lever
from fairtrial.levers.retrieve.gates import LEFT_OUT
from fairtrial.levers.retrieve.noting import _sum_payments
from fairtrial.records import (
    GenerateAnswer,
    GenerateRequest,
    Prompt,
)
from fairtrial.rights import Attribution, Circumstances, Duties, Payment, Terms, Use
from tests.support.archives import ALL, FERRY, UNSHOWN, agree, make_archive
from tests.support.retrieving import ASK, Scripted, ask, identify, list_passages, wrap


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "news.db")


class LetterEmbedder:
    """Makes vectors of how often each letter occurs."""

    name = "letters"

    def identity(self) -> Sequence[object]:
        return ["letters"]

    def embed(self, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
        counts = [[text.lower().count(letter) + 1e-3 for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        return scale_rows(np.array(counts, np.float32), "letters")

    def close(self) -> None:
        """Hold nothing."""


def test_an_archive_without_the_vectors_that_are_searched_is_refused(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = identify(archive)
    monkeypatch.setattr(lever, "open_embedder", lambda *_: LetterEmbedder())
    with pytest.raises(ArchiveError, match="not all passages of the archive have vectors") as caught:
        identify(archive, embed="small", profile="own-archive", territory="DE")
    command = f"fairtrial archive embed --archive {archive} --embed small --profile own-archive --territory DE"
    assert f"`{command}`" in caught.value.fix
    with SqliteStore(archive) as store:
        assert embed_missing(store, LetterEmbedder(), Circumstances(datetime.now(UTC))) == 3
    assert identify(archive) != words
    assert FERRY.uri in [use.uri for use in list_passages(ask(archive, "x"))]


SPRING = UNSHOWN.text.rstrip(".")
TIDES = GenerateRequest(Prompt("When are tides of spring high at the lower quay?"), 40)


def has_run(text: str) -> bool:
    words = SPRING.split()
    return any(" ".join(words[i : i + 5]) in text for i in range(len(words) - 4))


def test_thoughts_and_words_of_refusal_repeat_no_more_than_an_answer_may(archive: Path) -> None:
    class Thinking(Scripted):
        def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
            for one in super().generate(requests):
                yield replace(one, thought=one.text, said=one.text, finish="refused", changed=(("seed", one.text),))

    model = Thinking(lambda prompt: prompt)
    [answer] = wrap(archive, model, k=1).generate([TIDES])
    assert has_run(model.sent[0])
    assert not has_run(str(encode_answer(answer)))
    said = "Friday: the lower quay at Saltmere on Friday."
    [told] = wrap(archive, Scripted(lambda _: said), k=1).generate([TIDES])
    assert told.text == f"Friday: {LEFT_OUT}."


def test_an_error_of_the_engine_inside_has_no_words_of_passages(archive: Path) -> None:
    def refuse(prompt: str) -> str:
        try:
            raise ValueError(prompt)
        except ValueError as error:
            raise EngineError(f"400: {prompt}", fix=prompt, where=prompt) from error

    with pytest.raises(EngineError) as raised:
        list(wrap(archive, Scripted(refuse), k=1).generate([TIDES]))
    assert raised.value.message.startswith("400: ")
    assert not has_run("".join(traceback.format_exception(raised.value)) + str(raised.value))


def test_a_credit_names_no_title_that_may_not_be_displayed(tmp_path: Path) -> None:
    uses = [use for use in ALL if use != Use.DISPLAY]
    hidden = replace(FERRY, rights=agree(*uses, terms=Terms(Attribution(""))))
    path = make_archive(tmp_path / "hidden.db", [hidden])
    [answer] = wrap(path, Scripted(lambda _: "On Monday [1]."), k=1).generate([ASK])
    assert answer.credits == (f"The Tide, {FERRY.uri}",)


def test_what_is_due_is_summed_exactly_and_in_every_currency() -> None:
    payments = tuple(
        Payment("use", amount, currency) for amount, currency in ((0.1, "EUR"), (0.2, "USD"), (0.2, "EUR"))
    )
    assert _sum_payments(Duties(payments=payments)) == {"EUR": Decimal("0.3"), "USD": Decimal("0.2")}

"""What explaining the rights of a document tells of the document itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.api.rights import RightsQuestion, explain_archived, explain_document
from fairtrial.archive.base import Entry, SeenFile
from fairtrial.archive.finding import find_holdings
from fairtrial.archive.stores.sqlite import SqliteStore
from fairtrial.errors import ArchiveError
from fairtrial.rights import Circumstances, RightsRule, Use
from tests.support.archives import FERRY, SECRET, deny

QUESTION = RightsQuestion(Circumstances(datetime(2026, 11, 2, tzinfo=UTC)))


def test_title_and_publisher_are_told_where_the_document_may_be_displayed() -> None:
    [shown] = explain_document(FERRY, QUESTION)
    assert (shown.title, shown.publisher) == (FERRY.title, FERRY.publisher)
    [hidden] = explain_document(replace(FERRY, rights=deny(Use.DISPLAY)), QUESTION)
    assert (hidden.name, hidden.title, hidden.publisher) == (FERRY.uri, "", "")


def test_documents_kept_as_hash_alone_are_explained_from_their_evidence(tmp_path: Path) -> None:
    path = tmp_path / "secret.md"
    with SqliteStore(tmp_path / "a.db", create=True) as store:
        with store.writing():
            seen = SeenFile(str(path), "wire", "0" * 64, "", documents=1)
            store.add([Entry(SECRET, (), "hash", str(path), "0" * 64), Entry(FERRY, (), "text")], files=[seen])
        for name in (SECRET.uri, SECRET.id[:8], str(path)):
            [held] = find_holdings(store, name)
            [told] = explain_archived(store, name, QUESTION)
            assert told.id == held.id == SECRET.id and told.hash_only
            assert (told.name, told.title, told.publisher) == (SECRET.uri, "", "")
            assert {(one.rule, one.allowed) for one in told.decisions if one.use != Use.TRAIN} == {
                (RightsRule.AGREEMENT, False)
            }
            assert [one.where for one in told.evidence] == ["agreements.csv"]
        [told] = explain_archived(store, FERRY.uri, QUESTION)
        assert (told.id, told.title, told.hash_only) == (FERRY.id, FERRY.title, False)
        with store.writing():
            store.withdraw([SECRET.id])
        with pytest.raises(ArchiveError, match="was withdrawn"):
            list(explain_archived(store, SECRET.uri, QUESTION))
        with pytest.raises(ArchiveError, match="no document 'ferry'"):
            list(explain_archived(store, "ferry", QUESTION))

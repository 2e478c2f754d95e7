"""What explaining the rights of a document tells of the document itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from fairtrial.api.rights import Question, explain_document
from fairtrial.rights import Circumstances, Use
from tests.support.archives import FERRY, deny

QUESTION = Question(Circumstances(datetime(2026, 11, 2, tzinfo=UTC)))


def test_title_and_publisher_are_told_where_the_document_may_be_displayed() -> None:
    [shown] = explain_document(FERRY, QUESTION)
    assert (shown.title, shown.publisher) == (FERRY.title, FERRY.publisher)
    [hidden] = explain_document(replace(FERRY, rights=deny(Use.DISPLAY)), QUESTION)
    assert (hidden.name, hidden.title, hidden.publisher) == (FERRY.uri, "", "")

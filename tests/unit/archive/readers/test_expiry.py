"""An end that a document itself states denies every use from then on, whatever an agreement says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairtrial.archive.readers import FoundDocument, read_documents
from fairtrial.rights import Circumstances, RightsRecord, RightsRule, Use, decide
from tests.support.archives import agree

END = datetime(2026, 6, 1, 12, tzinfo=UTC)
STATED = END.isoformat()
TEXT = "The ferry between the two banks runs again since Monday, the harbour office said."
ITEM = {"uri": "urn:1", "headline": "Ferry", "body_text": TEXT}
LINKED = f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", "expires": STATED})}</script>'
NEWSML = (
    f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:3"><rightsInfo validto="{STATED}"/>'
    f'<contentMeta><headline>Ferry</headline></contentMeta><contentSet><inlineData contenttype="text/plain">{TEXT}'
    "</inlineData></contentSet></newsItem>"
)
FILES = {
    "front.md": f"---\nexpires: {STATED}\n---\n\n{TEXT}\n",
    "allowed.md": f"---\nrights: allow\nlicence: CC-BY-4.0\nexpires: {STATED}\n---\n\n{TEXT}\n",
    "rows.jsonl": json.dumps({"text": TEXT, "expires": STATED}) + "\n",
    "page.html": f"<html><head>{LINKED}</head><body><article><p>{TEXT}</p></article></body></html>",
    "item.json": json.dumps({**ITEM, "expires": STATED}),
    "item.xml": NEWSML,
}


@pytest.mark.parametrize("name", FILES)
def test_an_agreement_does_not_outlive_the_document(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name])
    [found] = read_documents(tmp_path / name, seen=END - timedelta(days=1))
    assert isinstance(found, FoundDocument)
    record = RightsRecord((*found.document.rights.evidence, *agree().evidence))
    now = Circumstances(END - timedelta(seconds=1))
    before = decide(Use.AI_INPUT, record, now)
    assert before.allowed and before.changes == END
    for use in Use:
        after = decide(use, record, replace(now, at=END))
        assert (after.allowed, after.rule, after.changes) == (False, RightsRule.EMBARGO, None)

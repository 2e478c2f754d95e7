"""How evidence is told apart in an archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from fairtrial.archive.stores.encoding import hash_evidence, hash_record, pack_evidence, unpack_evidence
from fairtrial.rights import Evidence, RightsRecord, Statement, Use

SEEN = datetime(2026, 1, 2, 12, tzinfo=UTC)
MADE = Evidence("rsl", "rsl.xml", "<rsl/>", "0" * 64, SEEN, 30.0, (Statement(Use.SEARCH, "allow", "said"),))


def test_equal_evidence_has_one_hash_whichever_was_seen_first() -> None:
    elsewhere = SEEN.astimezone(timezone(timedelta(hours=9)))
    alike = [MADE, replace(MADE, ttl_days=30), replace(MADE, seen=elsewhere)]
    fresh = [hash_evidence.__wrapped__(one) for one in alike]
    assert len({*fresh, *map(hash_evidence, alike)}) == 1
    records = [RightsRecord((one,)) for one in alike]
    assert len({*(hash_record.__wrapped__(one) for one in records), *map(hash_record, records)}) == 1


def test_different_evidence_has_another_hash() -> None:
    others = [replace(MADE, ttl_days=31.0), replace(MADE, raw="<rsl />"), replace(MADE, statements=())]
    assert len({hash_evidence(one) for one in (MADE, *others)}) == 4


def test_evidence_comes_back_as_it_was() -> None:
    assert unpack_evidence(pack_evidence(MADE)) == MADE
